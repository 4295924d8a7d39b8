#include <fmt/format.h>

#include "engine/delivery/dsn_parts.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/xtext.h"
#include "journal/base/encoding.h"
#include "journal/base/enhanced_code.h"

namespace daybook {

namespace {

constexpr std::size_t kAddressOctetsMax = 400;
constexpr std::size_t kSaidOctetsMax = 2'048;
constexpr std::size_t kHostOctetsMax = 255;
constexpr std::size_t kSubjectOctetsMax = 120;
// A table of labels reads well up to here; RFC 3464's part has all recipients.
constexpr std::size_t kRecipientsInWordsMax = 100;

constexpr event::DsnAction kWorstFirst[] = {
    event::DsnAction::FAILED,
    event::DsnAction::DELAYED,
    event::DsnAction::RELAYED,
    event::DsnAction::EXPANDED,
    event::DsnAction::DELIVERED,
};

const ActionTexts& textsOf(const DsnTexts& texts, event::DsnAction action) {
    switch (action) {
        case event::DsnAction::FAILED: return texts.failed;
        case event::DsnAction::DELAYED: return texts.delayed;
        case event::DsnAction::DELIVERED: return texts.delivered;
        case event::DsnAction::RELAYED: return texts.relayed;
        case event::DsnAction::EXPANDED: return texts.expanded;
    }
    return texts.failed;
}

std::string filled(const char* text, std::string_view value) {
    return fmt::format(fmt::runtime(text), value);
}

void addLine(std::string& out, const char* label, const std::string& value) {
    if (!value.empty()) out += wrapped(std::string(label) + ": " + value, "    ");
}

std::string adviceFor(
    const DsnTexts& texts, const DsnRecipient& recipient, const StatusText& status) {
    if (recipient.action == event::DsnAction::FAILED) return status.advice;
    if (recipient.action != event::DsnAction::DELAYED) return {};
    if (!recipient.willRetryUntilNs) return texts.retriesOn;
    return filled(texts.retries, mime::dateText(*recipient.willRetryUntilNs));
}

void addRecipient(std::string& out, const DsnTexts& texts, const DsnRecipient& recipient) {
    const std::string address = safeText(recipient.finalRecipient, kAddressOctetsMax);
    out += "\r\n" + wrapped("<" + address + ">", "  ");
    const auto original = mime::parseOriginalRecipient(recipient.originalRecipient);
    if (original && original->address != recipient.finalRecipient) {
        addLine(out, texts.wayLabel, safeText(original->address, kAddressOctetsMax));
    }
    const bool isTrouble = recipient.action == event::DsnAction::FAILED ||
                           recipient.action == event::DsnAction::DELAYED;
    const StatusText status = statusText(texts, dsnStatus(recipient));
    if (isTrouble) {
        out += wrapped(status.why, "    ");
        const bool isTemporary = classOf(dsnStatus(recipient)) == 4;
        if (recipient.action == event::DsnAction::FAILED && isTemporary) {
            out += wrapped(texts.gaveUp, "    ");
        }
    }
    if (recipient.action == event::DsnAction::RELAYED) out += wrapped(texts.relayedNote, "    ");
    if (recipient.action == event::DsnAction::EXPANDED) out += wrapped(texts.expandedNote, "    ");
    const std::string host = safeText(recipient.remoteMta, kHostOctetsMax);
    const std::string label = host.empty() ? texts.weSaid : filled(texts.remoteSaid, host);
    addLine(out, label.c_str(), safeText(recipient.diagnostic, kSaidOctetsMax));
    addLine(out, texts.adviceLabel, adviceFor(texts, recipient, status));
}

}  // namespace

event::DsnAction worstAction(const DsnReport& report) {
    for (const event::DsnAction action : kWorstFirst) {
        for (const DsnRecipient& recipient : report.recipients) {
            if (recipient.action == action) return action;
        }
    }
    return event::DsnAction::FAILED;
}

std::string dsnSubject(const DsnReport& report, std::string_view originalHeader) {
    const DsnTexts& texts = dsnTexts(report.language);
    std::string subject = textsOf(texts, worstAction(report)).subject;
    const std::string original = originalField(originalHeader, "Subject");
    if (!original.empty()) subject += ": " + safeText(original, kSubjectOctetsMax);
    return subject;
}

std::string dsnPlainWords(
    const DsnReport& report, std::string_view originalHeader, ReturnedKind returned) {
    const DsnTexts& texts = dsnTexts(report.language);
    const std::string id = idText(report.message.number());
    std::string out = wrapped(filled(texts.greeting, safeText(report.hostName, 255)), "");
    out += "\r\n" + wrapped(textsOf(texts, worstAction(report)).opening, "") + "\r\n";
    addLine(out, texts.subjectLabel, originalField(originalHeader, "Subject"));
    addLine(out, texts.dateLabel, originalField(originalHeader, "Date"));
    addLine(out, texts.toLabel, originalField(originalHeader, "To"));
    addLine(out, texts.idLabel, id);
    std::size_t told = 0;
    for (const event::DsnAction action : kWorstFirst) {
        bool isFirst = true;
        for (const DsnRecipient& recipient : report.recipients) {
            if (recipient.action != action || told >= kRecipientsInWordsMax) continue;
            if (isFirst) out += "\r\n" + wrapped(textsOf(texts, action).heading, "");
            isFirst = false;
            ++told;
            addRecipient(out, texts, recipient);
        }
    }
    const bool isWhole = returned == ReturnedKind::Message;
    out += "\r\n" + wrapped(isWhole ? texts.returned : texts.headerReturned, "");
    out += wrapped(filled(texts.idNote, id), "");
    return out;
}

}  // namespace daybook
