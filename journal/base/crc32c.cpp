#include "journal/base/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace daybook {

namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78U;  // 0x1EDC6F41, bits reversed

constexpr std::array<std::uint32_t, 256> makeTable() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit)
            value = (value >> 1U) ^ ((value & 1U) != 0 ? kPolynomial : 0U);
        table[i] = value;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> kTable = makeTable();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t withInstruction(
    std::string_view octets, std::uint32_t sum) {
    std::uint64_t state = ~sum;
    while (octets.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, octets.data(), sizeof word);
        state = _mm_crc32_u64(state, word);
        octets.remove_prefix(sizeof word);
    }
    auto rest = static_cast<std::uint32_t>(state);
    for (const char c : octets)
        rest = _mm_crc32_u8(rest, static_cast<unsigned char>(c));
    return ~rest;
}
#endif

}  // namespace

std::uint32_t crc32cPortable(std::string_view octets, std::uint32_t sum) {
    std::uint32_t state = ~sum;
    for (const char c : octets)
        state = kTable[(state ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (state >> 8U);
    return ~state;
}

std::uint32_t crc32c(std::string_view octets, std::uint32_t sum) {
#if defined(__x86_64__)
    static const bool hasInstruction = __builtin_cpu_supports("sse4.2") != 0;
    if (hasInstruction) return withInstruction(octets, sum);
#endif
    return crc32cPortable(octets, sum);
}

}  // namespace daybook
