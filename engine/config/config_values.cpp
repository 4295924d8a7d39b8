#include "engine/config/config_values.h"

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

}  // namespace daybook
