#include <fmt/format.h>

#include "journal/base/encoding.h"
#include "journal/base/limits.h"
#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

namespace {

// A peer that sends this many times more than a message may have is not listened to any longer.
constexpr std::uint64_t kPatienceFactor = 4;

std::filesystem::path spoolFolder(const Config& config) {
    return config.directory / "run" / "spool";
}

}  // namespace

std::optional<Reply> Dialogue::notReadyForMessage() const {
    if (!transaction_->recipients.empty()) return std::nullopt;
    // RFC 5321 §4.1.1.4; RFC 2033 §4.2 wants 503 in LMTP.
    if (!transaction_->recipientRefused || facts_.repliesPerRecipient) {
        return reply(503, "5.5.1", "Say RCPT first");
    }
    return reply(554, "5.5.1", "No valid recipients");
}

// DATA. RFC 5321 §4.1.1.4. Not together with BDAT: RFC 3030 §2; not for binary messages: §3.
Task<Reply> Dialogue::data(std::string_view) {
    if (transaction_->chunks || transaction_->chunkRefused) {
        co_return reply(503, "5.5.1", "DATA and BDAT do not mix");
    }
    if (transaction_->parameters.body == Body::BinaryMime) {
        co_return reply(503, "5.5.1", "BODY=BINARYMIME needs BDAT");
    }
    std::optional<Reply> notReady = notReadyForMessage();
    if (notReady) co_return std::move(*notReady);
    pending_ += "354 End with CR LF . CR LF\r\n";
    co_await flush();
    MessageContent content(spoolFolder(services_.config), messageOctetsMax());
    co_await receiveDotted(content);
    const Reply answer = co_await finishMessage(content);
    co_return answer;
}

Task<void> Dialogue::receiveDotted(MessageContent& content) {
    const std::uint64_t patience = messageOctetsMax() * kPatienceFactor;
    DotUnstuffer unstuffer(content);
    while (!unstuffer.isDone()) {
        if (connection_.buffered().empty()) co_await fill();
        const std::size_t used = unstuffer.feed(connection_.buffered());
        connection_.consume(used);
        if (content.octets() > patience) {
            throw Reject(closing(reply(552, "5.3.4", "Message far too large")));
        }
    }
}

Task<void> Dialogue::fill() {
    const std::size_t count = co_await connection_.fill(after(limits::kSmtpDataTimeout));
    if (count == 0) throw Disconnected("the peer ended within a message");
}

Task<void> Dialogue::receiveOctets(std::uint64_t count, MessageContent* content) {
    while (count > 0) {
        if (connection_.buffered().empty()) {
            co_await flush();
            co_await fill();
        }
        const std::string_view here = connection_.buffered().substr(0, count);
        if (content != nullptr) content->append(here);
        count -= here.size();
        connection_.consume(here.size());
    }
}

// The octets follow whether or not the command is welcome: RFC 3030 §2. Where their number cannot
// be read they would be taken for commands, so the dialogue ends.
Task<Reply> Dialogue::discardChunk(std::string_view arguments, Reply answer) {
    const std::optional<Chunk> chunk = parseBdat(arguments);
    if (!chunk) co_return closing(reply(501, "5.5.4", "Say BDAT octets [LAST]"));
    if (chunk->octets > messageOctetsMax() * kPatienceFactor) {
        co_return closing(reply(552, "5.3.4", "Chunk far too large"));
    }
    co_await receiveOctets(chunk->octets, nullptr);
    co_return answer;
}

// BDAT. RFC 3030 §2.
Task<Reply> Dialogue::bdat(std::string_view arguments) {
    const std::optional<Chunk> chunk = parseBdat(arguments);
    std::optional<Reply> refused = notReadyForMessage();
    if (transaction_->chunkRefused) refused = reply(503, "5.5.1", "A chunk was refused; say RSET");
    const std::uint64_t before = transaction_->chunks ? transaction_->chunks->octets() : 0;
    const std::uint64_t room = messageOctetsMax() - before;
    if (!refused && chunk && chunk->octets > room) {
        refused = reply(Refusal{.reason = RefusalReason::MessageTooLarge, .detail = {}});
        recordRefusal(event::Stage::DATA, *refused, transaction_->recipients.front().forwardPath);
    }
    if (refused || !chunk) {
        transaction_->chunkRefused = true;
        transaction_->chunks.reset();
        const Reply answer = co_await discardChunk(arguments, refused.value_or(Reply{}));
        co_return chunk && chunk->last ? forEveryRecipient(answer) : answer;
    }
    if (!transaction_->chunks) {
        const bool binary = transaction_->parameters.body == Body::BinaryMime;
        transaction_->chunks = std::make_unique<MessageContent>(
            spoolFolder(services_.config),
            messageOctetsMax(),
            binary ? MessageForm::Binary : MessageForm::Lines);
    }
    co_await receiveOctets(chunk->octets, transaction_->chunks.get());
    if (!chunk->last) {
        co_return reply(250, "2.0.0", fmt::format("{} octets received", chunk->octets));
    }
    const std::unique_ptr<MessageContent> content = std::move(transaction_->chunks);
    const Reply answer = co_await finishMessage(*content);
    co_return answer;
}

