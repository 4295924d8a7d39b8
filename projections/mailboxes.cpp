#include "projections/mailboxes.h"

#include <algorithm>
#include <array>

#include "journal/base/ascii.h"
#include "projections/mailbox_totals.h"
#include "projections/table.h"

namespace daybook {

namespace {

constexpr std::string_view kInbox = "INBOX";

Key mailboxKey(AccountId account, MailboxId mailbox) { return Key().add(account).add(mailbox); }

Key nameIndexKey(AccountId account, std::string_view name) {
    return Key().add(account).add(nameKey(name));
}

// Without the totals.
MailboxRow readMailbox(std::string_view key, std::string_view value) {
    KeyFields keyFields(key);
    MailboxRow row;
    row.account = keyFields.take<AccountId>();
    row.id = keyFields.take<MailboxId>();
    RowFields fields(value);
    row.uidValidity = fields.take<UidValidity>();
    row.specialUses = fields.take<std::uint16_t>();
    row.createdNs = fields.take<TimeNs>();
    row.name = fields.rest();
    return row;
}

void addTotals(const lmdb::Transaction& txn, const ViewTables& tables, MailboxRow& row) {
    const MailboxTotals totals = findMailboxTotals(txn, tables, row.id).value_or(MailboxTotals());
    row.uidNext = totals.uidNext;
    row.highestModSeq = totals.highestModSeq;
    row.messages = totals.messages;
    row.unseen = totals.unseen;
    row.deletedMessages = totals.deletedMessages;
    row.octets = totals.octets;
}

class Fold {
public:
    Fold(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables)
        : record_(record),
          txn_(txn),
          tables_(tables),
          account_(record.core().getAccount()),
          key_(mailboxKey(account_, MailboxId(record.core().getMailbox()))) {}

    void on(event::MailboxCreated::Reader created) {
        MailboxRow row;
        row.uidValidity = UidValidity(created.getUidValidity());
        row.specialUses = static_cast<std::uint16_t>(
            created.getSpecialUses() | specialUseBit(created.getSpecialUse()));
        row.createdNs = record_.core().getTimeNs();
        // The INBOX is known without its annex, so that mail still arrives when that is erased.
        const bool inbox = created.getSpecialUse() == event::SpecialUse::INBOX;
        row.name = inbox ? std::string(kInbox) : canonicalMailboxName(record_.name());
        put(row);
        rememberUidValidity(row.uidValidity);
    }

    void on(event::MailboxRenamed::Reader) {
        const auto value = txn_.get(tables_.mailboxes, key_);
        if (!value) return;
        MailboxRow row = readMailbox(key_, *value);
        unindex(row.name);
        row.name = canonicalMailboxName(record_.name());
        put(row);
    }

    void on(event::SpecialUseChanged::Reader changed) {
        const auto value = txn_.get(tables_.mailboxes, key_);
        if (!value) return;
        MailboxRow row = readMailbox(key_, *value);
        row.specialUses = changed.getSpecialUses();
        put(row);
    }

    void on(event::MailboxDeleted::Reader) {
        const auto value = txn_.get(tables_.mailboxes, key_);
        if (!value) return;
        const MailboxRow row = readMailbox(key_, *value);
        unindex(row.name);
        txn_.erase(tables_.mailboxes, key_);
    }

    void on(event::SubscriptionChanged::Reader changed) {
        const Key key = Key().add(account_).add(changed.getSubscription());
        if (changed.getOn()) {
            txn_.put(tables_.subscriptions, key, record_.name());
        } else {
            txn_.erase(tables_.subscriptions, key);
        }
    }

private:
    void put(const MailboxRow& row) {
        RowWriter writer;
        writer.add(row.uidValidity).add(row.specialUses).add(row.createdNs).rest(row.name);
        txn_.put(tables_.mailboxes, key_, writer.octets());
        if (row.name.empty()) return;  // erased: in no index
        const MailboxId mailbox(record_.core().getMailbox());
        txn_.put(
            tables_.mailboxNames,
            nameIndexKey(account_, row.name),
            RowWriter().add(mailbox).octets());
    }

    // Only if the name still leads to this mailbox.
    void unindex(std::string_view name) {
        if (name.empty()) return;
        const Key key = nameIndexKey(account_, name);
        const auto value = txn_.get(tables_.mailboxNames, key);
        if (!value) return;
        const auto mailbox = RowFields(*value).take<std::uint64_t>();
        if (mailbox == record_.core().getMailbox()) txn_.erase(tables_.mailboxNames, key);
    }

    void rememberUidValidity(UidValidity used) {
        const UidValidity last = MailboxesView(txn_, tables_).lastUidValidity(account_);
        if (used <= last) return;
        txn_.put(tables_.lastUidValidities, Key().add(account_), RowWriter().add(used).octets());
    }

