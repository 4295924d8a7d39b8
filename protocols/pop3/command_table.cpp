#include "protocols/pop3/command_table.h"

#include <array>
#include <optional>

#include "journal/base/ascii.h"

namespace daybook::pop3 {

namespace {

constexpr States kBoth = kAuthorization | kTransaction;

constexpr std::array kCommands = {
    CommandRow{"CAPA", kBoth, Arguments::None, &Dialogue::capa, "RFC 2449 §5"},
    CommandRow{"STLS", kAuthorization, Arguments::None, &Dialogue::stls, "RFC 2595 §4"},
    CommandRow{"USER", kAuthorization, Arguments::Some, &Dialogue::user, "RFC 1939 §7"},
    CommandRow{"PASS", kAuthorization, Arguments::Any, &Dialogue::pass, "RFC 1939 §7"},
    CommandRow{"AUTH", kAuthorization, Arguments::Any, &Dialogue::auth, "RFC 5034 §4"},
    CommandRow{"STAT", kTransaction, Arguments::None, &Dialogue::stat, "RFC 1939 §5"},
    CommandRow{"LIST", kTransaction, Arguments::Any, &Dialogue::list, "RFC 1939 §5"},
    CommandRow{"UIDL", kTransaction, Arguments::Any, &Dialogue::uidl, "RFC 1939 §7"},
    CommandRow{"RETR", kTransaction, Arguments::Some, &Dialogue::retr, "RFC 1939 §5"},
    CommandRow{"TOP", kTransaction, Arguments::Some, &Dialogue::top, "RFC 1939 §7"},
    CommandRow{"DELE", kTransaction, Arguments::Some, &Dialogue::dele, "RFC 1939 §5"},
    CommandRow{"NOOP", kTransaction, Arguments::None, &Dialogue::noop, "RFC 1939 §5"},
    CommandRow{"RSET", kTransaction, Arguments::None, &Dialogue::rset, "RFC 1939 §5"},
    CommandRow{"QUIT", kBoth, Arguments::None, &Dialogue::quit, "RFC 1939 §6"},
};

using Parameters = std::optional<std::string>;  // nothing: not announced now

Parameters always(Dialogue&) { return ""; }

Parameters user(Dialogue& dialogue) {
    const AuthenticationPeer peer = dialogue.authenticationPeer(event::Mechanism::POP3_USER);
    const bool allowed = dialogue.services().authenticator.allowsPlaintext(peer);
    return allowed ? Parameters("") : std::nullopt;
}

Parameters sasl(Dialogue& dialogue) {
    std::string words;
    const AuthenticationPeer peer = dialogue.authenticationPeer(event::Mechanism::PLAIN);
    for (const std::string& name : dialogue.services().authenticator.mechanisms(peer)) {
        words += " " + name;
    }
    return words.empty() ? std::nullopt : Parameters(words);
}

Parameters stls(Dialogue& dialogue) {
    return dialogue.canStartTls() ? Parameters("") : std::nullopt;
}

struct CapabilityRow {
    std::string_view name;
    States states;
    Parameters (*parameters)(Dialogue& dialogue);
    std::string_view rfc;
};

constexpr std::array kCapabilities = {
    CapabilityRow{"TOP", kBoth, always, "RFC 2449 §6.1"},
    CapabilityRow{"UIDL", kBoth, always, "RFC 2449 §6.8"},
    CapabilityRow{"USER", kAuthorization, user, "RFC 2449 §6.2"},
    CapabilityRow{"SASL", kAuthorization, sasl, "RFC 2449 §6.3"},
    CapabilityRow{"STLS", kAuthorization, stls, "RFC 2595 §4"},
    CapabilityRow{"RESP-CODES", kBoth, always, "RFC 2449 §6.4"},
    CapabilityRow{"AUTH-RESP-CODE", kBoth, always, "RFC 3206 §6"},
    CapabilityRow{"PIPELINING", kBoth, always, "RFC 2449 §6.6"},
    CapabilityRow{"EXPIRE NEVER", kBoth, always, "RFC 2449 §6.7"},
    CapabilityRow{"IMPLEMENTATION Daybook", kBoth, always, "RFC 2449 §6.9"},
};

}  // namespace

const CommandRow* findCommand(std::string_view verb) {
    for (const CommandRow& row : kCommands) {
        if (equalsIgnoreCase(row.verb, verb)) return &row;
    }
    return nullptr;
}

std::string capabilities(Dialogue& dialogue) {
    const States state = dialogue.isLoggedIn() ? kTransaction : kAuthorization;
    std::string lines;
    for (const CapabilityRow& row : kCapabilities) {
        if ((row.states & state) == 0) continue;
        const Parameters parameters = row.parameters(dialogue);
        if (parameters) lines.append(row.name).append(*parameters).append("\r\n");
    }
    return lines;
}

}  // namespace daybook::pop3
