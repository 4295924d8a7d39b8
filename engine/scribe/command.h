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
#include "projections/quotas.h"

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
    // What links it to a thread (summary.capnp); empty: nothing does.
    std::vector<std::uint64_t> threadKeys{};
    std::uint64_t subjectKey = 0;
    Hash256 contentHash{};  // SHA-256 of the blob, for the annex
};

// --- Arrival ---------------------------------------------------------------------------------

// What MAIL said beside the reverse path and the size.
struct EnvelopeOptions {
    std::string envelopeId;  // ENVID, decoded (RFC 3461 §4.4); empty: none
    event::DsnReturn ret = event::DsnReturn::UNSAID;
    bool binary = false;                                  // BODY=BINARYMIME
    bool requireTls = false;                              // RFC 8689
    std::optional<std::int8_t> priority;                  // RFC 6710
    event::DeliverBy deliverBy = event::DeliverBy::NONE;  // RFC 2852
    bool deliverByTrace = false;
    TimeNs deliverByNs = 0;  // the deadline
    TimeNs holdUntilNs = 0;  // RFC 4865; 0: at once
};

// Bits of NOTIFY (RFC 3461 §4.1) as event.capnp has them, Accepted.notify; none: it was not said.
inline constexpr std::uint16_t kNotifyNever = 1;
inline constexpr std::uint16_t kNotifySuccess = 2;
inline constexpr std::uint16_t kNotifyFailure = 4;
inline constexpr std::uint16_t kNotifyDelay = 8;

// What RCPT said beside the forward path (RFC 3461 §4.1, §4.2).
struct RecipientOptions {
    std::uint16_t notify = 0;  // kNotify... bits
    std::string original;      // ORCPT as it came: "rfc822;alice+2Bx@example.org"; empty: none
};

struct DeliveryTarget {
    AccountId account;
    AddressId address;
    std::string mailboxName;  // empty: INBOX
    std::string forwardPath;  // as the client gave it
    std::string prefix;       // Return-Path and Delivered-To for this recipient
    EmailId emailId;
    RecipientOptions options;
};

// A recipient at another server.
struct RelayTarget {
    std::string forwardPath;
    std::string domain;  // lower case, A-labels, or "[192.0.2.1]"
    RecipientOptions options;
    DestinationId newDestination;  // drawn: the domain's, if it has none yet
};

// An incoming report (DSN, MDN, feedback) as its recipient's mail: what it says of a message of
// ours. Which one that is, the scribe finds.
struct ReportClaim {
    enum class What : std::uint8_t { Dsn, Mdn, Feedback };

    struct Recipient {
        std::string address;  // original or final recipient, without its type
        event::DsnAction action = event::DsnAction::FAILED;
        std::uint32_t enhancedCode = 0;
        std::string diagnostic;
    };

    What what = What::Dsn;
    std::string envelopeId;  // original; empty: none
    std::string messageId;   // of the returned message, in angle brackets; empty: none
    std::string reportingMta;
    std::string reader;  // of an MDN: its final recipient
    std::vector<Recipient> recipients;
    event::Disposed disposition = event::Disposed::DISPLAYED;
    bool automatic = false;
    event::FeedbackType feedback = event::FeedbackType::OTHER;
};

// One message for one or more recipients, in one commit: Received, and for each local one Accepted
// and Stored, for each other one Accepted and Queued. A recipient that cannot be served any more
// (deleted, disabled, suppressed) is refused by itself.
struct Deliver {
    struct Answer {
        Seq received;
        std::vector<Outcome<Uid>> targets;  // parallel to Deliver::targets
        std::vector<Outcome<Done>> relays;  // parallel to Deliver::relays
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
    bool headerUtf8 = false;  // header fields have octets above 127
    TlsFacts tls;
    EnvelopeOptions envelope;
    std::vector<DeliveryTarget> targets;
    std::vector<RelayTarget> relays;
    event::QueueClass queueClass = event::QueueClass::SUBMISSION;
    TimeNs expiresNs = 0;  // of the relays
    // Addresses that bounced hard after this are not taken; 0: all are.
    TimeNs suppressedSinceNs = 0;
    std::optional<ReportClaim> report;
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

// One message of an Append.
struct AppendedMessage {
    MessageId message;
    EmailId emailId;
    StoredBlob blob;
    FlagSet flags;
    std::optional<TimeNs> internalDateNs;  // none: now
    std::int16_t zoneMinutes = 0;
};

// What REPLACE puts the appended message in the place of (RFC 8508).
struct ReplacedMessage {
    AccountId account;
    MailboxId mailbox;
    Uid uid;
};

// IMAP APPEND and imports: Received (protocol imap) and Stored for each message, all or none (RFC
// 3502); with `replaces`, Expunged in the same commit.
struct Append {
    struct Answer {
        UidValidity uidValidity;
        Uid uid;  // of the first; the others follow it
    };

