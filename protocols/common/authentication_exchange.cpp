#include "protocols/common/authentication_exchange.h"

#include <utility>

#include "journal/base/encoding.h"

namespace daybook {

namespace {

// A response in decoded octets, or the trouble with it.
using Response = std::expected<std::string, AuthenticationTrouble>;

Response decoded(std::string_view line) {
    std::optional<std::string> octets = fromBase64(line);
    if (!octets) return std::unexpected(AuthenticationTrouble::Malformed);
    return std::move(*octets);
}

// One exchange; lives in the frame of exchangeAuthentication().
class Exchange {
public:
    Exchange(Connection& connection, LineReader& lines, AuthenticationDialogue dialogue)
        : connection_(connection), lines_(lines), dialogue_(std::move(dialogue)) {}

    // Sends a challenge and reads the response to it.
    Task<Response> ask(std::string challenge) {
        const std::string line = dialogue_.challengePrefix + toBase64(challenge) + "\r\n";
        co_await connection_.write(line);
        std::string response;
        try {
            response = co_await lines_.readLine(dialogue_.lineOctetsMax, after(dialogue_.patience));
        } catch (const LineTooLong&) {
            co_return std::unexpected(AuthenticationTrouble::TooLong);
        }
        if (response == "*") co_return std::unexpected(AuthenticationTrouble::Cancelled);
        co_return decoded(response);
    }

    // The client's first octets: the initial response if there is one, else what it answers to the
    // mechanism's first challenge, which is empty where the client speaks first.
    Task<Response> begin(const SaslExchange& sasl, std::optional<std::string> initialResponse) {
        if (initialResponse) co_return decoded(*initialResponse == "=" ? "" : *initialResponse);
        if (!sasl.clientFirst()) co_return std::string();
        const Response response = co_await ask({});
        co_return response;
    }

private:
    Connection& connection_;
    LineReader& lines_;
    AuthenticationDialogue dialogue_;
};

}  // namespace

Task<AuthenticationResult> exchangeAuthentication(
    Connection& connection,
    LineReader& lines,
    Authenticator& authenticator,
    const AuthenticationPeer& peer,
    AuthenticationDialogue dialogue,
    std::string mechanism,
    std::optional<std::string> initialResponse) {
    Outcome<std::unique_ptr<SaslExchange>> begun = authenticator.begin(peer, mechanism);
    if (!begun) co_return Outcome<Identity>(std::unexpected(begun.error()));
    SaslExchange& sasl = **begun;

    Exchange exchange(connection, lines, std::move(dialogue));
    // A mechanism whose server speaks first (LOGIN) gets its start, and an initial response counts
    // as the answer to its first challenge: RFC 4954 §4 forbids that, but old clients do it.
    std::optional<std::string> early;
    if (!sasl.clientFirst()) std::swap(early, initialResponse);
    Response response = co_await exchange.begin(sasl, std::move(initialResponse));
    for (;;) {
        if (!response) co_return std::unexpected(response.error());
        Outcome<SaslExchange::Step> step = co_await sasl.step(std::move(*response));
        if (!step) co_return Outcome<Identity>(std::unexpected(step.error()));
        std::optional<Identity> identity = std::move(step->identity);
        if (identity && step->challenge.empty()) {
            co_return Outcome<Identity>(std::move(*identity));
        }
        if (early) {
            response = decoded(*early == "=" ? "" : *early);
            early.reset();
            continue;
        }
        response = co_await exchange.ask(std::move(step->challenge));
        // Additional data with success travels as a last challenge; whatever the client answers
        // but "*", it has seen it. RFC 4422 §3.6.
        if (!identity) continue;
        if (!response) co_return std::unexpected(response.error());
        co_return Outcome<Identity>(std::move(*identity));
    }
}

}  // namespace daybook
