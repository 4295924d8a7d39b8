#include "engine/delivery/report_claim.h"

#include <array>
#include <utility>

#include "engine/delivery/report_parser.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

template <class Value>
using Named = std::pair<std::string_view, Value>;

template <class Value, std::size_t Count>
Value named(const std::array<Named<Value>, Count>& table, std::string_view word, Value otherwise) {
    for (const auto& [name, value] : table) {
        if (name == word) return value;
    }
    return otherwise;
}

// RFC 8098 §3.2.6.2.
constexpr std::array kDispositions{
    Named<event::Disposed>{"displayed", event::Disposed::DISPLAYED},
    Named<event::Disposed>{"deleted", event::Disposed::DELETED},
    Named<event::Disposed>{"dispatched", event::Disposed::DISPATCHED},
    Named<event::Disposed>{"processed", event::Disposed::PROCESSED},
    Named<event::Disposed>{"denied", event::Disposed::DENIED},
    Named<event::Disposed>{"failed", event::Disposed::FAILED},
};

// RFC 5965 §7.3 and RFC 6650.
constexpr std::array kFeedback{
    Named<event::FeedbackType>{"abuse", event::FeedbackType::ABUSE},
    Named<event::FeedbackType>{"fraud", event::FeedbackType::FRAUD},
    Named<event::FeedbackType>{"virus", event::FeedbackType::VIRUS},
    Named<event::FeedbackType>{"not-spam", event::FeedbackType::NOT_SPAM},
    Named<event::FeedbackType>{"opt-out", event::FeedbackType::OPT_OUT},
};

ReportClaim::What whatOf(ReportKind kind) {
    switch (kind) {
        case ReportKind::DeliveryStatus: return ReportClaim::What::Dsn;
        case ReportKind::Disposition: return ReportClaim::What::Mdn;
        case ReportKind::Feedback: return ReportClaim::What::Feedback;
    }
    return ReportClaim::What::Dsn;
}

}  // namespace

std::optional<ReportClaim> claimOf(std::string_view message) {
    const std::optional<IncomingReport> report = parseReport(message);
    if (!report) return std::nullopt;
    ReportClaim claim{
        .what = whatOf(report->kind),
        .envelopeId = report->originalEnvelopeId,
        .messageId = report->messageId,
        .reportingMta = report->reporter,
        .reader = {},
        .recipients = {},
        .disposition =
            named(kDispositions, std::string_view(report->disposition), event::Disposed::PROCESSED),
        .automatic = report->dispositionMode.starts_with("automatic-action"),
        .feedback =
            named(kFeedback, std::string_view(report->feedbackType), event::FeedbackType::OTHER),
    };
    if (claim.envelopeId.empty() && report->journalId) {
        claim.envelopeId = idText(report->journalId.number());
    }
    if (report->kind == ReportKind::Disposition && !report->recipients.empty()) {
        claim.reader = report->recipients.front().finalRecipient;
    }
    for (const ReportedRecipient& recipient : report->recipients) {
        claim.recipients.push_back({
            .address = recipient.originalRecipient.empty() ? recipient.finalRecipient
                                                           : recipient.originalRecipient,
            .action = recipient.action.value_or(event::DsnAction::FAILED),
            .enhancedCode = recipient.enhancedCode,
            .diagnostic = recipient.diagnostic,
        });
    }
    return claim;
}

}  // namespace daybook
