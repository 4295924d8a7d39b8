#include "projections/threads.h"

#include "journal/base/encoding.h"
#include "journal/schema/summary.capnp.h"
#include "projections/table.h"

namespace daybook {

namespace {

// Rows that are looked at for one id: under one id there are mostly few subjects.
constexpr int kRowsMax = 64;

}  // namespace

void indexThread(
    const event::Core::Reader& core,
    std::string_view octets,
    lmdb::WriteTransaction& txn,
    const ViewTables& tables) {
    const std::uint64_t thread = core.getStored().getThreadId();
    if (thread == 0 || octets.empty()) return;
    FlatMessage flat(asBytes(octets));
    const auto root = flat.root<summary::Summary>();
    RowWriter row;
    row.add(thread).add(root.getSubjectKey());
    for (const std::uint64_t key : root.getThreadKeys()) {
        txn.put(
            tables.threads, Key().add(core.getAccount()).add(key).add(core.getSeq()), row.octets());
    }
}

std::optional<std::uint64_t> ThreadsView::find(
    AccountId account, std::uint64_t threadKey, std::uint64_t subjectKey) const {
    const Key prefix = Key().add(account).add(threadKey);
    lmdb::Cursor cursor(txn_, tables_.threads);
    int rows = 0;
    for (bool there = cursor.seek(prefix.view());
         there && cursor.key().starts_with(prefix) && rows < kRowsMax;
         there = cursor.next()) {
        ++rows;
        RowFields fields(cursor.value());
        const auto thread = fields.take<std::uint64_t>();
        if (fields.take<std::uint64_t>() == subjectKey) return thread;
    }
    return std::nullopt;
}

}  // namespace daybook
