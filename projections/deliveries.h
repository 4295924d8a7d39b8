// deliveries.h
//
// Mail for other servers: what waits, when it is due, what became of each recipient, which reports
// are owed to senders, and what the days' counts are. One view for the queue (what is to be done)
// and for the status (what was done), because a recipient's row is both.
//
//     outbound            = messageId -> a message that waits (OutboundRow)
//     deliveries          = messageId recipient -> DeliveryRow; stays
//     deliveriesDue       = nextNs messageId recipient -> destinationId     those that are Waiting
//     deliveryReports     = messageId recipient action -> sinceNs           reports that are owed
//     deliveriesByAddress = address (lower case) NUL messageId recipient -> nothing
//     sentByMessageId     = Message-ID NUL messageId -> nothing
//     deliveryCounts      = day destinationId -> queued relayed deferred bounced expired
//     destinations        = destinationId -> domain
//     destinationNames    = domain -> destinationId
//     suppressions        = accountId suppressionId -> sinceNs seq enhancedCode address
//     suppressionNames    = accountId address (lower case) -> suppressionId
//     tlsCounts           = day destinationId policy -> succeeded failed
//     tlsFaults           = day destinationId policy fault -> count host ip text
//
// A message's row goes when nothing waits and nothing is owed; tls rows go when they were reported.
// Address 0 in deliveriesByAddress is the sender's. `day`: since 1970, UTC. What was erased is
// empty, and in no index. Read side: any thread, as long as its transaction lives.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/delivery_rows.h"
#include "projections/projection.h"

namespace daybook {

struct DueRow {
    TimeNs dueNs = 0;
    MessageId message;
    RecipientNumber recipient;
    DestinationId destination;
};

struct ReportRow {
    MessageId message;
    RecipientNumber recipient;
    event::DsnAction action = event::DsnAction::FAILED;
    TimeNs sinceNs = 0;
};

struct DeliveryCountsRow {
    std::uint32_t day = 0;
    DestinationId destination;
    std::uint64_t queued = 0;
    std::uint64_t relayed = 0;
    std::uint64_t deferred = 0;
    std::uint64_t bounced = 0;
    std::uint64_t expired = 0;
};

struct SuppressionRow {
    AccountId account;
    SuppressionId id;
    TimeNs sinceNs = 0;
    Seq seq;
    std::uint32_t enhancedCode = 0;
    std::string address;
};

struct TlsCountsRow {
    std::uint32_t day = 0;
    DestinationId destination;
    event::TlsPolicy policy = event::TlsPolicy::NONE;
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;
};

struct TlsFaultRow {
    std::uint32_t day = 0;
    DestinationId destination;
    event::TlsPolicy policy = event::TlsPolicy::NONE;
    event::TlsFault fault = event::TlsFault::NONE;
    std::uint64_t count = 0;
    std::string host;  // of the first of them
    std::string ip;
    std::string text;
};

inline constexpr TimeNs kDayNs = 86'400 * kSecondNs;

class DeliveriesView {
public:
    DeliveriesView(const lmdb::Transaction& txn, const ViewTables& tables)
        : txn_(txn), tables_(tables) {}

    // A message that waits.
    std::optional<OutboundRow> outbound(MessageId message) const;
    // In order of id, which is that of arrival, from `from`; stops when `visit` returns false.
    void forOutbound(MessageId from, const std::function<bool(const OutboundRow&)>& visit) const;
    std::size_t outboundCount() const;

    std::optional<DeliveryRow> delivery(MessageId message, RecipientNumber recipient) const;
    std::vector<DeliveryRow> deliveriesOf(MessageId message) const;
    // Those due between the two times, both included, in order; stops when `visit` returns false.
    void forDue(TimeNs from, TimeNs to, const std::function<bool(const DueRow&)>& visit) const;

    std::vector<ReportRow> reportsOf(MessageId message) const;
    // Each message with reports that are owed, in order of id; stops when `visit` returns false.
    void forReports(MessageId from, const std::function<bool(const ReportRow&)>& visit) const;

    // The newest first; stops when `visit` returns false. Recipient 0: as the sender.
    void ofAddress(
        std::string_view address,
        const std::function<bool(MessageId, RecipientNumber)>& visit) const;
    // The newest message sent with that Message-ID (with or without angle brackets).
    std::optional<MessageId> sentAs(std::string_view messageId) const;

    std::optional<DestinationId> findDestination(std::string_view domain) const;
    // Empty if erased.
    std::string destinationName(DestinationId destination) const;

    // In order of day and destination, from `day`.
    std::vector<DeliveryCountsRow> countsSince(std::uint32_t day) const;

    std::optional<SuppressionRow> suppression(AccountId account, std::string_view address) const;
    std::vector<SuppressionRow> suppressions() const;

    // Everything not yet reported, of days before `day`.
    std::vector<TlsCountsRow> tlsCountsBefore(std::uint32_t day) const;
    std::vector<TlsFaultRow> tlsFaultsOf(std::uint32_t day, DestinationId destination) const;

private:
    const lmdb::Transaction& txn_;
    const ViewTables& tables_;
};

extern const Projection kDeliveriesProjection;

}  // namespace daybook
