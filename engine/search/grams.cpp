#include "engine/search/grams.h"

#include <algorithm>

namespace daybook {

namespace {

constexpr std::uint64_t kWords = 36ULL * 36 * 36 * 36 * 36;
constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
// Of well-formed UTF-8.
constexpr unsigned kCharacterBits = 21;

// Hangul is decomposed to letters (Jamo) when it is folded; the rest begins with the radicals.
bool isDense(std::uint64_t character) {
    return (character >= 0x1100 && character <= 0x11FF) || character >= 0x2E80;
}

// What is not well-formed is a character all the same: both sides see the same one.
std::uint64_t takeCharacter(std::string_view text, std::size_t& at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    ++at;
    if (lead < 0xC0) return lead;
    std::uint64_t character = lead < 0xE0 ? lead & 0x1FU : lead < 0xF0 ? lead & 0x0FU : lead & 7U;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) {
        character = (character << 6U) | (static_cast<unsigned char>(text[at]) & 0x3FU);
        ++at;
    }
    return character & ((1U << kCharacterBits) - 1);
}

// The end of splitmix64: every bit of the gram counts in every bit.
std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31U);
}

}  // namespace

void Grams::collect(std::string_view utf8) {
    constexpr std::uint64_t kTwo = (1ULL << (2 * kCharacterBits)) - 1;
    found_.clear();
    std::uint64_t last = 0;
    std::size_t count = 0;
    for (std::size_t at = 0; at < utf8.size();) {
        const std::uint64_t before = last & ((1U << kCharacterBits) - 1);
        const std::uint64_t character = takeCharacter(utf8, at);
        last = (((last & kTwo) << kCharacterBits) | character);
        ++count;
        // A pair is told from a triple by the character that it has not.
        if (count >= 2 && isDense(before) && isDense(character)) {
            found_.push_back(mixed(last & kTwo) % kWords);
        }
        if (count >= 3) found_.push_back(mixed(last + (1ULL << 63U)) % kWords);
    }
    std::ranges::sort(found_);
    const auto rest = std::ranges::unique(found_);
    found_.erase(rest.begin(), rest.end());
}

const std::string& Grams::write(std::size_t most) {
    words_.clear();
    const std::size_t step = std::max<std::size_t>(1, (found_.size() + most - 1) / most);
    for (std::size_t i = 0; i < found_.size(); i += step) {
        std::uint64_t value = found_[i];
        if (!words_.empty()) words_ += ' ';
        for (unsigned digit = 0; digit < 5; ++digit) {
            words_ += kDigits[value % kDigits.size()];
            value /= kDigits.size();
        }
    }
    return words_;
}

const std::string& Grams::of(std::string_view utf8) {
    collect(utf8);
    return write(std::max<std::size_t>(1, found_.size()));
}

const std::string& Grams::sureOf(std::string_view needle, std::size_t most) {
    collect(needle);
    return write(most);
}

}  // namespace daybook
