#include "projections/delivery_rows.h"

#include <algorithm>

#include "journal/base/encoding.h"
#include "projections/table.h"

namespace daybook {

namespace {

// OutboundRow's truths, in one octet pair.
enum OutboundBit : std::uint16_t {
    kDeliverByTrace = 1,
    kEightBit = 2,
    kSmtpUtf8 = 4,
    kHeaderUtf8 = 8,
    kBinary = 16,
    kRequireTls = 32,
    kNullReversePath = 64,
    kHasPriority = 128,
};

enum DeliveryBit : std::uint16_t {
    kTlsVerified = 1,
    kDsn = 2,
    kDelayTold = 4,
    kUnknownOutcome = 8,
};

std::uint16_t bit(bool on, std::uint16_t value) { return on ? value : std::uint16_t{0}; }

std::uint16_t bitsOf(const OutboundRow& row) {
    return static_cast<std::uint16_t>(
        bit(row.deliverByTrace, kDeliverByTrace) | bit(row.eightBit, kEightBit) |
        bit(row.smtpUtf8, kSmtpUtf8) | bit(row.headerUtf8, kHeaderUtf8) | bit(row.binary, kBinary) |
        bit(row.requireTls, kRequireTls) | bit(row.nullReversePath, kNullReversePath) |
        bit(row.hasPriority, kHasPriority));
}

std::uint16_t bitsOf(const DeliveryRow& row) {
    return static_cast<std::uint16_t>(
        bit(row.tlsVerified, kTlsVerified) | bit(row.dsn, kDsn) | bit(row.delayTold, kDelayTold) |
        bit(row.unknownOutcome, kUnknownOutcome));
}

template <class Enum>
Enum takeEnum(RowFields& fields) {
    return static_cast<Enum>(fields.take<std::uint8_t>());
}

template <class Enum>
std::uint8_t octet(Enum value) {
    return static_cast<std::uint8_t>(value);
}

}  // namespace

OutboundRow readOutbound(std::string_view key, std::string_view value) {
    OutboundRow row;
    row.message = KeyFields(key).take<MessageId>();
    RowFields fields(value);
    row.account = fields.take<AccountId>();
    row.received = fields.take<Seq>();
    row.arrivalNs = fields.take<TimeNs>();
    row.waiting = fields.take<std::uint32_t>();
    row.reports = fields.take<std::uint32_t>();
    row.queueClass = takeEnum<event::QueueClass>(fields);
    row.ret = takeEnum<event::DsnReturn>(fields);
    row.deliverBy = takeEnum<event::DeliverBy>(fields);
    const auto bits = fields.take<std::uint16_t>();
    row.deliverByTrace = (bits & kDeliverByTrace) != 0;
    row.eightBit = (bits & kEightBit) != 0;
    row.smtpUtf8 = (bits & kSmtpUtf8) != 0;
    row.headerUtf8 = (bits & kHeaderUtf8) != 0;
    row.binary = (bits & kBinary) != 0;
    row.requireTls = (bits & kRequireTls) != 0;
    row.nullReversePath = (bits & kNullReversePath) != 0;
    row.hasPriority = (bits & kHasPriority) != 0;
    row.priority = fields.take<std::int8_t>();
    row.deliverByNs = fields.take<TimeNs>();
    row.lastReportNs = fields.take<TimeNs>();
    row.content.place.segment = fields.take<std::uint32_t>();
    row.content.place.offset = fields.take<std::uint64_t>();
    row.content.octets = fields.take<std::uint64_t>();
    std::ranges::copy(
        asBytes(fields.take(row.content.commitment.size())), row.content.commitment.begin());
    row.octets = fields.take<std::uint64_t>();
    row.envelopeId = fields.text();
    row.messageId = fields.text();
    row.subject = fields.text();
    row.reversePath = fields.rest();
    return row;
}

std::string outboundValue(const OutboundRow& row) {
    RowWriter writer;
    writer.add(row.account)
        .add(row.received)
        .add(row.arrivalNs)
        .add(row.waiting)
        .add(row.reports)
        .add(octet(row.queueClass))
        .add(octet(row.ret))
        .add(octet(row.deliverBy))
        .add(bitsOf(row))
        .add(row.priority)
        .add(row.deliverByNs)
        .add(row.lastReportNs)
        .add(row.content.place.segment)
        .add(row.content.place.offset)
        .add(row.content.octets)
        .rest(asText(row.content.commitment))
        .add(row.octets)
        .text(row.envelopeId)
        .text(row.messageId)
        .text(row.subject)
        .rest(row.reversePath);
    return std::string(writer.octets());
}

DeliveryRow readDelivery(std::string_view key, std::string_view value) {
    KeyFields keyFields(key);
    DeliveryRow row;
    row.message = keyFields.take<MessageId>();
    row.recipient = keyFields.take<RecipientNumber>();
    RowFields fields(value);
    row.account = fields.take<AccountId>();
    row.destination = fields.take<DestinationId>();
    row.state = takeEnum<DeliveryState>(fields);
    row.notify = fields.take<std::uint16_t>();
    row.queueClass = takeEnum<event::QueueClass>(fields);
    row.reason = takeEnum<event::OutcomeReason>(fields);
    row.queuedNs = fields.take<TimeNs>();
    row.lastNs = fields.take<TimeNs>();
    row.nextNs = fields.take<TimeNs>();
    row.expiresNs = fields.take<TimeNs>();
    row.tries = fields.take<std::uint32_t>();
    row.attempt = fields.take<AttemptId>();
    row.code = fields.take<std::uint16_t>();
    row.enhancedCode = fields.take<std::uint32_t>();
    row.tlsVersion = fields.take<std::uint16_t>();
    row.tlsCipher = fields.take<std::uint16_t>();
    row.tlsPolicy = takeEnum<event::TlsPolicy>(fields);
    row.tlsFault = takeEnum<event::TlsFault>(fields);
    const auto bits = fields.take<std::uint16_t>();
    row.tlsVerified = (bits & kTlsVerified) != 0;
    row.dsn = (bits & kDsn) != 0;
    row.delayTold = (bits & kDelayTold) != 0;
    row.unknownOutcome = (bits & kUnknownOutcome) != 0;
    row.reportedAction = fields.take<std::uint8_t>();
    row.reportedCode = fields.take<std::uint32_t>();
    row.reportedNs = fields.take<TimeNs>();
    row.forwardPath = fields.text();
    row.original = fields.text();
    row.host = fields.text();
    row.ip = fields.text();
    row.text = fields.text();
    row.reportedBy = fields.text();
    row.reportedText = fields.rest();
    return row;
}

std::string deliveryValue(const DeliveryRow& row) {
    RowWriter writer;
    writer.add(row.account)
        .add(row.destination)
        .add(octet(row.state))
        .add(row.notify)
        .add(octet(row.queueClass))
        .add(octet(row.reason))
        .add(row.queuedNs)
        .add(row.lastNs)
        .add(row.nextNs)
        .add(row.expiresNs)
        .add(row.tries)
        .add(row.attempt)
        .add(row.code)
        .add(row.enhancedCode)
        .add(row.tlsVersion)
        .add(row.tlsCipher)
        .add(octet(row.tlsPolicy))
        .add(octet(row.tlsFault))
        .add(bitsOf(row))
        .add(row.reportedAction)
        .add(row.reportedCode)
        .add(row.reportedNs)
        .text(row.forwardPath)
        .text(row.original)
        .text(row.host)
        .text(row.ip)
        .text(row.text)
        .text(row.reportedBy)
        .rest(row.reportedText);
    return std::string(writer.octets());
}

}  // namespace daybook
