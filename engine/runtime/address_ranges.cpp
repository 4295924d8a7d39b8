#include "engine/runtime/address_ranges.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <optional>

#include "journal/base/ascii.h"

namespace daybook {

namespace {

using Octets = std::array<unsigned char, 16>;

constexpr unsigned kMappedBits = 96;
constexpr unsigned kAllBits = 128;
constexpr std::size_t kCustomerOctets = 8;  // a /64

bool isMapped(const Octets& octets) {
    constexpr Octets kPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::equal(kPrefix.begin(), kPrefix.begin() + kMappedBits / 8, octets.begin());
}

std::optional<Octets> parseIp(std::string_view text) {
    const std::string terminated(text);
    Octets octets{};
    if (::inet_pton(AF_INET6, terminated.c_str(), octets.data()) == 1) return octets;
    octets[10] = octets[11] = 0xff;
    if (::inet_pton(AF_INET, terminated.c_str(), octets.data() + kMappedBits / 8) == 1) {
        return octets;
    }
    return std::nullopt;
}

bool bitAt(const Octets& octets, unsigned index) {
    return (octets[index / 8] >> (7 - index % 8) & 1U) != 0;
}

bool samePrefix(const Octets& a, const Octets& b, unsigned bits) {
    if (std::memcmp(a.data(), b.data(), bits / 8) != 0) return false;
    for (unsigned i = bits / 8 * 8; i < bits; ++i) {
        if (bitAt(a, i) != bitAt(b, i)) return false;
    }
    return true;
}

}  // namespace

bool AddressRanges::add(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view ip = text.substr(0, slash);
    const std::optional<Octets> octets = parseIp(ip);
    if (!octets) return false;
    const unsigned base = ip.find(':') == std::string_view::npos ? kMappedBits : 0;
    Range range{.octets = *octets, .bits = kAllBits};
    if (slash != std::string_view::npos) {
        const auto bits = parseNumber(text.substr(slash + 1), kAllBits - base);
        if (!bits) return false;
        range.bits = base + static_cast<unsigned>(*bits);
    }
    for (unsigned i = range.bits; i < kAllBits; ++i) {
        if (bitAt(range.octets, i)) return false;
    }
    ranges_.push_back(range);
    texts_.emplace_back(text);
    return true;
}

bool AddressRanges::contains(std::string_view ip) const {
    if (ranges_.empty()) return false;
    const std::optional<Octets> octets = parseIp(ip);
    if (!octets) return false;
    return std::ranges::any_of(ranges_, [&](const Range& range) {
        // "::/0" means every IPv6 address, and not IPv4 in its clothes.
        const bool sameFamily = range.bits >= kMappedBits || !isMapped(*octets);
        return sameFamily && samePrefix(range.octets, *octets, range.bits);
    });
}

bool isIpAddress(std::string_view text) { return parseIp(text).has_value(); }

std::string networkOf(std::string_view ip) {
    const std::optional<Octets> octets = parseIp(ip);
    if (!octets) return {};
    const std::string_view all(reinterpret_cast<const char*>(octets->data()), octets->size());
    if (isMapped(*octets)) {
        const std::string_view four = all.substr(kMappedBits / 8);
        return four[0] == 127 ? std::string() : std::string(four);
    }
    constexpr Octets kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return *octets == kLoopback ? std::string() : std::string(all.substr(0, kCustomerOctets));
}

}  // namespace daybook
