// decoded_octets.h
//
// A large encoded part as the octets that it stands for, piece by piece, so that memory is bounded
// whatever its size (RFC 3516). One thread at a time; no snapshot is needed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/mime/decoding.h"
#include "journal/content_log.h"
#include "protocols/imap/fetch_items.h"
#include "protocols/imap/message_octets.h"

namespace daybook::imap {

class DecodedOctets {
public:
    // `partial`: of the decoded octets; nothing: all.
    DecodedOctets(
        const ContentLog& content,
        BlobRange range,
        mime::TransferDecoder decoder,
        const std::optional<BodyItem::Partial>& partial);

    // The next octets, in place of what `piece` held; false: there are no more. Throws
    // ContentDamaged, also when they are erased.
    bool next(std::string& piece);

private:
    const ContentLog& content_;
    BlobRange range_;
    mime::TransferDecoder decoder_;
    std::uint64_t skip_ = 0;
    std::uint64_t left_ = UINT64_MAX;
    std::uint64_t done_ = 0;  // of the range
    bool finished_ = false;
    std::string encoded_;
};

struct Measured {
    std::uint64_t octets = 0;
    bool hasNul = false;
};

// Reads all of it. Nothing: damaged or erased.
std::optional<Measured> measure(DecodedOctets octets);

}  // namespace daybook::imap
