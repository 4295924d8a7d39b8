#include "engine/mime/searchable_text.h"

#include <algorithm>
#include <fmt/format.h>

#include "engine/mime/decoding.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/leaf_fields.h"
#include "engine/mime/parts.h"
#include "journal/base/ascii.h"

namespace daybook::mime {

namespace {

// `room` bounds the work as well: hardly an encoding makes a text more than four times as long.
SearchableText leafText(std::string_view header, std::string_view body, std::size_t room) {
    const LeafFields fields = leafFields(header);
    if (!fields.isText()) return {};
    const bool whole = room >= body.size() / 4;
    if (!whole) body = body.substr(0, room * 4);
    const std::string decoded = decodeTransfer(body, fields.encoding);
    return {.text = toUtf8(decoded, fields.charset()), .whole = whole};
}

// A line end that an encoded word brings would make two fields of one.
std::string oneLine(std::string text) {
    for (char& c : text) {
        if (c == '\n' || c == '\r') c = ' ';
    }
    return text;
}

// Cuts before a character that would not fit whole.
void cutTo(SearchableText& text, std::size_t octetsMax) {
    if (text.text.size() <= octetsMax) return;
    std::size_t end = octetsMax;
    while (end > 0 && (static_cast<unsigned char>(text.text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    text.text.resize(end);
    text.whole = false;
}

}  // namespace

SearchableText searchableHeader(std::string_view header, std::size_t octetsMax) {
    SearchableText result;
    HeaderFieldCursor cursor(header);
    HeaderField field;
    while (cursor.next(field)) {
        if (result.text.size() > octetsMax) break;
        result.text += lowered(field.name);
        result.text += ": ";
        result.text += foldCase(oneLine(decodeHeaderText(unfolded(field.value))));
        result.text += '\n';
    }
    cutTo(result, octetsMax);
    return result;
}

bool headerHolds(
    std::string_view searchableHeader, std::string_view field, std::string_view needle) {
    if (field.empty()) return searchableHeader.find(needle) != std::string_view::npos;
    const std::string name = lowered(field) + ": ";
    while (!searchableHeader.empty()) {
        const std::size_t end = searchableHeader.find('\n');
        std::string_view line = searchableHeader.substr(0, end);
        searchableHeader.remove_prefix(std::min(line.size() + 1, searchableHeader.size()));
        if (!line.starts_with(name)) continue;
        line.remove_prefix(name.size());
        if (line.find(needle) != std::string_view::npos) return true;
    }
    return false;
}

SearchableText searchableBody(
    std::string_view message, const summary::Summary::Reader& summary, std::size_t octetsMax) {
    SearchableText result;
    const auto parts = summary.getParts();
    for (const auto part : parts) {
        if (result.text.size() > octetsMax) break;
        const std::string_view header =
            message.substr(part.getHeaderOffset(), part.getBodyOffset() - part.getHeaderOffset());
        const bool isEmbedded =
            part.getParent() >= 0 &&
            parts[static_cast<unsigned>(part.getParent())].getKind() == summary::Kind::MESSAGE;
        if (isEmbedded) {
            const SearchableText fields = searchableHeader(header, octetsMax);
            result.whole = result.whole && fields.whole;
            result.text += fields.text;
        }
        if (part.getKind() != summary::Kind::LEAF) continue;
        const std::string_view body =
            message.substr(part.getBodyOffset(), part.getBodyEnd() - part.getBodyOffset());
        const SearchableText leaf = leafText(header, body, octetsMax);
        result.whole = result.whole && leaf.whole;
        result.text += foldCase(leaf.text) + "\n";
    }
    cutTo(result, octetsMax);
    return result;
}

std::string searchableText(
    std::string_view message, const summary::Summary::Reader& summary, std::size_t octetsMax) {
    return searchableBody(message, summary, octetsMax).text;
}

std::string searchableVersion() {
    constexpr int kVersion = 1;
    return fmt::format("{} {}", kVersion, decodingVersion());
}

}  // namespace daybook::mime
