#include "engine/authentication/authenticator.h"

#include "engine/authentication/authenticator_parts.h"
#include "engine/authentication/password.h"
#include "engine/directory/address.h"
#include "journal/base/ascii.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

constexpr std::string_view kScramPlus = "SCRAM-SHA-256-PLUS";
constexpr std::string_view kScram = "SCRAM-SHA-256";
constexpr std::string_view kScramSha1 = "SCRAM-SHA-1";
constexpr std::string_view kBearer = "OAUTHBEARER";
constexpr std::string_view kExternal = "EXTERNAL";
constexpr std::string_view kPlain = "PLAIN";
constexpr std::string_view kLogin = "LOGIN";
// What is longer is no name and no password of ours: not worth the work of deriving a key.
constexpr std::size_t kLoginOctetsMax = 320;
constexpr std::size_t kPasswordOctetsMax = 1'024;
constexpr std::size_t kFakeSaltOctets = 16;
constexpr std::size_t kSha1Octets = 20;

struct Tried {
    CredentialId credential;
    ScramVerifier verifier;
};

// The first that the password matches. All are tried, so that the time tells nothing.
CredentialId firstMatch(const std::vector<Tried>& tries, const std::string& password) {
    CredentialId found;
    for (const Tried& tried : tries) {
        const bool right = matches(tried.verifier, password) && tried.credential;
        if (right && !found) found = tried.credential;
    }
    return found;
}

}  // namespace

Authenticator::Implementation::Implementation(Parts parts)
    : parts_(std::move(parts)),
      plaintextOnLoopback_(parts_.plaintextLoginOnLoopback),
      throttle_(parts_.clock),
      cache_(parts_.random, parts_.clock) {
    parts_.random.fill(strangersKey_);
    if (parts_.oauth) tokens_.emplace(*parts_.oauth);
}

bool Authenticator::Implementation::allowsPlaintext(const AuthenticationPeer& peer) const {
    return peer.isTls || (peer.isLoopback && plaintextOnLoopback_);
}

std::vector<std::string> Authenticator::Implementation::mechanisms(
    const AuthenticationPeer& peer) const {
    std::vector<std::string> names;
    if (!peer.certificateNames.empty()) names.emplace_back(kExternal);
    if (peer.channelBinding && parts_.offersPlus) names.emplace_back(kScramPlus);
    names.emplace_back(kScram);
    if (parts_.offersSha1) names.emplace_back(kScramSha1);
    if (allowsPlaintext(peer)) {
        if (tokens_) names.emplace_back(kBearer);
        names.emplace_back(kPlain);
        names.emplace_back(kLogin);
    }
    return names;
}

Claim Authenticator::Implementation::claimOf(std::string_view login) const {
    const std::optional<Address> address = parseAddress(login);
    Claim claim{.login = address ? address->text() : lowered(login)};
    // A name that is no address is nobody's, and may be too long for a key of the views.
    if (!address) return claim;
    const Snapshot snapshot = parts_.views.snapshot();
    const std::optional<AccountRow> account = snapshot.accounts().findLogin(claim.login);
    if (!account) return claim;
    claim.account = account->id;
    for (const CredentialRow& credential : snapshot.accounts().credentialsOf(account->id)) {
        claim.credentials.push_back(credential.id);
    }
    return claim;
}

bool Authenticator::Implementation::mustWait(const AuthenticationPeer& peer) const {
    return throttle_.mustWait(peer.session.facts().ip);
}

ScramVerifier Authenticator::Implementation::verifierOf(
    const Claim& claim, CredentialId credential, ScramHash hash) const {
    const bool sha1 = hash == ScramHash::Sha1;
    if (credential) {
        const std::optional<ScramVerifier> known =
            sha1 ? parts_.secrets.findSha1(credential) : parts_.secrets.find(credential);
        if (known) return *known;
    }
    const std::string seed = (sha1 ? "1" : "2") + claim.login;
    const Hash256 salt = hmacSha256(strangersKey_, asBytes(seed));
    Hash256 nothing{};
    parts_.random.fill(nothing);
    const std::string_view key = asText(nothing).substr(0, sha1 ? kSha1Octets : nothing.size());
    return {
        .salt = std::string(asText(salt).substr(0, kFakeSaltOctets)),
        .iterations = kScramIterations,
        .storedKey = std::string(key),
        .serverKey = std::string(key),
    };
}

Outcome<Identity> Authenticator::Implementation::proved(
    const AuthenticationPeer& peer,
    const Claim& claim,
    CredentialId credential,
    event::Mechanism mechanism) {
    const bool inForce = parts_.views.snapshot().accounts().isInForce(claim.account, credential);
    if (!inForce) return std::unexpected(failed(peer, claim, mechanism));
    return admitted(peer, claim, credential, mechanism);
}

Outcome<Identity> Authenticator::Implementation::vouched(
    const AuthenticationPeer& peer, const Claim& claim, event::Mechanism mechanism) {
    return admitted(peer, claim, CredentialId(), mechanism);
}

