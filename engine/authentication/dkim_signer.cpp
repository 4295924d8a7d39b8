#include "engine/authentication/dkim_signer.h"

#include <algorithm>
#include <vector>

#include "engine/authentication/dkim.h"
#include "engine/directory/address.h"
#include "engine/mime/address_list.h"
#include "engine/mime/header_fields.h"
#include "journal/base/ascii.h"

namespace daybook {

namespace {

std::string domainOf(std::string_view address) {
    const std::size_t at = address.rfind('@');
    if (at == std::string_view::npos) return {};
    return normalizeDomain(address.substr(at + 1)).value_or("");
}

// In order; what is no domain is left out.
std::vector<std::string> fromDomains(std::string_view header) {
    std::vector<std::string> domains;
    mime::HeaderField field;
    mime::HeaderFieldCursor cursor(header);
    while (cursor.next(field)) {
        if (!equalsIgnoreCase(field.name, "From")) continue;
        for (const mime::ListedAddress& author : mime::parseAddressList(field.value)) {
            if (author.kind != mime::ListedAddress::Kind::Mailbox) continue;
            if (auto domain = normalizeDomain(author.host)) domains.push_back(std::move(*domain));
        }
        break;
    }
    return domains;
}

std::vector<DkimKey> activeKeys(
    const Views& views, const SecretsStore& secrets, const std::string& domain) {
    std::vector<DkimKey> keys;
    const Snapshot snapshot = views.snapshot();
    const AccountsView accounts = snapshot.accounts();
    const std::optional<DomainRow> row = accounts.findDomain(domain);
    if (!row) return keys;
    for (const DkimKeyRow& key : accounts.dkimKeysOf(row->id)) {
        // An erased selector leads nowhere.
        if (key.state != event::DkimState::ACTIVE || key.selector.empty()) continue;
        // None: retired in this moment.
        std::optional<std::string> privateKey = secrets.findSigningKey(key.id);
        if (!privateKey) continue;
        keys.push_back(DkimKey{
            .domain = domain,
            .selector = key.selector,
            .algorithm = key.algorithm,
            .privateKey = std::move(*privateKey),
        });
    }
    return keys;
}

}  // namespace

std::optional<std::string> DkimSigner::domainFor(
    AccountId sender, std::string_view reversePath, std::string_view header) const {
    SigningSituation situation{
        .fromDomains = fromDomains(header),
        .reversePathDomain = domainOf(reversePath),
    };
    const Snapshot snapshot = parts_.views.snapshot();
    const AccountsView accounts = snapshot.accounts();
    const auto noteIfOurs = [&](const std::string& domain) {
        if (accounts.findDomain(domain)) situation.ourDomains.push_back(domain);
    };
    std::ranges::for_each(situation.fromDomains, noteIfOurs);
    noteIfOurs(situation.reversePathDomain);
    if (sender) {
        for (const AddressRow& address : accounts.addressesOf(sender)) {
            situation.senderDomains.push_back(domainOf(address.address));
        }
    }
    return signingDomain(situation);
}

std::string DkimSigner::signatureFor(
    const std::string& domain, std::span<const std::string_view> pieces) const {
    try {
        const std::vector<DkimKey> keys = activeKeys(parts_.views, parts_.secrets, domain);
        if (keys.empty()) return {};
        const Outcome<std::string> fields = dkimSign(keys, pieces, parts_.clock.now());
        if (fields) return *fields;
        parts_.log.warning("dkim-unsigned", {{"domain", domain}, {"why", fields.error().detail}});
    } catch (const std::exception& error) {
        parts_.log.error("dkim-unsigned", {{"domain", domain}, {"why", error.what()}});
    }
    return {};
}

}  // namespace daybook
