#include "engine/delivery/reception.h"

#include <algorithm>
#include <array>

#include "engine/delivery/delivery_plan.h"
#include "engine/delivery/report_claim.h"
#include "engine/mime/seven_bit.h"
#include "engine/mime/summarize.h"
#include "journal/base/ascii.h"
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
    for (const std::uint64_t key : summary.getThreadKeys())
        blob.threadKeys.push_back(key);
    blob.subjectKey = summary.getSubjectKey();
}

Hash256 hashOf(std::string_view octets) {
    Sha256 digest;
    return digest.add(octets).finish();
}

}  // namespace

bool isForLater(const Refusal& refusal) {
    return refusal.reason == RefusalReason::DiskFull ||
           refusal.reason == RefusalReason::StorageFailed ||
           refusal.reason == RefusalReason::ShuttingDown;
}

Task<Outcome<Receipt>> Reception::receive(SessionRecord& session, Arrival arrival, Spool& message) {
    const MessageId id = parts_.random.orderedId<MessageId>();
    arrival.trace.message = id;
    arrival.trace.timeNs = parts_.clock.now();
    // RFC 5321 §7.2: with several recipients the field would tell each of the others.
    const bool single = arrival.recipients.size() == 1;
    arrival.trace.forAddress = single ? arrival.recipients[0].forwardPath : std::string();
    Head head{
        .trace = mime::receivedField(arrival.trace),
        .claim = std::ranges::any_of(
            arrival.recipients,
            [](const AcceptedRecipient& recipient) { return !recipient.recipients.empty(); }),
        .countReceived = true,
        .complete = arrival.completeHeader,
        .sign = arrival.completeHeader && parts_.signer != nullptr,
        .sender = session.account(),
        .reversePath = arrival.reversePath,
        .message = id,
        .timeNs = arrival.trace.timeNs,
    };
    Outcome<Written> written = co_await write(std::move(head), message);
    if (!written) co_return std::unexpected(written.error());

    const DeliveryPlan plan = planDelivery(arrival, parts_.scribe.views(), parts_.random);
    session.open();
    Deliver command{
        .origin = session.origin(),
        .protocol = arrival.protocol,
        .message = id,
        .blob = written->blob,
        .reversePath = arrival.reversePath,
        .helo = arrival.trace.helo,
        .ip = session.facts().ip,
        .port = session.facts().peerPort,
        .eightBit = arrival.eightBit,
        .smtpUtf8 = arrival.smtpUtf8,
        .headerUtf8 = written->headerUtf8,
        .tls = arrival.tls,
        .envelope = arrival.envelope,
        .targets = plan.targets,
        .relays = plan.relays,
        .queueClass = arrival.queueClass,
        .report = std::move(written->claim),
    };
    relayTerms(command);
    const Outcome<Deliver::Answer> stored = co_await parts_.scribe.submit(std::move(command));
    if (!stored) {
        discard(written->blob, stored.error());
        co_return std::unexpected(stored.error());
    }
    co_return Receipt{.message = id, .recipients = outcomesOf(plan, *stored)};
}

void Reception::relayTerms(Deliver& command) const {
    const TimeNs now = parts_.clock.now();
    command.expiresNs = now + std::chrono::nanoseconds(parts_.lifetime).count();
    if (parts_.suppression.count() == 0) return;
    command.suppressedSinceNs =
        std::max<TimeNs>(1, now - std::chrono::nanoseconds(parts_.suppression).count());
}

Task<Outcome<Deliver>> Reception::prepareOwn(
    MessageId id, std::string octets, std::string recipient, bool smtpUtf8) {
    Arrival arrival;
    AcceptedRecipient accepted{.forwardPath = recipient};
    Outcome<std::vector<Recipient>> found = parts_.directory.resolve(recipient);
    if (found) {
        accepted.recipients = std::move(*found);
    } else if (found.error().reason == RefusalReason::RelayDenied) {
        const auto address = parseAddress(recipient);
        if (!address) co_return refuse(RefusalReason::NoSuchAddress, recipient);
        accepted.remoteDomain = address->domain;
    } else {
        co_return std::unexpected(found.error());
    }
    // Nobody is told of a report's own fate.
    accepted.options.notify = 1;
    arrival.recipients.push_back(std::move(accepted));
    const DeliveryPlan plan = planDelivery(arrival, parts_.scribe.views(), parts_.random);
    const bool eightBit = !isAscii(octets);
    Outcome<StoredBlob> blob = co_await parts_.workers.run([&] { return storeOwn(octets); });
    if (!blob) co_return std::unexpected(blob.error());
    Deliver command{
        .origin = Origin{},
        .protocol = event::Protocol::NONE,
        .message = id,
        .blob = *blob,
        .eightBit = eightBit,
        .smtpUtf8 = smtpUtf8,
        .headerUtf8 = mime::needsSmtpUtf8(octets),
        .targets = plan.targets,
        .relays = plan.relays,
        .queueClass = event::QueueClass::REPORT,
    };
    relayTerms(command);
    co_return command;
}

