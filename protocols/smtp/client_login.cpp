#include "protocols/smtp/client_login.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/authentication/scram_client.h"
#include "journal/base/encoding.h"

namespace daybook::smtp {

namespace {

constexpr std::uint16_t kContinue = 334;

// The octets of a 334; nothing: it is none.
std::optional<std::string> challengeOf(const ServerReply& reply) {
    if (reply.code != kContinue) return {};
    return fromBase64(reply.lines.front());
}

// What is said of an answer that ended the exchange.
std::optional<RemoteReply> verdict(const ServerReply& reply) {
    if (reply.isPositive()) return {};
    if (reply.isNegative()) return remoteReply(reply);
    return ourReply(0, enhanced(4, 7, 0), "the login's challenge makes no sense");
}

struct Exchange {
    ClientDialogue& dialogue;
    const SmartHostLogin& login;
    std::chrono::milliseconds patience;
};

// RFC 4616 §2
Task<std::optional<RemoteReply>> plain(Exchange exchange) {
    std::string octets;
    octets += '\0' + exchange.login.user;
    octets += '\0' + exchange.login.password;
    const std::string command = "AUTH PLAIN " + toBase64(octets) + "\r\n";
    const ServerReply reply = co_await exchange.dialogue.ask(command, exchange.patience);
    co_return verdict(reply);
}

// Never a standard; what it asks for first is the name, whatever its words.
Task<std::optional<RemoteReply>> loginMechanism(Exchange exchange) {
    ServerReply reply = co_await exchange.dialogue.ask("AUTH LOGIN\r\n", exchange.patience);
    if (reply.code != kContinue) co_return verdict(reply);
    const std::string user = toBase64(exchange.login.user) + "\r\n";
    reply = co_await exchange.dialogue.ask(user, exchange.patience);
    if (reply.code != kContinue) co_return verdict(reply);
    const std::string password = toBase64(exchange.login.password) + "\r\n";
    reply = co_await exchange.dialogue.ask(password, exchange.patience);
    co_return verdict(reply);
}

// RFC 5802 §5, RFC 7677. The server proves that it knows the password, too: a 235 without that is
// no login.
Task<std::optional<RemoteReply>> scram(Exchange exchange) {
    ScramClient client(exchange.login.user, exchange.login.password);
    const std::string first = client.step({}).value_or("");
    std::string line = "AUTH SCRAM-SHA-256 " + toBase64(first) + "\r\n";
    for (;;) {
        const ServerReply reply = co_await exchange.dialogue.ask(line, exchange.patience);
        const bool ended = reply.code != kContinue;
        if (ended && !reply.isPositive()) co_return verdict(reply);
        if (ended && client.isDone()) co_return verdict(reply);
        const std::optional<std::string> challenge = challengeOf(reply);
        const std::optional<std::string> answer =
            challenge ? client.step(*challenge) : std::optional<std::string>();
        if (!answer) {
            // Whatever it thinks of us, it has not shown who it is.
            exchange.dialogue.giveUp();
            co_return ourReply(0, enhanced(4, 7, 0), "the server did not prove itself (SCRAM)");
        }
        line = toBase64(*answer) + "\r\n";
    }
}

}  // namespace

Task<std::optional<RemoteReply>> logInto(
    ClientDialogue& dialogue,
    const HelloFacts& facts,
    const SmartHostLogin& login,
    std::chrono::milliseconds patience) {
    const Exchange exchange{.dialogue = dialogue, .login = login, .patience = patience};
    const Connection& connection = dialogue.connection();
    // RFC 4954 §4: no password in the clear.
    if (!connection.isTls() && !connection.peerIsLoopback()) {
        co_return ourReply(0, enhanced(4, 7, 11), "no login without TLS");
    }
    const auto offers = [&facts](std::string_view mechanism) {
        return std::ranges::find(facts.mechanisms, mechanism) != facts.mechanisms.end();
    };
    std::optional<RemoteReply> trouble;
    if (offers("SCRAM-SHA-256")) {
        trouble = co_await scram(exchange);
    } else if (offers("PLAIN")) {
        trouble = co_await plain(exchange);
    } else if (offers("LOGIN")) {
        trouble = co_await loginMechanism(exchange);
    } else {
        trouble = ourReply(0, enhanced(4, 7, 0), "no way to log in is offered that we know");
    }
    co_return trouble;
}

}  // namespace daybook::smtp
