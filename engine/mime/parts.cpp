#include "engine/mime/parts.h"

#include <algorithm>

#include "engine/mime/header_fields.h"
#include "journal/base/ascii.h"

namespace daybook::mime {

namespace {

using PartsReader = capnp::List<summary::Part>::Reader;
using PartReader = summary::Part::Reader;

std::optional<unsigned> childOf(const PartsReader& parts, unsigned parent, std::uint32_t number) {
    for (unsigned i = parent + 1; i < parts.size(); ++i) {
        const bool isChild = parts[i].getParent() == static_cast<std::int32_t>(parent);
        if (isChild && parts[i].getNumber() == number) return i;
    }
    return std::nullopt;
}

// The part `number` of the message whose root is `root`. "Every message has at least one part
// number": a message that is no multipart is its own part 1. RFC 9051 §6.4.5.1
std::optional<unsigned> partOfMessage(
    const PartsReader& parts, unsigned root, std::uint32_t number) {
    if (parts[root].getKind() == summary::Kind::MULTIPART) return childOf(parts, root, number);
    return number == 1 ? std::optional(root) : std::nullopt;
}

// Requires: `path` is not empty.
std::optional<unsigned> findPart(const PartsReader& parts, const std::vector<std::uint32_t>& path) {
    std::optional<unsigned> part = partOfMessage(parts, 0, path.front());
    for (std::size_t i = 1; part && i < path.size(); ++i) {
        switch (parts[*part].getKind()) {
            case summary::Kind::LEAF: return std::nullopt;
            case summary::Kind::MULTIPART: part = childOf(parts, *part, path[i]); break;
            case summary::Kind::MESSAGE: {
                const auto embedded = childOf(parts, *part, 1);
                if (!embedded) return std::nullopt;
                part = partOfMessage(parts, *embedded, path[i]);
                break;
            }
        }
    }
    return part;
}

Extent headerExtent(const PartReader& part) {
    return {.begin = part.getHeaderOffset(), .end = part.getBodyOffset()};
}

Extent bodyExtent(const PartReader& part) {
    return {.begin = part.getBodyOffset(), .end = part.getBodyEnd()};
}

// HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT and TEXT speak of a message.
Extent messageExtent(const PartReader& root, SectionText text) {
    return text == SectionText::Text ? bodyExtent(root) : headerExtent(root);
}

}  // namespace

std::optional<unsigned> partAt(
    const summary::Summary::Reader& summary, const std::vector<std::uint32_t>& path) {
    const PartsReader parts = summary.getParts();
    if (parts.size() == 0) return std::nullopt;
    return findPart(parts, path);
}

std::optional<Extent> extentOf(const summary::Summary::Reader& summary, const Section& section) {
    const PartsReader parts = summary.getParts();
    if (parts.size() == 0) return std::nullopt;
    if (section.path.empty()) {
        if (section.text == SectionText::Mime) return std::nullopt;
        if (section.text != SectionText::Whole) return messageExtent(parts[0], section.text);
        return Extent{.begin = 0, .end = parts[0].getBodyEnd()};
    }
    const auto part = findPart(parts, section.path);
    if (!part) return std::nullopt;
    if (section.text == SectionText::Whole) return bodyExtent(parts[*part]);
    if (section.text == SectionText::Mime) return headerExtent(parts[*part]);
    if (parts[*part].getKind() != summary::Kind::MESSAGE) return std::nullopt;
    const auto embedded = childOf(parts, *part, 1);
    if (!embedded) return std::nullopt;
    return messageExtent(parts[*embedded], section.text);
}

std::string filterHeader(
    std::string_view header, const std::vector<std::string>& fields, bool others) {
    std::string result;
    HeaderFieldCursor cursor(header);
    HeaderField field;
    while (cursor.next(field)) {
        const bool named = std::any_of(fields.begin(), fields.end(), [&](const std::string& name) {
            return equalsIgnoreCase(name, field.name);
        });
        if (named != others) result += field.octets;
    }
    // RFC 9051 §7.5.2: the empty line is there "except in the case of a message that has no body
    // and no blank line".
    for (const std::string_view ending : {"\r\n\r\n", "\n\n", "\n\r\n"}) {
        if (header.ends_with(ending)) return result + (header.ends_with("\r\n") ? "\r\n" : "\n");
    }
    if (header == "\r\n" || header == "\n") result += header;
    return result;
}

}  // namespace daybook::mime
