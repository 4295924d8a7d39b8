#include "journal/content_format.h"

#include <cstring>

#include "journal/base/crc32c.h"

namespace daybook::content {

namespace {

constexpr std::string_view kSegmentMagic = "DAYBKSEG";
constexpr std::string_view kRecordMagic = "DBr1";

template <class Number>
void put(std::string& out, Number number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

template <class Number>
Number get(std::string_view octets, std::size_t offset) {
    Number number{};
    std::memcpy(&number, octets.data() + offset, sizeof number);
    return number;
}

std::uint32_t sumOfFixed(Place place, std::string_view first16) {
    std::string where;
    put(where, place.segment);
    put(where, place.offset);
    return crc32c(where, crc32c(first16));
}

}  // namespace

std::string encodeSegmentHeader(std::uint32_t number, std::uint64_t octets) {
    std::string header(kSegmentMagic);
    put(header, kFormat);
    put(header, number);
    put(header, octets);
    put(header, crc32c(header));
    header.resize(kSegmentHeaderOctets, '\0');
    return header;
}

bool isSegmentHeader(std::string_view header, std::uint32_t number) {
    if (header.size() < kSegmentHeaderOctets || !header.starts_with(kSegmentMagic)) return false;
    return get<std::uint32_t>(header, 8) == kFormat && get<std::uint32_t>(header, 12) == number &&
           get<std::uint32_t>(header, 24) == crc32c(header.substr(0, 24));
}

std::string encodeState(ContentState state) {
    switch (state) {
        case ContentState::Written: return "WRIT";
        case ContentState::Erased: return "ERAS";
        case ContentState::Unused: return "UNUS";
    }
    return {};
}

std::string encodeFixed(Place place, ContentKind kind, std::uint64_t octets) {
    std::string fixed(kRecordMagic);
    fixed += static_cast<char>(kind);
    fixed.append(3, '\0');
    put(fixed, octets);
    put(fixed, sumOfFixed(place, fixed));
    return fixed + encodeState(ContentState::Written);
}

std::optional<Fixed> decodeFixed(Place place, std::string_view fixed) {
    if (fixed.size() < kFixedOctets || !fixed.starts_with(kRecordMagic)) return std::nullopt;
    if (get<std::uint32_t>(fixed, 16) != sumOfFixed(place, fixed.substr(0, 16)))
        return std::nullopt;
    const auto kind = static_cast<ContentKind>(fixed[4]);
    if (kind != ContentKind::Annex && kind != ContentKind::Blob) return std::nullopt;
    const auto octets = get<std::uint64_t>(fixed, 8);
    if (octets > kContentOctetsMax) return std::nullopt;
    Fixed result{.kind = kind, .state = std::nullopt, .octets = octets};
    const std::string_view word = fixed.substr(kStateOffset, 4);
    for (const auto state : {ContentState::Written, ContentState::Erased, ContentState::Unused}) {
        if (word == encodeState(state)) result.state = state;
    }
    return result;
}

}  // namespace daybook::content
