// command.h
//
// Everything that can be asked of the scribe, one struct each, imperative names. A command carries
// all that is needed to decide it: what is expensive (hashing, MIME, passwords) or random was done
// before. `Answer` is what its submitter gets. Values; made on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "journal/base/clock.h"
#include "journal/base/ids.h"
#include "journal/base/outcome.h"
#include "journal/content_log.h"
#include "journal/schema/event.capnp.h"

namespace daybook {

// Who asks, and on which session. Goes into the header of every event of the command.
struct Origin {
    event::Actor actor = event::Actor::SYSTEM;
    AccountId actorId;
    CredentialId credential;
    SessionId session;
};

using UidRanges = std::vector<std::pair<Uid, Uid>>;  // first and last included, ascending

struct TlsFacts {
    std::uint16_t version = 0;
    std::uint16_t cipher = 0;
};

// A message's octets in the content log, with its summary: written ahead of the event.
struct StoredBlob {
    ContentRef content;  // blob and summary
    std::uint64_t octets = 0;
    std::string summary;  // summary::Summary, canonical
    std::string messageId;
    std::string subject;
    Hash256 contentHash{};  // SHA-256 of the blob, for the annex
};

// --- Arrival ---------------------------------------------------------------------------------

struct DeliveryTarget {
    AccountId account;
    AddressId address;
    std::string mailboxName;  // empty: INBOX
    std::string forwardPath;  // as the client gave it
    std::string prefix;       // Return-Path and Delivered-To for this recipient
    EmailId emailId;
};

// One message for one or more local recipients: Received, and for each Accepted and Stored, in one
// commit. A recipient that cannot be served any more (deleted, disabled) is refused by itself.
struct Deliver {
    struct Answer {
        Seq received;
        std::vector<Outcome<Uid>> targets;  // parallel to Deliver::targets
    };

    Origin origin;
    event::Protocol protocol = event::Protocol::SMTP;
    MessageId message;
    StoredBlob blob;
    std::string reversePath;
    std::string helo;
    std::string ip;
    std::uint16_t port = 0;
    bool eightBit = false;
    bool smtpUtf8 = false;
    TlsFacts tls;
    std::vector<DeliveryTarget> targets;
};

// A peer was told no; `count` of the same within `windowNs`. Nobody waits for it.
struct RecordRejection {
    using Answer = Done;
    Origin origin;
    event::Protocol protocol = event::Protocol::SMTP;
    event::Stage stage = event::Stage::RCPT;
    std::uint16_t smtpCode = 0;
    std::uint32_t enhancedCode = 0;
    bool temporary = false;
    std::uint32_t count = 1;
    std::int64_t windowNs = 0;
    std::string reversePath;
    std::string forwardPath;
    std::string helo;
    std::string ip;
    std::string text;
};

// --- Messages --------------------------------------------------------------------------------

// A set of flags as a client writes it.
struct FlagSet {
    std::uint16_t system = 0;  // bits of projections/messages.h
    std::vector<std::string> keywords;
};

// IMAP APPEND and imports: Received (protocol imap) and Stored.
struct Append {
    struct Answer {
        UidValidity uidValidity;
        Uid uid;
    };

    Origin origin;
    event::Protocol protocol = event::Protocol::IMAP;
    event::Via via = event::Via::APPEND;
    AccountId account;
    MailboxId mailbox;
    MessageId message;
    EmailId emailId;
    StoredBlob blob;
    FlagSet flags;
    std::optional<TimeNs> internalDateNs;  // none: now
    std::int16_t zoneMinutes = 0;
};

enum class FlagEdit { Replace, Add, Remove };

// STORE. Flags that do not change produce no event.
struct StoreFlags {
    struct Answer {
        std::vector<Uid> changed;   // whose flags really changed, ascending
        std::vector<Uid> modified;  // passed over: changed after `unchangedSince`
        ModSeq highest;             // of the mailbox, afterwards
    };

