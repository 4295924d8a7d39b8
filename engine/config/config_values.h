// config_values.h
//
// Reading one value: number, size, yes or no, text, one of a list of words. Each returns what is
// wrong and what to do about it; empty: taken. For the files of this folder. Pure; any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/config/config_settings.h"

namespace daybook {

std::string readText(std::string& into, const ConfigValue& value);
// A list of texts. `wrong` says what is wrong with one of them; empty: nothing.
std::string readTexts(
    std::vector<std::string>& into,
    const ConfigValue& value,
    std::string (*wrong)(const std::string& text));
// Addresses and networks, one text or a list: "192.0.2.1", "2001:db8::/32".
std::string readRanges(AddressRanges& into, const ConfigValue& value);
// As the file has them; empty: there are none.
std::string rangesText(const AddressRanges& ranges);
std::string readFlag(bool& into, const ConfigValue& value);
std::string readInteger(
    std::int64_t& into, const ConfigValue& value, std::int64_t min, std::int64_t max);
// Octets as a number, or with a unit: "64KiB", "50MiB", "1GiB", "1TiB".
std::string readSize(
    std::uint64_t& into, const ConfigValue& value, std::uint64_t min, std::uint64_t max);
// In the greatest unit that divides it.
std::string sizeText(std::uint64_t octets);
// "500ms", "30s", "5m", "4h", "5d".
std::string readDuration(
    std::chrono::milliseconds& into,
    const ConfigValue& value,
    std::chrono::milliseconds min,
    std::chrono::milliseconds max);
// In the greatest unit that divides it.
std::string durationText(std::chrono::milliseconds duration);
// As the file has it; an empty list is left out.
std::string textList(const std::vector<std::string>& texts);
std::string readPath(std::filesystem::path& into, const ConfigValue& value);

template <class Number>
std::string readNumber(Number& into, const ConfigValue& value, std::int64_t min, std::int64_t max) {
    std::int64_t number = 0;
    std::string problem = readInteger(number, value, min, max);
    if (problem.empty()) into = static_cast<Number>(number);
    return problem;
}

template <class Word, std::size_t kCount>
using Words = std::array<std::pair<std::string_view, Word>, kCount>;

template <class Word, std::size_t kCount>
std::string readWord(Word& into, const ConfigValue& value, const Words<Word, kCount>& words) {
    const std::string* const text = std::get_if<std::string>(&value);
    std::string known;
    for (const auto& [name, word] : words) {
        if (text != nullptr && *text == name) {
            into = word;
            return {};
        }
        known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", name);
    }
    return text == nullptr ? fmt::format("must be one of {}", known)
                           : fmt::format("\"{}\" is not known; write one of {}", *text, known);
}

template <class Word, std::size_t kCount>
std::string_view wordOf(Word word, const Words<Word, kCount>& words) {
    for (const auto& [name, known] : words) {
        if (known == word) return name;
    }
    return {};
}

}  // namespace daybook
