#include "journal/kind.h"

#include <array>
#include <utility>

#include "journal/base/ascii.h"

namespace daybook {

namespace {

constexpr std::array kNames{
    std::pair{Kind::Received, std::string_view("Received")},
    std::pair{Kind::Accepted, std::string_view("Accepted")},
    std::pair{Kind::Rejected, std::string_view("Rejected")},
    std::pair{Kind::Stored, std::string_view("Stored")},
    std::pair{Kind::Copied, std::string_view("Copied")},
    std::pair{Kind::Moved, std::string_view("Moved")},
    std::pair{Kind::FlagsChanged, std::string_view("FlagsChanged")},
    std::pair{Kind::Expunged, std::string_view("Expunged")},
    std::pair{Kind::KeywordDefined, std::string_view("KeywordDefined")},
    std::pair{Kind::RecentClaimed, std::string_view("RecentClaimed")},
    std::pair{Kind::AccessOpened, std::string_view("AccessOpened")},
    std::pair{Kind::Fetched, std::string_view("Fetched")},
    std::pair{Kind::AccessWindowLost, std::string_view("AccessWindowLost")},
    std::pair{Kind::JournalRead, std::string_view("JournalRead")},
    std::pair{Kind::Queued, std::string_view("Queued")},
    std::pair{Kind::AttemptStarted, std::string_view("AttemptStarted")},
    std::pair{Kind::Relayed, std::string_view("Relayed")},
    std::pair{Kind::Deferred, std::string_view("Deferred")},
    std::pair{Kind::Bounced, std::string_view("Bounced")},
    std::pair{Kind::Expired, std::string_view("Expired")},
    std::pair{Kind::AttemptOutcomeUnknown, std::string_view("AttemptOutcomeUnknown")},
    std::pair{Kind::DsnIssued, std::string_view("DsnIssued")},
    std::pair{Kind::DsnReceived, std::string_view("DsnReceived")},
    std::pair{Kind::MdnReceived, std::string_view("MdnReceived")},
    std::pair{Kind::FeedbackReceived, std::string_view("FeedbackReceived")},
    std::pair{Kind::QueueAction, std::string_view("QueueAction")},
    std::pair{Kind::DestinationDefined, std::string_view("DestinationDefined")},
    std::pair{Kind::SuppressionChanged, std::string_view("SuppressionChanged")},
    std::pair{Kind::TlsReportIssued, std::string_view("TlsReportIssued")},
    std::pair{Kind::MailboxCreated, std::string_view("MailboxCreated")},
    std::pair{Kind::MailboxRenamed, std::string_view("MailboxRenamed")},
    std::pair{Kind::MailboxDeleted, std::string_view("MailboxDeleted")},
    std::pair{Kind::SubscriptionChanged, std::string_view("SubscriptionChanged")},
    std::pair{Kind::AclChanged, std::string_view("AclChanged")},
    std::pair{Kind::QuotaSet, std::string_view("QuotaSet")},
    std::pair{Kind::QuotaExceeded, std::string_view("QuotaExceeded")},
    std::pair{Kind::MailboxMetadataSet, std::string_view("MailboxMetadataSet")},
    std::pair{Kind::SpecialUseChanged, std::string_view("SpecialUseChanged")},
    std::pair{Kind::AccountCreated, std::string_view("AccountCreated")},
    std::pair{Kind::AccountStateChanged, std::string_view("AccountStateChanged")},
    std::pair{Kind::AccountDeleted, std::string_view("AccountDeleted")},
    std::pair{Kind::AddressChanged, std::string_view("AddressChanged")},
    std::pair{Kind::CredentialSet, std::string_view("CredentialSet")},
    std::pair{Kind::CredentialRevoked, std::string_view("CredentialRevoked")},
    std::pair{Kind::DelegationChanged, std::string_view("DelegationChanged")},
    std::pair{Kind::DomainChanged, std::string_view("DomainChanged")},
    std::pair{Kind::DkimKeyRotated, std::string_view("DkimKeyRotated")},
    std::pair{Kind::SessionOpened, std::string_view("SessionOpened")},
    std::pair{Kind::AuthSucceeded, std::string_view("AuthSucceeded")},
    std::pair{Kind::AuthFailed, std::string_view("AuthFailed")},
    std::pair{Kind::SessionClosed, std::string_view("SessionClosed")},
    std::pair{Kind::Genesis, std::string_view("Genesis")},
    std::pair{Kind::ViewsRebuilt, std::string_view("ViewsRebuilt")},
    std::pair{Kind::ServerStarted, std::string_view("ServerStarted")},
    std::pair{Kind::ServerStopped, std::string_view("ServerStopped")},
    std::pair{Kind::ClockStepped, std::string_view("ClockStepped")},
    std::pair{Kind::VerifyRun, std::string_view("VerifyRun")},
    std::pair{Kind::DiskPressure, std::string_view("DiskPressure")},
};

}  // namespace

std::optional<std::string_view> nameOf(Kind kind) {
    for (const auto& [known, name] : kNames) {
        if (known == kind) return name;
    }
    return std::nullopt;
}

std::optional<Kind> kindNamed(std::string_view name) {
    for (const auto& [kind, known] : kNames) {
        if (equalsIgnoreCase(known, name)) return kind;
    }
    return std::nullopt;
}

}  // namespace daybook
