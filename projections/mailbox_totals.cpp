#include "projections/mailbox_totals.h"

#include "projections/table.h"

namespace daybook {

std::optional<MailboxTotals> findMailboxTotals(
    const lmdb::Transaction& txn, const ViewTables& tables, MailboxId mailbox) {
    const auto value = txn.get(tables.mailboxTotals, Key().add(mailbox));
    if (!value) return std::nullopt;
    RowFields fields(*value);
    MailboxTotals totals;
    totals.uidNext = fields.take<Uid>();
    totals.messages = fields.take<std::uint32_t>();
    totals.unseen = fields.take<std::uint32_t>();
    totals.deletedMessages = fields.take<std::uint32_t>();
    totals.highestModSeq = fields.take<ModSeq>();
    totals.octets = fields.take<std::uint64_t>();
    return totals;
}

void putMailboxTotals(
    lmdb::WriteTransaction& txn,
    const ViewTables& tables,
    MailboxId mailbox,
    const MailboxTotals& totals) {
    RowWriter row;
    row.add(totals.uidNext)
        .add(totals.messages)
        .add(totals.unseen)
        .add(totals.deletedMessages)
        .add(totals.highestModSeq)
        .add(totals.octets);
    txn.put(tables.mailboxTotals, Key().add(mailbox), row.octets());
}

}  // namespace daybook
