// fuzz_smtp_replies.cpp
//
// Replies of a server to the client's parser: the same whether they come at once or octet by octet,
// within the limits, and printable; what EHLO's answer offers is taken from them.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/assert.h"
#include "protocols/smtp/client_hello.h"
#include "protocols/smtp/client_replies.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace daybook::smtp {

namespace {

struct Parsed {
    std::vector<ServerReply> replies;
    bool violated = false;
};

Parsed parse(std::string_view octets, std::size_t pieceOctets) {
    Parsed parsed;
    ReplyParser parser;
    try {
        while (!octets.empty()) {
            const std::string_view piece = octets.substr(0, pieceOctets);
            const std::size_t taken = parser.take(piece);
            DAYBOOK_ASSERT(taken > 0 && taken <= piece.size());
            octets.remove_prefix(taken);
            if (parser.isComplete()) parsed.replies.push_back(parser.finish());
        }
    } catch (const ReplyViolation&) {
        parsed.violated = true;
    }
    return parsed;
}

void checkText(std::string_view text) {
    for (const char c : text)
        DAYBOOK_ASSERT(c >= ' ' && c <= '~');
}

void check(const ServerReply& reply) {
    DAYBOOK_ASSERT(reply.code >= 200 && reply.code <= 599);
    DAYBOOK_ASSERT(!reply.lines.empty() && reply.lines.size() <= kReplyLinesMax);
    const RemoteReply remote = remoteReply(reply);
    DAYBOOK_ASSERT(remote.text.size() <= kReplyTextOctetsMax);
    checkText(remote.text);
    const bool fits = remote.enhancedCode >> 16U == reply.code / 100U;
    DAYBOOK_ASSERT(remote.enhancedCode == 0 || fits);
    checkText(parseHelloReply(reply, {}).peer.name);
}

}  // namespace

}  // namespace daybook::smtp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view octets(reinterpret_cast<const char*>(data), size);
    const daybook::smtp::Parsed whole = daybook::smtp::parse(octets, octets.size());
    const daybook::smtp::Parsed slow = daybook::smtp::parse(octets, 1);
    DAYBOOK_ASSERT(whole.violated == slow.violated);
    DAYBOOK_ASSERT(whole.replies.size() == slow.replies.size());
    for (std::size_t i = 0; i < whole.replies.size(); ++i) {
        daybook::smtp::check(whole.replies[i]);
        DAYBOOK_ASSERT(whole.replies[i].lines == slow.replies[i].lines);
    }
    return 0;
}
