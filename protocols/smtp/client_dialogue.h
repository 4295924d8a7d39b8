// client_dialogue.h
//
// The client's side of one connection: commands out, replies in, each with its time. A reply that
// nobody asked for, or that is none, ends the dialogue: from then on nobody could say which reply
// belongs to which command. Thread: the connection's reactor.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "engine/runtime/connection.h"
#include "engine/runtime/signal.h"
#include "protocols/smtp/client_replies.h"

namespace daybook::smtp {

// RFC 5321 §4.5.3.2, and what it leaves open. Each is for a whole reply: a peer that sends it
// octet by octet gains nothing.
struct ClientTimeouts {
    std::chrono::milliseconds connect{std::chrono::seconds(30)};
    std::chrono::milliseconds greeting{std::chrono::minutes(5)};
    std::chrono::milliseconds hello{std::chrono::minutes(5)};
    std::chrono::milliseconds tls{std::chrono::seconds(30)};
    std::chrono::milliseconds login{std::chrono::minutes(5)};
    std::chrono::milliseconds mail{std::chrono::minutes(5)};
    std::chrono::milliseconds recipient{std::chrono::minutes(5)};
    std::chrono::milliseconds dataBegin{std::chrono::minutes(2)};
    std::chrono::milliseconds dataBlock{std::chrono::minutes(3)};
    std::chrono::milliseconds dataEnd{std::chrono::minutes(10)};
    // All of one envelope, however many recipients it has.
    std::chrono::milliseconds envelope{std::chrono::minutes(30)};
    std::chrono::milliseconds quit{std::chrono::seconds(2)};
};

// There is nobody to talk to any more: gone, late, or not talking sense. The reply says which; its
// code is 0.
class DialogueEnded : public std::runtime_error {
public:
    explicit DialogueEnded(RemoteReply reply)
        : std::runtime_error(reply.text), reply_(std::move(reply)) {}

    const RemoteReply& reply() const { return reply_; }

private:
    RemoteReply reply_;
};

class ClientDialogue {
public:
    explicit ClientDialogue(std::unique_ptr<Connection> connection);

    // Sends commands. Requires: every reply so far has been heard. Throws DialogueEnded.
    Task<void> say(std::string_view octets, std::chrono::milliseconds patience);
    Task<void> say(std::span<const std::string_view> pieces, std::chrono::milliseconds patience);
    // Sends more of a message whose beginning was sent: replies may have come.
    Task<void> sayMore(
        std::span<const std::string_view> pieces, std::chrono::milliseconds patience);

    // Throws DialogueEnded. After a 421 (RFC 5321 §3.8) the dialogue is not usable any more.
    Task<ServerReply> hear(Deadline deadline);
    Task<ServerReply> ask(std::string_view command, std::chrono::milliseconds patience);

    // Looks without waiting whether the peer has said anything while nobody asked; throws
    // DialogueEnded with what it was. Servers say goodbye so.
    Task<void> requireSilence();

    // After it has ended: a refusal that the peer left behind, or `ended`. Never waits.
    Task<RemoteReply> lastWords(RemoteReply ended);

    bool isUsable() const { return usable_; }

    void giveUp() { usable_ = false; }

    Connection& connection() { return *connection_; }

private:
    [[noreturn]] void end(std::uint32_t enhancedCode, const std::string& why);

    std::unique_ptr<Connection> connection_;
    ReplyParser parser_;
    Signal never_;  // Connection::wait() wants one
    bool usable_ = true;
};

}  // namespace daybook::smtp
