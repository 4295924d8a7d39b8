#include "engine/directory/directory.h"

#include <algorithm>

#include "journal/base/ascii.h"

namespace daybook {

namespace {

constexpr std::string_view kPostmaster = "postmaster";

bool mayReceive(const AccountsView& accounts, AccountId id) {
    const std::optional<AccountRow> account = accounts.account(id);
    return account && !account->deleted && account->state == event::AccountState::ACTIVE;
}

std::vector<Recipient> asRecipients(
    const AccountsView& accounts,
    const std::vector<AddressRow>& rows,
    const std::string& detail,
    const std::string& deliveredTo) {
    std::vector<Recipient> recipients;
    for (const AddressRow& row : rows) {
        if (!mayReceive(accounts, row.account)) continue;
        recipients.push_back({
            .account = row.account,
            .address = row.id,
            .detail = detail,
            .deliveredTo = deliveredTo,
        });
    }
    return recipients;
}

// The account that answers for a domain (none given: for the server) when nobody was named.
std::vector<Recipient> oldestAccount(
    const AccountsView& accounts, std::optional<DomainId> domain, const std::string& deliveredTo) {
    std::optional<AccountRow> oldest;
    for (const AccountRow& account : accounts.accounts()) {
        if (account.deleted || account.state != event::AccountState::ACTIVE) continue;
        if (domain && account.domain != *domain) continue;
        if (!oldest || account.createdNs < oldest->createdNs) oldest = account;
    }
    if (!oldest) return {};
    const std::vector<AddressRow> addresses = accounts.addressesOf(oldest->id);
    const auto primary = std::ranges::find_if(addresses, &AddressRow::primary);
    return {Recipient{
        .account = oldest->id,
        .address = primary == addresses.end() ? AddressId{} : primary->id,
        .deliveredTo = deliveredTo,
    }};
}

std::vector<Recipient> postmasterOf(const AccountsView& accounts, const DomainRow& domain) {
    const std::string text = std::string(kPostmaster) + "@" + domain.name;
    std::vector<Recipient> found = asRecipients(accounts, accounts.resolve(text), {}, text);
    if (found.empty()) found = oldestAccount(accounts, domain.id, text);
    if (found.empty()) found = oldestAccount(accounts, std::nullopt, text);
    return found;
}

// RFC 5321 §4.5.1: "postmaster" without a domain is the server's.
std::vector<Recipient> postmasterOfServer(const AccountsView& accounts) {
    for (const DomainRow& domain : accounts.domains()) {
        const std::string text = std::string(kPostmaster) + "@" + domain.name;
        std::vector<Recipient> found = asRecipients(accounts, accounts.resolve(text), {}, text);
        if (!found.empty()) return found;
    }
    return oldestAccount(accounts, std::nullopt, std::string(kPostmaster));
}

struct Found {
    std::vector<AddressRow> rows;
    std::string text;
    std::string detail;
};

// The exact address first, then without its plus detail.
Found lookUp(const AccountsView& accounts, const Address& address) {
    Found found{.rows = accounts.resolve(address.text()), .text = address.text()};
    if (!found.rows.empty()) return found;
    PlusAddress plus = splitPlus(address.localPart);
    if (plus.user == address.localPart) return found;
    found.text = Address{.localPart = plus.user, .domain = address.domain}.text();
    found.rows = accounts.resolve(found.text);
    found.detail = std::move(plus.detail);
    return found;
}

}  // namespace

Outcome<std::vector<Recipient>> Directory::resolve(std::string_view text) const {
    const Snapshot snapshot = views_.snapshot();
    const AccountsView accounts = snapshot.accounts();
    if (equalsIgnoreCase(text, kPostmaster)) {
        std::vector<Recipient> found = postmasterOfServer(accounts);
        if (found.empty()) return refuse(RefusalReason::NoSuchAddress);
        return found;
    }

    const std::optional<Address> address = parseAddress(text);
    if (!address) return refuse(RefusalReason::InvalidArgument, "not an address");
    const std::optional<DomainRow> domain = accounts.findDomain(address->domain);
    if (!domain) return refuse(RefusalReason::RelayDenied);

    const Found found = lookUp(accounts, *address);
    std::vector<Recipient> recipients =
        asRecipients(accounts, found.rows, found.detail, found.text);
    if (recipients.empty() && splitPlus(address->localPart).user == kPostmaster) {
        recipients = postmasterOf(accounts, *domain);
    }
    if (!recipients.empty()) return recipients;
    return refuse(
        found.rows.empty() ? RefusalReason::NoSuchAddress : RefusalReason::AccountDisabled);
}

bool Directory::isLocalDomain(std::string_view domain) const {
    const std::optional<std::string> name = normalizeDomain(domain);
    return name && views_.snapshot().accounts().findDomain(*name).has_value();
}

bool Directory::mayUseAddress(AccountId account, std::string_view text) const {
    const std::optional<Address> address = parseAddress(text);
    if (!address) return false;
    const Snapshot snapshot = views_.snapshot();
    const AccountsView accounts = snapshot.accounts();
    const Found found = lookUp(accounts, *address);
    return std::ranges::any_of(found.rows, [&](const AddressRow& row) {
        return row.account == account ||
               (accounts.rightsOf(row.account, account) & kMaySendAs) != 0;
    });
}

}  // namespace daybook
