// structure.h
//
// One pass over a message's octets: the tree of its parts, where the header and the body of each
// lie, and how many lines a body has (RFC 2045, RFC 2046). Decodes nothing, keeps no text. Never
// fails: what is malformed is a leaf that is read as text/plain. Bounded by limits::kMimeDepthMax
// and kMimePartsMax. Pure; any thread.
//
// Which octets belong where:
// - A line ends with LF; a CR before it belongs to it. A header ends after its empty line, or where
//   a boundary of an enclosing multipart stands, or with the message.
// - The line end before a boundary belongs to the boundary (RFC 2046 §5.1.1). A boundary line is
//   "--", the boundary, for the last one "--", and then blanks only, so that a boundary that begins
//   with another one is never taken for it.
// - After its last boundary a multipart's own boundary means nothing any more.
// - A multipart without a part, or without a boundary parameter, is a leaf.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace daybook::mime {

enum class PartKind { Leaf, Multipart, Message };

struct StructurePart {
    std::int32_t parent = -1;  // index; -1: the message itself
    PartKind kind = PartKind::Leaf;
    std::uint16_t number = 1;  // among its siblings
    bool inDigest = false;     // message/rfc822 is its default type (RFC 2046 §5.1.5)
    std::uint64_t headerOffset = 0;
    std::uint64_t bodyOffset = 0;
    std::uint64_t bodyEnd = 0;
    std::uint32_t lines = 0;  // line ends in the body
};

// In depth-first order; [0] is the message. Every part lies within its parent's body, behind its
// elder siblings.
std::vector<StructurePart> scanStructure(std::string_view message);

// The message as one leaf, whatever it says.
std::vector<StructurePart> plainStructure(std::string_view message);

}  // namespace daybook::mime
