#include "protocols/common/refusal_table.h"

#include <array>
#include <cstddef>
#include <fmt/format.h>

#include "journal/base/assert.h"

namespace daybook {

namespace {

using enum RefusalReason;

// In the order of the enumeration. SMTP: RFC 5321 §4.2.3, RFC 3463 §3, RFC 4954 §6. IMAP: RFC 5530
// §3, RFC 9051 §7.1, TOOBIG: RFC 4469 §4.2, OVERQUOTA: RFC 9208 §4.3.1,
// METADATA: RFC 5464 §4.3, USEATTR: RFC 6154 §3. POP3: RFC 2449 §8.1, RFC 3206 §4. A command adds
// what only it knows: TRYCREATE, MODIFIED.
constexpr std::array kTable{
    RefusalWords{NoSuchAccount, 550, "5.1.1", "NONEXISTENT", "AUTH", "No such account"},
    RefusalWords{NoSuchDomain, 550, "5.1.2", "NONEXISTENT", "", "No such domain here"},
    RefusalWords{NoSuchAddress, 550, "5.1.1", "NONEXISTENT", "", "No such user here"},
    RefusalWords{NoSuchMailbox, 550, "5.2.0", "NONEXISTENT", "SYS/PERM", "No such mailbox"},
    RefusalWords{NoSuchMessage, 550, "5.2.0", "NONEXISTENT", "", "No such message"},
    RefusalWords{NoSuchCredential, 550, "5.7.8", "NONEXISTENT", "AUTH", "No such credential"},
    RefusalWords{AccountExists, 550, "5.5.0", "ALREADYEXISTS", "", "The account exists already"},
    RefusalWords{DomainExists, 550, "5.5.0", "ALREADYEXISTS", "", "The domain exists already"},
    RefusalWords{AddressExists, 550, "5.5.0", "ALREADYEXISTS", "", "The address exists already"},
    RefusalWords{MailboxExists, 550, "5.5.0", "ALREADYEXISTS", "", "The mailbox exists already"},
    RefusalWords{MailboxNameInvalid, 553, "5.5.4", "CANNOT", "", "That is not a mailbox name"},
    RefusalWords{MailboxIsInbox, 550, "5.5.0", "CANNOT", "", "INBOX cannot be deleted"},
    RefusalWords{MailboxHasChildren, 550, "5.5.0", "HASCHILDREN", "", "The mailbox has children"},
    RefusalWords{AccountDisabled, 550, "5.2.1", "CONTACTADMIN", "AUTH", "The account is disabled"},
    RefusalWords{
        AuthenticationFailed,
        535,
        "5.7.8",
        "AUTHENTICATIONFAILED",
        "AUTH",
        "Authentication failed"},
    RefusalWords{
        AuthenticationTooOften,
        454,
        "4.7.0",
        "LIMIT",
        "SYS/TEMP",
        "Too many failed logins, try again later"},
    RefusalWords{EncryptionRequired, 538, "5.7.11", "PRIVACYREQUIRED", "AUTH", "Not without TLS"},
    RefusalWords{NotPermitted, 550, "5.7.1", "NOPERM", "SYS/PERM", "Not permitted"},
    RefusalWords{
        SenderNotOwned, 553, "5.7.1", "NOPERM", "", "The sender address belongs to somebody else"},
    RefusalWords{RelayDenied, 550, "5.7.1", "NOPERM", "", "Relaying denied"},
    RefusalWords{
        AddressSuppressed,
        550,
        "5.1.1",
        "NOPERM",
        "",
        "Mail to this address came back a short while ago; the operator can allow it again"},
    RefusalWords{MessageTooLarge, 552, "5.3.4", "TOOBIG", "", "The message is too large"},
    RefusalWords{
        UnknownEncoding,
        554,
        "5.6.1",
        "UNKNOWN-CTE",
        "",
        "Binary octets stand where no encoding can carry them"},
    RefusalWords{MailboxFull, 452, "4.2.2", "OVERQUOTA", "", "The mailbox is full"},
    RefusalWords{OverQuota, 552, "5.2.2", "OVERQUOTA", "", "The mailbox is full"},
    RefusalWords{TooManyRecipients, 452, "4.5.3", "LIMIT", "", "Too many recipients"},
    RefusalWords{TooManyKeywords, 550, "5.2.0", "LIMIT", "", "Too many keywords"},
    RefusalWords{TooManyAnnotations, 550, "5.2.0", "METADATA TOOMANY", "", "Too many annotations"},
    RefusalWords{
        SpecialUseRefused, 550, "5.2.0", "USEATTR", "", "No mailbox can have that special use"},
    RefusalWords{
        MailLoop,
        554,
        "5.4.6",
        "CANNOT",
        "",
        "The message has been through too many hosts, it may loop"},
    RefusalWords{DomainInUse, 550, "5.5.0", "INUSE", "", "The domain still has addresses"},
    RefusalWords{
        MaildropInUse, 450, "4.2.0", "INUSE", "IN-USE", "Another session has the maildrop"},
    RefusalWords{ModifiedMeanwhile, 450, "4.2.0", "INUSE", "SYS/TEMP", "It was changed meanwhile"},
    RefusalWords{
        Overloaded, 451, "4.3.2", "LIMIT", "SYS/TEMP", "The server is busy, try again later"},
    RefusalWords{
        DiskFull,
        452,
        "4.3.1",
        "UNAVAILABLE",
        "SYS/TEMP",
        "No room at the moment, try again later"},
    RefusalWords{
        ShuttingDown,
        421,
        "4.3.2",
        "UNAVAILABLE",
        "SYS/TEMP",
        "The server is stopping, try again later"},
    RefusalWords{
        StorageFailed,
        451,
        "4.3.0",
        "UNAVAILABLE",
        "SYS/TEMP",
        "A failure of the server, try again later"},
    RefusalWords{InvalidArgument, 501, "5.5.4", "CANNOT", "", "That makes no sense"},
};

constexpr bool inOrder() {
    for (std::size_t i = 0; i < kTable.size(); ++i) {
        if (static_cast<std::size_t>(kTable[i].reason) != i) return false;
    }
    return kTable.back().reason == InvalidArgument;
}

static_assert(inOrder(), "one row for each reason, in the order of refusal.h");

}  // namespace

const RefusalWords& wordsFor(RefusalReason reason) {
    const auto index = static_cast<std::size_t>(reason);
    DAYBOOK_ASSERT(index < kTable.size());
    return kTable[index];
}

std::string smtpReply(RefusalReason reason) {
    const RefusalWords& words = wordsFor(reason);
    return fmt::format("{} {} {}", words.smtpCode, words.enhancedCode, words.text);
}

std::string imapNo(RefusalReason reason) {
    const RefusalWords& words = wordsFor(reason);
    return fmt::format("[{}] {}", words.imapCode, words.text);
}

std::string pop3Err(RefusalReason reason) {
    const RefusalWords& words = wordsFor(reason);
    if (words.pop3Code.empty()) return fmt::format("-ERR {}", words.text);
    return fmt::format("-ERR [{}] {}", words.pop3Code, words.text);
}

}  // namespace daybook
