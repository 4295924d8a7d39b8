#include "engine/delivery/report_parser.h"

#include <algorithm>

#include "engine/delivery/dsn_parts.h"
#include "engine/mime/content_fields.h"
#include "engine/mime/decoding.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/parts.h"
#include "engine/mime/structure.h"
#include "engine/mime/xtext.h"
#include "journal/base/ascii.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

// What a report may have; the rest is not looked at.
constexpr std::size_t kRecipientsMax = 1'000;
constexpr std::size_t kFieldsOctetsMax = 1U << 20U;
constexpr std::size_t kReturnedOctetsMax = 65'536;
constexpr std::size_t kTextOctetsMax = 998;
constexpr std::size_t kDiagnosticOctetsMax = 2'048;
constexpr std::size_t kChildrenMax = 16;

struct Child {
    mime::ContentType type;
    std::string encodingName;
    std::string_view body;
};

std::string text(std::string_view value) { return safeText(value, kTextOctetsMax); }

// "<a@b>" -> "a@b"
std::string withoutBrackets(std::string value) {
    if (value.size() >= 2 && value.front() == '<' && value.back() == '>') {
        return value.substr(1, value.size() - 2);
    }
    return value;
}

struct Typed {
    std::string type;  // lower case; empty: not said
    std::string_view value;
};

// type ";" value
Typed typed(std::string_view field) {
    const std::size_t semicolon = field.find(';');
    if (semicolon == std::string_view::npos) return {.type = {}, .value = trimmed(field)};
    return {
        .type = lowered(safeText(field.substr(0, semicolon), 64)),
        .value = trimmed(field.substr(semicolon + 1)),
    };
}

// generic-address: RFC 6533 §3 has the forms of type utf-8.
std::string address(std::string_view field) {
    const Typed parts = typed(field);
    const std::string_view value = parts.value.substr(0, kTextOctetsMax);
    if (parts.type == "utf-8") {
        const auto decoded = mime::decodeUnitext(value);
        if (decoded) return withoutBrackets(text(*decoded));
    }
    return withoutBrackets(text(value));
}

// action-value, in any case.
std::optional<event::DsnAction> actionOf(std::string_view field) {
    for (const event::DsnAction action :
         {event::DsnAction::FAILED,
          event::DsnAction::DELAYED,
          event::DsnAction::DELIVERED,
          event::DsnAction::RELAYED,
          event::DsnAction::EXPANDED}) {
        const std::string_view word = wordOf(action);
        if (!startsWithIgnoreCase(field, word)) continue;
        if (field.size() == word.size() || !isAlpha(field[word.size()])) return action;
    }
    return std::nullopt;
}

// status-code = DIGIT "." 1*3DIGIT "." 1*3DIGIT, a comment may follow. 0: none.
std::uint32_t statusOf(std::string_view field) {
    std::uint32_t code = 0;
    for (int i = 0; i < 3; ++i) {
        const std::size_t digits = std::min(
            static_cast<std::size_t>(
                std::find_if_not(field.begin(), field.end(), isDigit) - field.begin()),
            field.size());
        const auto number = parseNumber(field.substr(0, std::min<std::size_t>(digits, 4)), 999);
        const bool isClass = number && (*number == 2 || *number == 4 || *number == 5);
        if (!number || (i == 0 && !isClass)) return 0;
        // What no octet holds is "other" (RFC 3463 §3.1).
        code = code << 8U | static_cast<std::uint32_t>(*number > 255 ? 0 : *number);
        field.remove_prefix(digits);
        if (i == 2) break;
        if (!field.starts_with('.')) return 0;
        field.remove_prefix(1);
    }
    return code;
}

// A group of fields, its values unfolded.
class Fields {
public:
    explicit Fields(std::string_view group) : group_(group) {}

    std::string find(std::string_view name) const {
        return mime::headerField(group_, name).value_or(std::string());
    }

