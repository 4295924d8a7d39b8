#include "engine/mime/xtext.h"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>

#include "journal/base/ascii.h"

namespace daybook::mime {

namespace {

constexpr std::size_t kEnvelopeIdCharactersMax = 100;         // RFC 3461 §4.4
constexpr std::size_t kOriginalRecipientCharactersMax = 500;  // RFC 3461 §4.2
constexpr std::uint32_t kCodePointMax = 0x10'FFFF;

// xchar = any ASCII CHAR between "!" (33) and "~" (126) inclusive, except for "+" and "=".
bool isXchar(char c) { return c >= '!' && c <= '~' && c != '+' && c != '='; }

// QCHAR = %x21-2a / %x2c-3c / %x3e-5b / %x5d-7e. RFC 6533 §3
bool isQchar(char c) { return isXchar(c) && c != '\\'; }

bool isEightBit(char c) { return static_cast<unsigned char>(c) > 127; }

bool isPrintable(char c) { return (c >= ' ' && c <= '~') || c == '\t'; }

bool isPrintable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return isPrintable(c); });
}

bool isControl(char c) { return (c >= 0 && c < ' ') || c == 127; }

// atom = 1*<any CHAR except specials, SPACE and CTLs>. RFC 822 §3.3
bool isAtom(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < 127 &&
               std::string_view("()<>@,;:\\\".[]").find(c) == std::string_view::npos;
    });
}

// -1: no digit.
int hexValue(char c) {
    if (isDigit(c)) return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void appendUtf8(std::string& out, std::uint32_t point) {
    const auto tail = [&out](std::uint32_t bits) {
        out += static_cast<char>(0x80U | (bits & 0x3fU));
    };
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xc0U | (point >> 6U));
        tail(point);
    } else if (point < 0x1'0000) {
        out += static_cast<char>(0xe0U | (point >> 12U));
        tail(point >> 6U);
        tail(point);
    } else {
        out += static_cast<char>(0xf0U | (point >> 18U));
        tail(point >> 12U);
        tail(point >> 6U);
        tail(point);
    }
}

// The character that `text` begins with, taken off. Requires: isUtf8(text), not empty.
std::uint32_t takeCodePoint(std::string_view& text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    constexpr unsigned kFirstBits[] = {0x7f, 0x1f, 0x0f, 0x07};
    std::uint32_t point = first & kFirstBits[length - 1];
    for (std::size_t i = 1; i < length; ++i) {
        point = (point << 6U) | (static_cast<unsigned char>(text[i]) & 0x3fU);
    }
    text.remove_prefix(length);
    return point;
}

// EmbeddedUnicodeChar = %x5C.78 "{" HEXPOINT "}", HEXPOINT of 2 to 6 digits. Controls are no part
// of an address, so they are not taken. Takes it off `text`.
std::optional<std::uint32_t> takeEmbedded(std::string_view& text) {
    if (!text.starts_with("\\x{")) return std::nullopt;
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos || end < 5 || end > 9) return std::nullopt;
    std::uint32_t point = 0;
    for (const char c : text.substr(3, end - 3)) {
        const int digit = hexValue(toUpper(c));
        if (digit < 0) return std::nullopt;
        point = point * 16 + static_cast<std::uint32_t>(digit);
    }
    const bool isSurrogate = point >= 0xd800 && point <= 0xdfff;
    const bool isC1 = point >= 0x7f && point < 0xa0;
    if (point < ' ' || isC1 || isSurrogate || point > kCodePointMax) return std::nullopt;
    text.remove_prefix(end + 1);
    return point;
}

}  // namespace

std::string encodeXtext(std::string_view octets) {
    std::string text;
    text.reserve(octets.size());
    for (const char c : octets) {
        if (isXchar(c)) {
            text += c;
        } else {
            text += fmt::format("+{:02X}", static_cast<unsigned char>(c));
        }
    }
    return text;
}

// xtext = *( xchar / hexchar ); hexchar = "+" and two upper case hexadecimal digits
std::optional<std::string> decodeXtext(std::string_view text) {
    std::string octets;
    octets.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (isXchar(text[i])) {
            octets += text[i];
            continue;
        }
        if (text[i] != '+' || text.size() - i < 3) return std::nullopt;
        const int high = hexValue(text[i + 1]);
        const int low = hexValue(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        octets += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return octets;
}

// RFC 3461 §4.4: printable US-ASCII "prior to encoding".
std::optional<std::string> parseEnvelopeId(std::string_view value) {
    if (value.empty() || value.size() > kEnvelopeIdCharactersMax) return std::nullopt;
    std::optional<std::string> decoded = decodeXtext(value);
    if (!decoded || !isPrintable(*decoded)) return std::nullopt;
    return decoded;
}

// original-recipient-address = addr-type ";" xtext
std::optional<OriginalRecipient> parseOriginalRecipient(std::string_view value) {
    if (value.size() > kOriginalRecipientCharactersMax) return std::nullopt;
    const std::size_t semicolon = value.find(';');
    if (semicolon == std::string_view::npos) return std::nullopt;
    const std::string_view type = value.substr(0, semicolon);
    const std::string_view text = value.substr(semicolon + 1);
    if (!isAtom(type) || text.empty()) return std::nullopt;
    if (!equalsIgnoreCase(type, "utf-8")) {
        std::optional<std::string> address = decodeXtext(text);
        if (!address || !isPrintable(*address)) return std::nullopt;
        return OriginalRecipient{.type = std::string(type), .address = std::move(*address)};
    }
    const bool hidesBlank = std::any_of(
        text.begin(), text.end(), [](char c) { return isControl(c) || c == ' ' || c == '='; });
    if (!isUtf8(text) || hidesBlank) return std::nullopt;
    // RFC 6533 §3: what does not conform to the type's syntax is copied without alteration.
    return OriginalRecipient{
        .type = std::string(type), .address = decodeUnitext(text).value_or(std::string(text))};
}

std::string encodeUnitext(std::string_view address) {
    std::string text;
    while (!address.empty()) {
        const std::uint32_t point = takeCodePoint(address);
        if (point < 127 && isQchar(static_cast<char>(point))) {
            text += static_cast<char>(point);
        } else {
            text += fmt::format("\\x{{{:02X}}}", point);
        }
    }
    return text;
}

// utf-8-addr-unitext = 1*(QUCHAR / EmbeddedUnicodeChar)
std::optional<std::string> decodeUnitext(std::string_view text) {
    if (text.empty() || !isUtf8(text)) return std::nullopt;
    std::string address;
    while (!text.empty()) {
        if (isQchar(text.front()) || isEightBit(text.front())) {
            address += text.front();
            text.remove_prefix(1);
            continue;
        }
        const auto point = takeEmbedded(text);
        if (!point) return std::nullopt;
        appendUtf8(address, *point);
    }
    return address;
}

std::string originalRecipientValue(std::string_view address) {
    if (isAscii(address)) return "rfc822;" + encodeXtext(address);
    return "utf-8;" + encodeUnitext(address);
}

std::string sevenBitOriginalRecipient(std::string_view value) {
    std::string result;
    while (!value.empty()) {
        if (isEightBit(value.front())) {
            result += fmt::format("\\x{{{:02X}}}", takeCodePoint(value));
        } else {
            result += value.front();
            value.remove_prefix(1);
        }
    }
    return result;
}

}  // namespace daybook::mime
