#include "protocols/imap/utf7.h"

#include <cstdint>

#include "journal/base/assert.h"

namespace daybook::imap {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

bool isDirect(char c) { return c >= 0x20 && c <= 0x7e; }

void appendUtf8(std::string& out, std::uint32_t point) {
    const auto put = [&out](std::uint32_t octet) { out += static_cast<char>(octet); };
    if (point < 0x80) return put(point);
    if (point < 0x800) {
        put(0xc0U | (point >> 6U));
    } else if (point < 0x10000) {
        put(0xe0U | (point >> 12U));
        put(0x80U | ((point >> 6U) & 0x3fU));
    } else {
        put(0xf0U | (point >> 18U));
        put(0x80U | ((point >> 12U) & 0x3fU));
        put(0x80U | ((point >> 6U) & 0x3fU));
    }
    put(0x80U | (point & 0x3fU));
}

// Takes one character of well-formed UTF-8 off the front.
std::uint32_t takeCharacter(std::string_view& text) {
    const auto octet = [&text](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
    };
    const std::uint32_t first = octet(0);
    const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    DAYBOOK_ASSERT(text.size() >= length);
    std::uint32_t point = length == 1 ? first : first & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i)
        point = (point << 6U) | (octet(i) & 0x3fU);
    text.remove_prefix(length);
    return point;
}

// The UTF-16 units of one shifted run; nothing if it is no base64 or has bits left over.
std::optional<std::u16string> decodeRun(std::string_view run) {
    std::u16string units;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : run) {
        const std::size_t value = kAlphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 16) continue;
        count -= 16;
        units += static_cast<char16_t>((bits >> count) & 0xffffU);
        bits &= (1U << count) - 1;
    }
    if (count >= 6 || bits != 0) return std::nullopt;
    return units;
}

bool appendUnits(std::string& out, const std::u16string& units) {
    for (std::size_t i = 0; i < units.size(); ++i) {
        std::uint32_t point = units[i];
        if (point >= 0xdc00 && point <= 0xdfff) return false;
        if (point >= 0xd800 && point <= 0xdbff) {
            if (i + 1 == units.size()) return false;
            const std::uint32_t low = units[++i];
            if (low < 0xdc00 || low > 0xdfff) return false;
            point = 0x10000 + ((point - 0xd800) << 10U) + (low - 0xdc00);
        }
        appendUtf8(out, point);
    }
    return true;
}

void appendRun(std::string& out, const std::u16string& units) {
    std::uint32_t bits = 0;
    unsigned count = 0;
    out += '&';
    for (const char16_t unit : units) {
        bits = (bits << 16U) | unit;
        count += 16;
        while (count >= 6) {
            count -= 6;
            out += kAlphabet[(bits >> count) & 0x3fU];
        }
        bits &= (1U << count) - 1;
    }
    if (count > 0) out += kAlphabet[(bits << (6 - count)) & 0x3fU];
    out += '-';
}

}  // namespace

std::optional<std::string> fromUtf7(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (!isDirect(name[i])) return std::nullopt;
        if (name[i] != '&') {
            out += name[i];
            continue;
        }
        const std::size_t end = name.find('-', i + 1);
        if (end == std::string_view::npos) return std::nullopt;
        if (end == i + 1) {
            out += '&';
        } else {
            const auto units = decodeRun(name.substr(i + 1, end - i - 1));
            if (!units || units->empty() || !appendUnits(out, *units)) return std::nullopt;
        }
        i = end;
    }
    if (toUtf7(out) != name) return std::nullopt;
    return out;
}

std::string toUtf7(std::string_view utf8) {
    std::string out;
    std::u16string pending;
    const auto flush = [&] {
        if (!pending.empty()) appendRun(out, pending);
        pending.clear();
    };
    while (!utf8.empty()) {
        const std::uint32_t point = takeCharacter(utf8);
        if (point >= 0x20 && point <= 0x7e) {
            flush();
            out += static_cast<char>(point);
            if (point == '&') out += '-';
        } else if (point < 0x10000) {
            pending += static_cast<char16_t>(point);
        } else {
            pending += static_cast<char16_t>(0xd800 + ((point - 0x10000) >> 10U));
            pending += static_cast<char16_t>(0xdc00 + ((point - 0x10000) & 0x3ffU));
        }
    }
    flush();
    return out;
}

}  // namespace daybook::imap
