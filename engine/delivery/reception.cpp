#include "engine/delivery/reception.h"

#include <array>

#include "engine/delivery/delivery_plan.h"
#include "engine/mime/summarize.h"
#include "journal/base/encoding.h"
#include "journal/base/limits.h"
#include "journal/record.h"
#include "journal/schema/summary.capnp.h"

namespace daybook {

namespace {

// Up to here a message is scanned, hashed and written in less time than a worker takes to wake.
constexpr std::size_t kInlineOctetsMax = 65'536;
// What the annex keeps of a subject (annex.capnp).
constexpr std::size_t kSubjectOctetsMax = 255;

// The first octets of a UTF-8 text, never half a character.
std::string shortened(std::string_view text, std::size_t octetsMax) {
    if (text.size() <= octetsMax) return std::string(text);
    std::size_t end = octetsMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U)
        --end;
    return std::string(text.substr(0, end));
}

std::string_view textOf(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

void takeFromSummary(StoredBlob& blob) {
    FlatMessage flat(asBytes(blob.summary));
    const auto summary = flat.root<summary::Summary>();
    blob.messageId = textOf(summary.getMessageId());
    blob.subject = shortened(textOf(summary.getSubject()), kSubjectOctetsMax);
}

Hash256 hashOf(std::string_view octets) {
    Sha256 digest;
    return digest.add(octets).finish();
}

}  // namespace

Task<Outcome<Receipt>> Reception::receive(SessionRecord& session, Arrival arrival, Spool& message) {
    const MessageId id = parts_.random.orderedId<MessageId>();
    arrival.trace.message = id;
    arrival.trace.timeNs = parts_.clock.now();
    // RFC 5321 §7.2: with several recipients the field would tell each of the others.
    const bool single = arrival.recipients.size() == 1;
    arrival.trace.forAddress = single ? arrival.recipients[0].forwardPath : std::string();
    Head head{
        .trace = mime::receivedField(arrival.trace),
        .countReceived = true,
        .complete = arrival.completeHeader,
        .message = id,
        .timeNs = arrival.trace.timeNs,
    };
    Outcome<StoredBlob> blob = co_await write(std::move(head), message);
    if (!blob) co_return std::unexpected(blob.error());

    const DeliveryPlan plan = planDelivery(arrival, parts_.scribe.views(), parts_.random);
    session.open();
    Deliver command{
        .origin = session.origin(),
        .protocol = arrival.protocol,
        .message = id,
        .blob = *blob,
        .reversePath = arrival.reversePath,
        .helo = arrival.trace.helo,
        .ip = session.facts().ip,
        .port = session.facts().peerPort,
        .eightBit = arrival.eightBit,
        .smtpUtf8 = arrival.smtpUtf8,
        .tls = arrival.tls,
        .targets = plan.targets,
    };
    const Outcome<Deliver::Answer> stored = co_await parts_.scribe.submit(std::move(command));
    if (!stored) {
        discard(*blob, stored.error());
        co_return std::unexpected(stored.error());
    }
    co_return Receipt{.message = id, .recipients = outcomesOf(plan, stored->targets)};
}

Task<Outcome<Reception::Appended>> Reception::append(
    SessionRecord& session,
    AccountId account,
    MailboxId mailbox,
    FlagSet flags,
    std::optional<TimeNs> internalDateNs,
    std::int16_t zoneMinutes,
    Spool& message) {
    Outcome<StoredBlob> blob = co_await write(Head{}, message);
    if (!blob) co_return std::unexpected(blob.error());

    const MessageId id = parts_.random.orderedId<MessageId>();
    session.open();
    Append command{
        .origin = session.origin(),
        .protocol = session.facts().protocol,
        .account = account,
        .mailbox = mailbox,
        .message = id,
        .emailId = parts_.random.id<EmailId>(),
        .blob = *blob,
        .flags = std::move(flags),
        .internalDateNs = internalDateNs,
        .zoneMinutes = zoneMinutes,
    };
    const Outcome<Append::Answer> stored = co_await parts_.scribe.submit(std::move(command));
    if (!stored) {
        discard(*blob, stored.error());
        co_return std::unexpected(stored.error());
    }
    co_return Appended{.message = id, .uidValidity = stored->uidValidity, .uid = stored->uid};
}

Task<Outcome<StoredBlob>> Reception::write(Head head, Spool& message) {
    if (message.size() <= kInlineOctetsMax) co_return writeNow(head, message);
    Outcome<StoredBlob> blob = co_await parts_.workers.run([&] { return writeNow(head, message); });
    co_return blob;
}

Outcome<StoredBlob> Reception::writeNow(const Head& head, Spool& message) const {
    try {
        const std::string_view header = mime::headerOf(message.view());
        if (head.countReceived &&
            mime::countHeaderFields(header, "Received") > limits::kSmtpReceivedFieldsMax) {
            return refuse(RefusalReason::MailLoop);
        }
        const std::string front = head.trace + missingFields(head, header);
        const std::string_view octets = front.empty() ? message.view() : message.viewAfter(front);
        StoredBlob blob{
            .octets = octets.size(),
            .summary = mime::summarize(octets),
            .contentHash = hashOf(octets),
        };
        takeFromSummary(blob);
        const std::array<std::string_view, 2> pieces{octets, blob.summary};
        blob.content = parts_.content.append(ContentKind::Blob, pieces);
        return blob;
    } catch (const ContentError& error) {
        return refuse(
            error.isFull() ? RefusalReason::DiskFull : RefusalReason::StorageFailed, error.what());
    }
}

// RFC 6409 §8.2 and §8.3: the Date and Message-ID that the client left out.
std::string Reception::missingFields(const Head& head, std::string_view header) const {
    std::string fields;
    if (!head.complete) return fields;
    if (mime::countHeaderFields(header, "Date") == 0) {
        fields += "Date: " + mime::dateText(head.timeNs) + "\r\n";
    }
    if (mime::countHeaderFields(header, "Message-ID") == 0) {
        fields += "Message-ID: <" + idText(head.message.number()) + "@" + parts_.hostname + ">\r\n";
    }
    return fields;
}

void Reception::discard(const StoredBlob& blob, const Refusal& refusal) const {
    // After a failed sync nobody knows whether the event is on the disk: recovery decides.
    if (refusal.reason == RefusalReason::StorageFailed) return;
    parts_.content.release(blob.content.place);
}

}  // namespace daybook
