// delivery_rows.h
//
// The rows of the deliveries view and their coding: what the fold writes and the read side reads.
// For the files of this folder; readers include deliveries.h. Pure values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "journal/base/clock.h"
#include "journal/base/ids.h"
#include "journal/content_log.h"
#include "journal/schema/event.capnp.h"

namespace daybook {

// A message that still waits: for a recipient to be served, or for a report to be made.
struct OutboundRow {
    MessageId message;
    AccountId account;  // the sender's; none: it came from elsewhere
    Seq received;
    TimeNs arrivalNs = 0;
    std::uint32_t waiting = 0;  // recipients without a final state
    std::uint32_t reports = 0;  // rows of deliveryReports
    event::QueueClass queueClass = event::QueueClass::SUBMISSION;
    event::DsnReturn ret = event::DsnReturn::UNSAID;
    event::DeliverBy deliverBy = event::DeliverBy::NONE;
    bool deliverByTrace = false;
    bool eightBit = false;
    bool smtpUtf8 = false;
    bool headerUtf8 = false;
    bool binary = false;
    bool requireTls = false;
    bool nullReversePath = false;
    bool hasPriority = false;
    std::int8_t priority = 0;
    TimeNs deliverByNs = 0;
    TimeNs lastReportNs = 0;  // when a report about it was last issued; 0: never
    ContentRef content;       // blob and summary
    std::uint64_t octets = 0;
    // Empty if erased.
    std::string envelopeId;
    std::string messageId;
    std::string subject;
    std::string reversePath;
};

enum class DeliveryState : std::uint8_t {
    Waiting,     // due at nextNs
    Attempting,  // an attempt has begun
    Held,        // by the operator
    Relayed,
    Failed,  // bounced
    Expired,
    Removed,    // by the operator
    Delivered,  // to an account of ours; only where a report is due
};

constexpr bool isFinal(DeliveryState state) { return state >= DeliveryState::Relayed; }

// One recipient at another server (or one here whose sender is to be told): kept for good.
struct DeliveryRow {
    MessageId message;
    RecipientNumber recipient;
    AccountId account;
    DestinationId destination;
    DeliveryState state = DeliveryState::Waiting;
    std::uint16_t notify = 0;
    event::QueueClass queueClass = event::QueueClass::SUBMISSION;
    event::OutcomeReason reason = event::OutcomeReason::REFUSED;  // of the last Deferred, Bounced
    TimeNs queuedNs = 0;
    TimeNs lastNs = 0;  // of the last change
    TimeNs nextNs = 0;  // Waiting: not tried before
    TimeNs expiresNs = 0;
    std::uint32_t tries = 0;
    AttemptId attempt;  // Attempting
    std::uint16_t code = 0;
    std::uint32_t enhancedCode = 0;
    std::uint16_t tlsVersion = 0;
    std::uint16_t tlsCipher = 0;
    event::TlsPolicy tlsPolicy = event::TlsPolicy::NONE;
    bool tlsVerified = false;
    event::TlsFault tlsFault = event::TlsFault::NONE;
    bool dsn = false;             // Relayed to a server that speaks DSN
    bool delayTold = false;       // a report "delayed" was due once
    bool unknownOutcome = false;  // a try may have succeeded without our knowing
    // What a report from elsewhere said later (DsnReceived); 0: nothing, else action + 1.
    std::uint8_t reportedAction = 0;
    std::uint32_t reportedCode = 0;
    TimeNs reportedNs = 0;
    // Empty if erased.
    std::string forwardPath;
    std::string original;
    std::string host;
    std::string ip;
    std::string text;
    std::string reportedBy;  // the reporting server
    std::string reportedText;
};

OutboundRow readOutbound(std::string_view key, std::string_view value);
std::string outboundValue(const OutboundRow& row);
DeliveryRow readDelivery(std::string_view key, std::string_view value);
std::string deliveryValue(const DeliveryRow& row);

}  // namespace daybook
