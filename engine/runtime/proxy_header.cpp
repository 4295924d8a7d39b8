#include "engine/runtime/proxy_header.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

#include "engine/runtime/address_ranges.h"
#include "journal/base/ascii.h"

namespace daybook {

namespace {

constexpr std::string_view kTextSignature = "PROXY ";
constexpr std::string_view kBinarySignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kTextOctetsMax = 107;
constexpr std::size_t kBinaryFixed = 16;
// The shortest of both versions: "PROXY UNKNOWN" CRLF.
constexpr std::size_t kOctetsMin = 15;
constexpr std::size_t kTcp4Octets = 12;
constexpr std::size_t kTcp6Octets = 36;

std::uint8_t octetAt(std::string_view octets, std::size_t index) {
    return static_cast<std::uint8_t>(octets[index]);
}

std::uint16_t numberAt(std::string_view octets, std::size_t index) {
    return static_cast<std::uint16_t>(octetAt(octets, index) << 8U | octetAt(octets, index + 1));
}

std::string ipText(int family, std::string_view octets) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(family, octets.data(), text.data(), text.size());
    return text.data();
}

// One word of version 1 and the blank behind it.
std::string_view takeWord(std::string_view& line) {
    const std::size_t blank = line.find(' ');
    const std::string_view word = line.substr(0, blank);
    line = blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1);
    return word;
}

std::uint16_t portIn(std::string_view word) {
    const bool padded = word.size() > 1 && word.front() == '0';
    const auto port = parseNumber(word, UINT16_MAX);
    if (!port || padded) throw ProxyHeaderMalformed("no port");
    return static_cast<std::uint16_t>(*port);
}

// Section 2.1: "PROXY" SP "TCP4"/"TCP6"/"UNKNOWN" SP source SP destination SP port SP port CRLF.
ProxyHeader parseText(std::string_view octets) {
    const std::size_t end = octets.find("\r\n");
    if (end == std::string_view::npos || end + 2 > kTextOctetsMax) {
        if (octets.size() >= kTextOctetsMax) throw ProxyHeaderMalformed("the line is too long");
        const bool half = octets.ends_with('\r');
        return {
            .wanted = std::max(half ? 1UZ : 2UZ, kOctetsMin - std::min(kOctetsMin, octets.size()))};
    }
    std::string_view line = octets.substr(kTextSignature.size(), end - kTextSignature.size());
    ProxyHeader header{.octets = end + 2};
    const std::string_view family = takeWord(line);
    if (family == "UNKNOWN") return header;
    if (family != "TCP4" && family != "TCP6") throw ProxyHeaderMalformed("no such family");
    const std::string_view source = takeWord(line);
    const std::string_view destination = takeWord(line);
    for (const std::string_view ip : {source, destination}) {
        const bool six = ip.find(':') != std::string_view::npos;
        if (!isIpAddress(ip) || six != (family == "TCP6")) throw ProxyHeaderMalformed("no address");
    }
    header.clientIp = source;
    header.clientPort = portIn(takeWord(line));
    header.serverPort = portIn(takeWord(line));
    if (!line.empty()) throw ProxyHeaderMalformed("more than an address of each side");
    return header;
}

// Section 2.2: signature, version and command, family and transport, length, addresses, TLVs.
ProxyHeader parseBinary(std::string_view octets) {
    if (octets.size() < kBinaryFixed) return {.wanted = kBinaryFixed - octets.size()};
    const unsigned version = octetAt(octets, 12) >> 4U;
    const unsigned command = octetAt(octets, 12) & 0xfU;
    const unsigned family = octetAt(octets, 13);
    const std::size_t length = numberAt(octets, 14);
    if (version != 2 || command > 1) throw ProxyHeaderMalformed("no such version or command");
    if (kBinaryFixed + length > kProxyHeaderOctetsMax) throw ProxyHeaderMalformed("too long");
    if (octets.size() < kBinaryFixed + length) {
        return {.wanted = kBinaryFixed + length - octets.size()};
    }
    ProxyHeader header{.octets = kBinaryFixed + length};
    const bool local = command == 0;
    constexpr unsigned kTcp4 = 0x11;
    constexpr unsigned kTcp6 = 0x21;
    if (local || (family != kTcp4 && family != kTcp6)) return header;
    const std::string_view addresses = octets.substr(kBinaryFixed, length);
    const bool six = family == kTcp6;
    if (length < (six ? kTcp6Octets : kTcp4Octets)) throw ProxyHeaderMalformed("no address");
    const std::size_t ipOctets = six ? 16 : 4;
    header.clientIp = ipText(six ? AF_INET6 : AF_INET, addresses.substr(0, ipOctets));
    header.clientPort = numberAt(addresses, 2 * ipOctets);
    header.serverPort = numberAt(addresses, 2 * ipOctets + 2);
    return header;
}

bool beginsAs(std::string_view octets, std::string_view signature) {
    const std::size_t count = std::min(octets.size(), signature.size());
    return octets.substr(0, count) == signature.substr(0, count);
}

}  // namespace

ProxyHeader parseProxyHeader(std::string_view octets) {
    const ProxyHeader more{.wanted = kOctetsMin - std::min(kOctetsMin, octets.size())};
    if (octets.empty()) return more;
    if (beginsAs(octets, kTextSignature)) {
        return octets.size() < kTextSignature.size() ? more : parseText(octets);
    }
    if (beginsAs(octets, kBinarySignature)) {
        return octets.size() < kBinarySignature.size() ? more : parseBinary(octets);
    }
    throw ProxyHeaderMalformed("it does not begin with the PROXY protocol");
}

}  // namespace daybook
