// threads.h
//
// Which conversation a message id belongs to, for each account: what decides the THREADID of the
// next message (RFC 8621 §3, RFC 8474 §5.2).
//
//     threads = accountId threadKey storedSeq -> threadId subjectKey
//
// Keys come out of the summary, made at arrival (summary.capnp): a row stands for one message and
// one id that it names, so that what is erased leaves exactly its own rows missing. A message whose
// summary is erased is in no index; its THREADID stays, it is in the core. Read side: any thread,
// as long as its transaction lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "journal/base/ids.h"
#include "projections/projection.h"

namespace daybook {

class ThreadsView {
public:
    ThreadsView(const lmdb::Transaction& txn, const ViewTables& tables)
        : txn_(txn), tables_(tables) {}

    // The thread of the oldest message of the account that names that id under that subject.
    std::optional<std::uint64_t> find(
        AccountId account, std::uint64_t threadKey, std::uint64_t subjectKey) const;

private:
    const lmdb::Transaction& txn_;
    const ViewTables& tables_;
};

// For the fold of `summaries`, which owns the table, because it has the summary at hand.
void indexThread(
    const event::Core::Reader& core,
    std::string_view summary,
    lmdb::WriteTransaction& txn,
    const ViewTables& tables);

}  // namespace daybook
