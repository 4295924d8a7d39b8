// client_data.h
//
// A message as DATA sends it, RFC 5321 §4.5.2: as views into its pieces and the octets between
// them, never copied. Dots at the beginning of a line are doubled; a CR or an LF alone, which must
// not be sent (§2.3.8) and would let a message end elsewhere than we think, is sent as CRLF. Pure;
// any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace daybook::smtp {

class DataStream {
public:
    // The pieces outlive it.
    explicit DataStream(std::span<const std::string_view> pieces);

    // Replaces `batch` by what comes next, about `viewsMax` views. Returns false when that was the
    // last, which ends with the dot that ends the message.
    bool next(std::vector<std::string_view>& batch, std::size_t viewsMax);

private:
    // Takes the front of `rest`, not empty: up to the end of the piece or the next octets that are
    // not sent as they lie.
    void step(std::string_view rest, std::vector<std::string_view>& batch);

    void take(std::size_t octets) { offset_ += octets; }

    void finish(std::vector<std::string_view>& batch);

    std::span<const std::string_view> pieces_;
    std::size_t offset_ = 0;
    bool atLineStart_ = true;
    bool afterCr_ = false;  // a piece ended with a CR, which is not sent yet
};

}  // namespace daybook::smtp
