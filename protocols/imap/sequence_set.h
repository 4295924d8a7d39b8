// sequence_set.h
//
// Sets of message numbers or UIDs as clients write them: "1:5,7,10:*" (RFC 3501 §9, sequence-set).
// Knows nothing of a mailbox: "*" gets its meaning in resolved(). Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace daybook::imap {

// First and last included, ascending, apart from each other.
using NumberRanges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

class SequenceSet {
public:
    // Nothing: malformed, or a number that is zero or above 32 bits.
    static std::optional<SequenceSet> parse(std::string_view text);

    // With "*" as `largest`; sorted and merged. "*" alone in an empty mailbox (largest = 0) gives
    // nothing.
    NumberRanges resolved(std::uint32_t largest) const;

    bool hasStar() const;
    // Zero: only "*".
    std::uint32_t greatestNumber() const;

private:
    // Zero is "*".
    std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges_;
};

// "1:3,7": in the order given, runs that grow by one put together. Empty for no number.
std::string setText(std::span<const std::uint32_t> numbers);

// The same of ranges.
std::string rangesText(const NumberRanges& ranges);

bool contains(const NumberRanges& ranges, std::uint32_t number);

// Adds numbers that are greater than all in the set.
void addRange(NumberRanges& ranges, std::uint32_t first, std::uint32_t last);

// Adds a number that is greater than all in the set.
void extend(NumberRanges& ranges, std::uint32_t number);

}  // namespace daybook::imap
