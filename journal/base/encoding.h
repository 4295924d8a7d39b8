// encoding.h
//
// Base64 and hexadecimal (RFC 4648), and the written form of 64-bit ids: 16 lower-case hexadecimal
// digits, used in replies, Received fields, the tool and the log. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace daybook {

std::string toHex(std::span<const std::byte> octets);
std::optional<std::string> fromHex(std::string_view text);
// RFC 4648 §4, with padding, one line.
std::string toBase64(std::string_view octets);
// Nothing if `text` is not canonical base64 with padding (RFC 4954 §4 wants strictness).
std::optional<std::string> fromBase64(std::string_view text);

std::string idText(std::uint64_t id);
// Nothing if it is not 16 hexadecimal digits (either case).
std::optional<std::uint64_t> parseIdText(std::string_view text);

inline std::span<const std::byte> asBytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string_view asText(std::span<const std::byte> octets) {
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

}  // namespace daybook
