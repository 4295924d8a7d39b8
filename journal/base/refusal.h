// refusal.h
//
// Every reason for which Daybook says no, one line of meaning each. A refusal is an expected answer
// of the domain and travels as a value (outcome.h). Each protocol has its words for every reason in
// protocols/common/refusal_table; a test fails when one has an empty cell. Values; any thread.
#pragma once

#include <string>

namespace daybook {

enum class RefusalReason {
    NoSuchAccount,           // nobody here by that name or id
    NoSuchDomain,            // the domain is not ours
    NoSuchAddress,           // the domain is ours, the mailbox is not
    NoSuchMailbox,           // the account has no mailbox of that name
    NoSuchMessage,           // no message with that UID or id
    NoSuchCredential,        // no credential with that id, or it is revoked
    AccountExists,           // an account of that name is there already
    DomainExists,            // the domain is there already
    AddressExists,           // the address is there already
    MailboxExists,           // a mailbox of that name is there already
    MailboxNameInvalid,      // empty, too long, reserved, or not a legal name
    MailboxIsInbox,          // INBOX cannot be deleted
    MailboxHasChildren,      // what is asked cannot be done while it has children
    AccountDisabled,         // the account may not log in or receive now
    AuthenticationFailed,    // wrong name or password; never says which
    AuthenticationTooOften,  // too many failures from there; try again later
    EncryptionRequired,      // not without TLS
    NotPermitted,            // the actor may not do this
    SenderNotOwned,          // submission: the reverse-path belongs to somebody else
    RelayDenied,             // the recipient is not local and relaying is not offered
    AddressSuppressed,       // mail to that address came back for good a short while ago
    MessageTooLarge,         // above the size limit
    UnknownEncoding,         // binary octets where no transfer encoding can carry them
    MailboxFull,             // a limit of the account is reached
    OverQuota,               // the same, and what came for it is refused for good
    TooManyRecipients,       // above the recipient limit
    TooManyKeywords,         // the account has defined as many keywords as it may
    TooManyAnnotations,      // a mailbox or the account has as many annotations as it may
    SpecialUseRefused,       // no mailbox can have that special use
    MailLoop,                // too many Received fields
    DomainInUse,             // a domain that still has addresses cannot be removed
    MaildropInUse,           // another POP3 session holds the maildrop
    ModifiedMeanwhile,       // UNCHANGEDSINCE did not hold
    Overloaded,              // a limit of the server is reached; try again
    DiskFull,                // no room; nothing was lost; try again
    ShuttingDown,            // the server is stopping
    StorageFailed,           // the disk or the journal failed; not done
    InvalidArgument,         // what was asked makes no sense; detail says what
};

struct Refusal {
    RefusalReason reason;
    // For the operator and the log, never for a remote peer.
    std::string detail;
};

// The reason's name, as in the enumeration. Lives for ever.
const char* nameOf(RefusalReason reason);

}  // namespace daybook
