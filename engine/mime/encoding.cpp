#include "engine/mime/encoding.h"

#include <algorithm>

#include "journal/base/ascii.h"
#include "journal/base/encoding.h"

namespace daybook::mime {

namespace {

constexpr std::size_t kLineOctets = 76;
constexpr std::size_t kBase64LineInput = 57;
// "=?utf-8?B?" + 60 + "?=" is within the 75 characters of RFC 2047 §2.
constexpr std::size_t kWordInputOctets = 45;

bool isContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

void appendHex(std::string& out, char c) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto octet = static_cast<unsigned char>(c);
    out += '=';
    out += kDigits[octet >> 4U];
    out += kDigits[octet & 0x0fU];
}

}  // namespace

std::string encodeQuotedPrintable(std::string_view octets) {
    std::string out;
    out.reserve(octets.size() + octets.size() / 8);
    std::size_t column = 0;
    for (std::size_t i = 0; i < octets.size(); ++i) {
        const char c = octets[i];
        if (octets.substr(i).starts_with("\r\n")) {
            out += "\r\n";
            column = 0;
            ++i;
            continue;
        }
        // RFC 2045 §6.7 (3): blanks at a line's end are encoded.
        const bool endsLine = i + 1 == octets.size() || octets.substr(i + 1).starts_with("\r\n");
        const bool isBlank = c == ' ' || c == '\t';
        const bool isPlain = c >= '!' && c <= '~' && c != '=';
        const bool asItIs = isPlain || (isBlank && !endsLine);
        const std::size_t width = asItIs ? 1 : 3;
        if (column + width > kLineOctets - (endsLine ? 0 : 1)) {
            out += "=\r\n";
            column = 0;
        }
        // Dots and "From " at a line's begin are what careless relays change.
        const bool isRisky = column == 0 && (c == '.' || c == 'F');
        if (asItIs && !isRisky) {
            out += c;
            column += 1;
        } else {
            appendHex(out, c);
            column += 3;
        }
    }
    return out;
}

std::string encodeBase64Lines(std::string_view octets) {
    std::string out;
    out.reserve(octets.size() / 3 * 4 + octets.size() / 28 + 8);
    while (!octets.empty()) {
        const std::string_view line = octets.substr(0, kBase64LineInput);
        out.append(toBase64(line)).append("\r\n");
        octets.remove_prefix(line.size());
    }
    return out;
}

// encoded-word = "=?" charset "?" encoding "?" encoded-text "?="
std::string encodeHeaderText(std::string_view utf8) {
    std::string text(utf8);
    for (char& c : text) {
        if ((c >= 0 && c < ' ') || c == 127) c = '?';
    }
    if (isAscii(text) && text.find("=?") == std::string::npos) return text;
    std::string out;
    std::string_view rest = text;
    while (!rest.empty()) {
        std::size_t length = std::min(kWordInputOctets, rest.size());
        // Never half a character, RFC 2047 §5.
        while (length > 1 && length < rest.size() && isContinuation(rest[length])) {
            --length;
        }
        if (!out.empty()) out += ' ';
        out.append("=?utf-8?B?").append(toBase64(rest.substr(0, length))).append("?=");
        rest.remove_prefix(length);
    }
    return out;
}

}  // namespace daybook::mime
