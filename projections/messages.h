// messages.h
//
// The messages of every mailbox, by UID and by MODSEQ, and what they come to (mailbox_totals.h).
//
//     messages   = mailboxId uid -> row
//     changes    = mailboxId modSeq uid -> (empty) | "x"   one row a message; x: it is a tombstone
//     tombstones = mailboxId uid -> row                    as it was, but modSeq is its expunge's
//     row        = systemFlags zoneMinutes prefixOctets modSeq message emailId threadId storedSeq
//                  internalDateNs savedNs octets segment offset blobOctets *keyword
//
// `changes` is what CONDSTORE, QRESYNC and the untagged updates of concurrent sessions read. UIDs
// are never used again, so a UID names one message or one tombstone. Tombstones of a deleted
// mailbox stay as well; only Purged removes one. Read side: any thread, as long as its transaction
// lives.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "journal/base/clock.h"
#include "journal/base/ids.h"
#include "journal/content_log.h"
#include "projections/projection.h"

namespace daybook {

// System flags, as bits; RFC 9051 §2.3.2.
inline constexpr std::uint16_t kSeen = 1;
inline constexpr std::uint16_t kAnswered = 2;
inline constexpr std::uint16_t kFlagged = 4;
inline constexpr std::uint16_t kDeleted = 8;
inline constexpr std::uint16_t kDraft = 16;

struct MessageRow {
    Uid uid;
    std::uint16_t systemFlags = 0;
    std::int16_t zoneMinutes = 0;
    ModSeq modSeq;
    MessageId message;
    EmailId emailId;
    std::uint64_t threadId = 0;
    Seq storedSeq;  // of the Stored that brought it; copies and moves keep it: key of its summary
    TimeNs internalDateNs = 0;
    TimeNs savedNs = 0;        // RFC 8514: when it came into this mailbox
    std::uint64_t octets = 0;  // RFC822.SIZE: prefix and blob
    std::uint32_t prefixOctets = 0;
    Place blob;
    std::uint64_t blobOctets = 0;
    std::vector<KeywordId> keywords;  // ascending
};

struct Change {
    ModSeq modSeq;
    Uid uid;
    bool expunged = false;
};

class MessagesView {
public:
    MessagesView(const lmdb::Transaction& txn, const ViewTables& tables)
        : txn_(txn), tables_(tables) {}

    std::optional<MessageRow> message(MailboxId mailbox, Uid uid) const;
    // In order of UID, `first` and `last` included; stops when `visit` returns false. The row that
    // is passed is reused.
    void forEach(
        MailboxId mailbox,
        Uid first,
        Uid last,
        const std::function<bool(const MessageRow&)>& visit) const;
    // UIDs alone, ascending: what a SELECT needs.
    void forEachUid(MailboxId mailbox, const std::function<void(Uid)>& visit) const;
    // What changed after `modSeq`, expunged ones included, in order of MODSEQ.
    void changedSince(
        MailboxId mailbox, ModSeq modSeq, const std::function<void(const Change&)>& visit) const;
    // As it was when it was expunged; nothing if it was not, or if it is purged.
    std::optional<MessageRow> tombstone(MailboxId mailbox, Uid uid) const;

private:
    const lmdb::Transaction& txn_;
    const ViewTables& tables_;
};

extern const Projection kMessagesProjection;

}  // namespace daybook
