#include "tools/daybook/delivery_text.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/delivery/dsn.h"
#include "engine/delivery/tls_report.h"
#include "journal/base/encoding.h"
#include "tools/daybook/event_words.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

// The names of event.capnp.
std::string_view reasonName(event::OutcomeReason reason) {
    switch (reason) {
        case event::OutcomeReason::REFUSED: return "refused";
        case event::OutcomeReason::DNS: return "dns";
        case event::OutcomeReason::NO_ROUTE: return "noRoute";
        case event::OutcomeReason::CONNECT: return "connect";
        case event::OutcomeReason::TLS: return "tls";
        case event::OutcomeReason::LOGIN: return "login";
        case event::OutcomeReason::BROKEN: return "broken";
        case event::OutcomeReason::UNSENDABLE: return "unsendable";
        case event::OutcomeReason::BUSY: return "busy";
        case event::OutcomeReason::SUPPRESSED: return "suppressed";
        case event::OutcomeReason::REMOVED: return "removed";
    }
    return "";
}

std::string_view className(event::QueueClass queueClass) {
    switch (queueClass) {
        case event::QueueClass::SUBMISSION: return "submission";
        case event::QueueClass::RELAY: return "relay";
        case event::QueueClass::REPORT: return "report";
    }
    return "";
}

bool wasAnswered(const DeliveryRow& row) {
    return row.tries != 0 || isFinal(row.state) || row.reason != event::OutcomeReason::REFUSED;
}

void addTime(nlohmann::ordered_json& json, const char* field, TimeNs time) {
    if (time != 0) json[field] = timeText(time);
}

void addText(nlohmann::ordered_json& json, const char* field, std::string_view text) {
    if (!text.empty()) json[field] = text;
}

}  // namespace

void sayFact(std::string_view name, const std::string& value) {
    if (!value.empty()) say(fmt::format("{:<12} {}", name, value));
}

void sayFacts(const MessageFacts& facts) {
    sayFact("message", idText(facts.message.number()));
    sayFact("from", facts.sender);
    sayFact("account", printable(facts.account));
    sayFact("received", timeText(facts.arrivalNs));
    sayFact("size", humanSize(facts.octets));
    sayFact("subject", printable(facts.subject));
    sayFact("message-id", printable(facts.messageId));
    sayFact("envelope-id", printable(facts.envelopeId));
}

std::string senderText(const std::string& reversePath, bool isNull) {
    return reversePath.empty() && !isNull ? "(erased)" : angle(printable(reversePath));
}

std::string recipientText(const DeliveryRow& row) {
    return row.forwardPath.empty() ? "(erased)" : printable(row.forwardPath);
}

std::string orDash(std::string text) { return text.empty() ? "-" : std::move(text); }

std::string_view stateText(DeliveryState state) {
    switch (state) {
        case DeliveryState::Waiting: return "waiting";
        case DeliveryState::Attempting: return "attempting";
        case DeliveryState::Held: return "held";
        case DeliveryState::Relayed: return "relayed";
        case DeliveryState::Failed: return "failed";
        case DeliveryState::Expired: return "expired";
        case DeliveryState::Removed: return "removed";
        case DeliveryState::Delivered: return "delivered";
    }
    return "";
}

std::string lastAnswer(const DeliveryRow& row) {
    std::string text = printable(row.text);
    if (text.empty() && row.code != 0) {
        text = fmt::format("{} {}", row.code, statusText(row.enhancedCode));
    }
    if (text.empty() && row.state == DeliveryState::Removed) text = "by the operator";
    if (row.reportedAction == 0) return text;
    const auto action = static_cast<event::DsnAction>(row.reportedAction - 1);
    return fmt::format(
        "{}{}{} reports \"{}\"{}{}",
        text,
        text.empty() ? "" : "; ",
        row.reportedBy.empty() ? "another server" : printable(row.reportedBy),
        wordOf(action),
        row.reportedText.empty() ? "" : ": ",
        printable(row.reportedText));
}

std::string serverText(const DeliveryRow& row) {
    if (row.ip.empty()) return printable(row.host);
    return fmt::format("{}{}[{}]", printable(row.host), row.host.empty() ? "" : " ", row.ip);
}

std::string tlsText(const DeliveryRow& row) {
    if (row.code == 0 && row.tlsVersion == 0 && row.tlsFault == event::TlsFault::NONE) return {};
    std::string text = tlsVersionText(row.tlsVersion);
    if (row.tlsPolicy != event::TlsPolicy::NONE) {
        text += fmt::format(", {}", policyText(row.tlsPolicy));
    }
    if (row.tlsVersion != 0) text += row.tlsVerified ? ", verified" : ", not verified";
    if (row.tlsFault != event::TlsFault::NONE) {
        text += fmt::format(", {}", tlsResultType(row.tlsFault));
    }
    return text;
}

std::string durationText(TimeNs duration) {
    struct Unit {
        std::int64_t seconds;
        const char* name;
    };

    constexpr Unit kUnits[] = {{86'400, "d"}, {3'600, "h"}, {60, "min"}, {1, "s"}};
    std::int64_t seconds = std::max<std::int64_t>(duration / kSecondNs, 0);
    std::string text;
    int shown = 0;
    for (const Unit& unit : kUnits) {
        const std::int64_t count = seconds / unit.seconds;
        seconds %= unit.seconds;
        if (count == 0 && shown == 0) continue;
        if (count != 0) text += fmt::format("{}{} {}", text.empty() ? "" : " ", count, unit.name);
        if (++shown == 2) break;
    }
    return text.empty() ? "0 s" : text;
}

nlohmann::ordered_json toJson(const DeliveryRow& row, const std::string& destination) {
    nlohmann::ordered_json json;
    json["message"] = idText(row.message.number());
    json["recipient"] = row.forwardPath;
    json["number"] = row.recipient.number();
    json["state"] = stateText(row.state);
    addText(json, "original_recipient", row.original);
    addText(json, "destination", destination);
    if (row.destination) json["class"] = className(row.queueClass);
    addTime(json, "queued", row.queuedNs);
    addTime(json, "changed", row.lastNs);
    if (row.state == DeliveryState::Waiting) addTime(json, "next", row.nextNs);
    addTime(json, "expires", row.expiresNs);
    json["tries"] = row.tries;
    addText(json, "host", row.host);
    addText(json, "ip", row.ip);
    if (row.tlsVersion != 0) json["tls"] = tlsVersionText(row.tlsVersion);
    addText(json, "tls_policy", policyText(row.tlsPolicy));
    if (row.tlsVersion != 0) json["tls_verified"] = row.tlsVerified;
    addText(json, "tls_fault", tlsResultType(row.tlsFault));
    if (row.code != 0) json["code"] = row.code;
    addText(json, "status", statusText(row.enhancedCode));
    addText(json, "text", row.text);
    const bool hasReason = row.state != DeliveryState::Relayed && wasAnswered(row) &&
                           row.state != DeliveryState::Delivered;
    if (hasReason) json["reason"] = reasonName(row.reason);
    if (row.unknownOutcome) json["may_have_arrived_before"] = true;
    if (row.reportedAction != 0) {
        json["reported"] = {
            {"action", wordOf(static_cast<event::DsnAction>(row.reportedAction - 1))},
            {"status", statusText(row.reportedCode)},
            {"time", timeText(row.reportedNs)},
            {"by", row.reportedBy},
            {"text", row.reportedText},
        };
    }
    return json;
}

}  // namespace daybook
