// recent_claims.h
//
// Which messages a session was already told of as \Recent, for every mailbox that somebody opened
// since the server started: messages below `unclaimed` are no longer recent for anybody else
// (RFC 3501 §2.3.2, DESIGN 3.5). After a restart the journal's last RecentClaimed tells where to go
// on. Lives as long as the server. Thread: any.
#pragma once

#include <mutex>
#include <unordered_map>

#include "journal/base/ids.h"
#include "journal/journal.h"
#include "projections/views.h"

namespace daybook::imap {

class RecentClaims {
public:
    explicit RecentClaims(const Journal& journal) : journal_(journal) {}

    // Claims everything below `uidNext`; returns the first UID that was unclaimed (the caller's
    // are from there on), or uidNext if there is nothing to claim.
    Uid claim(const Snapshot& views, MailboxId mailbox, Uid uidNext);
    // The first unclaimed UID; claims nothing.
    Uid unclaimed(const Snapshot& views, MailboxId mailbox);

private:
    // Requires: the lock.
    Uid& entry(const Snapshot& views, MailboxId mailbox);

    const Journal& journal_;
    std::mutex mutex_;
    std::unordered_map<MailboxId, Uid> unclaimed_;
};

}  // namespace daybook::imap
