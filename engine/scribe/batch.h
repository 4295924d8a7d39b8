// batch.h
//
// One round of the scribe: decides commands, appends and folds their events, commits. All or
// nothing: until commitJournal() has returned, dropping the object leaves no trace. Thread: scribe.
#pragma once

#include <deque>
#include <memory>
#include <set>

#include "engine/scribe/scribe.h"
#include "journal/journal_writer.h"
#include "projections/projector.h"

namespace daybook {

class Batch {
public:
    struct Parts {
        Journal& journal;
        JournalWriter& writer;
        std::shared_ptr<ViewsEnvironment> views;
        std::uint64_t epoch;
    };

    explicit Batch(Parts parts);
    // Aborts what is not committed.
    ~Batch();
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

    // Decides against views that include everything before; appends and folds what it decided.
    void decide(PendingCommand& command, TimeNs now, CommandId id);

    // Content and journal: synced when it returns. Throws lmdb::Error, ContentError.
    void commitJournal();
    // What the events changed in the views becomes visible. After commitJournal().
    void commitViews();

    bool isEmpty() const { return events_ == 0; }

    Seq lastSeq() const { return last_; }

    // What the hub has to tell of: each once.
    const std::set<MailboxId>& changedMailboxes() const { return mailboxes_; }

    const std::set<AccountId>& changedAccounts() const { return accounts_; }

private:
    void noteChange(const event::Core::Reader& core);

    Parts parts_;
    lmdb::WriteTransaction txn_;
    // Records read their drafts until the journal's commit.
    std::deque<Events> decided_;
    std::size_t events_ = 0;
    Seq last_;
    bool open_ = true;
    std::set<MailboxId> mailboxes_;
    std::set<AccountId> accounts_;
};

}  // namespace daybook