    Origin origin;
    event::Protocol protocol = event::Protocol::IMAP;
    event::Via via = event::Via::APPEND;
    AccountId account;
    MailboxId mailbox;
    std::vector<AppendedMessage> messages;  // at least one
    std::optional<ReplacedMessage> replaces{};
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

// What a message of another account is made of where it goes: read before (engine/delivery/
// bringing.h), because a decision reads no journal.
struct BroughtMessage {
    Uid uid;
    Seq storedSeq;    // of the message there: another one by then is not copied
    StoredBlob blob;  // shared: named by one more event
    std::string prefix;
    EmailId newEmailId;  // drawn
};

// COPY and MOVE. MOVE leaves tombstones in the source. Into another account each message is a new
// one with the same blob (Via::COPY), and an access to the source is on record in the same commit.
// Refusals: NoSuchMailbox, NotPermitted, MailboxFull, OverQuota, TooManyKeywords.
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
    AccountId targetAccount{};              // none: the same
    std::vector<BroughtMessage> brought{};  // those of `uids`, ascending, for another account
    event::Protocol protocol = event::Protocol::IMAP;
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

// Names are UTF-8. Missing parents are created too. A special use that another mailbox has moves to
// the new one (RFC 6154 §3). The parent's grants are inherited (RFC 4314 §4). Refusals:
// SpecialUseRefused, NotPermitted ...
struct CreateMailbox {
    struct Answer {
        MailboxId mailbox;
        UidValidity uidValidity;
    };

    Origin origin;
    AccountId account;
    std::string name;
    std::uint16_t specialUses = 0;  // bits of projections/mailboxes.h
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

// What `grantee` may do in the mailbox from now on (RFC 4314 §3.1); kAnyone: everybody. The owner
// may do everything always.
struct SetAcl {
    struct Answer {
        std::uint16_t rights = 0;  // afterwards
    };

    Origin origin;
    AccountId account;
    MailboxId mailbox;
    AccountId grantee;
    FlagEdit edit = FlagEdit::Replace;
    std::uint16_t rights = 0;  // bits of projections/access_rights.h
};

// The operator alone: the account's own limits; what is not set is as the configuration says.
struct SetQuota {
    using Answer = Done;
    Origin origin;
    AccountId account;
    QuotaRow quota;
};

struct MetadataEdit {
    std::string name;                  // whole, lower case: "/shared/comment"
    std::optional<std::string> value;  // none: the entry goes
    std::uint64_t newId = 0;           // drawn
};

// All of it or nothing (RFC 5464 §4.3). Refusals: NoSuchMailbox, NotPermitted, TooManyAnnotations,
// SpecialUseRefused.
struct SetMetadata {
    struct Answer {
        // Whose special use went to this one.
        std::vector<MailboxId> lostSpecialUse;
    };

    Origin origin;
    AccountId account;
    MailboxId mailbox;  // none: /private of the account, /shared of the server
    std::vector<MetadataEdit> edits;
    std::optional<std::uint16_t> specialUses;  // bits; "/private/specialuse" of RFC 6154 §4
};

// --- Outbound --------------------------------------------------------------------------------

// Recipients of one message, by number.
struct QueuedRecipients {
    MessageId message;
    std::vector<RecipientNumber> recipients;
};

// A message is about to be offered to another server. Refused (NoSuchMessage) if none of the
// recipients waits any more; those that do are in the answer.
struct StartAttempt {
    struct Answer {
        std::vector<RecipientNumber> recipients;
    };

