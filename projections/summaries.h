// summaries.h
//
// What FETCH answers without opening the message: its summary (journal/schema/summary.capnp, as it
// was made at arrival) and the recipient's prefix, by the seq of its Stored event.
//
//     summaries = storedSeq -> summary::Summary, unframed     where summaryOctets > 0
//     prefixes  = storedSeq -> octets                         where prefixOctets > 0
//
// Which rows exist is the core's to say; the value of one that is erased is empty.
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
