// journal_writer.h
//
// Appends events to the journal in batches. A batch is all or nothing: commit() makes it durable
// (content first, then cores, edge, root and segment ends in one transaction). Decides nothing,
// folds nothing, answers nobody. Thread: scribe (one at a time).
#pragma once

#include <cstdint>
#include <memory>

#include "journal/draft.h"
#include "journal/journal.h"
#include "journal/record.h"

namespace daybook {

class JournalWriter {
public:
    explicit JournalWriter(Journal& journal);
    ~JournalWriter();

    // Starts a batch; none is open. `epoch`: the writer's, from ServerStarted.
    void begin(std::uint64_t epoch);

    // The seq that the next append() gives.
    Seq nextSeq() const;
    // The time of the last event, appended ones included: the next is never earlier.
    TimeNs lastTimeNs() const;

    // Gives the draft its seq and time, writes its annexes, stores and hashes its core. The blobs
    // that it names are settled when the batch is committed; after an abort they are the caller's
    // to release. The record lives until the batch ends, and so must the draft: it serves the
    // record's annexes and summary from memory.
    // Throws lmdb::Error, ContentError: call abort().
    const Record& append(Draft& draft, TimeNs now);

    // Durable when it returns. On an exception nothing of the batch is in the journal; one whose
    // isFull() is false means: stop the server.
    void commit();
    // Forgets the batch; its annexes are reclaimed.
    void abort();

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
