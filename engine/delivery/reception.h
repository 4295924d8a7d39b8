// reception.h
//
// What happens to a message between its last octet and the answer: trace field, summary, content
// log, the scribe. Used by SMTP, LMTP, submission (receive) and by IMAP APPEND (append). Large
// messages, and those to be signed, are summarized and written by the workers. Recipients at other
// servers are queued in the same commit. Mail for a plus address goes to the mailbox that is named
// exactly as its detail, if the account has it, else to INBOX. Thread: any reactor.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/authentication/signer.h"
#include "engine/delivery/spool.h"
#include "engine/directory/directory.h"
#include "engine/mime/header_fields.h"
#include "engine/runtime/task.h"
#include "engine/runtime/worker_pool.h"
#include "engine/scribe/scribe.h"
#include "engine/scribe/session_record.h"

namespace daybook {

// One envelope recipient that RCPT accepted: with everybody here whom it leads to, or at another
// server.
struct AcceptedRecipient {
    std::string forwardPath;  // as the client gave it
    std::vector<Recipient> recipients;
    std::string remoteDomain{};  // not empty: the domain that it is to be sent to
    RecipientOptions options{};  // of RCPT
};

// An envelope and what the session knows, when the message is complete.
struct Arrival {
    event::Protocol protocol = event::Protocol::SMTP;
    std::string reversePath;  // empty: null
    std::vector<AcceptedRecipient> recipients;
    EnvelopeOptions envelope{};  // of MAIL
    mime::TraceInfo trace;       // message and time are set by reception
    bool eightBit = false;
    bool smtpUtf8 = false;
    TlsFacts tls;
    // Submission: add Date and Message-ID where they are missing (RFC 6409 §8), and sign.
    bool completeHeader = false;
    event::QueueClass queueClass = event::QueueClass::SUBMISSION;
};

struct Receipt {
    MessageId message;
    // Parallel to Arrival::recipients, for LMTP: stored for at least one account or queued, or why
    // not.
    std::vector<Outcome<Done>> recipients;
};

// There is no room for it, or the server stops: the same may be done later.
bool isForLater(const Refusal& refusal);

class Reception {
public:
    struct Parts {
        Scribe& scribe;
        ContentLog& content;
        WorkerPool& workers;
        Random& random;
        const Clock& clock;
        const Directory& directory;
        std::string hostname;
        // How long mail for other servers is tried; 0: as long as a test's clock stands still.
        std::chrono::seconds lifetime{};
        // Addresses that bounced hard are not taken again for so long; 0: they are.
        std::chrono::seconds suppression{};
        // For submissions; nullptr: nothing is signed.
        const Signer* signer = nullptr;
    };

    explicit Reception(Parts parts) : parts_(std::move(parts)) {}

    // Durable for every recipient that is not refused, when it returns. Refusals: MailLoop,
    // DiskFull, StorageFailed, ShuttingDown, or the recipients' own when all are refused.
    // `message`: as it came, without trace fields; it lives until the task is done.
    Task<Outcome<Receipt>> receive(SessionRecord& session, Arrival arrival, Spool& message);

    // Where one message of an APPEND lies in the spool, and what is said of it.
    struct AppendPiece {
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
        FlagSet flags{};
        std::optional<TimeNs> internalDateNs{};
        std::int16_t zoneMinutes = 0;
        // NULs came as literal8 (RFC 3516 §4.4): parts that hold them are encoded.
        bool hasNul = false;
    };

    struct Appending {
        AccountId account;
        MailboxId mailbox;
        std::vector<AppendPiece> pieces{};
        std::optional<ReplacedMessage> replaces{};
    };

    struct Appended {
        std::vector<MessageId> messages;
        UidValidity uidValidity;
        Uid uid;  // of the first; the others follow it
    };

    // IMAP APPEND and REPLACE: the octets are stored as they are, all messages or none. Refusals:
    // those of Append, UnknownEncoding, DiskFull, StorageFailed, ShuttingDown.
    Task<Outcome<Appended>> append(SessionRecord& session, Appending appending, Spool& spool);

    // A message that the server itself sends, with a null reverse-path, to one address here or
    // elsewhere: its octets are written, and the command that delivers it is returned, to be
    // submitted alone or as a part of another. Refusals: as receive(), and NoSuchAddress.
    Task<Outcome<Deliver>> prepareOwn(
        MessageId id, std::string octets, std::string recipient, bool smtpUtf8);

    // Takes back what no event names, after `refusal` was the answer.
    void discard(const StoredBlob& blob, const Refusal& refusal) const;

private:
    // What is put before a message's octets when it is stored, and what is read in them.
    struct Head {
        std::string trace;
        bool claim = false;  // somebody here receives it: is it a report?
        bool countReceived = false;
        bool complete = false;  // Date and Message-ID where they are missing
        bool sign = false;
        AccountId sender;
        std::string reversePath;
        MessageId message;
        TimeNs timeNs = 0;
    };

    struct Written {
        StoredBlob blob;
        bool headerUtf8 = false;
        std::optional<ReportClaim> claim;
    };

    Outcome<std::vector<StoredBlob>> writePieces(
        const std::vector<AppendPiece>& pieces, Spool& spool) const;
    Outcome<StoredBlob> writePiece(const AppendPiece& piece, std::string_view octets) const;
    Task<Outcome<Written>> write(Head head, Spool& message);
    Outcome<Written> writeNow(const Head& head, Spool& message) const;
    Outcome<StoredBlob> storeOwn(std::string_view octets) const;
    StoredBlob keep(std::string_view octets) const;
    std::string missingFields(const Head& head, std::string_view header) const;
    void relayTerms(Deliver& command) const;
    std::string signature(
        const Head& head, std::string_view added, std::string_view header, Spool& message) const;

    Parts parts_;
};

}  // namespace daybook
