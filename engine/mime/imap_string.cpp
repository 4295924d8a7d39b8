#include "engine/mime/imap_string.h"

#include <algorithm>

namespace daybook::mime {

namespace {

// Long quoted strings hit line limits of clients; a literal has none.
constexpr std::size_t kQuotedOctetsMax = 1'000;

bool fitsQuoted(std::string_view text) {
    if (text.size() > kQuotedOctetsMax) return false;
    return std::all_of(
        text.begin(), text.end(), [](char c) { return c == '\t' || (c >= ' ' && c < 127); });
}

}  // namespace

// string = quoted / literal;  literal = "{" number "}" CRLF *CHAR8
void appendString(std::string& out, std::string_view text) {
    if (!fitsQuoted(text)) {
        out += '{' + std::to_string(text.size()) + "}\r\n";
        const std::size_t begin = out.size();
        out += text;
        std::replace(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), '\0', '?');
        return;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

void appendNil(std::string& out) { out += "NIL"; }

void appendNstring(std::string& out, const std::optional<std::string>& text) {
    if (text) {
        appendString(out, *text);
    } else {
        appendNil(out);
    }
}

}  // namespace daybook::mime
