#include "engine/delivery/dsn.h"

#include <algorithm>
#include <fmt/format.h>

#include "engine/delivery/dsn_parts.h"
#include "engine/mime/encoding.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/xtext.h"
#include "journal/base/ascii.h"
#include "journal/base/encoding.h"
#include "journal/base/enhanced_code.h"

namespace daybook {

namespace {

constexpr std::size_t kAddressOctetsMax = 600;
constexpr std::size_t kDiagnosticOctetsMax = 2'048;
constexpr std::size_t kHostOctetsMax = 255;
constexpr std::size_t kMessageIdOctetsMax = 900;
constexpr std::size_t kFoldOctets = 76;
constexpr std::size_t kWordOctetsMax = 900;

// "Name: value" folded at blanks (RFC 5322 §2.2.3). A word that no line could take is broken.
// Requires: `value` is safe.
void addField(std::string& out, std::string_view name, std::string_view value) {
    std::size_t column = name.size() + 1;
    out.append(name).append(":");
    while (!value.empty()) {
        const std::string_view word = value.substr(0, std::min(value.find(' '), kWordOctetsMax));
        value.remove_prefix(word.size());
        while (value.starts_with(' ')) {
            value.remove_prefix(1);
        }
        const bool folds = column + 1 + word.size() > kFoldOctets && column > name.size() + 1;
        out.append(folds ? "\r\n " : " ").append(word);
        column = (folds ? 0 : column) + 1 + word.size();
    }
    out += "\r\n";
}

class DsnComposer {
public:
    explicit DsnComposer(const DsnReport& report)
        : report_(report), eightBit_(!isAscii(report.reversePath)) {
        for (const std::string_view piece : report.original) {
            originalHeader_ += piece.substr(0, kHeaderOctetsMax);
            if (originalHeader_.size() >= kHeaderOctetsMax) break;
        }
    }

    ComposedDsn run() {
        const ReturnedPart returned = returnedPart(report_, eightBit_);
        const std::string words = wordsPart(returned.kind);
        const std::string status = statusPart();
        const std::string boundary = boundaryFor({words, status, returned.octets});
        std::string out = header(boundary);
        for (const std::string_view part :
             {std::string_view(words),
              std::string_view(status),
              std::string_view(returned.octets)}) {
            out.append("--").append(boundary).append("\r\n").append(part);
        }
        out.append("--").append(boundary).append("--\r\n");
        return {.octets = std::move(out), .smtpUtf8 = eightBit_};
    }

private:
    static constexpr std::size_t kHeaderOctetsMax = 65'536;

    std::string hostName() const { return safeAscii(report_.hostName, kHostOctetsMax); }

    // Text for a field of ours: UTF-8 only where the report has it.
    std::string fieldText(std::string_view said, std::size_t octetsMax) const {
        return eightBit_ ? safeText(said, octetsMax) : safeAscii(said, octetsMax);
    }

    // No other part may have a line that begins like the boundary's.
    std::string boundaryFor(const std::vector<std::string_view>& parts) const {
        const std::string base = "=_" + idText(report_.report.number());
        std::string boundary = base;
        const auto occurs = [&](std::string_view part) {
            return part.find("--" + boundary) != std::string_view::npos;
        };
        for (std::size_t i = 0; std::any_of(parts.begin(), parts.end(), occurs); ++i) {
            boundary = base + "_" + std::to_string(i);
        }
        return boundary;
    }

    std::string header(const std::string& boundary) const {
        std::string out;
        addField(out, "From", "\"Mail Delivery System\" <MAILER-DAEMON@" + hostName() + ">");
        if (!report_.reversePath.empty()) {
            addField(out, "To", "<" + fieldText(report_.reversePath, kAddressOctetsMax) + ">");
        }
        const std::string subject = dsnSubject(report_, originalHeader_);
        addField(out, "Subject", eightBit_ ? subject : mime::encodeHeaderText(subject));
        addField(out, "Date", mime::dateText(report_.nowNs));
        addField(
            out, "Message-ID", "<" + idText(report_.report.number()) + ".dsn@" + hostName() + ">");
        const std::string original = originalMessageId();
        if (!original.empty()) {
            addField(out, "In-Reply-To", original);
            addField(out, "References", original);
        }
        // RFC 3834 §5.
        out += "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n";
        if (eightBit_) out += "Content-Transfer-Encoding: 8bit\r\n";
        out += "Content-Type: multipart/report; report-type=";
        out += eightBit_ ? "global-delivery-status" : "delivery-status";
        out += ";\r\n boundary=\"" + boundary + "\"\r\n\r\n";
        // For readers from before MIME.
        out += "This is a report in several parts, in MIME format (RFC 3464).\r\n\r\n";
        return out;
    }

    // Only what is sure to be a msg-id and nothing else, RFC 5322 §3.6.4.
    std::string originalMessageId() const {
        const std::string id =
            mime::headerField(originalHeader_, "Message-ID").value_or(std::string());
        const bool isId = id.size() > 4 && id.size() <= kMessageIdOctetsMax && id.front() == '<' &&
                          id.find('>') == id.size() - 1 && id.find('@') != std::string::npos;
        const bool isPlain =
            std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 127; });
        return isId && isPlain ? id : std::string();
    }

