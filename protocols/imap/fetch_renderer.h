// fetch_renderer.h
//
// One message's FETCH response, from its row, its summary and its octets (RFC 3501 §7.4.2). Writes
// into the session's output; octets of large bodies are named instead, for who sends the output to
// read them in pieces. Notes what was read. Lives as long as one command. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/mime/decoding.h"
#include "protocols/imap/fetch_items.h"
#include "protocols/imap/message_octets.h"
#include "protocols/imap/selected_mailbox.h"

namespace daybook::imap {

// A large part that is to be decoded: how much that gives is not known before, so its literal's
// head is missing too.
struct LargeDecoding {
    mime::TransferDecoder decoder;
    BodyItem item;
    Uid uid;
};

// Octets that belong into the output before position `at`, and are not in it.
struct LargeOctets {
    std::size_t at = 0;
    BlobRange range;
    std::optional<LargeDecoding> decoding;
};

// What is larger is read in pieces of this while it is sent.
inline constexpr std::uint64_t kPieceOctets = 256U << 10U;

mime::Extent cutTo(const mime::Extent& extent, const std::optional<BodyItem::Partial>& partial);

// "~{5}" CRLF, or "{5}" CRLF where no NUL forbids it. RFC 3516 §4.3.
void appendLiteralHead(std::string& out, std::uint64_t octets, bool isBinary);

class FetchRenderer {
public:
    struct Parts {
        const FetchItems& items;
        const ContentLog& content;
        SelectedMailbox& mailbox;
        const std::vector<std::string>& keywordNames;
        const Dialect& dialect;
    };

    FetchRenderer(Parts parts, std::string& out) : parts_(parts), out_(out) {}

    enum class Flags { AsAsked, Told };

    // A message that cannot be read is left out and counted.
    void render(const Snapshot& views, std::uint32_t number, const MessageRow& row, Flags flags);

    std::vector<LargeOctets> takeLarge() { return std::exchange(large_, {}); }

    bool hasLarge() const { return !large_.empty(); }

    std::size_t damaged() const { return damaged_; }

    // A part was asked for decoded whose encoding nobody knows. RFC 3516 §4.3.
    bool metUnknownEncoding() const { return unknownEncoding_; }

private:
    // Of a part that BINARY asks for: nobody knows how it is encoded.
    struct UnknownEncoding {};

    void takeBack(std::size_t begin);
    void renderIds(const MessageRow& row);
    void renderRow(const MessageRow& row, Flags flags);
    void renderSummary(const MessageOctets& octets, Uid uid);
    void renderBody(const MessageOctets& octets, const BodyItem& item, Uid uid);
    void renderFields(
        const MessageOctets& octets, const BodyItem& item, const mime::Extent& header, Uid uid);
    void renderDecoded(const MessageOctets& octets, const BodyItem& item, Uid uid);
    void renderIdentity(const MessageOctets& octets, const BodyItem& item, Uid uid);
    void putDecoded(std::string_view decoded, const BodyItem& item, Uid uid);
    void renderPreview(const MessageOctets& octets, Uid uid);
    bool appendOctets(const MessageOctets& octets, const mime::Extent& extent);
    void name(std::string_view item);

    Parts parts_;
    std::string& out_;
    bool first_ = true;
    std::vector<LargeOctets> large_;
    std::size_t damaged_ = 0;
    bool unknownEncoding_ = false;
};

}  // namespace daybook::imap
