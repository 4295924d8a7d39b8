#include "projections/access_rights.h"

#include <array>
#include <map>
#include <utility>

#include "projections/table.h"

namespace daybook {

namespace {

Key aclKey(const GrantRow& row) { return Key().add(row.account).add(row.mailbox).add(row.grantee); }

Key grantKey(const GrantRow& row) {
    return Key().add(row.grantee).add(row.account).add(row.mailbox);
}

// Rows of `acl` whose key begins with `prefix`.
std::vector<GrantRow> grantsBelow(
    const lmdb::Transaction& txn, const ViewTables& tables, const Key& prefix) {
    std::vector<GrantRow> rows;
    forPrefix(txn, tables.acl, prefix, [&](std::string_view key, std::string_view value) {
        KeyFields fields(key);
        GrantRow& row = rows.emplace_back();
        row.account = fields.take<AccountId>();
        row.mailbox = fields.take<MailboxId>();
        row.grantee = fields.take<AccountId>();
        row.rights = RowFields(value).take<std::uint16_t>();
    });
    return rows;
}

class Fold {
public:
    Fold(event::Core::Reader core, lmdb::WriteTransaction& txn, const ViewTables& tables)
        : txn_(txn), tables_(tables), account_(core.getAccount()), mailbox_(core.getMailbox()) {}

    void on(event::AclChanged::Reader changed) {
        const GrantRow row{
            .account = account_,
            .mailbox = mailbox_,
            .grantee = AccountId(changed.getGrantee()),
            .rights = changed.getAfter(),
        };
        if (row.rights == 0) return erase(row);
        const RowWriter value = std::move(RowWriter().add(row.rights));
        txn_.put(tables_.acl, aclKey(row), value.octets());
        txn_.put(tables_.aclGrants, grantKey(row), value.octets());
    }

    void on(event::MailboxDeleted::Reader) { eraseBelow(Key().add(account_).add(mailbox_)); }

    void on(event::AccountDeleted::Reader) { eraseBelow(Key().add(account_)); }

private:
    void erase(const GrantRow& row) {
        txn_.erase(tables_.acl, aclKey(row));
        txn_.erase(tables_.aclGrants, grantKey(row));
    }

    void eraseBelow(const Key& prefix) {
        for (const GrantRow& row : grantsBelow(txn_, tables_, prefix)) {
            erase(row);
        }
    }

    lmdb::WriteTransaction& txn_;
    const ViewTables& tables_;
    AccountId account_;
    MailboxId mailbox_;
};

void apply(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    const event::Core::Reader core = record.core();
    switch (core.which()) {
        case event::Core::ACL_CHANGED: return Fold(core, txn, tables).on(core.getAclChanged());
        case event::Core::MAILBOX_DELETED:
            return Fold(core, txn, tables).on(core.getMailboxDeleted());
        case event::Core::ACCOUNT_DELETED:
            return Fold(core, txn, tables).on(core.getAccountDeleted());
        default: return;  // every other event
    }
}

constexpr std::array kTables = {&ViewTables::acl, &ViewTables::aclGrants};

}  // namespace

constinit const Projection kAccessRightsProjection{
    .name = "accessRights",
    .version = 1,
    .apply = apply,
    .tables = kTables,
};

std::uint16_t AccessRightsView::grantedTo(
    AccountId grantee, AccountId account, MailboxId mailbox) const {
    const Key key = Key().add(account).add(mailbox).add(grantee);
    const auto value = txn_.get(tables_.acl, key);
    return value ? RowFields(*value).take<std::uint16_t>() : std::uint16_t{0};
}

std::uint16_t AccessRightsView::rightsOf(
    AccountId who, AccountId account, MailboxId mailbox) const {
    if (who == account) return kAllRights;
    const unsigned own = grantedTo(who, account, mailbox);
    return static_cast<std::uint16_t>(own | grantedTo(kAnyone, account, mailbox));
}

std::vector<GrantRow> AccessRightsView::grantsOf(AccountId account, MailboxId mailbox) const {
    return grantsBelow(txn_, tables_, Key().add(account).add(mailbox));
}

std::vector<GrantRow> AccessRightsView::grantsOf(AccountId account) const {
    return grantsBelow(txn_, tables_, Key().add(account));
}

std::vector<GrantRow> AccessRightsView::grantsTo(AccountId grantee) const {
    std::vector<GrantRow> rows;
    const Key prefix = Key().add(grantee);
    forPrefix(txn_, tables_.aclGrants, prefix, [&](std::string_view key, std::string_view value) {
        KeyFields fields(key);
        GrantRow& row = rows.emplace_back();
        row.grantee = fields.take<AccountId>();
        row.account = fields.take<AccountId>();
        row.mailbox = fields.take<MailboxId>();
        row.rights = RowFields(value).take<std::uint16_t>();
    });
    return rows;
}

std::vector<GrantRow> AccessRightsView::sharedWith(AccountId who) const {
    std::map<std::pair<AccountId, MailboxId>, GrantRow> found;
    for (const AccountId grantee : {who, kAnyone}) {
        for (const GrantRow& row : grantsTo(grantee)) {
            if (row.account == who) continue;
            GrantRow& one = found.try_emplace({row.account, row.mailbox}, row).first->second;
            one.grantee = who;
            one.rights = static_cast<std::uint16_t>(one.rights | row.rights);
        }
    }
    std::vector<GrantRow> rows;
    rows.reserve(found.size());
    for (const auto& [place, row] : found) {
        rows.push_back(row);
    }
    return rows;
}

}  // namespace daybook
