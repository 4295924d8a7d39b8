// mailbox_totals.h
//
// What the messages of a mailbox come to: owned and folded by the view `messages`, which knows what
// each message was before it changed; shown by the view `mailboxes` beside the name.
//
//     mailboxTotals = mailboxId -> uidNext messages unseen deletedMessages highestModSeq octets
//
// Never decides anything. Any thread, as long as the transaction lives.
#pragma once

#include <cstdint>
#include <optional>

#include "journal/base/ids.h"
#include "journal/lmdb.h"
#include "projections/view_tables.h"

namespace daybook {

struct MailboxTotals {
    Uid uidNext{1};
    std::uint32_t messages = 0;
    std::uint32_t unseen = 0;
    std::uint32_t deletedMessages = 0;
    ModSeq highestModSeq;
    std::uint64_t octets = 0;
};

std::optional<MailboxTotals> findMailboxTotals(
    const lmdb::Transaction& txn, const ViewTables& tables, MailboxId mailbox);
void putMailboxTotals(
    lmdb::WriteTransaction& txn,
    const ViewTables& tables,
    MailboxId mailbox,
    const MailboxTotals& totals);

}  // namespace daybook
