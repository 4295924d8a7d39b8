// enhanced_code.h
//
// An enhanced mail system status code (RFC 3463 §2) as events, views and replies keep it: class <<
// 16 | subject << 8 | detail; 0: none. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

namespace daybook {

constexpr std::uint32_t enhanced(std::uint32_t kind, std::uint32_t subject, std::uint32_t detail) {
    return kind << 16U | subject << 8U | detail;
}

// 2: success, 4: not now, 5: never.
constexpr std::uint32_t classOf(std::uint32_t enhancedCode) { return enhancedCode >> 16U; }

// "5.1.1".
inline std::string enhancedText(std::uint32_t enhancedCode) {
    return std::to_string(classOf(enhancedCode)) + '.' +
           std::to_string(enhancedCode >> 8U & 0xffU) + '.' + std::to_string(enhancedCode & 0xffU);
}

}  // namespace daybook
