#include "protocols/imap/summary_text.h"

#include <algorithm>

#include "engine/mime/decoding.h"
#include "engine/mime/encoding.h"
#include "journal/base/ascii.h"
#include "protocols/imap/response.h"

namespace daybook::imap {

namespace {

// Raw octets that are no UTF-8 are read as Latin-1, as everywhere (engine/mime/decoding.cpp).
std::string asUtf8(std::string_view text) {
    return isUtf8(text) ? std::string(text) : mime::toUtf8(text, "iso-8859-1");
}

bool mayBeQuoted(std::string_view text) {
    return text.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos;
}

void appendQuoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

void appendText(std::string& out, std::string_view text, const Dialect& dialect) {
    if (isAscii(text)) return appendString(out, text);
    const std::string utf8 = asUtf8(text);
    if (!dialect.speaksUtf8()) return appendString(out, mime::encodeHeaderText(utf8));
    if (mayBeQuoted(utf8)) return appendQuoted(out, utf8);
    appendString(out, utf8);
}

// Behind the quoted string that begins at `at`.
std::size_t behindQuoted(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
    }
    return std::min(at + 1, text.size());
}

}  // namespace

void appendSummaryText(std::string& out, std::string_view stored, const Dialect& dialect) {
    if (isAscii(stored)) {
        out += stored;
        return;
    }
    std::size_t done = 0;
    std::size_t at = 0;
    while (at < stored.size()) {
        if (stored[at] == '"') {
            at = behindQuoted(stored, at);
            continue;
        }
        if (stored[at] != '{') {
            ++at;
            continue;
        }
        const std::size_t end = stored.find("}\r\n", at);
        if (end == std::string_view::npos) break;
        const auto count = parseNumber(stored.substr(at + 1, end - at - 1), stored.size());
        if (!count) break;
        const std::size_t begin = end + 3;
        out += stored.substr(done, at - done);
        appendText(out, stored.substr(begin, *count), dialect);
        done = at = std::min<std::size_t>(begin + *count, stored.size());
    }
    out += stored.substr(done);
}

}  // namespace daybook::imap
