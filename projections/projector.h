// projector.h
//
// Folds events into the views: live, inside the scribe's open transaction, and in catch-up from the
// journal. Stops at a kind that no projection knows unless it is ignorable. One thread.
//
//     meta = name of a projection -> version appliedSeq root
//            "journal"            -> journalId
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.h"
#include "journal/journal_reader.h"
#include "projections/views.h"

namespace daybook {

class UnknownKind : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Applies one event to all projections. Throws UnknownKind.
void applyToAll(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables);

// Notes in the same transaction how far the views are, and the journal's root there.
void markApplied(
    lmdb::WriteTransaction& txn,
    const ViewTables& tables,
    std::uint64_t journalId,
    Seq appliedSeq,
    const Hash256& root);

// What the views say of themselves.
struct Applied {
    std::uint64_t journalId = 0;
    Seq appliedSeq;  // zero: nothing is applied
    Hash256 root{};
    bool sameVersions = true;  // each projection is there, in this program's version
};

Applied readApplied(const lmdb::Transaction& txn, const ViewTables& tables);
// That alone, in one look-up.
Seq readAppliedSeq(const lmdb::Transaction& txn, const ViewTables& tables);

enum class ViewsState { Usable, Empty, Ahead, OtherJournal, OtherVersion };

// Compares what the views say of themselves with the journal (DESIGN 3.3). Ahead: of the journal,
// or their root is not the journal's.
ViewsState stateOf(ViewsEnvironment& views, const Journal& journal);

// The larger, the fewer pages are written twice: 50,000 is a third faster than 10,000.
inline constexpr std::uint64_t kEventsPerTransaction = 50'000;

using CatchUpProgress = std::function<void(std::uint64_t done, std::uint64_t all)>;

// Applies from the views' appliedSeq + 1 to `to` (0: the journal's head), about
// kEventsPerTransaction at a time, each time up to where a commit of the journal ended; views that
// cannot be used are emptied first. Returns the appliedSeq. Where no commit ended at `to` (a view
// as of a seq) the root is unknown: such views are never Usable.
Seq catchUp(
    ViewsEnvironment& views, const Journal& journal, Seq to, const CatchUpProgress& progress = {});

struct ViewDigest {
    std::string view;
    std::uint32_t version = 0;
    std::uint64_t rows = 0;
    Hash256 digest{};

    bool operator==(const ViewDigest&) const = default;
};

// SHA-256 over each projection's tables: the table's name (its length as u32 before it), then, in
// order, every key and value (likewise). Does not depend on batching. `txn` holds one snapshot for
// all.
std::vector<ViewDigest> digestsOf(const lmdb::Transaction& txn, const ViewTables& tables);

}  // namespace daybook
