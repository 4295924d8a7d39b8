// Exchanges in which somebody else vouches for the client: an issuer of tokens, a certificate
// authority.

#include "engine/authentication/authenticator_parts.h"
#include "journal/base/ascii.h"

namespace daybook {

namespace {

constexpr char kSeparator = '\x01';

struct BearerMessage {
    std::string authorization;  // authzid; empty: none
    std::string token;
};

// saslname of RFC 5801 §4: "=2C" and "=3D" stand for "," and "=".
std::optional<std::string> fromSaslName(std::string_view text) {
    std::string name;
    while (!text.empty()) {
        if (text.front() != '=') {
            name += text.front();
            text.remove_prefix(1);
            continue;
        }
        const bool comma = text.starts_with("=2C");
        if (!comma && !text.starts_with("=3D")) return std::nullopt;
        name += comma ? ',' : '=';
        text.remove_prefix(3);
    }
    return name;
}

// client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep; gs2-header as in RFC 5801 §4 without
// channel binding. RFC 7628 §3.1. Nothing: malformed.
std::optional<BearerMessage> parseBearer(std::string_view message) {
    BearerMessage result;
    if (!message.starts_with("n,") && !message.starts_with("y,")) return std::nullopt;
    message.remove_prefix(2);
    const std::size_t comma = message.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    const std::string_view identity = message.substr(0, comma);
    if (!identity.empty()) {
        if (!identity.starts_with("a=")) return std::nullopt;
        std::optional<std::string> name = fromSaslName(identity.substr(2));
        if (!name || name->empty()) return std::nullopt;
        result.authorization = std::move(*name);
    }
    message.remove_prefix(comma + 1);
    if (!message.starts_with(kSeparator)) return std::nullopt;
    message.remove_prefix(1);
    for (;;) {
        const std::size_t end = message.find(kSeparator);
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view pair = message.substr(0, end);
        message.remove_prefix(end + 1);
        if (pair.empty()) break;
        if (!pair.starts_with("auth=")) continue;  // host, port, and what is not known
        constexpr std::string_view kBearer = "auth=Bearer ";
        if (!startsWithIgnoreCase(pair, kBearer) || !result.token.empty()) return std::nullopt;
        result.token = trimmed(pair.substr(kBearer.size()));
    }
    if (!message.empty() || result.token.empty()) return std::nullopt;
    return result;
}

class BearerExchange final : public SaslExchange {
public:
    BearerExchange(Authenticator::Implementation& authenticator, const AuthenticationPeer& peer)
        : authenticator_(authenticator), peer_(peer) {}

    bool clientFirst() const override { return true; }

    Task<Outcome<Step>> step(std::string response) override {
        // RFC 7628 §3.2.3: what the client answers to the error says nothing.
        if (refused_) co_return std::unexpected(*refused_);
        if (authenticator_.mustWait(peer_)) {
            co_return refuse(RefusalReason::AuthenticationTooOften);
        }
        const std::optional<BearerMessage> message = parseBearer(response);
        if (!message) co_return std::unexpected(fail());
        const auto account =
            authenticator_.tokens()->check(message->token, authenticator_.clock().now());
        if (!account) {
            // Now: a client that goes away instead of answering has failed too.
            refused_ = fail();
            // RFC 7628 §3.2.2.
            co_return Step{.challenge = R"({"status":"invalid_token"})", .identity = {}};
        }
        claim_ = authenticator_.claimOf(*account);
        const bool other = !message->authorization.empty() &&
                           authenticator_.claimOf(message->authorization).login != claim_.login;
        if (other) co_return std::unexpected(fail());
        Outcome<Identity> identity =
            authenticator_.vouched(peer_, claim_, event::Mechanism::OAUTH_BEARER);
        if (!identity) co_return std::unexpected(identity.error());
        co_return Step{.challenge = {}, .identity = std::move(*identity)};
    }

private:
    Refusal fail() { return authenticator_.failed(peer_, claim_, event::Mechanism::OAUTH_BEARER); }

    Authenticator::Implementation& authenticator_;
    AuthenticationPeer peer_;
    Claim claim_;
    std::optional<Refusal> refused_;
};

class ExternalExchange final : public SaslExchange {
public:
    ExternalExchange(Authenticator::Implementation& authenticator, const AuthenticationPeer& peer)
        : authenticator_(authenticator), peer_(peer) {}

    bool clientFirst() const override { return true; }

    // An authorization identity, or none: then the first name of the certificate that is an
    // account. RFC 4422 appendix A.
    Task<Outcome<Step>> step(std::string response) override {
        if (authenticator_.mustWait(peer_)) {
            co_return refuse(RefusalReason::AuthenticationTooOften);
        }
        const std::string wanted =
            response.empty() ? response : authenticator_.claimOf(response).login;
        for (const std::string& name : peer_.certificateNames) {
            const Claim claim = authenticator_.claimOf(name);
            if (!claim.account || (!wanted.empty() && claim.login != wanted)) continue;
            Outcome<Identity> identity =
                authenticator_.vouched(peer_, claim, event::Mechanism::EXTERNAL);
            if (!identity) co_return std::unexpected(identity.error());
            co_return Step{.challenge = {}, .identity = std::move(*identity)};
        }
        co_return std::unexpected(
            authenticator_.failed(peer_, Claim{}, event::Mechanism::EXTERNAL));
    }

private:
    Authenticator::Implementation& authenticator_;
    AuthenticationPeer peer_;
};

}  // namespace

std::unique_ptr<SaslExchange> makeBearerExchange(
    Authenticator::Implementation& authenticator, const AuthenticationPeer& peer) {
    return std::make_unique<BearerExchange>(authenticator, peer);
}

std::unique_ptr<SaslExchange> makeExternalExchange(
    Authenticator::Implementation& authenticator, const AuthenticationPeer& peer) {
    return std::make_unique<ExternalExchange>(authenticator, peer);
}

}  // namespace daybook
