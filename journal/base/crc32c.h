// crc32c.h
//
// CRC-32C (Castagnoli), as iSCSI has it (RFC 3720 §12.1): finds what a disk got wrong, proves
// nothing against a person. The processor's instruction where there is one. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace daybook {

// `sum`: of what came before; 0 at the beginning.
std::uint32_t crc32c(std::string_view octets, std::uint32_t sum = 0);

// Without the instruction; the same result.
std::uint32_t crc32cPortable(std::string_view octets, std::uint32_t sum = 0);

}  // namespace daybook
