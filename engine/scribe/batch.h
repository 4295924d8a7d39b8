// batch.h
//
// One round of the scribe: decides commands, appends and folds their events, commits the journal.
// All or nothing: until commitJournal() has returned, dropping the object leaves no trace in the
// journal (in the views it may: OpenViews::isAhead). Thread: scribe.
#pragma once

#include <deque>

#include "engine/scribe/open_views.h"
#include "engine/scribe/scribe.h"
#include "journal/journal_writer.h"

namespace daybook {

class Batch {
public:
    struct Parts {
        Journal& journal;
        JournalWriter& writer;
        OpenViews& views;
        std::uint64_t epoch;
        const QuotaPolicy& quota;
    };

    explicit Batch(const Parts& parts);
    // Aborts what is not committed.
    ~Batch();
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

    // Decides against views that include everything before; appends and folds what it decided.
    void decide(PendingCommand& command, TimeNs now, CommandId id);

    // Content and journal: synced when it returns. Throws lmdb::Error, ContentError.
    void commitJournal();

private:
    Parts parts_;
    // Records read their drafts until the journal's commit.
    std::deque<Events> decided_;
    bool open_ = true;
};

}  // namespace daybook
