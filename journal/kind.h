// kind.h
//
// The stable numbers of the event kinds: given once, never reused (JOURNAL 1.5). `name` is what
// the tool prints and what `journal log --kind` takes. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace daybook {

enum class Kind : std::uint16_t {
    Received = 100,
    Accepted = 101,
    Rejected = 102,
    Stored = 110,
    Copied = 111,
    Moved = 112,
    FlagsChanged = 113,
    Expunged = 114,
    KeywordDefined = 122,
    RecentClaimed = 123,
    AccessOpened = 130,
    Fetched = 131,
    AccessWindowLost = 134,
    JournalRead = 135,
    Queued = 140,
    AttemptStarted = 141,
    Relayed = 142,
    Deferred = 143,
    Bounced = 144,
    Expired = 145,
    AttemptOutcomeUnknown = 146,
    DsnIssued = 147,
    DsnReceived = 148,
    MdnReceived = 149,
    FeedbackReceived = 150,
    QueueAction = 151,
    DestinationDefined = 154,
    SuppressionChanged = 155,
    TlsReportIssued = 156,
    MailboxCreated = 160,
    MailboxRenamed = 161,
    MailboxDeleted = 162,
    SubscriptionChanged = 163,
    AclChanged = 164,
    QuotaSet = 166,
    QuotaExceeded = 167,
    MailboxMetadataSet = 168,
    SpecialUseChanged = 169,
    AccountCreated = 180,
    AccountStateChanged = 181,
    AccountDeleted = 182,
    AddressChanged = 183,
    CredentialSet = 184,
    CredentialRevoked = 185,
    DelegationChanged = 186,
    DomainChanged = 190,
    DkimKeyRotated = 191,
    SessionOpened = 200,
    AuthSucceeded = 201,
    AuthFailed = 202,
    SessionClosed = 203,
    Genesis = 220,
    ViewsRebuilt = 225,
    ServerStarted = 229,
    ServerStopped = 230,
    ClockStepped = 231,
    VerifyRun = 232,
    DiskPressure = 233,
};

// Core.flags
inline constexpr std::uint16_t kFlagIgnorable = 1;
inline constexpr std::uint16_t kFlagImported = 2;
inline constexpr std::uint16_t kFlagRepaired = 4;

// "Received", "MailboxCreated", ...; "kind 999" never: unknown numbers give nothing.
std::optional<std::string_view> nameOf(Kind kind);
// Exact, but any case.
std::optional<Kind> kindNamed(std::string_view name);

}  // namespace daybook
