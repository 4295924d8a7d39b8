// Accounts, addresses, credentials.

#include <algorithm>
#include <array>

#include "engine/scribe/decide_parts.h"

namespace daybook {

namespace {

struct DefaultMailbox {
    const char* name;
    event::SpecialUse specialUse;
};

// RFC 6154 §2; made with every account, so that no client has to guess.
constexpr std::array kDefaultMailboxes{
    DefaultMailbox{"INBOX", event::SpecialUse::INBOX},
    DefaultMailbox{"Drafts", event::SpecialUse::DRAFTS},
    DefaultMailbox{"Sent", event::SpecialUse::SENT},
    DefaultMailbox{"Junk", event::SpecialUse::JUNK},
    DefaultMailbox{"Trash", event::SpecialUse::TRASH},
    DefaultMailbox{"Archive", event::SpecialUse::ARCHIVE},
};

// 1: SCRAM-SHA-256 keys (event.capnp).
constexpr std::uint16_t kScramSha256 = 1;

std::string_view domainOf(std::string_view address) {
    return address.substr(address.rfind('@') + 1);
}

struct AddressChange {
    AddressId id;
    DomainId domain;
    std::string address;
    bool on = true;
    bool primary = false;
};

void addAddressChanged(
    Events& events, const Origin& origin, AccountId account, const AddressChange& change) {
    Draft& draft = addFor(events, Kind::AddressChanged, origin, account);
    auto changed = draft.core().initAddressChanged();
    changed.setAddress(change.id.number());
    changed.setDomain(change.domain.number());
    changed.setOn(change.on);
    changed.setPrimary(change.primary);
    setName(draft, account, change.address);
}

void addCredentialSet(
    Events& events, const Origin& origin, AccountId account, CredentialId credential) {
    Draft& draft = addFor(events, Kind::CredentialSet, origin, account);
    auto set = draft.core().initCredentialSet();
    set.setCredential(credential.number());
    set.setKind(event::CredentialKind::PASSWORD);
    set.setAlgorithm(kScramSha256);
    setName(draft, account, "password");
}

void addCredentialRevoked(
    Events& events, const Origin& origin, AccountId account, CredentialId credential) {
    addFor(events, Kind::CredentialRevoked, origin, account)
        .core()
        .initCredentialRevoked()
        .setCredential(credential.number());
}

void addDelegationChanged(
    Events& events,
    const Origin& origin,
    AccountId account,
    AccountId delegate,
    std::uint16_t rights) {
    auto changed =
        addFor(events, Kind::DelegationChanged, origin, account).core().initDelegationChanged();
    changed.setDelegate(delegate.number());
    changed.setRights(rights);
}

void addDefaultMailboxes(const AddAccount& command, const Deciding& deciding, Events& events) {
    const auto validity = static_cast<std::uint32_t>(deciding.now / kSecondNs);
    for (std::uint32_t index = 0; index < kDefaultMailboxes.size(); ++index) {
        const DefaultMailbox& mailbox = kDefaultMailboxes[index];
        const ModSeq modSeq = events.nextModSeq();
        Draft& draft = addFor(
            events,
            Kind::MailboxCreated,
            command.origin,
            command.newId,
            command.newMailboxes[index]);
        auto created = draft.core().initMailboxCreated();
        created.setUidValidity(validity + index);
        created.setSpecialUse(mailbox.specialUse);
        created.setModSeq(modSeq.number());
        setName(draft, command.newId, mailbox.name);

        Draft& subscribed =
            addFor(events, Kind::SubscriptionChanged, command.origin, command.newId);
        auto changed = subscribed.core().initSubscriptionChanged();
        changed.setSubscription(command.newSubscriptions[index]);
        changed.setOn(true);
        setName(subscribed, command.newId, mailbox.name);
    }
}

}  // namespace

Outcome<AddAccount::Answer> decide(
    const AddAccount& command, const Deciding& deciding, Events& events) {
    const AccountsView accounts = deciding.views.accounts();
    if (command.login.find('@') == 0 || accounts.account(command.newId)) {
        return refuse(RefusalReason::InvalidArgument, "no login, or an id that is in use");
    }
    const std::optional<DomainRow> domain = accounts.findDomain(domainOf(command.login));
    if (!domain) {
        return refuse(
            RefusalReason::NoSuchDomain,
            std::string(domainOf(command.login)) + " is no domain of ours: add it first");
    }
    if (accounts.findLogin(command.login)) {
        return refuse(RefusalReason::AccountExists, command.login);
    }
    if (!accounts.resolve(command.login).empty()) {
        return refuse(RefusalReason::AddressExists, command.login + " is an alias");
    }
    if (command.newMailboxes.size() < kDefaultMailboxes.size() ||
        command.newSubscriptions.size() < kDefaultMailboxes.size()) {
        return refuse(RefusalReason::InvalidArgument, "an id for each default mailbox");
    }
    Draft& draft = addFor(events, Kind::AccountCreated, command.origin, command.newId);
    draft.core().initAccountCreated().setDomain(domain->id.number());
    auto details = draft.addAnnex(command.newId).initAccount();
    details.setLogin(command.login);
    details.setDisplayName(command.displayName);
    addAddressChanged(
        events,
        command.origin,
        command.newId,
        AddressChange{
            .id = command.newAddress,
            .domain = domain->id,
            .address = command.login,
            .primary = true,
        });
    if (command.credential) {
        addCredentialSet(events, command.origin, command.newId, command.credential);
    }
    addDefaultMailboxes(command, deciding, events);
    return AddAccount::Answer{.account = command.newId};
}

Outcome<Done> decide(const SetAccountState& command, const Deciding& deciding, Events& events) {
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    if (account->state == command.state) return Done{};
    addFor(events, Kind::AccountStateChanged, command.origin, command.account)
        .core()
        .initAccountStateChanged()
        .setState(command.state);
    return Done{};
}

// Addresses and credentials go first, each by its own event, so that no fold needs another's rows.
Outcome<Done> decide(const RemoveAccount& command, const Deciding& deciding, Events& events) {
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    const AccountsView accounts = deciding.views.accounts();
    for (const AddressRow& address : accounts.addressesOf(command.account)) {
        addAddressChanged(
            events,
            command.origin,
            command.account,
            AddressChange{
                .id = address.id,
                .domain = address.domain,
                .address = address.address,
                .on = false,
                .primary = address.primary,
            });
    }
    for (const CredentialRow& credential : accounts.credentialsOf(command.account)) {
        addCredentialRevoked(events, command.origin, command.account, credential.id);
    }
    for (const DelegationRow& row : accounts.delegations()) {
        if (row.account != command.account && row.delegate != command.account) continue;
        addDelegationChanged(events, command.origin, row.account, row.delegate, 0);
    }
    addFor(events, Kind::AccountDeleted, command.origin, command.account)
        .core()
        .initAccountDeleted();
    return Done{};
}

Outcome<Done> decide(const AddAddress& command, const Deciding& deciding, Events& events) {
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    const AccountsView accounts = deciding.views.accounts();
    const std::optional<DomainRow> domain = accounts.findDomain(domainOf(command.address));
    if (!domain) {
        return refuse(RefusalReason::NoSuchDomain, std::string(domainOf(command.address)));
    }
    for (const AddressRow& row : accounts.resolve(command.address)) {
        if (row.account == command.account || row.primary) {
            return refuse(RefusalReason::AddressExists, command.address);
        }
    }
    addAddressChanged(
        events,
        command.origin,
        command.account,
        AddressChange{.id = command.newId, .domain = domain->id, .address = command.address});
    return Done{};
}

Outcome<Done> decide(const RemoveAddress& command, const Deciding& deciding, Events& events) {
    for (const AddressRow& row : deciding.views.accounts().addressesOf(command.account)) {
        if (row.address != command.address) continue;
        if (row.primary) {
            return refuse(
                RefusalReason::NotPermitted, "it is the account's own name, not an alias");
        }
        addAddressChanged(
            events,
            command.origin,
            command.account,
            AddressChange{.id = row.id, .domain = row.domain, .address = row.address, .on = false});
        return Done{};
    }
    return refuse(RefusalReason::NoSuchAddress, command.address);
}

Outcome<SetPassword::Answer> decide(
    const SetPassword& command, const Deciding& deciding, Events& events) {
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    SetPassword::Answer answer;
    for (const CredentialRow& row : deciding.views.accounts().credentialsOf(command.account)) {
        const bool isPassword = row.kind == event::CredentialKind::PASSWORD;
        if (isPassword && row.id != command.credential) answer.revoked.push_back(row.id);
    }
    for (const CredentialId old : answer.revoked) {
        addCredentialRevoked(events, command.origin, command.account, old);
    }
    addCredentialSet(events, command.origin, command.account, command.credential);
    return answer;
}

Outcome<Done> decide(const SetDelegation& command, const Deciding& deciding, Events& events) {
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    const Outcome<AccountRow> delegate = accountOrRefuse(deciding, command.delegate);
    if (!delegate) return std::unexpected(delegate.error());
    if (command.account == command.delegate) {
        return refuse(RefusalReason::InvalidArgument, "an account may act for itself anyway");
    }
    const AccountsView accounts = deciding.views.accounts();
    if (accounts.rightsOf(command.account, command.delegate) == command.rights) return Done{};
    addDelegationChanged(events, command.origin, command.account, command.delegate, command.rights);
    return Done{};
}

}  // namespace daybook
