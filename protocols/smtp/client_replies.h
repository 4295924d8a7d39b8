// client_replies.h
//
// The replies of a server that we talk to, RFC 5321 §4.2: read from octets in whatever pieces they
// come, within limits, and made presentable. A bare LF ends a line too: old servers send it, and
// nothing can be smuggled to us by a reply. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/delivery/transport.h"
#include "journal/base/enhanced_code.h"

namespace daybook::smtp {

// RFC 5321 §4.5.3.1.5 has 512; servers that explain themselves send more.
inline constexpr std::size_t kReplyLineOctetsMax = 2'048;
inline constexpr std::size_t kReplyLinesMax = 100;
// What is kept of a reply for people.
inline constexpr std::size_t kReplyTextOctetsMax = 2'048;

// What came is no reply, or there is no end to it. The dialogue is over.
class ReplyViolation : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct ServerReply {
    std::uint16_t code = 0;
    // Each line's text after its code; printable ASCII.
    std::vector<std::string> lines;

    bool isPositive() const { return code >= 200 && code < 300; }

    bool isNegative() const { return code >= 400; }
};

class ReplyParser {
public:
    // Takes octets up to the end of the reply at most; returns how many. Throws ReplyViolation.
    std::size_t take(std::string_view octets);

    bool isComplete() const { return complete_; }

    // The complete reply; the parser begins anew.
    ServerReply finish();

private:
    void endLine();

    std::string line_;
    ServerReply reply_;
    bool complete_ = false;
};

// class << 16 | subject << 8 | detail (RFC 3463 §2) of a text that begins with such a code of the
// same class as `code`; 0: it does not.
std::uint32_t enhancedCodeOf(std::uint16_t code, std::string_view text);

RemoteReply remoteReply(const ServerReply& reply);

// A reply of ours, as if the peer had said "550 5.6.7 text". `code` 0: there was no answer.
RemoteReply ourReply(std::uint16_t code, std::uint32_t enhancedCode, std::string_view text);

}  // namespace daybook::smtp
