#include <algorithm>

#include "engine/delivery/dsn_parts.h"
#include "engine/mime/decoding.h"
#include "engine/mime/header_fields.h"

namespace daybook {

namespace {

constexpr std::size_t kLineOctetsMax = 76;
constexpr std::size_t kWordOctetsMax = 200;
constexpr std::size_t kFieldOctetsMax = 300;

bool isContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

// Where to cut within the first `octetsMax`, not inside a character.
std::size_t cutAt(std::string_view text, std::size_t octetsMax) {
    if (text.size() <= octetsMax) return text.size();
    std::size_t end = octetsMax;
    while (end > 0 && isContinuation(text[end])) {
        --end;
    }
    return end;
}

// C1 controls (C2 80..9F), and the marks of UAX 9 (E2 80 8E, 8F, AA..AE; E2 81 A6..A9).
std::size_t trickLength(std::string_view text) {
    if (text.size() >= 2 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0) {
        return 2;
    }
    if (text.size() < 3 || text[0] != '\xe2') return 0;
    const auto third = static_cast<unsigned char>(text[2]);
    const bool isMark =
        text[1] == '\x80' && (third == 0x8e || third == 0x8f || (third >= 0xa8 && third <= 0xae));
    const bool isIsolate = text[1] == '\x81' && third >= 0xa6 && third <= 0xa9;
    return isMark || isIsolate ? 3 : 0;
}

}  // namespace

std::string safeText(std::string_view said, std::size_t octetsMax) {
    // Four times: cleanText() may make one octet three.
    const std::string clean = mime::cleanText(said.substr(0, octetsMax * 4));
    std::string result;
    for (std::size_t i = 0; i < clean.size();) {
        const char c = clean[i];
        const std::size_t trick = trickLength(std::string_view(clean).substr(i));
        if (trick > 0) {
            result += '?';
            i += trick;
            continue;
        }
        if (c == '\r' || c == '\n' || c == '\t') {
            result += ' ';
        } else {
            result += (c >= 0 && c < ' ') || c == 127 ? '?' : c;
        }
        ++i;
    }
    result.resize(cutAt(result, octetsMax));
    const std::size_t begin = result.find_first_not_of(' ');
    if (begin == std::string::npos) return {};
    return result.substr(begin, result.find_last_not_of(' ') + 1 - begin);
}

std::string safeAscii(std::string_view said, std::size_t octetsMax) {
    std::string result;
    for (const char c : safeText(said, octetsMax)) {
        if (static_cast<unsigned char>(c) < 128) {
            result += c;
        } else if (!isContinuation(c)) {
            result += '?';
        }
    }
    return result;
}

std::string wrapped(std::string_view text, std::string_view indent) {
    std::string out;
    const std::size_t width = kLineOctetsMax - indent.size();
    do {
        std::size_t end = text.size();
        if (text.size() > width) {
            const std::size_t before = text.rfind(' ', width);
            const std::size_t after = std::min(text.find(' ', width), text.size());
            const bool breaks = before != std::string_view::npos && before > 0;
            end = breaks ? before : cutAt(text, std::min(after, kWordOctetsMax));
        }
        out.append(indent).append(text.substr(0, end)).append("\r\n");
        text.remove_prefix(end);
        while (!text.empty() && text.front() == ' ') {
            text.remove_prefix(1);
        }
    } while (!text.empty());
    return out;
}

std::string originalField(std::string_view header, std::string_view name) {
    const auto value = mime::headerField(header, name);
    if (!value) return {};
    return safeText(
        mime::decodeHeaderText(std::string_view(*value).substr(0, kFieldOctetsMax * 4)),
        kFieldOctetsMax);
}

}  // namespace daybook