    Origin origin;
    AttemptId attempt;
    QueuedRecipients of;
    std::string host;
    std::string ip;
};

struct TlsFindings {
    TlsFacts tls;
    event::TlsPolicy policy = event::TlsPolicy::NONE;
    bool verified = false;
    event::TlsFault fault = event::TlsFault::NONE;
};

enum class OutcomeState : std::uint8_t { Relayed, Deferred, Bounced, Unknown };

// The outcome that some recipients of a message share.
struct AttemptResult {
    OutcomeState state = OutcomeState::Deferred;
    std::vector<RecipientNumber> recipients;
    std::uint16_t code = 0;
    std::uint32_t enhancedCode = 0;
    event::OutcomeReason reason = event::OutcomeReason::REFUSED;
    std::string text;
    // Relayed: the other server speaks DSN, and DELIVERBY.
    bool dsn = false;
    bool deliverBy = false;
    TlsFindings tls;
};

// What became of a try. Deferred ones whose time is over expire. The time of the next try is the
// caller's: it has the schedule and the dice.
struct RecordOutcome {
    using Answer = Done;
    Origin origin;
    AttemptId attempt;  // none: it did not come so far
    MessageId message;
    std::string host;
    std::string ip;
    std::vector<AttemptResult> results;
    TimeNs nextNs = 0;  // of those deferred and unknown
    // A sender is told after so long that a message is delayed; 0: never.
    TimeNs delayWarningNs = 0;
    // Drawn: the first of a row of ids, for addresses that bounced hard.
    SuppressionId newSuppressions;
};

// At a start: every attempt without an outcome becomes AttemptOutcomeUnknown, and is due.
struct RecoverAttempts {
    struct Answer {
        std::uint64_t attempts = 0;
    };

    Origin origin;
};

// What the operator does to waiting recipients. Refused (NoSuchMessage) if none is meant.
struct ActOnQueue {
    struct Answer {
        std::uint64_t recipients = 0;
    };

    Origin origin;
    event::QueueOperation op = event::QueueOperation::RETRY;
    QueuedRecipients of;  // no recipients: all that wait
};

// A report to the sender of `of.message` was made: DsnIssued for each action, and the report
// itself, delivered or queued. Without a target: the sender cannot be reached, on record.
struct IssueReport {
    using Answer = Done;

    struct Said {
        event::DsnAction action = event::DsnAction::FAILED;
        std::vector<RecipientNumber> recipients;
    };

    Origin origin;
    MessageId about;
    std::vector<Said> said;
    event::ReportSuppressed suppressed = event::ReportSuppressed::NO;
    // The report as a message of its own; none if it is suppressed.
    std::optional<Deliver> report;
};

struct Suppress {
    using Answer = Done;
    Origin origin;
    AccountId account;
    std::string address;  // normalized
    bool on = true;
    SuppressionId newId;  // drawn
    std::uint32_t enhancedCode = 0;
};

// The report of one day to one domain. The message itself, if it is one, was delivered before.
struct RecordTlsReport {
    using Answer = Done;
    Origin origin;
    DestinationId destination;
    std::uint32_t day = 0;
    MessageId report;
};

// --- Accounts --------------------------------------------------------------------------------

// A key that was made and whose private half is in the secrets store already.
struct NewDkimKey {
    CredentialId id;
    event::DkimAlgorithm algorithm = event::DkimAlgorithm::RSA_SHA256;
    std::string publicKey;  // octets; the p= tag has them in base64
};

struct AddDomain {
    using Answer = Done;
    Origin origin;
    std::string name;  // lower case, A-labels
    DomainId newId;
    std::vector<NewDkimKey> keys;  // that sign from now on
};

// Its keys are retired with it.
struct RemoveDomain {
    using Answer = Done;
    Origin origin;
    std::string name;
};

enum class DkimUse {
    Later,  // published: they wait until they are activated
    Now,    // they sign at once, and those that signed are retired
};

// New keys for a domain. Their selectors are made of the algorithm and the day.
struct RotateDkimKeys {
    using Answer = Done;
    Origin origin;
    std::string domain;
    std::vector<NewDkimKey> keys;
    DkimUse use = DkimUse::Later;
};

// The published keys sign from now on; those that signed are retired.
struct ActivateDkimKeys {
    using Answer = Done;
    Origin origin;
    std::string domain;
};

struct RetireDkimKey {
    using Answer = Done;
    Origin origin;
    std::string domain;
    std::string selector;
};

struct DefaultFolder {
    std::string name;
    event::SpecialUse use = event::SpecialUse::NONE;
};

// Drafts, Sent, Junk, Trash, Archive.
std::vector<DefaultFolder> defaultFolders();

// With its primary address, INBOX and the default folders, subscribed.
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
    std::vector<MailboxId> newMailboxes;  // one for INBOX and each folder
    std::vector<std::uint64_t> newSubscriptions;
    std::vector<DefaultFolder> folders = defaultFolders();
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

// What `delegate` may do for the account from now on; no rights: nothing.
struct SetDelegation {
    using Answer = Done;
    Origin origin;
    AccountId account;
    AccountId delegate;
    std::uint16_t rights = 0;  // bits of event.capnp, DelegationChanged.rights
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