    const Record& record_;
    lmdb::WriteTransaction& txn_;
    const ViewTables& tables_;
    AccountId account_;
    Key key_;
};

void apply(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    const event::Core::Reader core = record.core();
    switch (core.which()) {
        case event::Core::MAILBOX_CREATED:
            return Fold(record, txn, tables).on(core.getMailboxCreated());
        case event::Core::MAILBOX_RENAMED:
            return Fold(record, txn, tables).on(core.getMailboxRenamed());
        case event::Core::MAILBOX_DELETED:
            return Fold(record, txn, tables).on(core.getMailboxDeleted());
        case event::Core::SPECIAL_USE_CHANGED:
            return Fold(record, txn, tables).on(core.getSpecialUseChanged());
        case event::Core::SUBSCRIPTION_CHANGED:
            return Fold(record, txn, tables).on(core.getSubscriptionChanged());
        default: return;  // every other event
    }
}

constexpr std::array kTables = {
    &ViewTables::mailboxes,
    &ViewTables::mailboxNames,
    &ViewTables::lastUidValidities,
    &ViewTables::subscriptions,
};

}  // namespace

constinit const Projection kMailboxesProjection{
    .name = "mailboxes",
    .version = 2,
    .apply = apply,
    .tables = kTables,
};

std::optional<MailboxRow> MailboxesView::mailbox(AccountId account, MailboxId id) const {
    const Key key = mailboxKey(account, id);
    const auto value = txn_.get(tables_.mailboxes, key);
    if (!value) return std::nullopt;
    MailboxRow row = readMailbox(key, *value);
    addTotals(txn_, tables_, row);
    return row;
}

std::optional<MailboxRow> MailboxesView::find(AccountId account, std::string_view name) const {
    if (name.empty()) return std::nullopt;
    const auto id =
        txn_.get(tables_.mailboxNames, nameIndexKey(account, canonicalMailboxName(name)));
    if (!id) return std::nullopt;
    return mailbox(account, RowFields(*id).take<MailboxId>());
}

std::vector<MailboxRow> MailboxesView::mailboxesOf(AccountId account) const {
    std::vector<MailboxRow> rows;
    const Key prefix = Key().add(account);
    forPrefix(txn_, tables_.mailboxes, prefix, [&](std::string_view key, std::string_view value) {
        addTotals(txn_, tables_, rows.emplace_back(readMailbox(key, value)));
    });
    std::ranges::sort(rows, {}, &MailboxRow::name);
    return rows;
}

AccountUsage MailboxesView::usageOf(AccountId account) const {
    AccountUsage usage;
    const Key prefix = Key().add(account);
    forPrefix(txn_, tables_.mailboxes, prefix, [&](std::string_view key, std::string_view) {
        const auto mailbox = KeyFields(key.substr(prefix.view().size())).take<MailboxId>();
        const auto totals = findMailboxTotals(txn_, tables_, mailbox);
        if (!totals) return;
        usage.octets += totals->octets;
        usage.messages += totals->messages;
    });
    return usage;
}

bool MailboxesView::hasChildren(AccountId account, std::string_view name) const {
    const std::string prefix = canonicalMailboxName(name) + kHierarchyDelimiter;
    const std::string_view indexed = std::string_view(prefix).substr(0, kNameKeyOctetsMax);
    bool found = false;
    const Key from = Key().add(account).add(indexed);
    lmdb::Cursor cursor(txn_, tables_.mailboxNames);
    for (bool there = cursor.seek(from); !found && there && cursor.key().starts_with(from);
         there = cursor.next()) {
        // A key holds only the beginning of a very long name.
        if (indexed.size() == prefix.size()) return true;
        const Key key = mailboxKey(account, RowFields(cursor.value()).take<MailboxId>());
        const auto value = txn_.get(tables_.mailboxes, key);
        found = value && readMailbox(key, *value).name.starts_with(prefix);
    }
    return found;
}

std::vector<SubscriptionRow> MailboxesView::subscriptionsOf(AccountId account) const {
    std::vector<SubscriptionRow> rows;
    const Key prefix = Key().add(account);
    forPrefix(
        txn_, tables_.subscriptions, prefix, [&](std::string_view key, std::string_view value) {
        const auto id = KeyFields(key.substr(prefix.view().size())).take<std::uint64_t>();
        rows.push_back({.id = id, .name = std::string(value)});
    });
    std::ranges::sort(rows, {}, &SubscriptionRow::name);
    return rows;
}

UidValidity MailboxesView::lastUidValidity(AccountId account) const {
    const auto value = txn_.get(tables_.lastUidValidities, Key().add(account));
    return value ? RowFields(*value).take<UidValidity>() : UidValidity();
}

std::string canonicalMailboxName(std::string_view name) {
    std::string canonical(name);
    const std::string_view first = name.substr(0, name.find(kHierarchyDelimiter));
    if (equalsIgnoreCase(first, kInbox)) canonical.replace(0, kInbox.size(), kInbox);
    return canonical;
}

}  // namespace daybook