    bool has(std::string_view name) const { return mime::countHeaderFields(group_, name) > 0; }

    std::string_view octets() const { return group_; }

private:
    std::string_view group_;
};

// Groups of fields are parted by empty lines; more than one is met.
std::vector<Fields> fieldGroups(std::string_view body) {
    std::vector<Fields> groups;
    std::size_t begin = 0;
    std::size_t at = 0;
    const auto close = [&](std::size_t end) {
        if (end > begin) groups.emplace_back(body.substr(begin, end - begin));
    };
    while (at < body.size() && groups.size() <= kRecipientsMax) {
        const std::size_t newline = body.find('\n', at);
        const std::size_t next = newline == std::string_view::npos ? body.size() : newline + 1;
        if (trimmed(body.substr(at, next - at)).empty()) {
            close(at);
            begin = next;
        }
        at = next;
    }
    if (groups.size() <= kRecipientsMax) close(body.size());
    return groups;
}

ReportedRecipient recipientOf(const Fields& fields) {
    const std::string diagnostic = fields.find("Diagnostic-Code");
    const Typed said = typed(diagnostic);
    return {
        .originalRecipient = address(fields.find("Original-Recipient")),
        .finalRecipient = address(fields.find("Final-Recipient")),
        .action = actionOf(fields.find("Action")),
        .enhancedCode = statusOf(fields.find("Status")),
        .remoteMta = text(typed(fields.find("Remote-MTA")).value),
        .diagnosticType = said.type,
        .diagnostic = safeText(said.value, kDiagnosticOctetsMax),
    };
}

void readCommon(IncomingReport& report, const Fields& fields) {
    report.originalEnvelopeId = text(fields.find("Original-Envelope-Id"));
    const auto arrival = mime::parseDate(text(fields.find("Arrival-Date")));
    if (arrival) report.arrivalNs = arrival->ns;
    const auto id = parseIdText(fields.find("X-Daybook-Message"));
    if (id) report.journalId = MessageId(*id);
}

// RFC 3464 §2.1.
void readDeliveryStatus(IncomingReport& report, std::string_view body) {
    bool isFirst = true;
    for (const Fields& fields : fieldGroups(body)) {
        if (isFirst) {
            readCommon(report, fields);
            report.reporter = text(typed(fields.find("Reporting-MTA")).value);
        }
        isFirst = false;
        // The empty line behind the per-message fields is forgotten at times.
        if (fields.has("Final-Recipient") || fields.has("Original-Recipient")) {
            report.recipients.push_back(recipientOf(fields));
        }
    }
}

// RFC 8098 §3.1. disposition-mode ";" disposition-type [ "/" disposition-modifier ... ]
void readDisposition(IncomingReport& report, std::string_view body) {
    const Fields fields(body);
    readCommon(report, fields);
    report.reporter = text(fields.find("Reporting-UA"));
    report.messageId = text(fields.find("Original-Message-ID"));
    const std::string disposition = text(fields.find("Disposition"));
    const Typed parts = typed(disposition);
    report.dispositionMode = parts.type;
    report.disposition =
        lowered(trimmed(parts.value.substr(0, parts.value.find_first_of("/, \t"))));
    report.recipients.push_back({
        .originalRecipient = address(fields.find("Original-Recipient")),
        .finalRecipient = address(fields.find("Final-Recipient")),
    });
}

