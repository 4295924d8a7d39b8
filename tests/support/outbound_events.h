// outbound_events.h
//
// The drafts of what happens to mail for other servers, for tests of folds and of what reads views:
// beside events.h, which makes the others. What they leave out is set through draft.core(). One
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "journal/draft.h"

namespace daybook::test {

using Numbers = std::vector<std::uint32_t>;

// What the other server is and says: annex.remote.
struct RemoteSaid {
    std::string host = "mx.elsewhere.test";
    std::string ip = "192.0.2.25";
    std::string text = "250 2.0.0 Ok";
};

struct SentMessage {
    std::uint64_t account = 1;
    std::uint64_t message = 70;
    std::uint32_t relays = 1;
    std::uint32_t reports = 0;
    std::string reversePath = "alice@example.org";
    std::string messageId = "<one@example.org>";
    std::string envelopeId;
};

// Received over submission.
Draft sent(const SentMessage& message);

struct QueuedRecipient {
    std::uint64_t account = 1;
    std::uint64_t message = 70;
    std::uint32_t recipient = 1;
    std::uint64_t destination = 9;
    std::string forwardPath = "bob@elsewhere.test";
    std::string original;
    std::int64_t dueNs = 1'000;
    std::int64_t expiresNs = 9'000;
    event::QueueClass queueClass = event::QueueClass::SUBMISSION;
};

Draft queued(const QueuedRecipient& recipient);
// For an account of ours, with a report due.
Draft acceptedWithReport(
    std::uint64_t account,
    std::uint64_t message,
    std::uint32_t recipient,
    std::string_view forwardPath);

// What an outcome shares; `message` stands in the header.
struct SendingOutcome {
    std::uint64_t message = 70;
    std::uint64_t attempt = 0;
    Numbers recipients = {1};
    std::uint16_t code = 250;
    std::uint32_t enhancedCode = 0;
    event::OutcomeReason reason = event::OutcomeReason::REFUSED;
    std::int64_t nextNs = 0;
    std::uint16_t tlsVersion = 0;
    event::TlsPolicy policy = event::TlsPolicy::NONE;
    bool verified = false;
    event::TlsFault fault = event::TlsFault::NONE;
    Numbers reports;
    bool dsn = false;
    RemoteSaid said;
};

Draft attemptStarted(const SendingOutcome& outcome);
Draft relayed(const SendingOutcome& outcome);
Draft deferred(const SendingOutcome& outcome);
Draft bounced(const SendingOutcome& outcome);
Draft expired(const SendingOutcome& outcome);
// Without `remote` as after a restart.
enum class RemoteKnown : bool { No, Yes };
Draft outcomeUnknown(const SendingOutcome& outcome, RemoteKnown remote);

Draft queueAction(
    std::uint64_t message,
    event::QueueOperation op,
    const Numbers& recipients,
    std::int64_t dueNs = 0,
    const Numbers& reports = {});
Draft dsnIssued(
    std::uint64_t message,
    event::DsnAction action,
    const Numbers& recipients,
    std::uint64_t report);
Draft dsnReceived(
    std::uint64_t message,
    event::DsnAction action,
    const Numbers& recipients,
    const RemoteSaid& said);
Draft destinationDefined(std::uint64_t destination, std::string_view domain);
Draft suppressionChanged(
    std::uint64_t account, std::uint64_t suppression, bool on, std::string_view address = {});
Draft tlsReportIssued(std::uint64_t destination, std::uint32_t day);

}  // namespace daybook::test
