// replay.h
//
// Rebuilds all views from the journal, beside the live ones, in an environment of their own, and
// compares. Opens no socket; the clock it looks at only
// times it. The swap is Views::adopt, by who holds the writer's
// lock; a tool beside a running server asks it through the control socket. One thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "projections/projector.h"

namespace daybook {

struct ReplayResult {
    std::filesystem::path folder;  // where the new environment is
    Seq appliedSeq;
    std::vector<ViewDigest> digests;
    std::uint64_t milliseconds = 0;
};

// Builds views up to `to` (0: the journal's head) in `folder`, which must not exist or be empty;
// synced and closed when it returns. Throws ViewsUnusable, UnknownKind.
ReplayResult replayInto(
    const Journal& journal,
    const std::filesystem::path& folder,
    Seq to,
    const CatchUpProgress& progress = {});

struct ViewDifference {
    std::string view;
    std::string table;
    std::string key;  // hexadecimal: the first that differs
    std::string how;  // "only in the live views", "only in the replay", "values differ"
};

struct ReplayComparison {
    Seq appliedSeq;
    std::vector<ViewDigest> live;
    std::vector<ViewDigest> replayed;
    std::vector<ViewDifference> differences;  // at most one a view
};

// Replays to exactly the live views' appliedSeq into a temporary folder beside them and compares.
// Works while the server serves. The folder is removed. Throws ViewsUnusable if the live views are
// ahead of the journal.
ReplayComparison checkReplay(
    const Journal& journal, const Views& views, const CatchUpProgress& progress = {});

}  // namespace daybook
