// histories.h
//
// Which events concern a message, an account, a mailbox, a session: what `journal history` and
// `journal log` read instead of the whole journal.
//
//     historyByMessage = messageId seq -> kind        events that name the message
//     historyByAccount = accountId seq -> kind
//     historyByMailbox = mailboxId seq -> kind        Copied and Moved stand under both mailboxes
//     historyBySession = sessionId seq -> kind
//     openAccess       = seq -> accountId mailboxId sessionId
//
// What the header does not name (0) is not indexed; kinds that this program does not know are.
// Events about many UIDs (FlagsChanged, Expunged, Fetched, Copied, Moved) stand under the mailbox;
// the reader of a message's history follows its placements through them. `openAccess` has every
// AccessOpened that has no last Fetched and no AccessWindowLost. Read side: any thread, as long as
// its transaction lives.
#pragma once

#include <functional>
#include <vector>

#include "journal/base/ids.h"
#include "journal/kind.h"
#include "projections/projection.h"

namespace daybook {

struct HistoryEntry {
    Seq seq;
    Kind kind = Kind::Received;
};

struct OpenAccessRow {
    Seq opened;
    AccountId account;
    MailboxId mailbox;
    SessionId session;
};

class HistoriesView {
public:
    HistoriesView(const lmdb::Transaction& txn, const ViewTables& tables)
        : txn_(txn), tables_(tables) {}

    // Each in order of seq, from `from`; stops when `visit` returns false.
    using Visit = std::function<bool(const HistoryEntry&)>;
    void ofMessage(MessageId message, Seq from, const Visit& visit) const;
    void ofAccount(AccountId account, Seq from, const Visit& visit) const;
    void ofMailbox(MailboxId mailbox, Seq from, const Visit& visit) const;
    void ofSession(SessionId session, Seq from, const Visit& visit) const;
    // The newest event of that kind in the mailbox's history; zero: none.
    Seq lastOfMailbox(MailboxId mailbox, Kind kind) const;

    std::vector<OpenAccessRow> openAccess() const;

private:
    const lmdb::Transaction& txn_;
    const ViewTables& tables_;
};

extern const Projection kHistoriesProjection;

}  // namespace daybook
