// report_parser.h
//
// Reads the reports that other servers send about our mail: delivery status notifications (RFC
// 3464), disposition notifications (RFC 8098), feedback (RFC 5965), each in RFC 6522's
// multipart/report and with RFC 6533's types. The standard form only: what is not a report of it is
// none. Anybody can send one: what it says is a claim, and whoever acts on it has to find the
// message first. Never throws for what a message has; texts come out safe (one line of UTF-8, no
// controls) and short. Linear time. Pure; any thread. Call mime::initialize() once before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/delivery/dsn.h"
#include "journal/base/clock.h"
#include "journal/base/ids.h"

namespace daybook {

enum class ReportKind : std::uint8_t { DeliveryStatus, Disposition, Feedback };

// Empty: not said.
struct ReportedRecipient {
    std::string originalRecipient;  // decoded, without its type
    std::string finalRecipient;     // the same
    std::optional<event::DsnAction> action;
    std::uint32_t enhancedCode = 0;  // as RemoteReply's; 0: not said
    std::string remoteMta;
    std::string diagnosticType;  // lower case: "smtp"
    std::string diagnostic;
};

// Empty: not said.
struct IncomingReport {
    ReportKind kind = ReportKind::DeliveryStatus;
    std::string reporter;            // Reporting-MTA, or -UA, without its type
    std::string originalEnvelopeId;  // ENVID
    // Our own report's field, X-Daybook-Message.
    MessageId journalId;
    std::optional<TimeNs> arrivalNs;

    // DSN: as the report has them. MDN: one. Feedback: Original-Rcpt-To.
    std::vector<ReportedRecipient> recipients;

    // Of the message that it speaks of: with angle brackets; what the report says, or else what the
    // returned header says.
    std::string messageId;
    // The header of the returned message, raw, up to 64 KiB; signature fields left out.
    std::string returnedHeader;

    std::string disposition;      // MDN, lower case: "displayed", "deleted" ...
    std::string dispositionMode;  // "manual-action/mdn-sent-manually"
    std::string feedbackType;     // lower case: "abuse", "not-spam" ...
    std::string originalMailFrom;
    std::string sourceIp;
    std::string reportedDomain;
};

// Nothing: it is no such report.
std::optional<IncomingReport> parseReport(std::string_view message);

}  // namespace daybook
