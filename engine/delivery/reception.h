// reception.h
//
// What happens to a message between its last octet and the answer: trace field, summary, content
// log, the scribe. Used by SMTP, LMTP, submission (receive) and by IMAP APPEND (append). Large
// messages are summarized and written by the workers. Mail for a plus address goes to the mailbox
// that is named exactly as its detail, if the account has it, else to INBOX. Thread: any reactor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/delivery/spool.h"
#include "engine/directory/directory.h"
#include "engine/mime/header_fields.h"
#include "engine/runtime/task.h"
#include "engine/runtime/worker_pool.h"
#include "engine/scribe/scribe.h"
#include "engine/scribe/session_record.h"

namespace daybook {

// One envelope recipient that RCPT accepted, with everybody it leads to.
struct AcceptedRecipient {
    std::string forwardPath;  // as the client gave it
    std::vector<Recipient> recipients;
};

// An envelope and what the session knows, when the message is complete.
struct Arrival {
    event::Protocol protocol = event::Protocol::SMTP;
    std::string reversePath;  // empty: null
    std::vector<AcceptedRecipient> recipients;
    mime::TraceInfo trace;  // message and time are set by reception
    bool eightBit = false;
    bool smtpUtf8 = false;
    TlsFacts tls;
    // Submission: add Date and Message-ID where they are missing (RFC 6409 §8).
    bool completeHeader = false;
};

struct Receipt {
    MessageId message;
    // Parallel to Arrival::recipients, for LMTP: stored for at least one account, or why not.
    std::vector<Outcome<Done>> recipients;
};

class Reception {
public:
    struct Parts {
        Scribe& scribe;
        ContentLog& content;
        WorkerPool& workers;
        Random& random;
        const Clock& clock;
        std::string hostname;
    };

    explicit Reception(Parts parts) : parts_(std::move(parts)) {}

    // Durable for every recipient that is not refused, when it returns. Refusals: MailLoop,
    // DiskFull, StorageFailed, ShuttingDown, or the recipients' own when all are refused.
    // `message`: as it came, without trace fields; it lives until the task is done.
    Task<Outcome<Receipt>> receive(SessionRecord& session, Arrival arrival, Spool& message);

    struct Appended {
        MessageId message;
        UidValidity uidValidity;
        Uid uid;
    };

    // IMAP APPEND: the octets are stored as they are.
    Task<Outcome<Appended>> append(
        SessionRecord& session,
        AccountId account,
        MailboxId mailbox,
        FlagSet flags,
        std::optional<TimeNs> internalDateNs,
        std::int16_t zoneMinutes,
        Spool& message);

private:
    // What is put before a message's octets when it is stored.
    struct Head {
        std::string trace;
        bool countReceived = false;
        bool complete = false;  // Date and Message-ID where they are missing
        MessageId message;
        TimeNs timeNs = 0;
    };

    Task<Outcome<StoredBlob>> write(Head head, Spool& message);
    Outcome<StoredBlob> writeNow(const Head& head, Spool& message) const;
    std::string missingFields(const Head& head, std::string_view header) const;
    // Takes back what no event names.
    void discard(const StoredBlob& blob, const Refusal& refusal) const;

    Parts parts_;
};

}  // namespace daybook
