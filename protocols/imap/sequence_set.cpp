#include "protocols/imap/sequence_set.h"

#include <algorithm>

#include "journal/base/ascii.h"

namespace daybook::imap {

namespace {

// seq-number = nz-number / "*"; zero stands for "*".
std::optional<std::uint32_t> parseSequenceNumber(std::string_view text) {
    if (text == "*") return 0;
    if (text.empty() || text.front() == '0') return std::nullopt;
    const auto number = parseNumber(text, UINT32_MAX);
    if (!number) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

}  // namespace

// sequence-set = (seq-number / seq-range) ["," sequence-set]
std::optional<SequenceSet> SequenceSet::parse(std::string_view text) {
    SequenceSet set;
    while (true) {
        const std::size_t comma = text.find(',');
        const std::string_view element = text.substr(0, comma);
        const std::size_t colon = element.find(':');
        const auto first = parseSequenceNumber(element.substr(0, colon));
        const auto last = colon == std::string_view::npos
                              ? first
                              : parseSequenceNumber(element.substr(colon + 1));
        if (!first || !last) return std::nullopt;
        set.ranges_.emplace_back(*first, *last);
        if (comma == std::string_view::npos) return set;
        text.remove_prefix(comma + 1);
    }
}

NumberRanges SequenceSet::resolved(std::uint32_t largest) const {
    NumberRanges sorted;
    sorted.reserve(ranges_.size());
    for (const auto& [a, b] : ranges_) {
        const std::uint32_t first = a == 0 ? largest : a;
        const std::uint32_t last = b == 0 ? largest : b;
        const auto [low, high] = std::minmax(first, last);
        if (high != 0) sorted.emplace_back(std::max<std::uint32_t>(low, 1), high);
    }
    std::sort(sorted.begin(), sorted.end());
    NumberRanges merged;
    for (const auto& range : sorted) {
        if (!merged.empty() && range.first <= std::uint64_t{merged.back().second} + 1) {
            merged.back().second = std::max(merged.back().second, range.second);
        } else {
            merged.push_back(range);
        }
    }
    return merged;
}

bool SequenceSet::hasStar() const {
    return std::any_of(ranges_.begin(), ranges_.end(), [](const auto& range) {
        return range.first == 0 || range.second == 0;
    });
}

std::uint32_t SequenceSet::greatestNumber() const {
    std::uint32_t greatest = 0;
    for (const auto& [first, last] : ranges_)
        greatest = std::max({greatest, first, last});
    return greatest;
}

std::string setText(std::span<const std::uint32_t> numbers) {
    std::string text;
    std::size_t i = 0;
    while (i < numbers.size()) {
        std::size_t j = i;
        while (j + 1 < numbers.size() && numbers[j + 1] == numbers[j] + 1)
            ++j;
        if (!text.empty()) text += ',';
        text += std::to_string(numbers[i]);
        if (j > i) text += ':' + std::to_string(numbers[j]);
        i = j + 1;
    }
    return text;
}

std::string rangesText(const NumberRanges& ranges) {
    std::string text;
    for (const auto& [first, last] : ranges) {
        if (!text.empty()) text += ',';
        text += std::to_string(first);
        if (last > first) text += ':' + std::to_string(last);
    }
    return text;
}

bool contains(const NumberRanges& ranges, std::uint32_t number) {
    const auto after = std::upper_bound(
        ranges.begin(), ranges.end(), number, [](std::uint32_t value, const auto& range) {
        return value < range.first;
    });
    return after != ranges.begin() && number <= std::prev(after)->second;
}

void addRange(NumberRanges& ranges, std::uint32_t first, std::uint32_t last) {
    if (!ranges.empty() && ranges.back().second + 1 == first) {
        ranges.back().second = last;
    } else {
        ranges.emplace_back(first, last);
    }
}

void extend(NumberRanges& ranges, std::uint32_t number) { addRange(ranges, number, number); }

}  // namespace daybook::imap
