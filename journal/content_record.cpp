#include "journal/content_record.h"

#include <cstring>

#include "journal/base/crc32c.h"
#include "journal/content_format.h"

namespace daybook::content {

Frame frameOf(std::span<const std::string_view> pieces, Random& random) {
    Frame frame;
    frame.salt.resize(kSaltOctets);
    random.fill(std::as_writable_bytes(std::span(frame.salt)));
    Sha256 hash;
    hash.add(frame.salt);
    std::uint32_t sum = 0;
    const auto endChunk = [&] {
        frame.tail.append(reinterpret_cast<const char*>(&sum), sizeof sum);
        sum = 0;
    };
    for (std::string_view piece : pieces) {
        hash.add(piece);
        while (!piece.empty()) {
            const std::uint64_t room = kChunkOctets - frame.octets % kChunkOctets;
            const std::string_view part = piece.substr(0, room);
            sum = crc32c(part, sum);
            frame.octets += part.size();
            piece.remove_prefix(part.size());
            if (frame.octets % kChunkOctets == 0) endChunk();
        }
    }
    if (frame.octets % kChunkOctets != 0) endChunk();
    frame.tail.resize(erasableOctets(frame.octets) - kSaltOctets - frame.octets, '\0');
    frame.commitment = hash.finish();
    return frame;
}

std::uint32_t sumAt(std::string_view sums, std::uint64_t index) {
    std::uint32_t sum = 0;
    std::memcpy(&sum, sums.data() + index * sizeof sum, sizeof sum);
    return sum;
}

bool sumsHold(std::string_view erasable, std::uint64_t octets) {
    const std::string_view content = erasable.substr(kSaltOctets, octets);
    const std::string_view sums = erasable.substr(kSaltOctets + octets);
    for (std::uint64_t i = 0; i < chunkCount(octets); ++i) {
        if (crc32c(content.substr(i * kChunkOctets, kChunkOctets)) != sumAt(sums, i)) return false;
    }
    const std::string_view padding = sums.substr(chunkCount(octets) * sizeof(std::uint32_t));
    return padding.find_first_not_of('\0') == std::string_view::npos;
}

}  // namespace daybook::content
