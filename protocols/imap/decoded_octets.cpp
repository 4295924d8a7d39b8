#include "protocols/imap/decoded_octets.h"

#include <algorithm>

namespace daybook::imap {

namespace {

constexpr std::uint64_t kReadOctets = 256U << 10U;

}  // namespace

DecodedOctets::DecodedOctets(
    const ContentLog& content,
    BlobRange range,
    mime::TransferDecoder decoder,
    const std::optional<BodyItem::Partial>& partial)
    : content_(content), range_(range), decoder_(std::move(decoder)) {
    if (!partial) return;
    skip_ = partial->first;
    left_ = partial->count;
}

bool DecodedOctets::next(std::string& piece) {
    piece.clear();
    while (piece.empty() && left_ > 0 && !finished_) {
        const std::uint64_t count = std::min(kReadOctets, range_.count - done_);
        encoded_.clear();
        if (count == 0) {
            decoder_.finish(piece);
            finished_ = true;
        } else if (content_.read(range_.place, range_.from + done_, count, encoded_)) {
            decoder_.step(encoded_, piece);
            done_ += count;
        } else {
            throw ContentDamaged("a message was erased while it was read");
        }
        const std::uint64_t skipped = std::min<std::uint64_t>(skip_, piece.size());
        piece.erase(0, skipped);
        skip_ -= skipped;
        if (piece.size() > left_) piece.resize(left_);
        left_ -= piece.size();
    }
    return !piece.empty();
}

std::optional<Measured> measure(DecodedOctets octets) {
    Measured measured;
    std::string piece;
    try {
        while (octets.next(piece)) {
            measured.octets += piece.size();
            measured.hasNul = measured.hasNul || piece.find('\0') != std::string::npos;
        }
    } catch (const ContentDamaged&) {
        return std::nullopt;
    }
    return measured;
}

}  // namespace daybook::imap
