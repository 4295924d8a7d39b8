// ascii.h
//
// Letters and digits without a locale: protocols are ASCII whatever LANG says. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace daybook {

constexpr char toLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr char toUpper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

constexpr bool isDigit(char c) { return c >= '0' && c <= '9'; }

constexpr bool isAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string lowered(std::string_view text);
std::string uppered(std::string_view text);
bool equalsIgnoreCase(std::string_view a, std::string_view b);
bool startsWithIgnoreCase(std::string_view text, std::string_view prefix);
std::string_view trimmed(std::string_view text);

// Decimal digits only, no sign, no blanks; nothing if empty, something else, or above `max`.
std::optional<std::uint64_t> parseNumber(std::string_view text, std::uint64_t max = UINT64_MAX);

// RFC 3629: true if `text` is well-formed UTF-8 (no overlong forms, no surrogates).
bool isUtf8(std::string_view text);
bool isAscii(std::string_view text);

}  // namespace daybook
