#include "engine/delivery/consignment.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/mime/header_fields.h"
#include "engine/mime/seven_bit.h"
#include "journal/base/ascii.h"
#include "journal/base/encoding.h"
#include "journal/base/enhanced_code.h"

namespace daybook {

namespace {

OutcomeState stateOf(const RecipientResult& result) {
    switch (result.state) {
        case SendState::Relayed: return OutcomeState::Relayed;
        case SendState::Unknown: return OutcomeState::Unknown;
        case SendState::Broken: return OutcomeState::Deferred;
        case SendState::Refused:
            return result.reply.isPermanent() ? OutcomeState::Bounced : OutcomeState::Deferred;
        case SendState::NotTried: break;
    }
    // Our own word: its class says whether another try may help.
    return classOf(result.reply.enhancedCode) == 5 ? OutcomeState::Bounced : OutcomeState::Deferred;
}

event::OutcomeReason reasonOf(SendState state) {
    switch (state) {
        case SendState::Broken: return event::OutcomeReason::BROKEN;
        case SendState::NotTried: return event::OutcomeReason::UNSENDABLE;
        case SendState::Relayed:
        case SendState::Refused:
        case SendState::Unknown: break;
    }
    return event::OutcomeReason::REFUSED;
}

AttemptResult resultOf(
    const RecipientResult& result,
    RecipientNumber number,
    const TlsFindings& tls,
    const PeerFacts& peer) {
    return {
        .state = stateOf(result),
        .recipients = {number},
        .code = result.reply.code,
        .enhancedCode = result.reply.enhancedCode,
        .reason = reasonOf(result.state),
        .text = result.reply.text,
        .dsn = peer.dsn,
        .deliverBy = peer.deliverBy,
        .tls = tls,
    };
}

bool isSame(const AttemptResult& one, const AttemptResult& other) {
    return one.state == other.state && one.code == other.code &&
           one.enhancedCode == other.enhancedCode && one.reason == other.reason &&
           one.text == other.text;
}

}  // namespace

std::optional<Consignment> consignmentOf(
    const Snapshot& snapshot, MessageId message, const std::vector<RecipientNumber>& recipients) {
    auto row = snapshot.deliveries().outbound(message);
    if (!row) return std::nullopt;
    Consignment consignment{.message = std::move(*row), .recipients = {}, .domain = {}};
    for (const RecipientNumber number : recipients) {
        auto recipient = snapshot.deliveries().delivery(message, number);
        if (!recipient || recipient->state != DeliveryState::Waiting) continue;
        // Its address was erased: there is nobody to send it to.
        if (recipient->forwardPath.empty()) continue;
        consignment.recipients.push_back(std::move(*recipient));
    }
    if (consignment.recipients.empty()) return std::nullopt;
    consignment.domain =
        snapshot.deliveries().destinationName(consignment.recipients.front().destination);
    consignment.eightBit = consignment.message.eightBit;
    consignment.binary = consignment.message.binary;
    return consignment;
}

std::vector<RecipientNumber> Consignment::numbers() const {
    std::vector<RecipientNumber> all;
    all.reserve(recipients.size());
    for (const DeliveryRow& row : recipients)
        all.push_back(row.recipient);
    return all;
}

void Consignment::keepOnly(const std::vector<RecipientNumber>& numbers) {
    std::erase_if(recipients, [&](const DeliveryRow& row) {
        return std::ranges::find(numbers, row.recipient) == numbers.end();
    });
}

std::uint32_t Consignment::tries() const {
    std::uint32_t most = 0;
    for (const DeliveryRow& row : recipients)
        most = std::max(most, row.tries);
    return most;
}

DestinationId Consignment::lane(bool smartHost) const {
    return smartHost ? DestinationId() : recipients.front().destination;
}

bool Consignment::needsConversion(const PeerFacts& peer) const {
    const bool binaryFits = peer.binaryMime && peer.chunking;
    return (binary && !binaryFits) || (eightBit && !peer.eightBitMime);
}

std::string Consignment::load(
    const ContentLog& content, const PeerFacts& peer, const Signer* signer) {
    octets.reserve(message.octets);
    try {
        if (!content.read(message.content.place, 0, message.octets, octets)) {
            return "the message was erased";
        }
    } catch (const ContentDamaged& damage) {
        damaged = true;
        return damage.what();
    }
    if (!needsConversion(peer)) return {};
    const auto target =
        peer.eightBitMime ? mime::Transparency::EightBit : mime::Transparency::SevenBit;
    auto converted = mime::downgrade(octets, target);
    if (!converted) return mime::describe(converted.error());
    octets = std::move(*converted);
    if (signer != nullptr) octets.insert(0, signatureOf(*signer));
    binary = false;
    eightBit = target == mime::Transparency::EightBit;
    return {};
}

// The signature over the message as it was is broken by the conversion.
std::string Consignment::signatureOf(const Signer& signer) const {
    if (message.queueClass == event::QueueClass::RELAY) return {};
    const auto signing =
        signer.domainFor(message.account, message.reversePath, mime::headerOf(octets));
    if (!signing) return {};
    const std::array<std::string_view, 1> pieces{octets};
    return signer.signatureFor(*signing, pieces);
}

OutboundMessage Consignment::forPeer(TimeNs now) const {
    OutboundMessage out{
        .reversePath = message.reversePath,
        .recipients = {},
        // What a report says of it, so that it is found again (decide_reports.cpp).
        .envelopeId =
            message.envelopeId.empty() ? idText(message.message.number()) : message.envelopeId,
        .ret = message.ret,
        .pieces = {octets},
        .octets = octets.size(),
        .eightBit = eightBit,
        .binary = binary,
        .smtpUtf8 = message.headerUtf8 || !isAscii(message.reversePath),
        .requireTls = message.requireTls,
        .deliverBySeconds = std::nullopt,
        .deliverByNotify = message.deliverBy == event::DeliverBy::NOTIFY,
        .deliverByTrace = message.deliverByTrace,
        .priority = std::nullopt,
    };
    // RFC 2852 §4.2: what is left of the time.
    if (message.deliverBy != event::DeliverBy::NONE) {
        out.deliverBySeconds = (message.deliverByNs - now) / kSecondNs;
    }
    if (message.hasPriority) out.priority = message.priority;
    for (const DeliveryRow& row : recipients) {
        out.recipients.push_back({
            .forwardPath = row.forwardPath,
            .notify = row.notify,
            .originalRecipient = row.original,
        });
        if (!isAscii(row.forwardPath)) out.smtpUtf8 = true;
    }
    return out;
}

std::vector<AttemptResult> Consignment::resultsOf(
    const std::vector<RecipientResult>& results,
    const TlsFindings& tls,
    const PeerFacts& peer) const {
    std::vector<AttemptResult> grouped;
    for (std::size_t index = 0; index < recipients.size(); ++index) {
        AttemptResult one = resultOf(results[index], recipients[index].recipient, tls, peer);
        const auto same = std::ranges::find_if(
            grouped, [&](const AttemptResult& other) { return isSame(one, other); });
        if (same == grouped.end()) {
            grouped.push_back(std::move(one));
        } else {
            same->recipients.push_back(recipients[index].recipient);
        }
    }
    return grouped;
}

std::vector<AttemptResult> Consignment::unsendable(const std::string& why) const {
    constexpr std::uint32_t kConversionNeeded = enhanced(5, 6, 3);  // RFC 3463 §3.7
    constexpr std::uint32_t kSystem = enhanced(4, 3, 0);            // RFC 3463 §3.4
    AttemptResult result{
        .state = damaged ? OutcomeState::Deferred : OutcomeState::Bounced,
        .recipients = numbers(),
        .enhancedCode = damaged ? kSystem : kConversionNeeded,
        .reason = event::OutcomeReason::UNSENDABLE,
        .text = damaged ? "the message is damaged on this server's disk, see journal verify"
                        : "the other server does not take this message as it is, and it cannot be "
                          "converted: " +
                              why,
    };
    return {std::move(result)};
}

}  // namespace daybook
