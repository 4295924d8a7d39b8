// searchable_text.cpp: what SEARCH BODY and TEXT look at, see parts.h.
#include "engine/mime/content_fields.h"
#include "engine/mime/decoding.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/parts.h"
#include "journal/base/ascii.h"

namespace daybook::mime {

namespace {

struct LeafFields {
    ContentType type;
    std::string encoding;
};

LeafFields leafFields(std::string_view header) {
    LeafFields result;
    HeaderFieldCursor cursor(header);
    HeaderField field;
    while (cursor.next(field)) {
        if (result.type.type.empty() && equalsIgnoreCase(field.name, "Content-Type")) {
            result.type = parseContentType(field.value);
        } else if (
            result.encoding.empty() && equalsIgnoreCase(field.name, "Content-Transfer-Encoding")) {
            result.encoding = parseToken(field.value);
        }
    }
    return result;
}

// A leaf that only fails to be a multipart or a message is text, as BODYSTRUCTURE says.
bool isText(const ContentType& type) {
    return type.type.empty() || type.type == "TEXT" || type.type == "MULTIPART" || type.isMessage();
}

// `room` bounds the work as well: no encoding makes a text more than four times as long.
std::string leafText(std::string_view header, std::string_view body, std::size_t room) {
    const LeafFields fields = leafFields(header);
    if (!isText(fields.type)) return {};
    const std::string* const charset = findParameter(fields.type.parameters, "CHARSET");
    if (room < body.size() / 4) body = body.substr(0, room * 4);
    return toUtf8(decodeTransfer(body, fields.encoding), charset == nullptr ? "" : *charset);
}

std::string headerText(std::string_view header) {
    std::string result;
    HeaderFieldCursor cursor(header);
    HeaderField field;
    while (cursor.next(field)) {
        result += cleanText(field.name) + ": " + decodeHeaderText(unfolded(field.value)) + "\n";
    }
    return result;
}

// Cuts before a character that would not fit whole.
void cutTo(std::string& text, std::size_t octetsMax) {
    if (text.size() <= octetsMax) return;
    std::size_t end = octetsMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    text.resize(end);
}

}  // namespace

std::string searchableText(
    std::string_view message, const summary::Summary::Reader& summary, std::size_t octetsMax) {
    std::string result;
    const auto parts = summary.getParts();
    for (const auto part : parts) {
        if (result.size() >= octetsMax) break;
        const std::string_view header =
            message.substr(part.getHeaderOffset(), part.getBodyOffset() - part.getHeaderOffset());
        const bool isEmbedded =
            part.getParent() >= 0 &&
            parts[static_cast<unsigned>(part.getParent())].getKind() == summary::Kind::MESSAGE;
        if (isEmbedded) result += foldCase(headerText(header));
        if (part.getKind() != summary::Kind::LEAF) continue;
        const std::string_view body =
            message.substr(part.getBodyOffset(), part.getBodyEnd() - part.getBodyOffset());
        result += foldCase(leafText(header, body, octetsMax)) + "\n";
    }
    cutTo(result, octetsMax);
    return result;
}

}  // namespace daybook::mime
