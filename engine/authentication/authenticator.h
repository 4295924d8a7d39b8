// authenticator.h
//
// Checks who somebody is: password by PLAIN, LOGIN, USER/PASS, SCRAM-SHA-256(-PLUS) and SCRAM-SHA-1
// by libgsasl; a token by OAUTHBEARER; a certificate by EXTERNAL. Verifiers are SCRAM keys in the
// secrets store; a password is checked by
// deriving them, off the reactor, and a right one is remembered for a few minutes as a keyed hash,
// in memory only, so that a client that connects often does not pay each time. Unknown names take
// as long as known ones. Failures per address are throttled. Records AuthSucceeded and AuthFailed
// through the session. Thread: any reactor.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/task.h"
#include "engine/runtime/worker_pool.h"
#include "engine/scribe/session_record.h"
#include "engine/scribe/strangers.h"
#include "journal/base/ids.h"
#include "journal/base/outcome.h"
#include "journal/secrets_store.h"
#include "projections/views.h"

namespace daybook {

struct Identity {
    AccountId account;
    CredentialId credential;
    std::string login;
};

// [oauth]: whose tokens are taken. A JSON Web Token (RFC 7519) is checked here, with the issuer's
// public key: nobody is asked.
struct OauthSettings {
    std::filesystem::path publicKey;  // PEM: RSA (RS256) or P-256 (ES256)
    std::string issuer;               // "iss"
    std::string audience;             // in "aud"
    std::string accountClaim;         // the claim that names the account: "email"
};

// What an exchange needs to know of its connection.
struct AuthenticationPeer {
    SessionRecord& session;
    bool isTls = false;
    bool isLoopback = false;
    std::optional<std::string> channelBinding;  // tls-exporter, RFC 9266
    // Of a client certificate that was verified (Connection::clientNames()); empty: there is none.
    std::vector<std::string> certificateNames{};
    // The name that is spoken of in the log of failures, and in SCRAM.
    event::Mechanism passwordMechanism = event::Mechanism::PLAIN;
};

class SaslExchange;

class Authenticator {
public:
    struct Parts {
        const Views& views;
        const SecretsStore& secrets;
        WorkerPool& workers;
        Strangers& strangers;
        Random& random;
        const Clock& clock;
        bool plaintextLoginOnLoopback = false;
        // SCRAM-SHA-256-PLUS where there is a channel binding.
        bool offersPlus = true;
        std::string hostname;
        bool offersSha1 = true;  // SCRAM-SHA-1
        std::optional<OauthSettings> oauth{};
    };

    explicit Authenticator(Parts parts);
    ~Authenticator();

    // From the next question on. Thread: any.
    void allowPlaintextOnLoopback(bool allowed);

    // May this peer send a password in the clear here? TLS, or loopback by explicit setting.
    bool allowsPlaintext(const AuthenticationPeer& peer) const;

    // In order of preference, as announced: EXTERNAL with a certificate, SCRAM-SHA-256-PLUS with a
    // channel binding, SCRAM-SHA-256, SCRAM-SHA-1, OAUTHBEARER where it is configured, and PLAIN
    // and LOGIN; the last three where allowsPlaintext().
    std::vector<std::string> mechanisms(const AuthenticationPeer& peer) const;

    // Login name and password. Refusals: AuthenticationFailed, AuthenticationTooOften,
    // AccountDisabled, EncryptionRequired. Takes the session to authenticated on success.
    Task<Outcome<Identity>> checkPassword(
        const AuthenticationPeer& peer, std::string login, std::string password);

    // A proxy of ours has checked the login. Refusals: AuthenticationFailed, AccountDisabled.
    Outcome<Identity> trustLogin(const AuthenticationPeer& peer, std::string_view login);

    // Begins an exchange of a mechanism that mechanisms() named (any case). Refusals:
    // InvalidArgument (unknown), EncryptionRequired.
    Outcome<std::unique_ptr<SaslExchange>> begin(
        const AuthenticationPeer& peer, std::string_view mechanism);

    class Implementation;

private:
    std::unique_ptr<Implementation> implementation_;
};

// One SASL exchange, RFC 4422, in decoded octets: the protocol does base64, cancelling ("*") and
// limits. Step until `identity` is there or the step refuses.
class SaslExchange {
public:
    struct Step {
        std::string challenge;             // to be sent; also with `identity`: additional data
        std::optional<Identity> identity;  // done
    };

    virtual ~SaslExchange() = default;
    // True: the client speaks first (PLAIN, SCRAM); without an initial response the protocol sends
    // an empty challenge and hands the answer to step().
    virtual bool clientFirst() const = 0;
    virtual Task<Outcome<Step>> step(std::string response) = 0;
};

}  // namespace daybook
