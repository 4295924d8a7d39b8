#include "engine/mime/preview.h"

#include <algorithm>
#include <array>

#include "engine/mime/decoding.h"
#include "journal/base/ascii.h"

namespace daybook::mime {

namespace {

// Leaves that are looked at for a text.
constexpr unsigned kLeavesMax = 16;
constexpr std::size_t kEntityOctetsMax = 12;

struct Entity {
    std::string_view name;
    std::string_view text;
};

// Those that are met in the first words of mail; any other stays as it is written.
constexpr std::array<Entity, 20> kEntities{{
    {.name = "amp", .text = "&"},
    {.name = "lt", .text = "<"},
    {.name = "gt", .text = ">"},
    {.name = "quot", .text = "\""},
    {.name = "apos", .text = "'"},
    {.name = "nbsp", .text = " "},
    {.name = "shy", .text = ""},
    {.name = "zwnj", .text = ""},
    {.name = "zwj", .text = ""},
    {.name = "auml", .text = "\xC3\xA4"},
    {.name = "ouml", .text = "\xC3\xB6"},
    {.name = "uuml", .text = "\xC3\xBC"},
    {.name = "Auml", .text = "\xC3\x84"},
    {.name = "Ouml", .text = "\xC3\x96"},
    {.name = "Uuml", .text = "\xC3\x9C"},
    {.name = "szlig", .text = "\xC3\x9F"},
    {.name = "eacute", .text = "\xC3\xA9"},
    {.name = "euro", .text = "\xE2\x82\xAC"},
    {.name = "mdash", .text = "\xE2\x80\x94"},
    {.name = "ndash", .text = "\xE2\x80\x93"},
}};

void appendCharacter(std::string& out, std::uint32_t code) {
    const bool isCharacter = code >= 0x20 && code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
    if (!isCharacter) return;
    const auto put = [&out](std::uint32_t octet) { out += static_cast<char>(octet); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xC0 | code >> 6U);
    } else {
        if (code < 0x10000) {
            put(0xE0 | code >> 12U);
        } else {
            put(0xF0 | code >> 18U);
            put(0x80 | (code >> 12U & 0x3FU));
        }
        put(0x80 | (code >> 6U & 0x3FU));
    }
    put(0x80 | (code & 0x3FU));
}

// "&#228;", "&#xE4;". Nothing: no number.
std::optional<std::uint32_t> numberOf(std::string_view name) {
    if (!name.starts_with('#')) return std::nullopt;
    name.remove_prefix(1);
    const bool isHex = name.starts_with('x') || name.starts_with('X');
    if (isHex) name.remove_prefix(1);
    if (name.empty()) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : name) {
        const char lower = toLower(c);
        const bool isLetter = isHex && lower >= 'a' && lower <= 'f';
        if (!isDigit(c) && !isLetter) return std::nullopt;
        value = value * (isHex ? 16 : 10) +
                static_cast<std::uint32_t>(isLetter ? lower - 'a' + 10 : c - '0');
    }
    return value;
}

// Takes "&name;" from the front of `html` if it is one.
bool takeEntity(std::string_view& html, std::string& out) {
    const std::size_t end = html.substr(0, kEntityOctetsMax).find(';');
    if (end == std::string_view::npos) return false;
    const std::string_view name = html.substr(1, end - 1);
    if (const auto number = numberOf(name)) {
        appendCharacter(out, *number);
    } else {
        const auto* const known = std::ranges::find(kEntities, name, &Entity::name);
        if (known == kEntities.end()) return false;
        out += known->text;
    }
    html.remove_prefix(end + 1);
    return true;
}

std::string elementName(std::string_view tag) {
    std::size_t end = 0;
    while (end < tag.size() && (isAlpha(tag[end]) || isDigit(tag[end])))
        ++end;
    return lowered(tag.substr(0, end));
}

// Within these nothing is text.
bool hidesContent(std::string_view name) {
    return name == "style" || name == "script" || name == "head" || name == "title";
}

bool isWithinLine(std::string_view name) {
    constexpr std::array<std::string_view, 12> kInline{
        "a", "b", "i", "u", "em", "strong", "span", "font", "small", "sup", "sub", "code"};
    return std::ranges::find(kInline, name) != kInline.end();
}

// From the front of `html`, behind "</name ...>".
void skipElement(std::string_view& html, const std::string& name) {
    const std::string closing = "</" + name;
    std::size_t at = 0;
    while (at + closing.size() <= html.size()) {
        at = html.find('<', at);
        if (at == std::string_view::npos) break;
        if (startsWithIgnoreCase(html.substr(at), closing)) {
            const std::size_t end = html.find('>', at);
            html.remove_prefix(end == std::string_view::npos ? html.size() : end + 1);
            return;
        }
        ++at;
    }
    html = {};  // it ends behind what we look at
}

