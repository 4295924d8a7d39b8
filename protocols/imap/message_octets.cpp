#include "protocols/imap/message_octets.h"

#include <algorithm>

#include "engine/mime/header_fields.h"
#include "engine/mime/preview.h"
#include "journal/base/limits.h"

namespace daybook::imap {

MessageOctets::MessageOctets(
    const Snapshot& views, const ContentLog& content, const MessageRow& row)
    : content_(content), row_(row), prefix_(views.summaries().prefix(row.storedSeq)) {
    const auto octets = views.summaries().summary(row.storedSeq);
    if (!octets) return;
    flat_.emplace(*octets);
    summary_ = flat_->root<summary::Summary>();
}

std::optional<mime::Extent> MessageOctets::extentOf(const mime::Section& section) const {
    using mime::SectionText;
    if (section.path.empty() && section.text == SectionText::Whole) {
        return mime::Extent{.begin = 0, .end = size()};
    }
    if (!summary_) return std::nullopt;
    std::optional<mime::Extent> extent = mime::extentOf(*summary_, section);
    if (!extent) return std::nullopt;
    const bool isMessageHeader = section.path.empty() && section.text != SectionText::Text;
    extent->begin += isMessageHeader ? 0 : prefix_.size();
    extent->end += prefix_.size();
    return extent;
}

// Without the recipient's prefix, which has no Content-* fields.
std::string MessageOctets::partHeader(unsigned index) const {
    const auto part = summary_->getParts()[index];
    const std::uint64_t octets = std::min<std::uint64_t>(
        part.getBodyOffset() - part.getHeaderOffset(), limits::kMimeFieldOctetsMax);
    std::string header;
    if (octets > 0) content_.read(row_.blob, part.getHeaderOffset(), octets, header);
    return header;
}

BlobRange MessageOctets::partBody(unsigned index) const {
    const auto part = summary_->getParts()[index];
    return BlobRange{
        .place = row_.blob,
        .from = part.getBodyOffset(),
        .count = part.getBodyEnd() - part.getBodyOffset(),
    };
}

std::optional<MessageOctets::Leaf> MessageOctets::leafAt(
    const std::vector<std::uint32_t>& path) const {
    if (!summary_ || path.empty()) return std::nullopt;
    const auto index = mime::partAt(*summary_, path);
    if (!index || summary_->getParts()[*index].getKind() != summary::Kind::LEAF) {
        return std::nullopt;
    }
    return Leaf{.fields = mime::leafFields(partHeader(*index)), .body = partBody(*index)};
}

std::string MessageOctets::preview() const {
    if (!summary_) return {};
    const auto part =
        mime::previewPart(*summary_, [this](unsigned index) { return partHeader(index); });
    if (!part) return {};
    BlobRange body = partBody(part->index);
    const std::size_t octetsMax =
        part->fields.isHtml() ? mime::kPreviewHtmlOctets : mime::kPreviewTextOctets;
    body.count = std::min<std::uint64_t>(body.count, octetsMax);
    std::string beginning;
    if (!content_.read(body.place, body.from, body.count, beginning)) return {};
    return mime::previewText(beginning, part->fields);
}

std::string_view MessageOctets::prefixPart(const mime::Extent& extent) const {
    const std::uint64_t begin = std::min<std::uint64_t>(extent.begin, prefix_.size());
    const std::uint64_t end = std::min<std::uint64_t>(extent.end, prefix_.size());
    return prefix_.substr(begin, end - begin);
}

BlobRange MessageOctets::blobPart(const mime::Extent& extent) const {
    const std::uint64_t prefix = prefix_.size();
    const std::uint64_t end = std::min(std::max(extent.end, prefix), size());
    const std::uint64_t begin = std::min(std::max(extent.begin, prefix), end);
    return BlobRange{.place = row_.blob, .from = begin - prefix, .count = end - begin};
}

bool MessageOctets::read(const mime::Extent& extent, std::string& into) const {
    into += prefixPart(extent);
    const BlobRange range = blobPart(extent);
    return range.count == 0 || content_.read(range.place, range.from, range.count, into);
}

std::optional<std::string> MessageOctets::header() const {
    std::optional<mime::Extent> extent = extentOf({.text = mime::SectionText::Header});
    if (!extent) extent = mime::Extent{.begin = 0, .end = size()};
    std::string text;
    if (!read(*extent, text)) return std::nullopt;
    return text;
}

std::optional<std::string> MessageOctets::whole() const {
    std::string text;
    text.reserve(size());
    if (!read({.begin = 0, .end = size()}, text)) return std::nullopt;
    return text;
}

}  // namespace daybook::imap
