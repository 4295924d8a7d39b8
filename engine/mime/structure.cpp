#include "engine/mime/structure.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "engine/mime/content_fields.h"
#include "engine/mime/header_fields.h"
#include "journal/base/ascii.h"
#include "journal/base/limits.h"

namespace daybook::mime {

namespace {

// A position and the number of line ends before it.
struct Mark {
    std::uint64_t offset = 0;
    std::uint64_t lines = 0;
};

struct OpenPart {
    std::size_t index = 0;
    std::uint64_t linesBefore = 0;  // at the body's begin
    std::uint16_t children = 0;
    bool isDigest = false;
    std::string boundary;  // empty: not a multipart, or its last boundary was seen
};

class StructureScanner {
public:
    explicit StructureScanner(std::string_view message) : message_(message) {}

    std::vector<StructurePart> run() {
        openPart(-1, 1, false, {});
        while (at_.offset < message_.size()) {
            if (!inHeader_ && !looksForBoundaries_) {
                skipToEnd();
            } else {
                takeLine();
            }
        }
        if (inHeader_) endHeader(at_, HeaderEnd::Cut);
        closeDownTo(0, at_);
        return std::move(parts_);
    }

private:
    enum class HeaderEnd { EmptyLine, Cut };

    void takeLine() {
        const char* const begin = message_.data() + at_.offset;
        const std::size_t left = message_.size() - at_.offset;
        const void* const found = std::memchr(begin, '\n', left);
        const std::size_t length =
            found == nullptr
                ? left
                : static_cast<std::size_t>(static_cast<const char*>(found) - begin) + 1;
        const std::string_view line(begin, length);
        const Mark next{
            .offset = at_.offset + length, .lines = at_.lines + (found == nullptr ? 0 : 1)};
        if (looksForBoundaries_ && line.starts_with("--") && takeBoundary(line, next)) {
            at_ = next;
            return;
        }
        at_ = next;
        if (inHeader_ && (line == "\r\n" || line == "\n")) endHeader(next, HeaderEnd::EmptyLine);
    }

    // No boundary can come any more: only the line ends count.
    void skipToEnd() {
        const std::string_view rest = message_.substr(at_.offset);
        at_.lines += static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
        at_.offset = message_.size();
    }

    // delimiter := CRLF "--" boundary; close-delimiter := delimiter "--". RFC 2046 §5.1.1
    bool takeBoundary(std::string_view line, const Mark& next) {
        line.remove_prefix(2);
        while (!line.empty() && (line.back() == '\n' || line.back() == '\r' || line.back() == ' ' ||
                                 line.back() == '\t')) {
            line.remove_suffix(1);
        }
        for (std::size_t depth = open_.size(); depth-- > 0;) {
            const std::string& boundary = open_[depth].boundary;
            if (boundary.empty() || !line.starts_with(boundary)) continue;
            const std::string_view rest = line.substr(boundary.size());
            if (rest.empty()) return startChild(depth, next);
            if (rest == "--") {
                endHeaderBefore();
                closeDownTo(depth + 1, beforeLine());
                open_[depth].boundary.clear();
                updateBoundaries();
                return true;
            }
        }
        return false;
    }

    bool startChild(std::size_t depth, const Mark& next) {
        if (parts_.size() >= limits::kMimePartsMax) {
            stopLooking();
            return false;
        }
        endHeaderBefore();
        closeDownTo(depth + 1, beforeLine());
        OpenPart& parent = open_[depth];
        const auto number = ++parent.children;
        openPart(static_cast<std::int32_t>(parent.index), number, parent.isDigest, next);
        return true;
    }

    // The end of what stands before the boundary line at `at_`.
    Mark beforeLine() const {
        Mark mark = at_;
        if (mark.offset > 0 && message_[mark.offset - 1] == '\n') {
            --mark.offset;
            --mark.lines;
            if (mark.offset > 0 && message_[mark.offset - 1] == '\r') --mark.offset;
        }
        return mark;
    }

    void endHeaderBefore() {
        if (inHeader_) endHeader(at_, HeaderEnd::Cut);
    }

    void openPart(std::int32_t parent, std::uint16_t number, bool inDigest, const Mark& begin) {
        parts_.push_back({
            .parent = parent,
            .number = number,
            .inDigest = inDigest,
            .headerOffset = begin.offset,
        });
        open_.push_back({.index = parts_.size() - 1});
        inHeader_ = true;
    }

    void endHeader(const Mark& bodyBegin, HeaderEnd how) {
        inHeader_ = false;
        OpenPart& open = open_.back();
        StructurePart& part = parts_[open.index];
        part.bodyOffset = bodyBegin.offset;
        open.linesBefore = bodyBegin.lines;
        if (how == HeaderEnd::Cut || open_.size() >= limits::kMimeDepthMax) return;
        const ContentType type = contentType(part);
        if (type.type == "MULTIPART") {
            const std::string* boundary = findParameter(type.parameters, "BOUNDARY");
            if (boundary == nullptr) return;
            open.boundary = trimmed(*boundary);
            open.isDigest = type.subtype == "DIGEST";
            updateBoundaries();
            return;
        }
        const bool isMessage = type.isMessage() || (type.type.empty() && part.inDigest);
        if (!isMessage || parts_.size() >= limits::kMimePartsMax) return;
        part.kind = PartKind::Message;
        openPart(static_cast<std::int32_t>(open.index), 1, false, bodyBegin);
    }

    ContentType contentType(const StructurePart& part) const {
        HeaderFieldCursor cursor(
            message_.substr(part.headerOffset, part.bodyOffset - part.headerOffset));
        HeaderField field;
        while (cursor.next(field)) {
            if (equalsIgnoreCase(field.name, "Content-Type")) return parseContentType(field.value);
        }
        return {};
    }

    // Closes the open parts from the innermost to that of `depth`. A header or a child may reach
    // into the line end before the boundary; then the parents do, too.
    void closeDownTo(std::size_t depth, Mark end) {
        while (open_.size() > depth) {
            const OpenPart& open = open_.back();
            StructurePart& part = parts_[open.index];
            if (end.offset < part.bodyOffset) {
                end = {.offset = part.bodyOffset, .lines = open.linesBefore};
            }
            part.bodyEnd = end.offset;
            part.lines = static_cast<std::uint32_t>(
                std::min<std::uint64_t>(end.lines - open.linesBefore, UINT32_MAX));
            if (open.children > 0) part.kind = PartKind::Multipart;
            open_.pop_back();
        }
        updateBoundaries();
    }

    void stopLooking() {
        for (OpenPart& open : open_) {
            open.boundary.clear();
        }
        updateBoundaries();
    }

    void updateBoundaries() {
        looksForBoundaries_ = std::any_of(open_.begin(), open_.end(), [](const OpenPart& open) {
            return !open.boundary.empty();
        });
    }

    std::string_view message_;
    Mark at_;
    std::vector<StructurePart> parts_;
    std::vector<OpenPart> open_;  // the part that is being read, and those that enclose it
    bool inHeader_ = false;
    bool looksForBoundaries_ = false;
};

}  // namespace

std::vector<StructurePart> scanStructure(std::string_view message) {
    return StructureScanner(message).run();
}

std::vector<StructurePart> plainStructure(std::string_view message) {
    StructurePart part = scanStructure(message).front();
    const std::string_view body = message.substr(part.bodyOffset);
    part.kind = PartKind::Leaf;
    part.bodyEnd = message.size();
    part.lines = static_cast<std::uint32_t>(std::count(body.begin(), body.end(), '\n'));
    return {part};
}

}  // namespace daybook::mime
