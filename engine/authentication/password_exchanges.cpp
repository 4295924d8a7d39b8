#include "engine/authentication/authenticator_parts.h"

namespace daybook {

namespace {

class PlainExchange final : public SaslExchange {
public:
    PlainExchange(Authenticator::Implementation& authenticator, const AuthenticationPeer& peer)
        : authenticator_(authenticator), peer_(peer) {
        peer_.passwordMechanism = event::Mechanism::PLAIN;
    }

    bool clientFirst() const override { return true; }

    // message = [authzid] UTF8NUL authcid UTF8NUL passwd. RFC 4616 §2.
    Task<Outcome<Step>> step(std::string response) override {
        const std::size_t first = response.find('\0');
        const std::size_t second =
            first == std::string::npos ? first : response.find('\0', first + 1);
        if (second == std::string::npos || response.find('\0', second + 1) != std::string::npos) {
            co_return refuse(RefusalReason::AuthenticationFailed, "malformed PLAIN message");
        }
        const std::string authorization = response.substr(0, first);
        const std::string login = response.substr(first + 1, second - first - 1);
        const std::string password = response.substr(second + 1);

        // Nobody acts for somebody else: the authorization identity is empty or the login itself.
        const Claim claim = authenticator_.claimOf(login);
        const bool other =
            !authorization.empty() && authenticator_.claimOf(authorization).login != claim.login;
        if (other) {
            co_return std::unexpected(authenticator_.failed(peer_, claim, event::Mechanism::PLAIN));
        }
        Outcome<Identity> identity = co_await authenticator_.checkPassword(peer_, login, password);
        if (!identity) co_return std::unexpected(identity.error());
        co_return Step{.challenge = {}, .identity = std::move(*identity)};
    }

private:
    Authenticator::Implementation& authenticator_;
    AuthenticationPeer peer_;
};

class LoginExchange final : public SaslExchange {
public:
    LoginExchange(Authenticator::Implementation& authenticator, const AuthenticationPeer& peer)
        : authenticator_(authenticator), peer_(peer) {
        peer_.passwordMechanism = event::Mechanism::LOGIN;
    }

    bool clientFirst() const override { return false; }

    Task<Outcome<Step>> step(std::string response) override {
        if (!asked_ && response.empty()) {
            asked_ = true;
            co_return Step{.challenge = "Username:", .identity = {}};
        }
        asked_ = true;
        if (!login_) {
            login_ = std::move(response);
            co_return Step{.challenge = "Password:", .identity = {}};
        }
        Outcome<Identity> identity =
            co_await authenticator_.checkPassword(peer_, *login_, std::move(response));
        if (!identity) co_return std::unexpected(identity.error());
        co_return Step{.challenge = {}, .identity = std::move(*identity)};
    }

private:
    Authenticator::Implementation& authenticator_;
    AuthenticationPeer peer_;
    bool asked_ = false;
    std::optional<std::string> login_;
};

}  // namespace

std::unique_ptr<SaslExchange> makePlainExchange(
    Authenticator::Implementation& authenticator, const AuthenticationPeer& peer) {
    return std::make_unique<PlainExchange>(authenticator, peer);
}

std::unique_ptr<SaslExchange> makeLoginExchange(
    Authenticator::Implementation& authenticator, const AuthenticationPeer& peer) {
    return std::make_unique<LoginExchange>(authenticator, peer);
}

}  // namespace daybook