// The message is complete. Whatever becomes of it, the transaction is over: RFC 5321 §4.1.1.4.
Task<Reply> Dialogue::finishMessage(MessageContent& content) {
    std::optional<Reply> trouble = content.trouble();
    if (!trouble) trouble = foreignFrom(content.spool().view());
    if (trouble) {
        const Reply answer = forEveryRecipient(*trouble);
        recordRefusal(
            event::Stage::CONTENT, *trouble, transaction_->recipients.front().forwardPath);
        transaction_.reset();
        co_return answer;
    }
    record_.open();
    Arrival arrival = arrivalOf(content);
    const Outcome<Receipt> receipt =
        co_await services_.reception.receive(record_, std::move(arrival), content.spool());
    if (!receipt) {
        const Reply refused = reply(receipt.error());
        const Reply answer = forEveryRecipient(refused);
        recordRefusal(event::Stage::DATA, refused, transaction_->recipients.front().forwardPath);
        transaction_.reset();
        co_return answer;
    }
    errors_ = 0;
    transaction_.reset();
    co_return answerTo(*receipt);
}

Arrival Dialogue::arrivalOf(const MessageContent& content) {
    const TlsInfo tls = connection_.tlsInfo();
    Arrival arrival;
    arrival.protocol = facts_.protocol;
    arrival.reversePath = transaction_->reversePath;
    arrival.envelope = envelopeOf(content);
    arrival.eightBit = content.hasEightBit();
    arrival.smtpUtf8 = transaction_->parameters.smtpUtf8;
    arrival.tls = {.version = tls.version, .cipher = tls.cipher};
    arrival.completeHeader = facts_.completesHeader;
    arrival.trace.helo = helo_;
    arrival.trace.ip = record_.facts().ip;
    arrival.trace.by = services_.config.hostname;
    arrival.trace.with = withWord(
        role_,
        {
            .extended = extended_,
            .tls = connection_.isTls(),
            .authenticated = identity_.has_value(),
            .utf8 = arrival.smtpUtf8,
        });
    if (connection_.isTls()) arrival.trace.tls = tls.versionName + " " + tls.cipherName;
    if (transaction_->recipients.size() == 1) {
        arrival.trace.forAddress = transaction_->recipients.front().forwardPath;
    }
    arrival.recipients = transaction_->recipients;
    arrival.queueClass = identity_ ? event::QueueClass::SUBMISSION : event::QueueClass::RELAY;
    return arrival;
}

// What MAIL asked for, with times instead of intervals.
EnvelopeOptions Dialogue::envelopeOf(const MessageContent& content) const {
    const MailParameters& said = transaction_->parameters;
    EnvelopeOptions options{
        .envelopeId = said.envelopeId,
        .ret = said.ret,
        .binary = content.isBinary(),
        .requireTls = said.requireTls,
        .holdUntilNs = said.holdUntilNs.value_or(0),
    };
    if (said.priority != 0) options.priority = static_cast<std::int8_t>(said.priority);
    if (said.holdSeconds) {
        options.holdUntilNs = transaction_->begunNs + *said.holdSeconds * kSecondNs;
    }
    if (said.deliverBy) {
        options.deliverBy =
            said.deliverBy->orReturn ? event::DeliverBy::RETURN : event::DeliverBy::NOTIFY;
        options.deliverByTrace = said.deliverBy->trace;
        options.deliverByNs = transaction_->begunNs + said.deliverBy->seconds * kSecondNs;
    }
    return options;
}

// LMTP answers for each recipient that was accepted: RFC 2033 §4.2.
Reply Dialogue::forEveryRecipient(const Reply& answer) const {
    Reply result = answer;
    if (!facts_.repliesPerRecipient || !transaction_) return result;
    for (std::size_t i = 1; i < transaction_->recipients.size(); ++i) {
        result.more.push_back(answer);
    }
    return result;
}

Reply Dialogue::answerTo(const Receipt& receipt) const {
    Reply recorded = reply(250, "2.0.0", "Ok: recorded as " + idText(receipt.message.number()));
    if (!facts_.repliesPerRecipient) {
        for (const Outcome<Done>& recipient : receipt.recipients) {
            if (recipient) continue;
            // An account went away between RCPT and the commit. Nothing bounces here, so the
            // client tries again: for the others the message comes twice, for nobody it is lost
            // without a word (RFC 1047).
            return reply(451, "4.3.0", "Not delivered to everybody; try again");
        }
        return recorded;
    }
    Reply result;
    for (const Outcome<Done>& recipient : receipt.recipients) {
        Reply one = recipient ? recorded : reply(recipient.error());
        if (result.code == 0) {
            result = std::move(one);
        } else {
            result.more.push_back(std::move(one));
        }
    }
    return result;
}

}  // namespace daybook::smtp
