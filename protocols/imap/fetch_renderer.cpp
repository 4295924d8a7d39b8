#include "protocols/imap/fetch_renderer.h"

#include "engine/mime/header_fields.h"
#include "journal/base/encoding.h"
#include "protocols/imap/object_id.h"
#include "protocols/imap/response.h"
#include "protocols/imap/summary_text.h"

namespace daybook::imap {

namespace {

// What stands where the summary was erased with the message: the shape that clients expect, empty.
constexpr std::string_view kNoEnvelope = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";
constexpr std::string_view kNoStructure = R"(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 0 0))";

std::string_view textOf(capnp::Data::Reader data) {
    return {reinterpret_cast<const char*>(data.begin()), data.size()};
}

}  // namespace

void FetchRenderer::name(std::string_view item) {
    if (!first_) out_ += ' ';
    first_ = false;
    out_ += item;
    out_ += ' ';
}

void FetchRenderer::render(
    const Snapshot& views, std::uint32_t number, const MessageRow& row, Flags flags) {
    const std::size_t begin = out_.size();
    try {
        appendFetchHead(out_, number, row.uid, parts_.dialect);
        first_ = true;
        renderRow(row, flags);
        if (parts_.items.needsSummary()) {
            const MessageOctets octets(views, parts_.content, row);
            renderSummary(octets, row.uid);
            if (parts_.items.preview) renderPreview(octets, row.uid);
            for (const BodyItem& item : parts_.items.bodies) {
                if (item.form == BodyForm::AsStored) {
                    renderBody(octets, item, row.uid);
                } else {
                    renderDecoded(octets, item, row.uid);
                }
            }
        }
        out_ += ")\r\n";
    } catch (const ContentDamaged&) {
        ++damaged_;
        takeBack(begin);
    } catch (const UnknownEncoding&) {
        unknownEncoding_ = true;
        takeBack(begin);
    }
}

// What was noted as read stays noted: it was opened.
void FetchRenderer::takeBack(std::size_t begin) {
    out_.resize(begin);
    std::erase_if(large_, [begin](const LargeOctets& piece) { return piece.at > begin; });
}

void FetchRenderer::renderRow(const MessageRow& row, Flags flags) {
    const FetchItems& items = parts_.items;
    const bool told = flags == Flags::Told;
    // RFC 7162 §3.2.4: \Seen that was set by the way comes with UID and MODSEQ.
    const bool toldInFull = told && parts_.dialect.condstore;
    if (items.uid || (toldInFull && !parts_.dialect.uidOnly)) {
        name("UID");
        appendNumber(out_, row.uid.number());
    }
    if (items.flags || told) {
        name("FLAGS");
        const bool recent = !parts_.dialect.rev2 && parts_.mailbox.isRecent(row.uid);
        appendFlags(out_, row, parts_.keywordNames, recent);
        parts_.mailbox.told(row);
    }
    if (items.modSeq || toldInFull) {
        name("MODSEQ");
        out_ += '(';
        appendNumber(out_, row.modSeq.number());
        out_ += ')';
    }
    if (items.internalDate) {
        name("INTERNALDATE");
        out_ += '"' + mime::internalDateText(row.internalDateNs, row.zoneMinutes) + '"';
    }
    if (items.size) {
        name("RFC822.SIZE");
        appendNumber(out_, row.octets);
    }
    renderIds(row);
}

// RFC 8474 §5; SAVEDATE: RFC 8514 §4.2.
void FetchRenderer::renderIds(const MessageRow& row) {
    const FetchItems& items = parts_.items;
    if (items.emailId) {
        name("EMAILID");
        out_ += '(' + objectIdText(ObjectKind::Email, row.emailId.number()) + ')';
    }
    if (items.threadId) {
        name("THREADID");
        // NIL: stored before threads were kept (RFC 8474 §5.2).
        out_ +=
            row.threadId == 0 ? "NIL" : '(' + objectIdText(ObjectKind::Thread, row.threadId) + ')';
    }
    if (items.saveDate) {
        name("SAVEDATE");
        out_ += '"' + mime::internalDateText(row.savedNs, 0) + '"';
    }
}

void FetchRenderer::renderSummary(const MessageOctets& octets, Uid uid) {
    const FetchItems& items = parts_.items;
    const auto summary = octets.summary();
    const auto put = [&](std::string_view label, std::string_view value, std::string_view none) {
        name(label);
        appendSummaryText(out_, value.empty() ? none : value, parts_.dialect);
    };
    std::uint16_t read = 0;
    if (items.envelope) {
        put("ENVELOPE", summary ? textOf(summary->getEnvelope()) : "", kNoEnvelope);
        read = kReadEnvelope;
    }
    if (items.body) {
        put("BODY", summary ? textOf(summary->getBody()) : "", kNoStructure);
        read |= kReadStructure;
    }
    if (items.bodyStructure) {
        put("BODYSTRUCTURE", summary ? textOf(summary->getBodyStructure()) : "", kNoStructure);
        read |= kReadStructure;
    }
    if (read == 0) return;
    ReadNote note;
    note.parts = read;
    parts_.mailbox.access->note(uid, note);
}

// RFC 3501 §7.4.2: BODY[<section>]<<origin octet>>; NIL for a part that is not there.
void FetchRenderer::renderBody(const MessageOctets& octets, const BodyItem& item, Uid uid) {
    name(item.label);
    const std::optional<mime::Extent> whole = octets.extentOf(item.section);
    if (!whole) {
        out_ += "NIL";
        return;
    }
    if (!item.section.fields.empty()) return renderFields(octets, item, *whole, uid);
    const mime::Extent extent = cutTo(*whole, item.partial);
    const std::size_t begin = out_.size();
    out_ += '{';
    appendNumber(out_, extent.end - extent.begin);
    out_ += "}\r\n";
    if (!appendOctets(octets, extent)) {
        out_.resize(begin);
        out_ += "NIL";
        return;
    }
    ReadNote note = item.note;
    note.octets = extent.end - extent.begin;
    parts_.mailbox.access->note(uid, note);
}

void FetchRenderer::renderFields(
    const MessageOctets& octets, const BodyItem& item, const mime::Extent& header, Uid uid) {
    std::string text;
    if (!octets.read(header, text)) {
        out_ += "NIL";
        return;
    }
    const bool others = item.section.text == mime::SectionText::HeaderFieldsNot;
    const std::string fields = mime::filterHeader(text, item.section.fields, others);
    const mime::Extent extent = cutTo({.begin = 0, .end = fields.size()}, item.partial);
    out_ += '{';
    appendNumber(out_, extent.end - extent.begin);
    out_ += "}\r\n";
    out_.append(fields, extent.begin, extent.end - extent.begin);
    ReadNote note = item.note;
    note.octets = extent.end - extent.begin;
    parts_.mailbox.access->note(uid, note);
}

}  // namespace daybook::imap
