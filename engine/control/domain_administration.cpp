// Domains, and the keys that they sign with: the private halves are made and kept here.

#include <fmt/format.h>
#include <set>

#include "engine/authentication/dkim_key.h"
#include "engine/control/administration.h"
#include "engine/directory/address.h"

namespace daybook {

namespace {

constexpr DkimAlgorithm kAlgorithms[] = {DkimAlgorithm::RSA_SHA256, DkimAlgorithm::ED25519_SHA256};

Origin operatorOrigin() { return Origin{.actor = event::Actor::ADMIN}; }

Outcome<std::string> domainNamed(const std::string& name) {
    const std::optional<std::string> domain = normalizeDomain(name);
    if (!domain) return refuse(RefusalReason::NoSuchDomain, name);
    return *domain;
}

}  // namespace

// Written and synced before the event that names them (DESIGN 3.1).
std::vector<NewDkimKey> LocalAdministration::keepNewDkimKeys() {
    std::vector<NewDkimKey> keys;
    for (const DkimAlgorithm algorithm : kAlgorithms) {
        const std::string privateKey = makeDkimPrivateKey(algorithm);
        const auto id = parts_.random.id<CredentialId>();
        parts_.secrets.putSigningKey(id, privateKey);
        keys.push_back(NewDkimKey{
            .id = id,
            .algorithm = algorithm,
            .publicKey = dkimPublicKey(privateKey),
        });
    }
    return keys;
}

void LocalAdministration::forgetDkimKeys(const std::vector<NewDkimKey>& keys) {
    for (const NewDkimKey& key : keys) {
        parts_.secrets.eraseSigningKey(key.id);
    }
}

// All that no domain may sign with any more, also those that a crash left behind.
void LocalAdministration::forgetRetiredDkimKeys() {
    std::set<CredentialId> needed;
    {
        const Snapshot snapshot = parts_.scribe.views().snapshot();
        const AccountsView accounts = snapshot.accounts();
        for (const DomainRow& domain : accounts.domains()) {
            for (const DkimKeyRow& key : accounts.dkimKeysOf(domain.id)) {
                if (key.state != event::DkimState::RETIRED) needed.insert(key.id);
            }
        }
    }
    for (const CredentialId id : parts_.secrets.signingKeyIds()) {
        if (!needed.contains(id)) parts_.secrets.eraseSigningKey(id);
    }
}

Outcome<Done> LocalAdministration::addDomain(const std::string& name) {
    const std::optional<std::string> domain = normalizeDomain(name);
    if (!domain) {
        return refuse(
            RefusalReason::InvalidArgument, fmt::format("'{}' is not a domain name", name));
    }
    const std::vector<NewDkimKey> keys = keepNewDkimKeys();
    AddDomain command{.origin = operatorOrigin(), .name = *domain, .newId = {}, .keys = keys};
    command.newId = parts_.random.id<DomainId>();
    const Outcome<Done> answer = parts_.scribe.submitAndWait(std::move(command));
    if (!answer) forgetDkimKeys(keys);
    return answer;
}

Outcome<Done> LocalAdministration::removeDomain(const std::string& name) {
    const Outcome<std::string> domain = domainNamed(name);
    if (!domain) return std::unexpected(domain.error());
    const Outcome<Done> answer =
        parts_.scribe.submitAndWait(RemoveDomain{.origin = operatorOrigin(), .name = *domain});
    if (answer) forgetRetiredDkimKeys();
    return answer;
}

Outcome<Done> LocalAdministration::rotateDkimKeys(const std::string& name, DkimUse use) {
    const Outcome<std::string> domain = domainNamed(name);
    if (!domain) return std::unexpected(domain.error());
    const std::vector<NewDkimKey> keys = keepNewDkimKeys();
    const Outcome<Done> answer = parts_.scribe.submitAndWait(RotateDkimKeys{
        .origin = operatorOrigin(),
        .domain = *domain,
        .keys = keys,
        .use = use,
    });
    if (!answer) {
        forgetDkimKeys(keys);
        return answer;
    }
    forgetRetiredDkimKeys();
    return answer;
}

Outcome<Done> LocalAdministration::activateDkimKeys(const std::string& name) {
    const Outcome<std::string> domain = domainNamed(name);
    if (!domain) return std::unexpected(domain.error());
    const Outcome<Done> answer = parts_.scribe.submitAndWait(
        ActivateDkimKeys{.origin = operatorOrigin(), .domain = *domain});
    if (answer) forgetRetiredDkimKeys();
    return answer;
}

Outcome<Done> LocalAdministration::retireDkimKey(
    const std::string& name, const std::string& selector) {
    const Outcome<std::string> domain = domainNamed(name);
    if (!domain) return std::unexpected(domain.error());
    const Outcome<Done> answer = parts_.scribe.submitAndWait(RetireDkimKey{
        .origin = operatorOrigin(),
        .domain = *domain,
        .selector = selector,
    });
    if (answer) forgetRetiredDkimKeys();
    return answer;
}

}  // namespace daybook
