// The octets of FETCH's bodies, as stored and decoded, see fetch_renderer.h.

#include <algorithm>

#include "protocols/imap/fetch_renderer.h"
#include "protocols/imap/response.h"

namespace daybook::imap {

namespace {

enum class Content { Damaged, Text, HasNul };

// Reads it all once and keeps nothing: what turns out damaged in the middle of a literal could not
// be taken back. Damaged: erased.
Content contentOf(const ContentLog& content, const BlobRange& range) {
    std::string scratch;
    bool hasNul = false;
    for (std::uint64_t done = 0; done < range.count; done += kPieceOctets) {
        scratch.clear();
        const std::uint64_t count = std::min(kPieceOctets, range.count - done);
        if (!content.read(range.place, range.from + done, count, scratch)) return Content::Damaged;
        hasNul = hasNul || scratch.find('\0') != std::string::npos;
    }
    return hasNul ? Content::HasNul : Content::Text;
}

bool hasNul(std::string_view octets) { return octets.find('\0') != std::string_view::npos; }

}  // namespace

mime::Extent cutTo(const mime::Extent& extent, const std::optional<BodyItem::Partial>& partial) {
    if (!partial) return extent;
    const std::uint64_t begin = std::min(extent.begin + partial->first, extent.end);
    return {.begin = begin, .end = std::min(begin + partial->count, extent.end)};
}

void appendLiteralHead(std::string& out, std::uint64_t octets, bool isBinary) {
    out += isBinary ? "~{" : "{";
    appendNumber(out, octets);
    out += "}\r\n";
}

// False: erased.
bool FetchRenderer::appendOctets(const MessageOctets& octets, const mime::Extent& extent) {
    if (extent.end - extent.begin <= kPieceOctets) return octets.read(extent, out_);
    out_ += octets.prefixPart(extent);
    const BlobRange range = octets.blobPart(extent);
    if (contentOf(parts_.content, range) == Content::Damaged) return false;
    large_.push_back(LargeOctets{.at = out_.size(), .range = range, .decoding = {}});
    return true;
}

// BINARY and BINARY.SIZE of RFC 3516 §4.3.
void FetchRenderer::renderDecoded(const MessageOctets& octets, const BodyItem& item, Uid uid) {
    const std::optional<MessageOctets::Leaf> leaf = octets.leafAt(item.section.path);
    if (!leaf) return renderIdentity(octets, item, uid);
    auto decoder = mime::TransferDecoder::make(leaf->fields.encoding);
    if (!decoder) throw UnknownEncoding();
    if (decoder->isIdentity()) return renderIdentity(octets, item, uid);
    name(item.label);
    const BlobRange& body = leaf->body;
    if (body.count > kPieceOctets) {
        large_.push_back(LargeOctets{
            .at = out_.size(),
            .range = body,
            .decoding = LargeDecoding{.decoder = *decoder, .item = item, .uid = uid},
        });
        return;
    }
    std::string encoded;
    if (body.count > 0 && !parts_.content.read(body.place, body.from, body.count, encoded)) {
        out_ += "NIL";
        return;
    }
    std::string decoded;
    decoder->step(encoded, decoded);
    decoder->finish(decoded);
    putDecoded(decoded, item, uid);
}

void FetchRenderer::putDecoded(std::string_view decoded, const BodyItem& item, Uid uid) {
    if (item.form == BodyForm::DecodedSize) return appendNumber(out_, decoded.size());
    const mime::Extent extent = cutTo({.begin = 0, .end = decoded.size()}, item.partial);
    const std::string_view part = decoded.substr(extent.begin, extent.end - extent.begin);
    appendLiteralHead(out_, part.size(), hasNul(part));
    out_ += part;
    ReadNote note = item.note;
    note.octets = part.size();
    parts_.mailbox.access->note(uid, note);
}

// What is not encoded: a multipart or a message (RFC 2045 §6.4), or a part that says so.
void FetchRenderer::renderIdentity(const MessageOctets& octets, const BodyItem& item, Uid uid) {
    name(item.label);
    const std::optional<mime::Extent> whole = octets.extentOf(item.section);
    if (item.form == BodyForm::DecodedSize) {
        // RFC 3516 §7 has no NIL for it: what is not there has no octets.
        return appendNumber(out_, whole ? whole->end - whole->begin : 0);
    }
    if (!whole) {
        out_ += "NIL";
        return;
    }
    const mime::Extent extent = cutTo(*whole, item.partial);
    const std::uint64_t count = extent.end - extent.begin;
    if (count <= kPieceOctets) {
        std::string text;
        if (!octets.read(extent, text)) {
            out_ += "NIL";
            return;
        }
        appendLiteralHead(out_, count, hasNul(text));
        out_ += text;
    } else {
        const BlobRange range = octets.blobPart(extent);
        const Content content = contentOf(parts_.content, range);
        if (content == Content::Damaged) {
            out_ += "NIL";
            return;
        }
        appendLiteralHead(out_, count, content == Content::HasNul);
        out_ += octets.prefixPart(extent);
        large_.push_back(LargeOctets{.at = out_.size(), .range = range, .decoding = {}});
    }
    ReadNote note = item.note;
    note.octets = count;
    parts_.mailbox.access->note(uid, note);
}

// RFC 8970 §3.2.
void FetchRenderer::renderPreview(const MessageOctets& octets, Uid uid) {
    name("PREVIEW");
    const std::string preview = octets.preview();
    appendString(out_, preview);
    ReadNote note;
    note.parts = kReadPreview;
    note.octets = preview.size();
    parts_.mailbox.access->note(uid, note);
}

}  // namespace daybook::imap