    Origin origin;
    AccountId account;
    MailboxId mailbox;
    UidRanges uids;
    FlagEdit edit = FlagEdit::Add;
    FlagSet flags;
    std::optional<ModSeq> unchangedSince;
};

// COPY and MOVE within an account. MOVE leaves tombstones in the source.
struct CopyMessages {
    struct Answer {
        UidValidity targetUidValidity;
        std::vector<std::pair<Uid, Uid>> uids;  // source, target; ascending
    };

    Origin origin;
    AccountId account;
    MailboxId from;
    MailboxId to;
    UidRanges uids;
    bool move = false;
};

struct Expunge {
    struct Answer {
        std::vector<Uid> uids;
    };

    Origin origin;
    AccountId account;
    MailboxId mailbox;
    std::optional<UidRanges> uids;  // none: all
    bool onlyDeleted = true;        // those with \Deleted alone
    event::ExpungeReason reason = event::ExpungeReason::CLIENT;
};

// --- Access ----------------------------------------------------------------------------------

// Waited for before the first octet of a body leaves (DESIGN 3.4).
struct OpenAccess {
    struct Answer {
        Seq opened;
        std::vector<Uid> changed;  // of markSeen
    };

    Origin origin;
    event::Protocol protocol = event::Protocol::IMAP;
    event::AccessClass accessClass = event::AccessClass::BIND;
    AccountId account;
    MailboxId mailbox;
    Seq opened;          // the window is open already: no other is opened
    UidRanges markSeen;  // \Seen for these, in the same commit
};

struct ReadPart {
    UidRanges uids;
    std::uint16_t parts = 0;  // bits of event.capnp, FetchedItem.parts
    std::vector<std::string> sections;
    std::uint64_t octets = 0;
    bool peek = false;
    bool partial = false;
};

struct RecordFetched {
    using Answer = Done;
    Origin origin;
    AccountId account;
    MailboxId mailbox;
    // None: nothing was waited for (envelopes and structure alone); an AccessOpened is written with
    // it.
    Seq opened;
    event::Protocol protocol = event::Protocol::IMAP;
    TimeNs firstNs = 0;
    TimeNs lastNs = 0;
    std::uint32_t operations = 0;
    bool last = false;
    std::vector<ReadPart> items;
};

struct ClaimRecent {
    using Answer = Done;
    Origin origin;
    AccountId account;
    MailboxId mailbox;
    Uid uidNext;
};

// --- Mailboxes -------------------------------------------------------------------------------

// Names are UTF-8. Missing parents are created too.
struct CreateMailbox {
    struct Answer {
        MailboxId mailbox;
        UidValidity uidValidity;
    };

    Origin origin;
    AccountId account;
    std::string name;
    event::SpecialUse specialUse = event::SpecialUse::NONE;
    std::vector<MailboxId> newIds;  // drawn: one for each level of the name
};

struct DeleteMailbox {
    using Answer = Done;
    Origin origin;
    AccountId account;
    std::string name;
};

// INBOX: its messages move to the new mailbox (RFC 9051 §6.3.6). Children go with their parent.
struct RenameMailbox {
    using Answer = Done;
    Origin origin;
    AccountId account;
    std::string from;
    std::string to;
    std::vector<MailboxId> newIds;  // for parents, and for INBOX the target itself
};

struct Subscribe {
    using Answer = Done;
    Origin origin;
    AccountId account;
    std::string name;
    bool on = true;
    std::uint64_t newId = 0;
};

// --- Accounts --------------------------------------------------------------------------------

struct AddDomain {
    using Answer = Done;
    Origin origin;
    std::string name;  // lower case, A-labels
    DomainId newId;
};

struct RemoveDomain {
    using Answer = Done;
    Origin origin;
    std::string name;
};

// With its primary address, INBOX and the default folders (Drafts, Sent, Junk, Trash, Archive).
struct AddAccount {
    struct Answer {
        AccountId account;
    };

