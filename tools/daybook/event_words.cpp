#include "tools/daybook/event_words.h"

#include <fmt/format.h>

#include "journal/base/enhanced_code.h"
#include "tools/daybook/event_text.h"
#include "tools/daybook/output.h"

namespace daybook {

std::string shown(capnp::Text::Reader reader) { return printable(textOf(reader)); }

std::string counted(std::uint64_t count, std::string_view thing) {
    return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string angle(const std::string& address) { return "<" + address + ">"; }

std::string quoted(const Record& record) {
    const std::string name = record.name();
    return name.empty() ? "(erased)" : "\"" + printable(name) + "\"";
}

std::string whence(const Record& record, Names& names) {
    const SessionPlace place = names.session(SessionId(record.core().getSession()));
    std::string text;
    if (!place.protocol.empty()) text += " over " + place.protocol;
    if (!place.ip.empty()) text += " from " + place.ip;
    if (!place.client.empty()) text += " (" + place.client + ")";
    return text;
}

std::string who(const Record& record, Names& names) {
    switch (record.core().getActor()) {
        case event::Actor::SYSTEM: return "the server";
        case event::Actor::ADMIN: return "the operator";
        case event::Actor::AUDITOR: return "an auditor";
        case event::Actor::RULE: return "a rule";
        case event::Actor::REMOTE_MTA: return "a remote server";
        case event::Actor::IMPORTER: return "an import";
        case event::Actor::OWNER:
        case event::Actor::DELEGATE: break;
    }
    return names.account(AccountId(record.core().getActorId()));
}

std::string statusText(std::uint32_t enhancedCode) {
    return enhancedCode == 0 ? std::string() : enhancedText(enhancedCode);
}

std::string tlsVersionText(std::uint16_t version) {
    switch (version) {
        case 0: return "no TLS";
        case 0x0303: return "TLS 1.2";
        case 0x0304: return "TLS 1.3";
        default: return fmt::format("TLS 0x{:04x}", version);
    }
}

std::string_view policyText(event::TlsPolicy policy) {
    switch (policy) {
        case event::TlsPolicy::NONE: return "";
        case event::TlsPolicy::MTA_STS: return "MTA-STS";
        case event::TlsPolicy::DANE: return "DANE";
    }
    return "";
}

}  // namespace daybook
