#include "engine/authentication/scram_server.h"

#include <cstdlib>
#include <gsasl.h>
#include <stdexcept>

#include "engine/authentication/authenticator_parts.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

struct FinishSession {
    void operator()(Gsasl_session* session) const { gsasl_finish(session); }
};

using GsaslSession = std::unique_ptr<Gsasl_session, FinishSession>;

class ScramExchange final : public SaslExchange {
public:
    ScramExchange(
        Authenticator::Implementation& authenticator,
        const AuthenticationPeer& peer,
        event::Mechanism mechanism,
        GsaslSession session)
        : authenticator_(authenticator),
          peer_(peer),
          mechanism_(mechanism),
          session_(std::move(session)) {
        gsasl_session_hook_set(session_.get(), this);
    }

    bool clientFirst() const override { return true; }

    Task<Outcome<Step>> step(std::string response) override {
        if (authenticator_.mustWait(peer_)) {
            co_return refuse(RefusalReason::AuthenticationTooOften);
        }
        // RFC 5802 §7: no value has a NUL; libgsasl would take what is before it for the whole.
        if (response.find('\0') != std::string::npos) co_return failed();
        // RFC 5802 §6: who asks for a binding has to ask for -PLUS. libgsasl looks only later.
        const bool plus = mechanism_ == event::Mechanism::SCRAM_SHA256_PLUS;
        if (!claim_ && !plus && response.starts_with("p=")) co_return failed();

        char* output = nullptr;
        std::size_t outputOctets = 0;
        const int status =
            gsasl_step(session_.get(), response.data(), response.size(), &output, &outputOctets);
        const std::unique_ptr<char, decltype(&std::free)> owned(output, &std::free);
        if (failure_) std::rethrow_exception(failure_);
        if (status != GSASL_OK && status != GSASL_NEEDS_MORE) {
            co_return failed();
        }

        Step step;
        if (output != nullptr) step.challenge.assign(output, outputOctets);
        if (status == GSASL_NEEDS_MORE) co_return step;
        Outcome<Identity> identity = proved();
        if (!identity) co_return std::unexpected(identity.error());
        step.identity = std::move(*identity);
        co_return step;
    }

    // What libgsasl asks for while it takes a step.
    int provide(Gsasl_property property) {
        try {
            return provideOrThrow(property);
        } catch (const std::exception&) {
            // Nothing may be thrown through a C library: step() goes on with it.
            failure_ = std::current_exception();
            return GSASL_NO_CALLBACK;
        }
    }

private:
    int provideOrThrow(Gsasl_property property) {
        switch (property) {
            case GSASL_CB_TLS_EXPORTER:
                // Also without -PLUS: a client that says that the server cannot bind is being lied
                // to, and refused (RFC 5802 §6).
                if (!peer_.channelBinding) return GSASL_NO_CALLBACK;
                return set(property, toBase64(*peer_.channelBinding));
            case GSASL_SCRAM_ITER: return set(property, std::to_string(verifier().iterations));
            case GSASL_SCRAM_SALT: return set(property, toBase64(verifier().salt));
            case GSASL_SCRAM_SERVERKEY: return set(property, toBase64(verifier().serverKey));
            case GSASL_SCRAM_STOREDKEY: return set(property, toBase64(verifier().storedKey));
            default: return GSASL_NO_CALLBACK;  // tls-unique, passwords: not offered.
        }
    }

    int set(Gsasl_property property, const std::string& value) {
        return gsasl_property_set_raw(session_.get(), property, value.data(), value.size());
    }

    const char* property(Gsasl_property name) const {
        const char* const value = gsasl_property_fast(session_.get(), name);
        return value == nullptr ? "" : value;
    }

    const ScramVerifier& verifier() {
        if (verifier_) return *verifier_;
        claim_ = authenticator_.claimOf(property(GSASL_AUTHID));
        if (!claim_->credentials.empty()) credential_ = claim_->credentials.back();
        const bool sha1 = mechanism_ == event::Mechanism::SCRAM_SHA1;
        verifier_ = authenticator_.verifierOf(
            *claim_, credential_, sha1 ? ScramHash::Sha1 : ScramHash::Sha256);
        return *verifier_;
    }

    std::unexpected<Refusal> failed() {
        const Claim claim = claim_.value_or(Claim{});
        return std::unexpected(authenticator_.failed(peer_, claim, mechanism_));
    }

    Outcome<Identity> proved() {
        // Nobody acts for somebody else: the authorization identity is empty or the login itself.
        const std::string_view authorization = property(GSASL_AUTHZID);
        if (!claim_ || !credential_) return failed();
        const bool other =
            !authorization.empty() && authenticator_.claimOf(authorization).login != claim_->login;
        if (other) return failed();
        return authenticator_.proved(peer_, *claim_, credential_, mechanism_);
    }

    Authenticator::Implementation& authenticator_;
    AuthenticationPeer peer_;
    event::Mechanism mechanism_;
    GsaslSession session_;
    std::optional<Claim> claim_;  // once the client has said its name
    CredentialId credential_;
    std::optional<ScramVerifier> verifier_;
    std::exception_ptr failure_;
};

int callback(Gsasl* /*context*/, Gsasl_session* session, Gsasl_property property) {
    void* const exchange = gsasl_session_hook_get(session);
    // While gsasl_server_start() runs there is no exchange yet.
    if (exchange == nullptr) return GSASL_NO_CALLBACK;
    return static_cast<ScramExchange*>(exchange)->provide(property);
}

}  // namespace

void ScramServer::Free::operator()(Gsasl* context) const { gsasl_done(context); }

ScramServer::ScramServer() {
    Gsasl* context = nullptr;
    if (gsasl_init(&context) != GSASL_OK) throw std::runtime_error("libgsasl cannot start");
    context_.reset(context);
    gsasl_callback_set(context, &callback);
}

std::unique_ptr<SaslExchange> ScramServer::begin(
    Authenticator::Implementation& authenticator,
    const AuthenticationPeer& peer,
    event::Mechanism mechanism) {
    const char* const name = mechanism == event::Mechanism::SCRAM_SHA1 ? "SCRAM-SHA-1"
                             : mechanism == event::Mechanism::SCRAM_SHA256_PLUS
                                 ? "SCRAM-SHA-256-PLUS"
                                 : "SCRAM-SHA-256";
    Gsasl_session* session = nullptr;
    const int status = gsasl_server_start(context_.get(), name, &session);
    if (status != GSASL_OK) throw std::runtime_error(gsasl_strerror(status));
    return std::make_unique<ScramExchange>(authenticator, peer, mechanism, GsaslSession(session));
}

}  // namespace daybook
