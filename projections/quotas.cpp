#include "projections/quotas.h"

#include <array>

#include "projections/table.h"

namespace daybook {

namespace {

void put(event::Core::Reader core, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    const event::QuotaSet::Reader set = core.getQuotaSet();
    const Key key = Key().add(core.getAccount());
    if (set.getOwn() == 0) {
        txn.erase(tables.quotas, key);
        return;
    }
    RowWriter row;
    row.add(set.getOwn()).add(set.getStorageOctets()).add(set.getMessages());
    txn.put(tables.quotas, key, row.octets());
}

void notice(event::Core::Reader core, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    RowWriter row;
    row.add(core.getTimeNs());
    txn.put(tables.quotaNotices, Key().add(core.getAccount()).add(core.getMailbox()), row.octets());
}

void apply(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    const event::Core::Reader core = record.core();
    switch (core.which()) {
        case event::Core::QUOTA_SET: return put(core, txn, tables);
        case event::Core::QUOTA_EXCEEDED: return notice(core, txn, tables);
        case event::Core::MAILBOX_DELETED:
            txn.erase(tables.quotaNotices, Key().add(core.getAccount()).add(core.getMailbox()));
            return;
        case event::Core::ACCOUNT_DELETED:
            txn.erase(tables.quotas, Key().add(core.getAccount()));
            return erasePrefix(txn, tables.quotaNotices, Key().add(core.getAccount()));
        default: return;  // every other event
    }
}

constexpr std::array kTables = {&ViewTables::quotas, &ViewTables::quotaNotices};

}  // namespace

constinit const Projection kQuotasProjection{
    .name = "quotas",
    .version = 1,
    .apply = apply,
    .tables = kTables,
};

QuotaRow QuotasView::quotaOf(AccountId account) const {
    QuotaRow row;
    const auto value = txn_.get(tables_.quotas, Key().add(account));
    if (!value) return row;
    RowFields fields(*value);
    const auto own = fields.take<std::uint16_t>();
    const auto storageOctets = fields.take<std::uint64_t>();
    const auto messages = fields.take<std::uint64_t>();
    if ((own & kOwnStorage) != 0) row.storageOctets = storageOctets;
    if ((own & kOwnMessages) != 0) row.messages = messages;
    return row;
}

std::optional<TimeNs> QuotasView::lastNotice(AccountId account, MailboxId mailbox) const {
    const auto value = txn_.get(tables_.quotaNotices, Key().add(account).add(mailbox));
    if (!value) return std::nullopt;
    return RowFields(*value).take<TimeNs>();
}

}  // namespace daybook