Task<Outcome<Reception::Appended>> Reception::append(
    SessionRecord& session, Appending appending, Spool& spool) {
    Outcome<std::vector<StoredBlob>> blobs;
    if (spool.size() <= kInlineOctetsMax) {
        blobs = writePieces(appending.pieces, spool);
    } else {
        blobs = co_await parts_.workers.run([&] { return writePieces(appending.pieces, spool); });
    }
    if (!blobs) co_return std::unexpected(blobs.error());

    session.open();
    Append command{
        .origin = session.origin(),
        .protocol = session.facts().protocol,
        .account = appending.account,
        .mailbox = appending.mailbox,
        .messages = {},
        .replaces = appending.replaces,
    };
    Appended appended;
    for (std::size_t index = 0; index < blobs->size(); ++index) {
        AppendPiece& piece = appending.pieces[index];
        appended.messages.push_back(parts_.random.orderedId<MessageId>());
        command.messages.push_back({
            .message = appended.messages.back(),
            .emailId = parts_.random.id<EmailId>(),
            .blob = (*blobs)[index],
            .flags = std::move(piece.flags),
            .internalDateNs = piece.internalDateNs,
            .zoneMinutes = piece.zoneMinutes,
        });
    }
    const Outcome<Append::Answer> stored = co_await parts_.scribe.submit(std::move(command));
    if (!stored) {
        for (const StoredBlob& blob : *blobs)
            discard(blob, stored.error());
        co_return std::unexpected(stored.error());
    }
    appended.uidValidity = stored->uidValidity;
    appended.uid = stored->uid;
    co_return appended;
}

// What was written is taken back when a later one cannot be.
Outcome<std::vector<StoredBlob>> Reception::writePieces(
    const std::vector<AppendPiece>& pieces, Spool& spool) const {
    std::vector<StoredBlob> blobs;
    const std::string_view all = spool.view();
    for (const AppendPiece& piece : pieces) {
        Outcome<StoredBlob> blob =
            writePiece(piece, all.substr(piece.begin, piece.end - piece.begin));
        if (!blob) {
            for (const StoredBlob& written : blobs)
                parts_.content.release(written.content.place);
            return std::unexpected(blob.error());
        }
        blobs.push_back(std::move(*blob));
    }
    return blobs;
}

// RFC 3516 §4.4, §6: what BODY[] could not give is encoded, and nothing else is touched.
Outcome<StoredBlob> Reception::writePiece(const AppendPiece& piece, std::string_view octets) const {
    if (!piece.hasNul) return storeOwn(octets);
    const auto encoded = mime::downgrade(octets, mime::Transparency::EightBit);
    if (!encoded) return refuse(RefusalReason::UnknownEncoding, mime::describe(encoded.error()));
    if (encoded->find('\0') != std::string::npos) {
        return refuse(RefusalReason::UnknownEncoding, "a NUL outside of binary parts");
    }
    return storeOwn(*encoded);
}

Task<Outcome<Reception::Written>> Reception::write(Head head, Spool& message) {
    // A signature takes milliseconds, however short the message is.
    if (message.size() <= kInlineOctetsMax && !head.sign) co_return writeNow(head, message);
    Outcome<Written> written = co_await parts_.workers.run([&] { return writeNow(head, message); });
    co_return written;
}

Outcome<Reception::Written> Reception::writeNow(const Head& head, Spool& message) const {
    try {
        const std::string_view header = mime::headerOf(message.view());
        if (head.countReceived &&
            mime::countHeaderFields(header, "Received") > limits::kSmtpReceivedFieldsMax) {
            return refuse(RefusalReason::MailLoop);
        }
        Written written;
        written.headerUtf8 = mime::needsSmtpUtf8(header);
        if (head.claim) written.claim = claimOf(message.view());
        const std::string added = missingFields(head, header);
        const std::string front = head.trace + signature(head, added, header, message) + added;
        written.blob = keep(front.empty() ? message.view() : message.viewAfter(front));
        return written;
    } catch (const ContentError& error) {
        return refuse(
            error.isFull() ? RefusalReason::DiskFull : RefusalReason::StorageFailed, error.what());
    }
}

Outcome<StoredBlob> Reception::storeOwn(std::string_view octets) const {
    try {
        return keep(octets);
    } catch (const ContentError& error) {
        return refuse(
            error.isFull() ? RefusalReason::DiskFull : RefusalReason::StorageFailed, error.what());
    }
}

StoredBlob Reception::keep(std::string_view octets) const {
    StoredBlob blob{
        .octets = octets.size(),
        .summary = mime::summarize(octets),
        .contentHash = hashOf(octets),
    };
    takeFromSummary(blob);
    const std::array<std::string_view, 2> pieces{octets, blob.summary};
    blob.content = parts_.content.append(ContentKind::Blob, pieces);
    return blob;
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

// RFC 6376 §5.6: over what follows it, which is what every server behind us gets.
std::string Reception::signature(
    const Head& head, std::string_view added, std::string_view header, Spool& message) const {
    if (!head.sign) return {};
    const auto domain = parts_.signer->domainFor(head.sender, head.reversePath, header);
    if (!domain) return {};
    const std::array<std::string_view, 2> pieces{added, message.view()};
    return parts_.signer->signatureFor(*domain, pieces);
}

void Reception::discard(const StoredBlob& blob, const Refusal& refusal) const {
    // After a failed sync nobody knows whether the event is on the disk: recovery decides.
    if (refusal.reason == RefusalReason::StorageFailed) return;
    parts_.content.release(blob.content.place);
}

}  // namespace daybook
