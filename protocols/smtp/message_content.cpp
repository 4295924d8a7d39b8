#include "protocols/smtp/message_content.h"

#include <cstdint>

#include "journal/content_log.h"

namespace daybook::smtp {

namespace {

struct Census {
    std::uint64_t crs = 0;
    std::uint64_t lfs = 0;
    std::uint64_t pairs = 0;
    bool nul = false;
    bool eightBit = false;
};

// Counters of one octet, so that the compiler looks at 16 octets at once; they hold so many.
constexpr std::size_t kCountedTogether = 255;

Census count(std::string_view octets) {
    Census census;
    char before = 0;
    while (!octets.empty()) {
        const std::string_view block = octets.substr(0, kCountedTogether);
        std::uint8_t crs = block.front() == '\r' ? 1 : 0;
        std::uint8_t lfs = block.front() == '\n' ? 1 : 0;
        std::uint8_t pairs = before == '\r' ? lfs : 0;
        std::uint8_t nuls = block.front() == 0 ? 1 : 0;
        auto any = static_cast<std::uint8_t>(block.front());
        for (std::size_t i = 1; i < block.size(); ++i) {
            const std::uint8_t isLf = block[i] == '\n' ? 1 : 0;
            const std::uint8_t afterCr = block[i - 1] == '\r' ? 1 : 0;
            crs = static_cast<std::uint8_t>(crs + (block[i] == '\r' ? 1 : 0));
            lfs = static_cast<std::uint8_t>(lfs + isLf);
            pairs = static_cast<std::uint8_t>(pairs + (isLf & afterCr));
            nuls = static_cast<std::uint8_t>(nuls | (block[i] == 0 ? 1 : 0));
            any = static_cast<std::uint8_t>(any | static_cast<std::uint8_t>(block[i]));
        }
        census.crs += crs;
        census.lfs += lfs;
        census.pairs += pairs;
        census.nul = census.nul || nuls != 0;
        census.eightBit = census.eightBit || (any & 0x80U) != 0;
        before = block.back();
        octets.remove_prefix(block.size());
    }
    return census;
}

}  // namespace

void MessageContent::append(std::string_view octets) {
    if (octets.empty()) return;
    octets_ += octets.size();
    inspect(octets);
    const bool forbidden = kind_ == MessageForm::Lines && (nul_ || bareCr_ || bareLf_);
    const bool unwanted = octets_ > octetsMax_ || forbidden;
    if (unwanted || diskFull_ || storageFailed_) {
        spool_.clear();
        return;
    }
    keep(octets);
}

// A CR is bare unless a LF follows, a LF unless a CR precedes. Counting both and the pairs says it
// without looking at each octet: there are as many pairs as CRs and as LFs, or one is bare.
void MessageContent::inspect(std::string_view octets) {
    const bool pairGoesOn = lastWasCr_ && octets.front() == '\n';
    if (lastWasCr_ && !pairGoesOn) bareCr_ = true;
    lastWasCr_ = octets.back() == '\r';
    const Census census = count(octets);
    if (census.nul) nul_ = true;
    if (census.eightBit) eightBit_ = true;
    if (census.crs - (lastWasCr_ ? 1 : 0) != census.pairs) bareCr_ = true;
    if (census.lfs - (pairGoesOn ? 1 : 0) != census.pairs) bareLf_ = true;
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
    if (diskFull_) return reply(Refusal{.reason = RefusalReason::DiskFull, .detail = {}});
    if (storageFailed_) return reply(Refusal{.reason = RefusalReason::StorageFailed, .detail = {}});
    if (kind_ == MessageForm::Binary) return std::nullopt;
    if (nul_) return reply(554, "5.6.0", "Message refused: it contains NUL octets");
    if (bareCr_ || lastWasCr_) return reply(554, "5.6.0", "Message refused: it contains a bare CR");
    if (bareLf_) return reply(554, "5.6.0", "Message refused: it contains a bare LF");
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
