// summaries.h
//
// What FETCH answers without opening the message: its summary (journal/schema/summary.capnp, as it
// was made at arrival) and the recipient's prefix, by the seq of its Stored event.
//
//     summaries = storedSeq -> summaryOctets prefixOctets summary prefix padding
//
// The fold fills `threads` too (threads.h).
//
// There is a row where the core speaks of a summary or a prefix; what is erased of it is empty. The
// summary is summary::Summary, unframed; it begins at a whole word and the row ends at one, so that
// it is read in place.
// Read side: any thread; the octets live as long as the transaction.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "journal/base/ids.h"
#include "projections/projection.h"

namespace daybook {

class SummariesView {
public:
    SummariesView(const lmdb::Transaction& txn, const ViewTables& tables)
        : txn_(txn), tables_(tables) {}

    // To be read with FlatMessage. Nothing: erased.
    std::optional<std::span<const std::byte>> summary(Seq storedSeq) const;
    // Empty: there is none, or it is erased.
    std::string_view prefix(Seq storedSeq) const;

private:
    const lmdb::Transaction& txn_;
    const ViewTables& tables_;
};

extern const Projection kSummariesProjection;

}  // namespace daybook
