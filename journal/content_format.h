// content_format.h
//
// A segment file of the content log, `content/NNNNNNNN.seg`. Numbers are little-endian.
//
//   segment   = header *record *%x00            ; preallocated, the rest is zeros
//   header    = "DAYBKSEG" format:u32 number:u32 octets:u64 crc:u32 36*%x00
//                                               ; 64 octets; crc: CRC-32C of what is before it
//   record    = fixed erasable                  ; begins at a multiple of 8
//   fixed     = "DBr1" kind:u8 3*%x00 octets:u64 crc:u32 state:u32
//                                               ; 24 octets; crc: CRC-32C of the 16 before it, then
//                                               ; segment:u32 and offset:u64 (a record knows its
//                                               place)
//   state     = "WRIT" / "ERAS" / "UNUS"        ; the only part that is ever rewritten
//   erasable  = salt:16 content *sum *%x00      ; to a multiple of 8; all zeros once erased
//   sum       = u32                             ; CRC-32C of one chunk of 65,536 octets of content
//
// The fixed part is written before any later record's, so a scan steps over a record whose content
// never came. A named record is whole: the log was synced before its event was committed. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "journal/content_log.h"

namespace daybook::content {

inline constexpr std::uint32_t kFormat = 1;
inline constexpr std::uint64_t kSegmentHeaderOctets = 64;
inline constexpr std::uint64_t kFixedOctets = 24;
inline constexpr std::uint64_t kStateOffset = 20;
inline constexpr std::uint64_t kSaltOctets = 16;
inline constexpr std::uint64_t kChunkOctets = 65'536;
// More than any message; keeps sums of offsets far from overflow.
inline constexpr std::uint64_t kContentOctetsMax = std::uint64_t{1} << 40U;

constexpr std::uint64_t chunkCount(std::uint64_t octets) {
    return (octets + kChunkOctets - 1) / kChunkOctets;
}

constexpr std::uint64_t erasableOctets(std::uint64_t octets) {
    const std::uint64_t exact = kSaltOctets + octets + chunkCount(octets) * sizeof(std::uint32_t);
    return (exact + 7U) & ~std::uint64_t{7};
}

constexpr std::uint64_t recordOctets(std::uint64_t octets) {
    return kFixedOctets + erasableOctets(octets);
}

struct Fixed {
    ContentKind kind = ContentKind::Annex;
    std::optional<ContentState> state;  // nothing: damaged
    std::uint64_t octets = 0;
};

std::string encodeSegmentHeader(std::uint32_t number, std::uint64_t octets);
bool isSegmentHeader(std::string_view header, std::uint32_t number);

std::string encodeFixed(Place place, ContentKind kind, std::uint64_t octets);
std::string encodeState(ContentState state);
// Nothing if there is no record, or its fixed part is damaged.
std::optional<Fixed> decodeFixed(Place place, std::string_view fixed);

}  // namespace daybook::content
