// message_octets.h
//
// A message as its reader sees it: the recipient's prefix, then the blob, as one row of octets. The
// summary's offsets count from the blob; here they count from the prefix. Lives no longer than the
// snapshot that it was made from. Throws ContentDamaged, ContentError. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/mime/leaf_fields.h"
#include "engine/mime/parts.h"
#include "journal/content_log.h"
#include "journal/record.h"
#include "projections/views.h"

namespace daybook::imap {

// Octets of a blob.
struct BlobRange {
    Place place;
    std::uint64_t from = 0;
    std::uint64_t count = 0;
};

class MessageOctets {
public:
    MessageOctets(const Snapshot& views, const ContentLog& content, const MessageRow& row);

    std::uint64_t size() const { return prefix_.size() + row_.blobOctets; }

    // Nothing: erased.
    std::optional<summary::Summary::Reader> summary() const { return summary_; }

    // Nothing: there is no such part, or the summary is erased.
    std::optional<mime::Extent> extentOf(const mime::Section& section) const;

    // Of a leaf: how its body is to be read, and where that lies. Nothing: it is no leaf, it is not
    // there, or it is erased.
    struct Leaf {
        mime::LeafFields fields;
        BlobRange body;
    };

    std::optional<Leaf> leafAt(const std::vector<std::uint32_t>& path) const;

    // RFC 8970. Empty: there is nothing to be said, or it is erased.
    std::string preview() const;

    // Appends [extent) to `into`. False: erased.
    bool read(const mime::Extent& extent, std::string& into) const;
    // What of the extent lies in the prefix.
    std::string_view prefixPart(const mime::Extent& extent) const;
    // What of it lies in the blob.
    BlobRange blobPart(const mime::Extent& extent) const;

    // Prefix and the blob's own header, to the empty line. Nothing: erased.
    std::optional<std::string> header() const;

    // All of it. Nothing: erased.
    std::optional<std::string> whole() const;

    std::uint64_t prefixOctets() const { return prefix_.size(); }

private:
    std::string partHeader(unsigned index) const;
    BlobRange partBody(unsigned index) const;

    const ContentLog& content_;
    const MessageRow& row_;
    std::string_view prefix_;
    std::optional<FlatMessage> flat_;
    std::optional<summary::Summary::Reader> summary_;
};

}  // namespace daybook::imap
