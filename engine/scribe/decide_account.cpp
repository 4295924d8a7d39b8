// Accounts, addresses, credentials.

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "engine/scribe/decide_sharing.h"
#include "engine/scribe/mailbox_name.h"

namespace daybook {

namespace {

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

// What others let it do, what it let others do, and its notes on what is theirs.
void removeSharing(const RemoveAccount& command, const Deciding& deciding, Events& events) {
    const AccessRightsView acl = deciding.views.accessRights();
    std::vector<GrantRow> grants = acl.grantsTo(command.account);
    std::ranges::copy(acl.grantsOf(command.account), std::back_inserter(grants));
    for (GrantRow& grant : grants) {
        const std::uint16_t before = std::exchange(grant.rights, std::uint16_t{0});
        addAclChanged(events, command.origin, grant, before);
    }
    for (const MetadataRow& row : deciding.views.metadata().entriesElsewhere(command.account)) {
        Draft& draft =
            addFor(events, Kind::MailboxMetadataSet, command.origin, row.account, row.mailbox);
        auto set = draft.core().initMailboxMetadataSet();
        set.setEntry(row.entry);
        set.setUser(row.user.number());
    }
}

// INBOX first, so that its UIDVALIDITY is the least.
void addDefaultMailboxes(const AddAccount& command, const Deciding& deciding, Events& events) {
    std::vector<DefaultFolder> folders{{.name = "INBOX", .use = event::SpecialUse::INBOX}};
    folders.insert(folders.end(), command.folders.begin(), command.folders.end());
    const auto validity = static_cast<std::uint32_t>(deciding.now / kSecondNs);
    for (std::uint32_t index = 0; index < folders.size(); ++index) {
        const DefaultFolder& folder = folders[index];
        const ModSeq modSeq = events.nextModSeq();
        Draft& draft = addFor(
            events,
            Kind::MailboxCreated,
            command.origin,
            command.newId,
            command.newMailboxes[index]);
        auto created = draft.core().initMailboxCreated();
        created.setUidValidity(validity + index);
        created.setSpecialUse(folder.use);
        created.setModSeq(modSeq.number());
        setName(draft, command.newId, folder.name);

        Draft& subscribed =
            addFor(events, Kind::SubscriptionChanged, command.origin, command.newId);
        auto changed = subscribed.core().initSubscriptionChanged();
        changed.setSubscription(command.newSubscriptions[index]);
        changed.setOn(true);
        setName(subscribed, command.newId, folder.name);
    }
}

// Two folders of one name, or one that is none, are the configuration's fault.
Outcome<Done> checkFolders(const AddAccount& command) {
    std::set<std::string> names{"INBOX"};
    for (const DefaultFolder& folder : command.folders) {
        const Outcome<std::string> name = checkedMailboxName(folder.name);
        if (!name) return std::unexpected(name.error());
        if (!names.insert(*name).second || isOthersName(*name)) {
            return refuse(RefusalReason::MailboxNameInvalid, folder.name);
        }
    }
    const std::size_t count = command.folders.size() + 1;
    if (command.newMailboxes.size() < count || command.newSubscriptions.size() < count) {
        return refuse(RefusalReason::InvalidArgument, "an id for each default mailbox");
    }
    return Done{};
}

}  // namespace

// RFC 6154 §2; made with every account, so that no client has to guess.
std::vector<DefaultFolder> defaultFolders() {
    return {
        {.name = "Drafts", .use = event::SpecialUse::DRAFTS},
        {.name = "Sent", .use = event::SpecialUse::SENT},
        {.name = "Junk", .use = event::SpecialUse::JUNK},
        {.name = "Trash", .use = event::SpecialUse::TRASH},
        {.name = "Archive", .use = event::SpecialUse::ARCHIVE},
    };
}

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
    const Outcome<Done> folders = checkFolders(command);
    if (!folders) return std::unexpected(folders.error());
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
    removeSharing(command, deciding, events);
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