// Takes one tag or comment from the front of `html`, which is "<".
void takeTag(std::string_view& html, std::string& out) {
    if (html.starts_with("<!--")) {
        const std::size_t end = html.find("-->");
        html.remove_prefix(end == std::string_view::npos ? html.size() : end + 3);
        return;
    }
    const bool isTag =
        html.size() > 1 && (isAlpha(html[1]) || html[1] == '/' || html[1] == '!' || html[1] == '?');
    if (!isTag) {
        out += '<';
        html.remove_prefix(1);
        return;
    }
    const bool isClosing = html[1] == '/';
    const std::string name = elementName(html.substr(isClosing ? 2 : 1));
    const std::size_t end = html.find('>');
    html.remove_prefix(end == std::string_view::npos ? html.size() : end + 1);
    if (!isClosing && hidesContent(name)) return skipElement(html, name);
    if (!isWithinLine(name)) out += ' ';
}

std::string htmlToText(std::string_view html) {
    std::string out;
    while (!html.empty()) {
        if (html.front() == '<') {
            takeTag(html, out);
        } else if (html.front() != '&' || !takeEntity(html, out)) {
            out += html.front();
            html.remove_prefix(1);
        }
    }
    return out;
}

// Without what others wrote before, and without the signature.
std::string ownLines(std::string_view text) {
    std::string own;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line == "-- ") break;
        if (line.starts_with('>')) continue;
        own += line;
        own += '\n';
    }
    return own;
}

bool isBlankOrControl(std::string_view text) {
    return static_cast<unsigned char>(text[0]) <= ' ' || text[0] == '\x7f' ||
           text.starts_with("\xC2\xA0");
}

// U+200B to U+200F, U+2060, U+FEFF and U+034F fill the first lines of advertisements.
bool isInvisible(std::string_view text) {
    const auto third = text.size() > 2 ? static_cast<unsigned char>(text[2]) : 0U;
    return (text.starts_with("\xE2\x80") && third >= 0x8B && third <= 0x8F) ||
           text.starts_with("\xE2\x81\xA0") || text.starts_with("\xEF\xBB\xBF") ||
           text.starts_with("\xCD\x8F");
}

std::size_t characterOctets(char first) {
    const auto octet = static_cast<unsigned char>(first);
    return octet < 0x80 ? 1 : octet < 0xE0 ? 2 : octet < 0xF0 ? 3 : 4;
}

// On one line, blanks in a row as one. Requires: UTF-8.
std::string onOneLine(std::string_view text) {
    std::string out;
    std::size_t characters = 0;
    bool blank = false;
    while (!text.empty()) {
        const std::size_t octets = std::min(characterOctets(text.front()), text.size());
        if (isBlankOrControl(text)) {
            blank = true;
        } else if (!isInvisible(text)) {
            const std::size_t needed = blank && !out.empty() ? 2 : 1;
            if (characters + needed > kPreviewCharactersMax) break;
            if (needed == 2) out += ' ';
            out += text.substr(0, octets);
            characters += needed;
            blank = false;
        }
        text.remove_prefix(octets);
    }
    return out;
}

}  // namespace

std::optional<PreviewPart> previewPart(
    const summary::Summary::Reader& summary, const std::function<std::string(unsigned)>& headerOf) {
    std::optional<PreviewPart> html;
    unsigned leaves = 0;
    const auto parts = summary.getParts();
    for (unsigned index = 0; index < parts.size() && leaves < kLeavesMax; ++index) {
        if (parts[index].getKind() != summary::Kind::LEAF) continue;
        ++leaves;
        LeafFields fields = leafFields(headerOf(index));
        if (!fields.isText() || fields.disposition == "ATTACHMENT") continue;
        if (parts[index].getBodyEnd() == parts[index].getBodyOffset()) continue;
        const bool isPlain = fields.type.type != "TEXT" || fields.type.subtype == "PLAIN";
        if (isPlain) return PreviewPart{.index = index, .fields = std::move(fields)};
        if (fields.isHtml() && !html) html = PreviewPart{.index = index, .fields = fields};
    }
    return html;
}

std::string previewText(std::string_view beginning, const LeafFields& fields) {
    const std::string text = toUtf8(decodeTransfer(beginning, fields.encoding), fields.charset());
    if (fields.isHtml()) return onOneLine(htmlToText(text));
    // RFC 8970 §3.2: nothing meaningful can be said of what is encrypted.
    if (text.starts_with("-----BEGIN PGP MESSAGE-----")) return {};
    const std::string own = onOneLine(ownLines(text));
    return own.empty() ? onOneLine(text) : own;
}

}  // namespace daybook::mime
