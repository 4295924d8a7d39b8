// content_record.h
//
// What stands in a record's erasable part, made and checked; its grammar is in content_format.h.
// Pure but for the salt; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "journal/base/digest.h"
#include "journal/base/random.h"

namespace daybook::content {

// What stands behind the fixed part, without the content itself.
struct Frame {
    std::string salt;
    std::string tail;  // sums and padding
    Hash256 commitment{};
    std::uint64_t octets = 0;
};

Frame frameOf(std::span<const std::string_view> pieces, Random& random);

// The sum with that index in a row of sums.
std::uint32_t sumAt(std::string_view sums, std::uint64_t index);

// True if the chunks' sums and the padding are right; `octets` of content are in `erasable`.
bool sumsHold(std::string_view erasable, std::uint64_t octets);

}  // namespace daybook::content
