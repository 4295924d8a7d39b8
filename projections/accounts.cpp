#include "projections/accounts.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "journal/base/ascii.h"
#include "projections/table.h"

namespace daybook {

namespace {

constexpr std::string_view kSeparator("\0", 1);

Key accountKey(AccountId account, std::uint64_t id) { return Key().add(account).add(id); }

Key addressNameKey(std::string_view address, AccountId account) {
    return Key().add(nameKey(address)).add(kSeparator).add(account);
}

AccountRow readAccount(AccountId id, std::string_view value) {
    RowFields fields(value);
    AccountRow row;
    row.id = id;
    row.state = static_cast<event::AccountState>(fields.take<std::uint16_t>());
    row.deleted = fields.take<std::uint8_t>() != 0;
    row.createdNs = fields.take<TimeNs>();
    row.domain = fields.take<DomainId>();
    row.nextKeyword = fields.take<KeywordId>();
    row.login = fields.text();
    row.displayName = fields.rest();
    return row;
}

RowWriter accountRow(const AccountRow& row) {
    RowWriter writer;
    writer.add(static_cast<std::uint16_t>(row.state))
        .add(static_cast<std::uint8_t>(row.deleted ? 1 : 0))
        .add(row.createdNs)
        .add(row.domain)
        .add(row.nextKeyword)
        .text(row.login)
        .rest(row.displayName);
    return writer;
}

AddressRow readAddress(std::string_view key, std::string_view value) {
    KeyFields keyFields(key);
    AddressRow row;
    row.account = keyFields.take<AccountId>();
    row.id = keyFields.take<AddressId>();
    RowFields fields(value);
    row.primary = fields.take<std::uint8_t>() != 0;
    row.domain = fields.take<DomainId>();
    row.address = fields.rest();
    return row;
}

CredentialRow readCredential(std::string_view key, std::string_view value) {
    KeyFields keyFields(key);
    keyFields.take<AccountId>();
    CredentialRow row;
    row.id = keyFields.take<CredentialId>();
    RowFields fields(value);
    row.kind = static_cast<event::CredentialKind>(fields.take<std::uint16_t>());
    row.algorithm = fields.take<std::uint16_t>();
    row.createdNs = fields.take<TimeNs>();
    row.label = fields.rest();
    return row;
}

DkimKeyRow readDkimKey(std::string_view key, std::string_view value) {
    KeyFields keyFields(key);
    DkimKeyRow row;
    row.domain = keyFields.take<DomainId>();
    row.id = keyFields.take<CredentialId>();
    RowFields fields(value);
    row.state = static_cast<event::DkimState>(fields.take<std::uint16_t>());
    row.algorithm = static_cast<event::DkimAlgorithm>(fields.take<std::uint16_t>());
    row.createdNs = fields.take<TimeNs>();
    row.changedNs = fields.take<TimeNs>();
    row.selector = fields.text();
    row.publicKey = fields.rest();
    return row;
}

std::optional<AccountRow> findAccount(
    const lmdb::Transaction& txn, const ViewTables& tables, AccountId id) {
    const auto value = txn.get(tables.accounts, Key().add(id));
    if (!value) return std::nullopt;
    return readAccount(id, *value);
}

std::string_view textOf(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

std::string_view textOf(capnp::Data::Reader octets) {
    const auto chars = octets.asChars();
    return {chars.begin(), chars.size()};
}

class Fold {
public:
    Fold(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables)
        : record_(record), txn_(txn), tables_(tables), account_(record.core().getAccount()) {}

    void on(event::DomainChanged::Reader changed) {
        const DomainId id(changed.getDomain());
        const Key key = Key().add(id);
        if (const auto old = txn_.get(tables_.domains, key)) {
            const std::string name = lowered(*old);
            unindex(tables_.domainNames, name, nameKey(name), id.number());
        }
        if (!changed.getOn()) {
            txn_.erase(tables_.domains, key);
            eraseDkimKeys(id);
            return;
        }
        const std::string name = record_.name();
        txn_.put(tables_.domains, key, name);
        index(tables_.domainNames, lowered(name), nameKey(lowered(name)), id.number());
    }

    void on(event::DkimKeyRotated::Reader rotated) {
        const Key key = Key().add(rotated.getDomain()).add(rotated.getKey());
        const auto old = txn_.get(tables_.dkimKeys, key);
        const TimeNs now = record_.core().getTimeNs();
        RowWriter row;
        row.add(static_cast<std::uint16_t>(rotated.getState()))
            .add(static_cast<std::uint16_t>(rotated.getAlgorithm()))
            .add(old ? readDkimKey(key, *old).createdNs : now)
            .add(now)
            .text(record_.name())
            .rest(textOf(rotated.getPublicKey()));
        txn_.put(tables_.dkimKeys, key, row.octets());
    }

    void on(event::AccountCreated::Reader created) {
        AccountRow row;
        row.createdNs = record_.core().getTimeNs();
        row.domain = DomainId(created.getDomain());
        row.nextKeyword = KeywordId(1);
        const auto details = record_.annex(0);
        if (details && details->isAccount()) {
            const annex::Account::Reader account = details->getAccount();
            row.login = lowered(textOf(account.getLogin()));
            row.displayName = textOf(account.getDisplayName());
        }
        put(row);
        index(tables_.logins, row.login, nameKey(row.login), account_.number());
    }

    void on(event::AccountStateChanged::Reader changed) {
        auto row = findAccount(txn_, tables_, account_);
        if (!row) return;
        row->state = changed.getState();
        put(*row);
    }

    // The account's row stays; nothing leads to it any more, and nothing opens it.
    void on(event::AccountDeleted::Reader) {
        auto row = findAccount(txn_, tables_, account_);
        if (!row) return;
        row->deleted = true;
        put(*row);
        unindex(tables_.logins, row->login, nameKey(row->login), account_.number());
        for (const AddressRow& address : AccountsView(txn_, tables_).addressesOf(account_)) {
            eraseAddress(address.id);
        }
        for (const CredentialRow& credential :
             AccountsView(txn_, tables_).credentialsOf(account_)) {
            txn_.erase(tables_.credentials, accountKey(account_, credential.id.number()));
        }
    }

    void on(event::AddressChanged::Reader changed) {
        const AddressId id(changed.getAddress());
        eraseAddress(id);
        if (!changed.getOn()) return;
        const std::string address = record_.name();
        RowWriter row;
        row.add(static_cast<std::uint8_t>(changed.getPrimary() ? 1 : 0))
            .add(changed.getDomain())
            .rest(address);
        txn_.put(tables_.addresses, accountKey(account_, id.number()), row.octets());
        index(
            tables_.addressNames, address, addressNameKey(lowered(address), account_), id.number());
    }

    void on(event::CredentialSet::Reader set) {
        RowWriter row;
        row.add(static_cast<std::uint16_t>(set.getKind()))
            .add(set.getAlgorithm())
            .add(record_.core().getTimeNs())
            .rest(record_.name());
        txn_.put(tables_.credentials, accountKey(account_, set.getCredential()), row.octets());
    }

    void on(event::CredentialRevoked::Reader revoked) {
        txn_.erase(tables_.credentials, accountKey(account_, revoked.getCredential()));
    }

    void on(event::DelegationChanged::Reader changed) {
        const Key key = accountKey(account_, changed.getDelegate());
        txn_.erase(tables_.delegations, key);
        if (changed.getRights() == 0) return;
        txn_.put(tables_.delegations, key, RowWriter().add(changed.getRights()).octets());
    }

    void on(event::KeywordDefined::Reader defined) {
        const KeywordId keyword(defined.getKeyword());
        const std::string name = record_.name();
        txn_.put(tables_.keywords, Key().add(account_).add(keyword), name);
        if (!name.empty()) {
            const Key key = Key().add(account_).add(nameKey(lowered(name)));
            txn_.put(tables_.keywordNames, key, RowWriter().add(keyword).octets());
        }
        auto row = findAccount(txn_, tables_, account_);
        if (!row || row->nextKeyword > keyword) return;
        row->nextKeyword = KeywordId(static_cast<std::uint16_t>(keyword.number() + 1));
        put(*row);
    }

private:
    void put(const AccountRow& row) {
        txn_.put(tables_.accounts, Key().add(account_), accountRow(row).octets());
    }

    // An erased name is in no index.
    void index(lmdb::Table table, std::string_view name, std::string_view key, std::uint64_t id) {
        if (!name.empty()) txn_.put(table, key, RowWriter().add(id).octets());
    }

    // Only if the name still leads to `id`.
    void unindex(lmdb::Table table, std::string_view name, std::string_view key, std::uint64_t id) {
        if (name.empty()) return;
        const auto value = txn_.get(table, key);
        if (value && RowFields(*value).take<std::uint64_t>() == id) txn_.erase(table, key);
    }

    void eraseDkimKeys(DomainId domain) {
        for (const DkimKeyRow& row : AccountsView(txn_, tables_).dkimKeysOf(domain)) {
            txn_.erase(tables_.dkimKeys, Key().add(domain).add(row.id));
        }
    }

    void eraseAddress(AddressId id) {
        const Key key = accountKey(account_, id.number());
        const auto value = txn_.get(tables_.addresses, key);
        if (!value) return;
        const std::string address = readAddress(key, *value).address;
        txn_.erase(tables_.addresses, key);
        unindex(
            tables_.addressNames, address, addressNameKey(lowered(address), account_), id.number());
    }

    const Record& record_;
    lmdb::WriteTransaction& txn_;
    const ViewTables& tables_;
    AccountId account_;
};

void apply(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    const event::Core::Reader core = record.core();
    Fold fold(record, txn, tables);
    switch (core.which()) {
        case event::Core::DOMAIN_CHANGED: return fold.on(core.getDomainChanged());
        case event::Core::DKIM_KEY_ROTATED: return fold.on(core.getDkimKeyRotated());
        case event::Core::ACCOUNT_CREATED: return fold.on(core.getAccountCreated());
        case event::Core::ACCOUNT_STATE_CHANGED: return fold.on(core.getAccountStateChanged());
        case event::Core::ACCOUNT_DELETED: return fold.on(core.getAccountDeleted());
        case event::Core::ADDRESS_CHANGED: return fold.on(core.getAddressChanged());
        case event::Core::CREDENTIAL_SET: return fold.on(core.getCredentialSet());
        case event::Core::CREDENTIAL_REVOKED: return fold.on(core.getCredentialRevoked());
        case event::Core::DELEGATION_CHANGED: return fold.on(core.getDelegationChanged());
        case event::Core::KEYWORD_DEFINED: return fold.on(core.getKeywordDefined());
        default: return;  // every other event
    }
}

constexpr std::array kTables = {
    &ViewTables::domains,
    &ViewTables::domainNames,
    &ViewTables::accounts,
    &ViewTables::logins,
    &ViewTables::addresses,
    &ViewTables::addressNames,
    &ViewTables::credentials,
    &ViewTables::delegations,
    &ViewTables::keywords,
    &ViewTables::keywordNames,
    &ViewTables::dkimKeys,
};

}  // namespace

constinit const Projection kAccountsProjection{
    .name = "accounts",
    .version = 2,
    .apply = apply,
    .tables = kTables,
};

std::optional<DomainRow> AccountsView::findDomain(std::string_view name) const {
    if (name.empty()) return std::nullopt;
    const auto id = txn_.get(tables_.domainNames, nameKey(lowered(name)));
    if (!id) return std::nullopt;
    const DomainId domain = RowFields(*id).take<DomainId>();
    const auto row = txn_.get(tables_.domains, Key().add(domain));
    if (!row) return std::nullopt;
    return DomainRow{.id = domain, .name = std::string(*row)};
}

std::vector<DomainRow> AccountsView::domains() const {
    std::vector<DomainRow> rows;
    forPrefix(txn_, tables_.domains, {}, [&](std::string_view key, std::string_view value) {
        rows.push_back({.id = KeyFields(key).take<DomainId>(), .name = std::string(value)});
    });
    std::ranges::sort(rows, {}, &DomainRow::name);
    return rows;
}

std::vector<DkimKeyRow> AccountsView::dkimKeysOf(DomainId domain) const {
    std::vector<DkimKeyRow> rows;
    forPrefix(
        txn_,
        tables_.dkimKeys,
        Key().add(domain),
        [&](std::string_view key, std::string_view value) {
        rows.push_back(readDkimKey(key, value));
    });
    std::ranges::sort(rows, [](const DkimKeyRow& a, const DkimKeyRow& b) {
        return std::tie(a.createdNs, a.selector, a.id) < std::tie(b.createdNs, b.selector, b.id);
    });
    return rows;
}

std::optional<AccountRow> AccountsView::account(AccountId id) const {
    return findAccount(txn_, tables_, id);
}

std::optional<AccountRow> AccountsView::findLogin(std::string_view login) const {
    if (login.empty()) return std::nullopt;
    const auto id = txn_.get(tables_.logins, nameKey(lowered(login)));
    if (!id) return std::nullopt;
    return account(RowFields(*id).take<AccountId>());
}

std::vector<AccountRow> AccountsView::accounts() const {
    std::vector<AccountRow> rows;
    forPrefix(txn_, tables_.accounts, {}, [&](std::string_view key, std::string_view value) {
        AccountRow row = readAccount(KeyFields(key).take<AccountId>(), value);
        if (!row.deleted) rows.push_back(std::move(row));
    });
    std::ranges::sort(rows, {}, &AccountRow::login);
    return rows;
}

std::vector<AddressRow> AccountsView::resolve(std::string_view address) const {
    std::vector<AddressRow> rows;
    if (address.empty()) return rows;
    const Key prefix = Key().add(nameKey(lowered(address))).add(kSeparator);
    forPrefix(
        txn_, tables_.addressNames, prefix, [&](std::string_view key, std::string_view value) {
        if (key.size() != prefix.view().size() + sizeof(std::uint64_t)) return;
        const auto account = KeyFields(key.substr(prefix.view().size())).take<AccountId>();
        const Key rowKey = accountKey(account, RowFields(value).take<std::uint64_t>());
        const auto row = txn_.get(tables_.addresses, rowKey);
        if (row) rows.push_back(readAddress(rowKey, *row));
    });
    return rows;
}

std::vector<AddressRow> AccountsView::addressesOf(AccountId account) const {
    std::vector<AddressRow> rows;
    const Key prefix = Key().add(account);
    forPrefix(txn_, tables_.addresses, prefix, [&](std::string_view key, std::string_view value) {
        rows.push_back(readAddress(key, value));
    });
    return rows;
}

std::vector<AddressRow> AccountsView::addresses() const {
    std::vector<AddressRow> rows;
    forPrefix(txn_, tables_.addresses, {}, [&](std::string_view key, std::string_view value) {
        rows.push_back(readAddress(key, value));
    });
    std::ranges::sort(rows, {}, &AddressRow::address);
    return rows;
}

std::vector<CredentialRow> AccountsView::credentialsOf(AccountId account) const {
    std::vector<CredentialRow> rows;
    const Key prefix = Key().add(account);
    forPrefix(txn_, tables_.credentials, prefix, [&](std::string_view key, std::string_view value) {
        rows.push_back(readCredential(key, value));
    });
    return rows;
}

bool AccountsView::isInForce(AccountId account, CredentialId credential) const {
    return txn_.get(tables_.credentials, accountKey(account, credential.number())).has_value();
}

std::uint16_t AccountsView::rightsOf(AccountId account, AccountId delegate) const {
    const auto row = txn_.get(tables_.delegations, accountKey(account, delegate.number()));
    return row ? RowFields(*row).take<std::uint16_t>() : std::uint16_t{0};
}

std::vector<DelegationRow> AccountsView::delegations() const {
    std::vector<DelegationRow> rows;
    forPrefix(txn_, tables_.delegations, {}, [&](std::string_view key, std::string_view value) {
        KeyFields fields(key);
        DelegationRow row;
        row.account = fields.take<AccountId>();
        row.delegate = fields.take<AccountId>();
        row.rights = RowFields(value).take<std::uint16_t>();
        rows.push_back(row);
    });
    return rows;
}

std::optional<KeywordId> AccountsView::findKeyword(AccountId account, std::string_view name) const {
    if (name.empty()) return std::nullopt;
    const Key key = Key().add(account).add(nameKey(lowered(name)));
    const auto value = txn_.get(tables_.keywordNames, key);
    if (!value) return std::nullopt;
    return RowFields(*value).take<KeywordId>();
}

std::optional<std::string> AccountsView::keywordName(AccountId account, KeywordId keyword) const {
    const auto name = txn_.get(tables_.keywords, Key().add(account).add(keyword));
    if (!name) return std::nullopt;
    return std::string(*name);
}

std::vector<std::pair<KeywordId, std::string>> AccountsView::keywordsOf(AccountId account) const {
    std::vector<std::pair<KeywordId, std::string>> rows;
    const Key prefix = Key().add(account);
    forPrefix(txn_, tables_.keywords, prefix, [&](std::string_view key, std::string_view value) {
        rows.emplace_back(KeyFields(key.substr(8)).take<KeywordId>(), std::string(value));
    });
    return rows;
}

}  // namespace daybook
