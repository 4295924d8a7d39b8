// authenticator_parts.h
//
// What the exchanges of this folder share: looking a name up, the outcome of an attempt with its
// records, and what an unknown name is answered with. For the files of this folder. Thread: any
// reactor.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "engine/authentication/authenticator.h"
#include "engine/authentication/bearer_tokens.h"
#include "engine/authentication/login_throttle.h"
#include "engine/authentication/password.h"
#include "engine/authentication/password_cache.h"
#include "engine/authentication/scram_server.h"

namespace daybook {

// A name that somebody gave, and what it leads to.
struct Claim {
    std::string login;  // normalized where it is an address
    AccountId account;  // none: nobody has that name
    std::vector<CredentialId> credentials;
};

class Authenticator::Implementation {
public:
    explicit Implementation(Parts parts);

    void allowPlaintextOnLoopback(bool allowed) { plaintextOnLoopback_ = allowed; }

    bool allowsPlaintext(const AuthenticationPeer& peer) const;
    std::vector<std::string> mechanisms(const AuthenticationPeer& peer) const;
    Task<Outcome<Identity>> checkPassword(
        const AuthenticationPeer& peer, std::string login, std::string password);
    Outcome<std::unique_ptr<SaslExchange>> begin(
        const AuthenticationPeer& peer, std::string_view mechanism);

    Claim claimOf(std::string_view login) const;
    bool mustWait(const AuthenticationPeer& peer) const;
    // The verifier of the credential; for none, or when it has none, one that nothing matches.
    // Its salt is always the same for the same name, so that it does not tell.
    ScramVerifier verifierOf(
        const Claim& claim, CredentialId credential, ScramHash hash = ScramHash::Sha256) const;

    // `credential` was proved: looks whether it and the account count now, and records the login.
    Outcome<Identity> proved(
        const AuthenticationPeer& peer,
        const Claim& claim,
        CredentialId credential,
        event::Mechanism mechanism);
    // Somebody else vouches for the claim (an issuer of tokens, a certificate authority, a proxy):
    // no credential of ours was used.
    Outcome<Identity> vouched(
        const AuthenticationPeer& peer, const Claim& claim, event::Mechanism mechanism);
    Refusal failed(const AuthenticationPeer& peer, const Claim& claim, event::Mechanism mechanism);

    const BearerTokens* tokens() const { return tokens_ ? &*tokens_ : nullptr; }

    const Clock& clock() const { return parts_.clock; }

private:
    Outcome<Identity> admitted(
        const AuthenticationPeer& peer,
        const Claim& claim,
        CredentialId credential,
        event::Mechanism mechanism);

    Parts parts_;
    std::optional<BearerTokens> tokens_;
    std::atomic<bool> plaintextOnLoopback_;
    LoginThrottle throttle_;
    PasswordCache cache_;
    ScramServer scram_;
    Hash256 strangersKey_{};
};

// PLAIN, RFC 4616, and LOGIN (draft-murchison-sasl-login).
std::unique_ptr<SaslExchange> makePlainExchange(
    Authenticator::Implementation& authenticator, const AuthenticationPeer& peer);
std::unique_ptr<SaslExchange> makeLoginExchange(
    Authenticator::Implementation& authenticator, const AuthenticationPeer& peer);

// OAUTHBEARER, RFC 7628.
std::unique_ptr<SaslExchange> makeBearerExchange(
    Authenticator::Implementation& authenticator, const AuthenticationPeer& peer);
// EXTERNAL, RFC 4422 appendix A.
std::unique_ptr<SaslExchange> makeExternalExchange(
    Authenticator::Implementation& authenticator, const AuthenticationPeer& peer);

}  // namespace daybook
