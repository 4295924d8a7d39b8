#include "protocols/smtp/message_content.h"

#include <algorithm>
#include <cstring>

#include "journal/base/ascii.h"
#include "journal/content_log.h"

namespace daybook::smtp {

void MessageContent::append(std::string_view octets) {
    if (octets.empty()) return;
    octets_ += octets.size();
    inspect(octets);
    const bool unwanted = octets_ > octetsMax_ || nul_ || bareCr_ || bareLf_;
    if (unwanted || diskFull_ || storageFailed_) {
        spool_.clear();
        return;
    }
    keep(octets);
}

// A CR is bare unless a LF follows, a LF unless a CR precedes. Counting both and the pairs says it
// without looking at each octet: there are as many pairs as CRs and as LFs, or one is bare.
void MessageContent::inspect(std::string_view octets) {
    if (std::memchr(octets.data(), 0, octets.size()) != nullptr) nul_ = true;
    if (!eightBit_) eightBit_ = !isAscii(octets);
    const bool pairGoesOn = lastWasCr_ && octets.front() == '\n';
    if (lastWasCr_ && !pairGoesOn) bareCr_ = true;
    lastWasCr_ = octets.back() == '\r';
    const std::string_view whole = octets.substr(pairGoesOn ? 1 : 0);
    const auto crs = std::ranges::count(whole, '\r') - (lastWasCr_ ? 1 : 0);
    const auto lfs = std::ranges::count(whole, '\n');
    std::ptrdiff_t pairs = 0;
    for (std::size_t i = 1; i < whole.size(); ++i) {
        pairs += static_cast<int>(whole[i] == '\n') & static_cast<int>(whole[i - 1] == '\r');
    }
    if (crs != pairs) bareCr_ = true;
    if (lfs != pairs) bareLf_ = true;
}

void MessageContent::keep(std::string_view octets) {
    try {
        spool_.append(octets);
    } catch (const ContentError& error) {
        diskFull_ = error.isFull();
        storageFailed_ = !error.isFull();
    }
}

std::optional<Reply> MessageContent::trouble() const {
    if (octets_ > octetsMax_) {
        return reply(Refusal{.reason = RefusalReason::MessageTooLarge, .detail = {}});
    }
    if (nul_) return reply(554, "5.6.0", "Message refused: it contains NUL octets");
    if (bareCr_ || lastWasCr_) return reply(554, "5.6.0", "Message refused: it contains a bare CR");
    if (bareLf_) return reply(554, "5.6.0", "Message refused: it contains a bare LF");
    if (diskFull_) return reply(Refusal{.reason = RefusalReason::DiskFull, .detail = {}});
    if (storageFailed_) return reply(Refusal{.reason = RefusalReason::StorageFailed, .detail = {}});
    return std::nullopt;
}

// Walks from line end to line end. What is between two stuffed dots goes to the content in one
// piece; a dot that may be the end is held back until it is known.
std::size_t DotUnstuffer::feed(std::string_view octets) {
    std::size_t position = 0;
    std::size_t piece = 0;  // the first octet that was not handed over
    const auto handOver = [&](std::size_t end) {
        content_.append(octets.substr(piece, end - piece));
    };
    while (position < octets.size() && state_ != State::Done) {
        switch (state_) {
            case State::LineStart:
                lastWasCr_ = false;
                if (octets[position] != '.') {
                    state_ = State::InLine;
                    break;
                }
                handOver(position);
                piece = ++position;
                state_ = State::Dot;
                break;
            case State::Dot:
                if (octets[position] != '\r') {
                    state_ = State::InLine;
                    break;
                }
                piece = ++position;
                state_ = State::DotCr;
                break;
            case State::DotCr:
                if (octets[position] != '\n') {
                    content_.append("\r");
                    state_ = State::InLine;
                    break;
                }
                piece = ++position;
                state_ = State::Done;
                break;
            case State::InLine: position = line(octets, position); break;
            case State::Done: break;
        }
    }
    handOver(position);
    return position;
}

// Goes to the end of the line, or of the octets.
std::size_t DotUnstuffer::line(std::string_view octets, std::size_t from) {
    const std::size_t lf = octets.find('\n', from);
    if (lf == std::string_view::npos) {
        lastWasCr_ = octets.back() == '\r';
        return octets.size();
    }
    const bool afterCr = lf > from ? octets[lf - 1] == '\r' : lastWasCr_;
    lastWasCr_ = false;
    if (afterCr) state_ = State::LineStart;
    return lf + 1;
}

}  // namespace daybook::smtp
