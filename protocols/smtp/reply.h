// reply.h
//
// SMTP replies: code, enhanced status code (RFC 3463), text; one line or several. Values, made by
// handlers and written by the session alone. Pure; any thread.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/base/refusal.h"

namespace daybook::smtp {

enum class AfterReply { GoOn, Close };

struct Reply {
    int code = 0;
    std::string enhancedCode;        // "5.7.1"; empty: none belongs here
    std::vector<std::string> lines;  // without line ends
    AfterReply after = AfterReply::GoOn;
    // LMTP: what the other recipients are told, one complete reply each (RFC 2033 §4.2).
    std::vector<Reply> more;

    bool isError() const { return code >= 500; }

    // As sent, with CRLFs.
    std::string octets() const;
    // class << 16 | subject << 8 | detail, as events have it; 0: none.
    std::uint32_t packedEnhancedCode() const;
};

Reply reply(int code, std::string_view enhancedCode, std::string_view text);
// The refusal table's words.
Reply reply(const Refusal& refusal);
Reply closing(Reply last);

// What a handler throws when the peer's line makes no sense: becomes the reply.
class Reject : public std::runtime_error {
public:
    explicit Reject(Reply answer) : std::runtime_error("rejected"), answer_(std::move(answer)) {}

    const Reply& answer() const { return answer_; }

private:
    Reply answer_;
};

// Harmless in a reply and in a log: controls and what is not ASCII become '?'.
std::string printable(std::string_view text);

// 501 5.5.4 with that text.
[[noreturn]] void badArguments(std::string_view text);

}  // namespace daybook::smtp
