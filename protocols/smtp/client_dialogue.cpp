#include "protocols/smtp/client_dialogue.h"

#include <array>

namespace daybook::smtp {

namespace {

constexpr std::uint32_t kConnectionLost = enhanced(4, 4, 2);
constexpr std::uint32_t kProtocolBroken = enhanced(4, 5, 0);

// RFC 5321 §3.8: the server says goodbye, whatever it was asked.
constexpr std::uint16_t kClosing = 421;

}  // namespace

ClientDialogue::ClientDialogue(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)), never_(connection_->reactor()) {}

void ClientDialogue::end(std::uint32_t enhancedCode, const std::string& why) {
    usable_ = false;
    throw DialogueEnded(ourReply(0, enhancedCode, why));
}

Task<void> ClientDialogue::say(std::string_view octets, std::chrono::milliseconds patience) {
    const std::array<std::string_view, 1> pieces{octets};
    co_await say(std::span<const std::string_view>(pieces), patience);
}

Task<void> ClientDialogue::say(
    std::span<const std::string_view> pieces, std::chrono::milliseconds patience) {
    if (!connection_->buffered().empty()) end(kProtocolBroken, "a reply that nobody asked for");
    co_await sayMore(pieces, patience);
}

Task<void> ClientDialogue::sayMore(
    std::span<const std::string_view> pieces, std::chrono::milliseconds patience) {
    try {
        co_await connection_->write(pieces, patience);
    } catch (const Disconnected& lost) {
        end(kConnectionLost, std::string("the connection broke: ") + lost.what());
    } catch (const TimedOut&) {
        end(kConnectionLost, "the peer took nothing more in time");
    }
}

Task<ServerReply> ClientDialogue::hear(Deadline deadline) {
    try {
        for (;;) {
            connection_->consume(parser_.take(connection_->buffered()));
            if (parser_.isComplete()) break;
            const std::size_t filled = co_await connection_->fill(deadline);
            if (filled == 0) throw Disconnected("the peer closed it");
        }
    } catch (const Disconnected& lost) {
        end(kConnectionLost, std::string("the connection broke: ") + lost.what());
    } catch (const TimedOut&) {
        end(kConnectionLost, "no reply came in time");
    } catch (const ReplyViolation& violation) {
        end(kProtocolBroken, std::string("the reply makes no sense: ") + violation.what());
    }
    ServerReply reply = parser_.finish();
    if (reply.code == kClosing) usable_ = false;
    co_return reply;
}

Task<ServerReply> ClientDialogue::ask(
    std::string_view command, std::chrono::milliseconds patience) {
    co_await say(command, patience);
    ServerReply reply = co_await hear(after(patience));
    co_return reply;
}

Task<RemoteReply> ClientDialogue::lastWords(RemoteReply ended) {
    try {
        const ServerReply reply = co_await hear(after({}));
        usable_ = false;
        if (reply.isNegative()) co_return remoteReply(reply);
    } catch (const DialogueEnded&) {
        usable_ = false;
    }
    co_return ended;
}

Task<void> ClientDialogue::requireSilence() {
    Wake wake = Wake::Readable;
    try {
        wake = co_await connection_->wait(never_, after({}));
    } catch (const Disconnected& lost) {
        end(kConnectionLost, std::string("the connection broke: ") + lost.what());
    }
    if (wake == Wake::TimedOut) co_return;
    // A goodbye, the end, or nonsense; all of it is there, or is not waited for.
    const ServerReply reply = co_await hear(after({}));
    usable_ = false;
    throw DialogueEnded(remoteReply(reply));
}

}  // namespace daybook::smtp
