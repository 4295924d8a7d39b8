#include "protocols/smtp/client_transaction.h"

#include <algorithm>
#include <fmt/format.h>

#include "protocols/smtp/client_data.h"
#include "protocols/smtp/client_envelope.h"

namespace daybook::smtp {

namespace {

// RFC 2920 §3.1: the replies to a group have to fit between us and the peer while we write; these
// are some 10 KiB.
constexpr std::size_t kRecipientsPerGroup = 100;
// A message above this waits for the answers to its recipients: it would be sent in vain to a peer
// that refuses them all.
constexpr std::uint64_t kRidingOctetsMax = 64U << 10U;
constexpr std::size_t kViewsPerWrite = 1'024;
// An unfinished TLS record is kept by OpenSSL, and may still leave when the connection is closed.
constexpr std::uint64_t kTlsRecordOctets = 16'384;

constexpr std::uint16_t kStartMailInput = 354;

}  // namespace

ClientTransaction::ClientTransaction(const Parts& parts, const OutboundMessage& message)
    : dialogue_(parts.dialogue),
      facts_(parts.facts),
      timeouts_(parts.timeouts),
      lmtp_(parts.lmtp),
      message_(message),
      envelopeEnd_(after(parts.timeouts.envelope)),
      results_(message.recipients.size()),
      settled_(message.recipients.size(), false) {}

Task<std::vector<RecipientResult>> ClientTransaction::run() {
    chooseRecipients();
    if (tried_.empty()) co_return std::move(results_);
    std::optional<RemoteReply> ended;
    try {
        co_await dialogue_.requireSilence();
    } catch (const DialogueEnded& end) {
        ended = end.reply();
    }
    if (ended) {
        settleRest(SendState::NotTried, *ended);
        co_return std::move(results_);
    }
    try {
        co_await transact();
    } catch (const DialogueEnded& end) {
        ended = end.reply();
    }
    if (!ended) co_return std::move(results_);
    if (endMayHaveLeft()) {
        settleRest(SendState::Unknown, *ended);
        co_return std::move(results_);
    }
    // A peer that has heard enough says why and hangs up, while we still write.
    if (contentOnly_) ended = co_await dialogue_.lastWords(*ended);
    settleRest(ended->code == 0 ? SendState::Broken : SendState::Refused, *ended);
    co_return std::move(results_);
}

void ClientTransaction::chooseRecipients() {
    const std::optional<RemoteReply> why = unsendable(message_, facts_);
    if (why) {
        settleRest(SendState::NotTried, *why);
        return;
    }
    const std::size_t max = facts_.peer.recipientsMax;
    for (std::size_t i = 0; i < results_.size(); ++i) {
        const std::optional<RemoteReply> reason = unsendable(message_.recipients[i], message_);
        if (reason) {
            settle(i, SendState::NotTried, *reason);
        } else if (max != 0 && tried_.size() == max) {
            // RFC 9422 §4.2: the rest in a transaction of its own.
            const RemoteReply later =
                ourReply(452, enhanced(4, 5, 3), "The next host takes no more at a time");
            settle(i, SendState::NotTried, later);
        } else {
            tried_.push_back(i);
        }
    }
}

Task<void> ClientTransaction::transact() {
    co_await envelope();
    if (dialogue_.isUsable()) co_await content();
    if (transactionOpen_ && dialogue_.isUsable()) co_await reset();
}

Task<void> ClientTransaction::envelope() {
    const bool pipelining = facts_.peer.pipelining;
    const std::size_t groupMax = pipelining ? kRecipientsPerGroup : 1;
    // LMTP tells of a message once for each recipient: who has none tells nothing, or something.
    const bool riding = usesChunk() && !lmtp_ && contentOctets() <= kRidingOctetsMax;
    if (!pipelining) {
        co_await exchange({.mail = true});
    }
    for (std::size_t first = 0; first < tried_.size(); first += groupMax) {
        const bool refused = !transactionOpen_ && (first > 0 || !pipelining);
        if (refused || !dialogue_.isUsable()) co_return;
        Group group{
            .mail = pipelining && first == 0,
            .first = first,
            .last = std::min(first + groupMax, tried_.size()),
        };
        if (pipelining && group.last == tried_.size()) {
            if (riding) group.then = Group::Then::Content;
            if (!usesChunk()) group.then = Group::Then::Data;
        }
        co_await exchange(group);
    }
}

Task<void> ClientTransaction::exchange(Group group) {
    std::string commands;
    if (group.mail) commands += mailCommand(message_, facts_);
    for (std::size_t i = group.first; i < group.last; ++i)
        commands += rcptCommand(message_.recipients[tried_[i]], message_, facts_);
    if (group.then == Group::Then::Data) {
        commands += "DATA\r\n";
        dataAsked_ = true;
    }
    if (group.then == Group::Then::Content) {
        co_await sayWithContent(std::move(commands));
    } else {
        co_await dialogue_.say(commands, timeouts_.mail);
    }
    if (group.mail) {
        const ServerReply reply = co_await hear(timeouts_.mail);
        takeMail(reply);
    }
    for (std::size_t i = group.first; i < group.last && dialogue_.isUsable(); ++i) {
        const ServerReply reply = co_await hear(timeouts_.recipient);
        takeRecipient(tried_[i], reply);
    }
}

Task<void> ClientTransaction::content() {
    if (contentSaid_) {
        co_await endReplies();
    } else if (dataAsked_ || (!accepted_.empty() && !usesChunk())) {
        co_await sendByData();
    } else if (!accepted_.empty()) {
        co_await sendByChunk();
    }
}

// RFC 5321 §4.1.1.4
Task<void> ClientTransaction::sendByData() {
    if (!dataAsked_) co_await dialogue_.say("DATA\r\n", timeouts_.dataBegin);
    const ServerReply reply = co_await hear(timeouts_.dataBegin);
    if (reply.isNegative()) {
        settleRest(SendState::Refused, remoteReply(reply));
        co_return;
    }
    if (reply.code != kStartMailInput) unexpected(reply);
    if (accepted_.empty()) {
        co_await endNobody();
        co_return;
    }
    contentOnly_ = true;
    DataStream stream(message_.pieces);
    std::vector<std::string_view> batch;
    bool more = true;
    while (more) {
        more = stream.next(batch, kViewsPerWrite);
        if (!more) noteFinalWrite(batch);
        co_await dialogue_.sayMore(batch, timeouts_.dataBlock);
    }
    co_await endReplies();
}

Task<void> ClientTransaction::sendByChunk() {
    contentOnly_ = true;
    co_await sayWithContent({});
    co_await endReplies();
}

// RFC 3030 §2
Task<void> ClientTransaction::sayWithContent(std::string commands) {
    commands += fmt::format("BDAT {} LAST\r\n", contentOctets());
    std::vector<std::string_view> pieces{commands};
    pieces.insert(pieces.end(), message_.pieces.begin(), message_.pieces.end());
    contentSaid_ = true;
    noteFinalWrite(pieces);
    co_await dialogue_.say(pieces, timeouts_.dataBlock);
}

Task<void> ClientTransaction::endReplies() {
    if (!lmtp_ || accepted_.empty()) {
        const ServerReply reply = co_await dialogue_.hear(after(timeouts_.dataEnd));
        if (!reply.isPositive() && !reply.isNegative()) unexpected(reply);
        for (const std::size_t index : accepted_)
            takeEnd(index, reply);
        // RFC 3030 §2: RSET after a chunk that was refused. DATA's end closes every transaction.
        transactionOpen_ = reply.isNegative() && usesChunk();
        co_return;
    }
    // RFC 2033 §4.2: one for each recipient that was accepted, in their order.
    for (const std::size_t index : accepted_) {
        const ServerReply reply = co_await dialogue_.hear(after(timeouts_.dataEnd));
        if (!reply.isPositive() && !reply.isNegative()) unexpected(reply);
        takeEnd(index, reply);
    }
    transactionOpen_ = false;
}

// RFC 2920 §3.1: DATA was asked with the recipients, and allowed although none of them was.
Task<void> ClientTransaction::endNobody() {
    transactionOpen_ = false;
    if (lmtp_) {
        // Nobody's replies: there may be one to come, or none.
        dialogue_.giveUp();
        co_return;
    }
    const ServerReply reply = co_await dialogue_.ask(".\r\n", timeouts_.dataEnd);
    if (!reply.isPositive() && !reply.isNegative()) unexpected(reply);
}

Task<void> ClientTransaction::reset() {
    transactionOpen_ = false;
    const ServerReply reply = co_await dialogue_.ask("RSET\r\n", timeouts_.mail);
    if (!reply.isPositive()) dialogue_.giveUp();
}

Task<ServerReply> ClientTransaction::hear(std::chrono::milliseconds patience) {
    return dialogue_.hear(std::min(after(patience), envelopeEnd_));
}

void ClientTransaction::takeMail(const ServerReply& reply) {
    if (reply.isPositive()) {
        transactionOpen_ = true;
    } else if (reply.isNegative()) {
        settleRest(SendState::Refused, remoteReply(reply));
    } else {
        unexpected(reply);
    }
}

void ClientTransaction::takeRecipient(std::size_t index, const ServerReply& reply) {
    if (!reply.isPositive() && !reply.isNegative()) unexpected(reply);
    if (!dialogue_.isUsable()) {
        // 421: nothing of this transaction stands.
        settleRest(SendState::Refused, remoteReply(reply));
        return;
    }
    if (settled_[index]) return;
    if (reply.isPositive()) {
        accepted_.push_back(index);
        results_[index].reply = remoteReply(reply);
    } else {
        settle(index, SendState::Refused, remoteReply(reply));
    }
}

void ClientTransaction::takeEnd(std::size_t index, const ServerReply& reply) {
    const SendState state = reply.isPositive() ? SendState::Relayed : SendState::Refused;
    settle(index, state, remoteReply(reply));
}

void ClientTransaction::settle(std::size_t index, SendState state, RemoteReply reply) {
    settled_[index] = true;
    results_[index] = {.state = state, .reply = std::move(reply)};
}

void ClientTransaction::settleRest(SendState state, const RemoteReply& reply) {
    for (std::size_t i = 0; i < results_.size(); ++i) {
        if (!settled_[i]) settle(i, state, reply);
    }
}

void ClientTransaction::unexpected(const ServerReply& reply) {
    dialogue_.giveUp();
    throw DialogueEnded(
        ourReply(0, enhanced(4, 5, 0), "an unexpected reply: " + remoteReply(reply).text));
}

std::uint64_t ClientTransaction::contentOctets() const {
    std::uint64_t octets = 0;
    for (const std::string_view piece : message_.pieces)
        octets += piece.size();
    return octets;
}

void ClientTransaction::noteFinalWrite(std::span<const std::string_view> pieces) {
    std::uint64_t octets = dialogue_.connection().octetsOut();
    for (const std::string_view piece : pieces)
        octets += piece.size();
    finalOctet_ = octets;
}

bool ClientTransaction::endMayHaveLeft() const {
    if (!finalOctet_) return false;
    Connection& connection = dialogue_.connection();
    const std::uint64_t inDoubt = connection.isTls() ? kTlsRecordOctets : 0;
    return connection.octetsOut() + inDoubt >= *finalOctet_;
}

}  // namespace daybook::smtp