Outcome<Identity> Authenticator::Implementation::admitted(
    const AuthenticationPeer& peer,
    const Claim& claim,
    CredentialId credential,
    event::Mechanism mechanism) {
    const std::optional<AccountRow> account =
        parts_.views.snapshot().accounts().account(claim.account);
    if (!account || account->deleted) return std::unexpected(failed(peer, claim, mechanism));
    if (account->state != event::AccountState::ACTIVE) {
        return refuse(RefusalReason::AccountDisabled);
    }
    peer.session.authenticated(account->id, credential, mechanism);
    return Identity{.account = account->id, .credential = credential, .login = account->login};
}

Refusal Authenticator::Implementation::failed(
    const AuthenticationPeer& peer, const Claim& claim, event::Mechanism mechanism) {
    const SessionFacts& facts = peer.session.facts();
    throttle_.failed(facts.ip);
    parts_.strangers.authFailed({
        .origin = peer.session.origin(),
        .account = claim.account,
        .protocol = facts.protocol,
        .mechanism = mechanism,
        .ip = facts.ip,
        // People type passwords where the name belongs: only names that exist are kept.
        .login = claim.account ? claim.login : std::string(),
    });
    return {.reason = RefusalReason::AuthenticationFailed, .detail = {}};
}

Task<Outcome<Identity>> Authenticator::Implementation::checkPassword(
    const AuthenticationPeer& peer, std::string login, std::string password) {
    if (!allowsPlaintext(peer)) co_return refuse(RefusalReason::EncryptionRequired);
    if (mustWait(peer)) co_return refuse(RefusalReason::AuthenticationTooOften);
    const event::Mechanism mechanism = peer.passwordMechanism;
    if (login.size() > kLoginOctetsMax || password.size() > kPasswordOctetsMax) {
        co_return std::unexpected(failed(peer, Claim{}, mechanism));
    }

    const Claim claim = claimOf(login);
    for (const CredentialId credential : claim.credentials) {
        if (!cache_.knows(credential, password)) continue;
        co_return proved(peer, claim, credential, mechanism);
    }

    std::vector<Tried> tries;
    tries.reserve(claim.credentials.size() + 1);
    for (const CredentialId credential : claim.credentials) {
        tries.push_back({.credential = credential, .verifier = verifierOf(claim, credential)});
    }
    if (tries.empty()) tries.push_back({.credential = {}, .verifier = verifierOf(claim, {})});
    const CredentialId right =
        co_await parts_.workers.run([&] { return firstMatch(tries, password); });
    if (!right) co_return std::unexpected(failed(peer, claim, mechanism));
    cache_.remember(right, password);
    co_return proved(peer, claim, right, mechanism);
}

Outcome<std::unique_ptr<SaslExchange>> Authenticator::Implementation::begin(
    const AuthenticationPeer& peer, std::string_view mechanism) {
    if (equalsIgnoreCase(mechanism, kScram)) {
        return scram_.begin(*this, peer, event::Mechanism::SCRAM_SHA256);
    }
    if (parts_.offersSha1 && equalsIgnoreCase(mechanism, kScramSha1)) {
        return scram_.begin(*this, peer, event::Mechanism::SCRAM_SHA1);
    }
    if (!peer.certificateNames.empty() && equalsIgnoreCase(mechanism, kExternal)) {
        return makeExternalExchange(*this, peer);
    }
    const bool plus = parts_.offersPlus && peer.channelBinding.has_value();
    if (plus && equalsIgnoreCase(mechanism, kScramPlus)) {
        return scram_.begin(*this, peer, event::Mechanism::SCRAM_SHA256_PLUS);
    }
    const bool plain = equalsIgnoreCase(mechanism, kPlain);
    const bool bearer = tokens_ && equalsIgnoreCase(mechanism, kBearer);
    if (!plain && !bearer && !equalsIgnoreCase(mechanism, kLogin)) {
        return refuse(RefusalReason::InvalidArgument, "unknown mechanism");
    }
    if (!allowsPlaintext(peer)) return refuse(RefusalReason::EncryptionRequired);
    if (bearer) return makeBearerExchange(*this, peer);
    return plain ? makePlainExchange(*this, peer) : makeLoginExchange(*this, peer);
}

Authenticator::Authenticator(Parts parts)
    : implementation_(std::make_unique<Implementation>(std::move(parts))) {}

Authenticator::~Authenticator() = default;

void Authenticator::allowPlaintextOnLoopback(bool allowed) {
    implementation_->allowPlaintextOnLoopback(allowed);
}

bool Authenticator::allowsPlaintext(const AuthenticationPeer& peer) const {
    return implementation_->allowsPlaintext(peer);
}

std::vector<std::string> Authenticator::mechanisms(const AuthenticationPeer& peer) const {
    return implementation_->mechanisms(peer);
}

Task<Outcome<Identity>> Authenticator::checkPassword(
    const AuthenticationPeer& peer, std::string login, std::string password) {
    return implementation_->checkPassword(peer, std::move(login), std::move(password));
}

Outcome<Identity> Authenticator::trustLogin(
    const AuthenticationPeer& peer, std::string_view login) {
    const Claim claim = implementation_->claimOf(login);
    return implementation_->vouched(peer, claim, event::Mechanism::TRUSTED_PROXY);
}

Outcome<std::unique_ptr<SaslExchange>> Authenticator::begin(
    const AuthenticationPeer& peer, std::string_view mechanism) {
    return implementation_->begin(peer, mechanism);
}

}  // namespace daybook