    std::string wordsPart(ReturnedKind returned) const {
        std::string words = dsnPlainWords(report_, originalHeader_, returned);
        std::string out = "Content-Type: text/plain; charset=";
        out += isAscii(words) ? "us-ascii\r\n" : "utf-8\r\n";
        out.append("Content-Language: ").append(dsnTexts(report_.language).tag).append("\r\n");
        if (!isAscii(words)) {
            out += "Content-Transfer-Encoding: ";
            out += eightBit_ ? "8bit\r\n" : "quoted-printable\r\n";
            if (!eightBit_) words = mime::encodeQuotedPrintable(words);
        }
        return out + "\r\n" + words + "\r\n";
    }

    // delivery-status-content = per-message-fields 1*( CRLF per-recipient-fields )
    std::string statusPart() const {
        std::string out = eightBit_ ? "Content-Type: message/global-delivery-status\r\n"
                                      "Content-Transfer-Encoding: 8bit\r\n\r\n"
                                    : "Content-Type: message/delivery-status\r\n\r\n";
        addMessageFields(out);
        for (const DsnRecipient& recipient : report_.recipients) {
            out += "\r\n";
            addRecipientFields(out, recipient);
        }
        return out + "\r\n";
    }

    // RFC 3464 §2.2.
    void addMessageFields(std::string& out) const {
        if (!report_.envelopeId.empty()) {
            // Not folded: whoever compares it does so octet by octet. At most 100 (RFC 3461 §4.4).
            out += "Original-Envelope-Id: " + safeAscii(report_.envelopeId, 500) + "\r\n";
        }
        // RFC 3461 §6.3 (b): "dns" only for a fully-qualified name.
        const bool isQualified = hostName().find('.') != std::string::npos;
        addField(out, "Reporting-MTA", (isQualified ? "dns; " : "x-local-hostname; ") + hostName());
        addField(out, "Arrival-Date", mime::dateText(report_.arrivalNs));
        if (report_.message) {
            addField(out, "X-Daybook-Message", idText(report_.message.number()));
        }
    }

    // RFC 3464 §2.3.
    void addRecipientFields(std::string& out, const DsnRecipient& recipient) const {
        const auto original = mime::parseOriginalRecipient(recipient.originalRecipient);
        if (original) {
            addField(out, "Original-Recipient", typedAddress(original->type, original->address));
        }
        const bool isPlain = isAscii(recipient.finalRecipient);
        addField(
            out,
            "Final-Recipient",
            typedAddress(isPlain ? "rfc822" : "utf-8", recipient.finalRecipient));
        addField(out, "Action", wordOf(recipient.action));
        addField(out, "Status", enhancedText(dsnStatus(recipient)));
        if (!recipient.remoteMta.empty()) {
            addField(out, "Remote-MTA", "dns; " + safeAscii(recipient.remoteMta, kHostOctetsMax));
        }
        if (!recipient.diagnostic.empty()) {
            const std::string said = fieldText(recipient.diagnostic, kDiagnosticOctetsMax);
            addField(out, "Diagnostic-Code", "smtp; " + said);
        }
        if (recipient.lastAttemptNs) {
            addField(out, "Last-Attempt-Date", mime::dateText(*recipient.lastAttemptNs));
        }
        // RFC 3464 §2.3.9: "MUST NOT appear in other DSNs".
        if (recipient.willRetryUntilNs && recipient.action == event::DsnAction::DELAYED) {
            addField(out, "Will-Retry-Until", mime::dateText(*recipient.willRetryUntilNs));
        }
    }

    // address-type ";" generic-address; RFC 6533 §3 has the forms of UTF-8 ones.
    std::string typedAddress(const std::string& type, std::string_view address) const {
        const std::string safe = safeText(address, kAddressOctetsMax);
        if (eightBit_ || isAscii(safe)) return type + ";" + safe;
        return type + ";" + mime::encodeUnitext(safe);
    }

    const DsnReport& report_;
    bool eightBit_;
    std::string originalHeader_;
};

}  // namespace

const char* wordOf(event::DsnAction action) {
    switch (action) {
        case event::DsnAction::FAILED: return "failed";
        case event::DsnAction::DELAYED: return "delayed";
        case event::DsnAction::DELIVERED: return "delivered";
        case event::DsnAction::RELAYED: return "relayed";
        case event::DsnAction::EXPANDED: return "expanded";
    }
    return "failed";
}

// RFC 3461 §6.3 (g); RFC 3464 §2.3.3 has what a failure's class may be.
std::uint32_t dsnStatus(const DsnRecipient& recipient) {
    const std::uint32_t found = classOf(recipient.enhancedCode);
    switch (recipient.action) {
        case event::DsnAction::FAILED:
            return found == 4 || found == 5 ? recipient.enhancedCode : enhanced(5, 0, 0);
        case event::DsnAction::DELAYED:
            return found == 4 ? recipient.enhancedCode : enhanced(4, 0, 0);
        case event::DsnAction::DELIVERED:
        case event::DsnAction::RELAYED:
        case event::DsnAction::EXPANDED:
            return found == 2 ? recipient.enhancedCode : enhanced(2, 0, 0);
    }
    return enhanced(5, 0, 0);
}

ComposedDsn composeDsn(const DsnReport& report) { return DsnComposer(report).run(); }

}  // namespace daybook
