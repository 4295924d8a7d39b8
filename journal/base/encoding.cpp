#include "journal/base/encoding.h"

#include <fmt/format.h>
#include <openssl/evp.h>

namespace daybook {

namespace {

int hexValue(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string toHex(std::span<const std::byte> octets) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(octets.size() * 2);
    for (const std::byte octet : octets) {
        text += kDigits[std::to_integer<unsigned>(octet) >> 4U];
        text += kDigits[std::to_integer<unsigned>(octet) & 15U];
    }
    return text;
}

std::optional<std::string> fromHex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string octets;
    octets.reserve(text.size() / 2);
    for (std::size_t index = 0; index < text.size(); index += 2) {
        const int high = hexValue(text[index]);
        const int low = hexValue(text[index + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        octets += static_cast<char>(high * 16 + low);
    }
    return octets;
}

std::string toBase64(std::string_view octets) {
    std::string text((octets.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(
        reinterpret_cast<unsigned char*>(text.data()),
        reinterpret_cast<const unsigned char*>(octets.data()),
        static_cast<int>(octets.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<std::string> fromBase64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.empty()) return std::string();
    std::size_t padding = 0;
    if (text.back() == '=') padding = text[text.size() - 2] == '=' ? 2 : 1;
    std::string octets(text.size() / 4 * 3, '\0');
    // EVP_DecodeBlock trims white space and allows '=' anywhere: encode again and compare.
    const int length = EVP_DecodeBlock(
        reinterpret_cast<unsigned char*>(octets.data()),
        reinterpret_cast<const unsigned char*>(text.data()),
        static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    octets.resize(static_cast<std::size_t>(length) - padding);
    if (toBase64(octets) != text) return std::nullopt;
    return octets;
}

std::string idText(std::uint64_t id) { return fmt::format("{:016x}", id); }

std::optional<std::uint64_t> parseIdText(std::string_view text) {
    if (text.size() != 16) return std::nullopt;
    std::uint64_t id = 0;
    for (const char c : text) {
        const int value = hexValue(c);
        if (value < 0) return std::nullopt;
        id = id * 16 + static_cast<std::uint64_t>(value);
    }
    return id;
}

}  // namespace daybook