// RFC 5965 §3.
void readFeedback(IncomingReport& report, std::string_view body) {
    const Fields fields(body);
    readCommon(report, fields);
    report.reporter = text(typed(fields.find("Reporting-MTA")).value);
    report.feedbackType = lowered(text(fields.find("Feedback-Type")));
    report.originalMailFrom = withoutBrackets(text(fields.find("Original-Mail-From")));
    report.sourceIp = text(fields.find("Source-IP"));
    report.reportedDomain = text(fields.find("Reported-Domain"));
    mime::HeaderFieldCursor cursor(body);
    mime::HeaderField field;
    while (report.recipients.size() < kRecipientsMax && cursor.next(field)) {
        if (!equalsIgnoreCase(field.name, "Original-Rcpt-To")) continue;
        report.recipients.push_back({
            .finalRecipient = withoutBrackets(text(mime::unfolded(field.value.substr(0, 4'096)))),
        });
    }
}

std::string decodedBody(const Child& child, std::size_t octetsMax) {
    return mime::decodeTransfer(child.body.substr(0, octetsMax), child.encodingName);
}

// RFC 6522 §3 (c); RFC 6533 §4.4: any of the six types.
bool isReturned(const mime::ContentType& type) {
    return type.isMessage() || type.is("TEXT", "RFC822-HEADERS") ||
           type.is("MESSAGE", "GLOBAL-HEADERS");
}

void readReturned(IncomingReport& report, const Child& child) {
    std::string header = decodedBody(child, kReturnedOctetsMax);
    header.resize(mime::headerOf(header).size());
    report.returnedHeader = mime::filterHeader(
        header,
        {"DKIM-Signature", "DomainKey-Signature", "ARC-Seal", "ARC-Message-Signature"},
        true);
    if (report.messageId.empty()) {
        report.messageId = text(mime::headerField(header, "Message-ID").value_or(std::string()));
    }
}

std::optional<ReportKind> kindOf(const mime::ContentType& type) {
    if (type.type != "MESSAGE") return std::nullopt;
    if (type.subtype == "DELIVERY-STATUS" || type.subtype == "GLOBAL-DELIVERY-STATUS") {
        return ReportKind::DeliveryStatus;
    }
    if (type.subtype == "DISPOSITION-NOTIFICATION" ||
        type.subtype == "GLOBAL-DISPOSITION-NOTIFICATION") {
        return ReportKind::Disposition;
    }
    if (type.subtype == "FEEDBACK-REPORT") return ReportKind::Feedback;
    return std::nullopt;
}

// The parts of the report itself; none: it is no multipart/report.
std::vector<Child> childrenOf(std::string_view message) {
    std::vector<Child> children;
    // Mail that is no report is not scanned.
    const std::string_view header = mime::headerOf(message);
    const auto type = mime::headerField(header, "Content-Type");
    if (!type || !mime::parseContentType(*type).is("MULTIPART", "REPORT")) return children;
    for (const mime::StructurePart& part : mime::scanStructure(message)) {
        if (part.parent != 0 || children.size() >= kChildrenMax) continue;
        const auto fields = message.substr(part.headerOffset, part.bodyOffset - part.headerOffset);
        children.push_back({
            .type = mime::parseContentType(
                mime::headerField(fields, "Content-Type").value_or(std::string())),
            .encodingName = mime::parseToken(
                mime::headerField(fields, "Content-Transfer-Encoding").value_or(std::string())),
            .body = message.substr(part.bodyOffset, part.bodyEnd - part.bodyOffset),
        });
    }
    return children;
}

}  // namespace

std::optional<IncomingReport> parseReport(std::string_view message) {
    const std::vector<Child> children = childrenOf(message);
    const auto status = std::find_if(children.begin(), children.end(), [](const Child& child) {
        return kindOf(child.type).has_value();
    });
    if (status == children.end()) return std::nullopt;
    IncomingReport report{.kind = *kindOf(status->type)};
    const std::string body = decodedBody(*status, kFieldsOctetsMax);
    switch (report.kind) {
        case ReportKind::DeliveryStatus: readDeliveryStatus(report, body); break;
        case ReportKind::Disposition: readDisposition(report, body); break;
        case ReportKind::Feedback: readFeedback(report, body); break;
    }
    // The returned message stands behind the status.
    const auto returned = std::find_if(
        status, children.end(), [](const Child& child) { return isReturned(child.type); });
    if (returned != children.end()) readReturned(report, *returned);
    return report;
}

}  // namespace daybook
