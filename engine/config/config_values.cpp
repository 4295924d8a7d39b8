#include "engine/config/config_values.h"

#include <array>
#include <fmt/format.h>
#include <optional>

#include "journal/base/ascii.h"

namespace daybook {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t octets;
};

constexpr std::array<Unit, 4> kUnits{{
    {"TiB", 1ULL << 40U},
    {"GiB", 1ULL << 30U},
    {"MiB", 1ULL << 20U},
    {"KiB", 1ULL << 10U},
}};

std::optional<std::uint64_t> parseSize(std::string_view text) {
    for (const Unit& unit : kUnits) {
        if (!text.ends_with(unit.name)) continue;
        const std::string_view digits = trimmed(text.substr(0, text.size() - unit.name.size()));
        const std::optional<std::uint64_t> count = parseNumber(digits, UINT64_MAX / unit.octets);
        if (!count) return std::nullopt;
        return *count * unit.octets;
    }
    return parseNumber(text);
}

}  // namespace

std::string readText(std::string& into, const ConfigValue& value) {
    const std::string* const text = std::get_if<std::string>(&value);
    if (text == nullptr) return "must be a text; write it in double quotes";
    if (text->empty()) return "is empty; write a value, or leave the key out";
    into = *text;
    return {};
}

std::string readTexts(
    std::vector<std::string>& into,
    const ConfigValue& value,
    std::string (*wrong)(const std::string& text)) {
    const auto* const texts = std::get_if<std::vector<std::string>>(&value);
    if (texts == nullptr) return "must be a list of texts; write [\"...\", \"...\"]";
    for (const std::string& text : *texts) {
        std::string problem = wrong(text);
        if (!problem.empty()) return problem;
    }
    into = *texts;
    return {};
}

std::string readRanges(AddressRanges& into, const ConfigValue& value) {
    constexpr std::string_view kWanted =
        "write addresses and networks like [\"192.0.2.1\", \"2001:db8::/32\"]";
    std::vector<std::string> texts;
    if (const auto* const list = std::get_if<std::vector<std::string>>(&value)) {
        texts = *list;
    } else if (const auto* const text = std::get_if<std::string>(&value)) {
        texts.push_back(*text);
    } else {
        return fmt::format("must be a list of texts; {}", kWanted);
    }
    AddressRanges ranges;
    for (const std::string& text : texts) {
        if (!ranges.add(text)) {
            return fmt::format("\"{}\" is no address or network; {}", text, kWanted);
        }
    }
    into = std::move(ranges);
    return {};
}

std::string rangesText(const AddressRanges& ranges) {
    std::string text;
    for (const std::string& range : ranges.texts())
        text += (text.empty() ? "[" : ", ") + tomlString(range);
    return text.empty() ? text : text + "]";
}

std::string readFlag(bool& into, const ConfigValue& value) {
    const bool* const flag = std::get_if<bool>(&value);
    if (flag == nullptr) return "must be true or false, without quotes";
    into = *flag;
    return {};
}

std::string readInteger(
    std::int64_t& into, const ConfigValue& value, std::int64_t min, std::int64_t max) {
    const std::int64_t* const number = std::get_if<std::int64_t>(&value);
    if (number == nullptr) {
        return fmt::format("must be a whole number from {} to {}, without quotes", min, max);
    }
    if (*number < min || *number > max) {
        return fmt::format("{} is out of range; write a number from {} to {}", *number, min, max);
    }
    into = *number;
    return {};
}

std::string readSize(
    std::uint64_t& into, const ConfigValue& value, std::uint64_t min, std::uint64_t max) {
    std::optional<std::uint64_t> octets;
    if (const auto* const number = std::get_if<std::int64_t>(&value); number && *number >= 0) {
        octets = static_cast<std::uint64_t>(*number);
    }
    if (const auto* const text = std::get_if<std::string>(&value)) octets = parseSize(*text);
    if (!octets) {
        return "is not a size; write it as \"50MiB\" (KiB, MiB, GiB, TiB), or as a number of "
               "octets";
    }
    if (*octets < min || *octets > max) {
        return fmt::format(
            "{} is out of range; write a size from {} to {}",
            sizeText(*octets),
            sizeText(min),
            sizeText(max));
    }
    into = *octets;
    return {};
}

std::string sizeText(std::uint64_t octets) {
    for (const Unit& unit : kUnits) {
        if (octets >= unit.octets && octets % unit.octets == 0) {
            return fmt::format("{}{}", octets / unit.octets, unit.name);
        }
    }
    return fmt::format("{}", octets);
}

namespace {

struct TimeUnit {
    std::string_view name;
    std::int64_t milliseconds;
};

// "ms" before "m" and "s": the longest ending counts.
constexpr std::array<TimeUnit, 5> kTimeUnits{{
    {"ms", 1},
    {"s", 1'000},
    {"m", 60'000},
    {"h", 3'600'000},
    {"d", 86'400'000},
}};

std::optional<std::int64_t> parseDuration(std::string_view text) {
    for (const TimeUnit& unit : kTimeUnits) {
        if (!text.ends_with(unit.name)) continue;
        const std::string_view digits = trimmed(text.substr(0, text.size() - unit.name.size()));
        const auto count = parseNumber(
            digits, static_cast<std::uint64_t>(INT64_MAX / 1'000'000 / unit.milliseconds));
        if (!count) return std::nullopt;
        return static_cast<std::int64_t>(*count) * unit.milliseconds;
    }
    return std::nullopt;
}

}  // namespace

std::string readDuration(
    std::chrono::milliseconds& into,
    const ConfigValue& value,
    std::chrono::milliseconds min,
    std::chrono::milliseconds max) {
    const std::string* const text = std::get_if<std::string>(&value);
    const auto duration = text == nullptr ? std::nullopt : parseDuration(*text);
    if (!duration) return "must be a time; write it like \"30s\", \"5m\", \"4h\" or \"5d\"";
    if (*duration < min.count() || *duration > max.count()) {
        return fmt::format(
            "\"{}\" is not between {} and {}", *text, durationText(min), durationText(max));
    }
    into = std::chrono::milliseconds(*duration);
    return {};
}

std::string durationText(std::chrono::milliseconds duration) {
    const TimeUnit* best = &kTimeUnits[0];
    for (const TimeUnit& unit : kTimeUnits) {
        const bool fits = duration.count() % unit.milliseconds == 0;
        if (fits && unit.milliseconds > best->milliseconds) best = &unit;
    }
    if (duration.count() == 0) return "0s";
    return fmt::format("{}{}", duration.count() / best->milliseconds, best->name);
}

std::string textList(const std::vector<std::string>& texts) {
    if (texts.empty()) return {};
    std::string list;
    for (const std::string& text : texts)
        list += fmt::format("{}{}", list.empty() ? "" : ", ", tomlString(text));
    return fmt::format("[{}]", list);
}

std::string readPath(std::filesystem::path& into, const ConfigValue& value) {
    std::string text;
    std::string problem = readText(text, value);
    if (problem.empty()) into = text;
    return problem;
}

}  // namespace daybook
