// client_transaction.h
//
// One message over an open dialogue, RFC 5321 §3.3; RFC 2033 §4.2 for LMTP. With PIPELINING (RFC
// 2920) MAIL, the RCPTs and DATA are one write. With CHUNKING (RFC 3030) the message goes out in
// one BDAT: no dots, and for a small message no second round trip, since it rides with its
// envelope.
//
// What is said of a connection that breaks: Broken as long as the last octet of the message has
// not been handed to the socket, and so cannot be at the peer; Unknown from then on.
// Thread: the connection's reactor.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/task.h"
#include "protocols/smtp/client_dialogue.h"
#include "protocols/smtp/client_hello.h"

namespace daybook::smtp {

class ClientTransaction {
public:
    struct Parts {
        ClientDialogue& dialogue;
        const HelloFacts& facts;
        const ClientTimeouts& timeouts;
        bool lmtp = false;
    };

    // All of it outlives run().
    ClientTransaction(const Parts& parts, const OutboundMessage& message);

    // Once. Never throws for what the peer does; the dialogue says whether it may go on.
    Task<std::vector<RecipientResult>> run();

private:
    // Consecutive commands of the envelope that are sent in one write.
    struct Group {
        bool mail = false;
        std::size_t first = 0;  // of tried_
        std::size_t last = 0;
        // What follows them in the same write.
        enum class Then : std::uint8_t { Nothing, Data, Content } then = Then::Nothing;
    };

    void chooseRecipients();
    Task<void> transact();
    Task<void> envelope();
    Task<void> exchange(Group group);
    Task<void> content();
    Task<void> sendByData();
    Task<void> sendByChunk();
    // Sends the commands and the whole message behind them.
    Task<void> sayWithContent(std::string commands);
    Task<void> endReplies();
    Task<void> endNobody();
    Task<void> reset();
    Task<ServerReply> hear(std::chrono::milliseconds patience);

    void takeMail(const ServerReply& reply);
    void takeRecipient(std::size_t index, const ServerReply& reply);
    void takeEnd(std::size_t index, const ServerReply& reply);
    void settle(std::size_t index, SendState state, RemoteReply reply);
    void settleRest(SendState state, const RemoteReply& reply);
    [[noreturn]] void unexpected(const ServerReply& reply);

    bool usesChunk() const { return facts_.peer.chunking; }

    std::uint64_t contentOctets() const;
    // The message's end may have got to the peer.
    bool endMayHaveLeft() const;
    void noteFinalWrite(std::span<const std::string_view> pieces);

    ClientDialogue& dialogue_;
    const HelloFacts& facts_;
    const ClientTimeouts& timeouts_;
    const bool lmtp_;
    const OutboundMessage& message_;
    const Deadline envelopeEnd_;
    std::vector<RecipientResult> results_;
    std::vector<bool> settled_;
    std::vector<std::size_t> tried_;     // recipients that are sent, by index
    std::vector<std::size_t> accepted_;  // of those, to which the peer said yes
    bool transactionOpen_ = false;
    bool dataAsked_ = false;
    bool contentSaid_ = false;
    bool contentOnly_ = false;  // no reply is outstanding but the message's
    // The connection's octetsOut() when the message's last octet has been handed over.
    std::optional<std::uint64_t> finalOctet_;
};

}  // namespace daybook::smtp
