#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <vector>

#include "engine/mime/xtext.h"
#include "journal/base/ascii.h"
#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

namespace {

constexpr std::string_view kUnavailable = "[UNAVAILABLE]";
constexpr std::string_view kTemporarilyUnavailable = "[TEMPUNAVAIL]";

struct Attribute {
    std::string name;   // upper case
    std::string value;  // empty: it is not known
};

[[noreturn]] void malformed(std::string_view text) { throw Reject(reply(501, "5.5.4", text)); }

// attribute=value, several divided by blanks; values in xtext.
std::vector<Attribute> parseAttributes(std::string_view arguments) {
    std::vector<Attribute> attributes;
    while (!arguments.empty()) {
        const std::size_t blank = arguments.find(' ');
        const std::string_view word = arguments.substr(0, blank);
        arguments =
            blank == std::string_view::npos ? std::string_view() : arguments.substr(blank + 1);
        if (word.empty()) continue;
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos || equals == 0) malformed("Say ATTRIBUTE=value");
        std::optional<std::string> value = mime::decodeXtext(word.substr(equals + 1));
        const bool harmless = value && std::ranges::all_of(*value, [](char c) {
            return static_cast<unsigned char>(c) > ' ' && c != 127;
        });
        if (!harmless || value->empty()) malformed("A value is xtext");
        if (*value == kUnavailable || *value == kTemporarilyUnavailable) value->clear();
        attributes.push_back({.name = uppered(word.substr(0, equals)), .value = *value});
    }
    if (attributes.empty()) malformed("Say XCLIENT ATTRIBUTE=value");
    return attributes;
}

std::uint16_t portIn(const Attribute& attribute) {
    if (attribute.value.empty()) return 0;
    const auto port = parseNumber(attribute.value, UINT16_MAX);
    if (!port) malformed(attribute.name + " takes a port");
    return static_cast<std::uint16_t>(*port);
}

// "192.0.2.1", "IPV6:2001:db8::1".
std::string ipIn(const Attribute& attribute) {
    if (attribute.value.empty()) return {};
    std::string_view ip = attribute.value;
    constexpr std::string_view kSix = "IPV6:";
    if (startsWithIgnoreCase(ip, kSix)) ip.remove_prefix(kSix.size());
    if (!isIpAddress(ip)) malformed(attribute.name + " takes an IP address");
    return std::string(ip);
}

}  // namespace

// XCLIENT, as Postfix's XCLIENT_README has it: a proxy that is trusted says whose session this is.
// NAME and DESTADDR are checked and not used: a client is known by its address here. PROTO says
// which hello there was. All that was said before is forgotten, and the greeting comes again.
Task<Reply> Dialogue::xclient(std::string_view arguments) {
    const std::vector<Attribute> attributes = parseAttributes(arguments);
    SessionFacts facts = record_.facts();
    std::string helo;
    std::string login;
    bool extended = true;
    for (const Attribute& attribute : attributes) {
        if (attribute.name == "ADDR") {
            const std::string ip = ipIn(attribute);
            if (!ip.empty()) facts.ip = ip;
        } else if (attribute.name == "PORT") {
            facts.peerPort = portIn(attribute);
        } else if (attribute.name == "DESTPORT") {
            facts.localPort = portIn(attribute);
        } else if (attribute.name == "DESTADDR") {
            ipIn(attribute);
        } else if (attribute.name == "HELO") {
            helo = attribute.value.empty() ? std::string() : parseHello(attribute.value);
        } else if (attribute.name == "LOGIN") {
            login = attribute.value;
        } else if (attribute.name == "PROTO") {
            extended = !equalsIgnoreCase(attribute.value, "SMTP");
        } else if (attribute.name != "NAME") {
            malformed("No such attribute: " + attribute.name);
        }
    }
    forget(std::move(facts));
    helo_ = helo;
    extended_ = extended;
    if (!helo.empty()) record_.setClient(helo_);
    if (!login.empty()) {
        const AuthenticationPeer peer = authenticationPeer();
        const Outcome<Identity> who = services_.authenticator.trustLogin(peer, login);
        if (!who) co_return reply(550, "5.7.0", "No such login");
        identity_ = *who;
    }
    if (const std::optional<Reply> refused = tooManyConnections()) co_return closing(*refused);
    co_return reply(220, "", fmt::format("{} {}", services_.config.hostname, facts_.greeting));
}

}  // namespace daybook::smtp
