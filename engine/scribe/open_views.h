// open_views.h
//
// The scribe's write transaction on the views. It may stay open over several rounds while nobody
// waits to see them: committing it writes every page that changed, and of a few rounds these are
// mostly the same pages. Holds only what the journal holds already, except during a round.
// Thread: scribe.
#pragma once

#include <chrono>
#include <memory>
#include <set>

#include "journal/journal.h"
#include "projections/projector.h"

namespace daybook {

class OpenViews {
public:
    // Begins the transaction. Throws lmdb::Error.
    explicit OpenViews(std::shared_ptr<ViewsEnvironment> views);

    // Folds the event; remembers whom it concerns.
    void apply(const Record& record);

    ViewsReader reader() const { return {txn_, views_->tables()}; }

    // The journal has what was applied.
    void journalled() { journalled_ = last_; }

    // Something was applied that the journal does not have: never commit it.
    bool isAhead() const { return last_ != journalled_; }

    bool isEmpty() const { return !last_; }

    // Of an earlier round, or of this one after its end.
    bool hasJournalled() const { return bool(journalled_); }

    // Becomes visible. Throws lmdb::Error; then the views are behind the journal.
    void commit(const Journal& journal);

    Seq lastSeq() const { return last_; }

    std::chrono::steady_clock::time_point since() const { return since_; }

    // What the hub has to tell of: each once.
    const std::set<MailboxId>& changedMailboxes() const { return mailboxes_; }

    const std::set<AccountId>& changedAccounts() const { return accounts_; }

    // Messages for other servers, or with reports to be made.
    const std::set<MessageId>& changedOutbound() const { return outbound_; }

private:
    void noteChange(const event::Core::Reader& core);

    std::shared_ptr<ViewsEnvironment> views_;
    lmdb::WriteTransaction txn_;
    std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
    Seq last_;
    Seq journalled_;
    std::set<MailboxId> mailboxes_;
    std::set<AccountId> accounts_;
    std::set<MessageId> outbound_;
};

}  // namespace daybook
