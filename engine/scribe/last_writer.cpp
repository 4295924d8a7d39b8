#include "engine/scribe/last_writer.h"

#include <algorithm>

#include "journal/journal_format.h"
#include "journal/journal_reader.h"

namespace daybook {

namespace {

// A server's start is among the first events of its epoch, its stop among the last.
constexpr std::uint64_t kEventsLookedAt = 64;

struct EpochSpan {
    std::uint64_t epoch = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

format::Commit commitAt(const lmdb::Cursor& cursor) {
    const auto commit = format::decodeCommit(cursor.value());
    if (!commit) throw JournalUnusable("a commit of the journal cannot be read");
    return *commit;
}

// The epoch of the commit that ended at `last`: epochs only grow, so its first is searched by
// halves.
EpochSpan epochEndingAt(const lmdb::Transaction& txn, lmdb::Table commits, std::uint64_t last) {
    lmdb::Cursor cursor(txn, commits);
    if (!cursor.seek(last)) throw JournalUnusable("a commit of the journal is missing");
    const std::uint64_t epoch = commitAt(cursor).epoch;
    std::uint64_t before = 0;  // smaller than every seq of the epoch, as far as is known
    std::uint64_t within = last;
    while (within - before > 1) {
        const std::uint64_t middle = before + (within - before) / 2;
        cursor.seek(middle);
        if (commitAt(cursor).epoch == epoch) {
            within = middle;
        } else {
            before = middle;
        }
    }
    cursor.seek(within);
    return {.epoch = epoch, .first = commitAt(cursor).first, .last = last};
}

bool hasKind(const Journal& journal, std::uint64_t from, std::uint64_t to, Kind kind) {
    bool found = false;
    JournalReader(journal).forEach(Seq(from), Seq(to), [&](const Record& record) {
        found = record.kind() == kind;
        return !found;
    });
    return found;
}

// Whether the last server among the writers up to `head` said that it stopped.
bool wasStopped(const Journal& journal, std::uint64_t head) {
    const lmdb::ReadTransaction txn(journal.environment());
    for (std::uint64_t last = head; last > 0;) {
        const EpochSpan span = epochEndingAt(txn, journal.tables().commits, last);
        const std::uint64_t tail = last - std::min(last - span.first, kEventsLookedAt);
        if (hasKind(journal, tail, last, Kind::ServerStopped)) return true;
        const std::uint64_t front = std::min(span.first + kEventsLookedAt, last);
        if (hasKind(journal, span.first, front, Kind::ServerStarted)) return false;
        last = span.first - 1;  // a tool wrote these
    }
    return true;
}

}  // namespace

RecordServerStarted describeStartOf(const Journal& journal) {
    RecordServerStarted start;
    start.epoch = 1;
    start.headAtStop = Seq(journal.head().size);
    if (!start.headAtStop) return start;
    {
        const lmdb::ReadTransaction txn(journal.environment());
        const lmdb::Table commits = journal.tables().commits;
        start.epoch = epochEndingAt(txn, commits, start.headAtStop.number()).epoch + 1;
    }
    start.clean = wasStopped(journal, start.headAtStop.number());
    return start;
}

}  // namespace daybook
