// config_values.h
//
// Reading one value: number, size, yes or no, text, one of a list of words. Each returns what is
// wrong and what to do about it; empty: taken. For the files of this folder. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <utility>

#include "engine/config/config_settings.h"

namespace daybook {

std::string readText(std::string& into, const ConfigValue& value);
std::string readFlag(bool& into, const ConfigValue& value);
std::string readInteger(
    std::int64_t& into, const ConfigValue& value, std::int64_t min, std::int64_t max);
// Octets as a number, or with a unit: "64KiB", "50MiB", "1GiB", "1TiB".
std::string readSize(
    std::uint64_t& into, const ConfigValue& value, std::uint64_t min, std::uint64_t max);
// In the greatest unit that divides it.
std::string sizeText(std::uint64_t octets);

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