    Origin origin;
    std::string login;  // normalized address in a domain of ours
    std::string displayName;
    AccountId newId;
    AddressId newAddress;
    CredentialId credential;              // already in the secrets store; none: cannot log in yet
    std::vector<MailboxId> newMailboxes;  // six
    std::vector<std::uint64_t> newSubscriptions;  // six
};

struct SetAccountState {
    using Answer = Done;
    Origin origin;
    AccountId account;
    event::AccountState state = event::AccountState::ACTIVE;
};

struct RemoveAccount {
    using Answer = Done;
    Origin origin;
    AccountId account;
};

struct AddAddress {
    using Answer = Done;
    Origin origin;
    AccountId account;
    std::string address;  // normalized
    AddressId newId;
};

struct RemoveAddress {
    using Answer = Done;
    Origin origin;
    AccountId account;
    std::string address;
};

// The account's password is from now on the secret `credential`; those before are revoked.
struct SetPassword {
    struct Answer {
        std::vector<CredentialId> revoked;  // to be deleted from the secrets store
    };

    Origin origin;
    AccountId account;
    CredentialId credential;
};

// --- Sessions and system ---------------------------------------------------------------------

struct RecordSessionOpened {
    using Answer = Done;
    Origin origin;
    event::Protocol protocol = event::Protocol::NONE;
    std::uint16_t localPort = 0;
    TlsFacts tls;
    std::string ip;
    std::uint16_t peerPort = 0;
    std::string client;  // IMAP ID and the like
    AccountId account;   // whose annex it is
};

struct RecordAuthSucceeded {
    using Answer = Done;
    Origin origin;
    AccountId account;
    event::Mechanism mechanism = event::Mechanism::NONE;
};

struct RecordAuthFailed {
    using Answer = Done;
    Origin origin;
    AccountId account;  // none: no such account, and the name is not kept
    event::Protocol protocol = event::Protocol::NONE;
    event::Mechanism mechanism = event::Mechanism::NONE;
    std::uint32_t count = 1;
    std::int64_t windowNs = 0;
    std::string ip;
    std::string login;
};

struct RecordSessionClosed {
    using Answer = Done;
    Origin origin;
    AccountId account;
    event::CloseReason reason = event::CloseReason::QUIT;
    std::uint32_t commands = 0;
    std::uint64_t octetsIn = 0;
    std::uint64_t octetsOut = 0;
};

// With an AccessWindowLost for every window of access that was left open. See
// Scribe::describeStart().
struct RecordServerStarted {
    using Answer = Done;
    Origin origin;
    bool clean = true;
    Seq headAtStop;
    std::uint64_t epoch = 0;
};

struct RecordServerStopped {
    using Answer = Done;
    Origin origin;
};

// The scribe's own: the first event of a journal, and what it notices of the machine.
struct RecordGenesis {
    using Answer = Done;
    std::uint64_t journalId = 0;
    std::uint32_t format = 0;
};

struct RecordDiskPressure {
    using Answer = Done;
    std::uint16_t level = 0;
};

struct RecordClockStepped {
    using Answer = Done;
    std::int64_t deltaNs = 0;
};

// Changes nothing: answered when the views show everything that was acknowledged before.
struct SeeViews {
    using Answer = Done;
};

struct RecordJournalRead {
    using Answer = Done;
    Origin origin;
    Seq from;
    Seq to;
    std::string query;
    std::string user;
};

struct RebuiltView {
    std::uint32_t version = 0;
    Hash256 digest{};
};

struct RecordViewsRebuilt {
    using Answer = Done;
    Origin origin;
    Seq to;
    std::vector<RebuiltView> views;
    std::uint64_t milliseconds = 0;
};

struct RecordVerifyRun {
    using Answer = Done;
    Origin origin;
    Seq from;
    Seq to;
    std::uint16_t result = 0;
};

}  // namespace daybook
