// address_ranges.h
//
// A list of IP addresses and networks ("192.0.2.1", "192.0.2.0/24", "2001:db8::/32"), and whether
// an address is in it. IPv4 addresses mapped into IPv6 count as IPv4. Values; any thread.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace daybook {

class AddressRanges {
public:
    // False, and nothing added: it is neither an address nor a network, or has bits behind its
    // prefix.
    bool add(std::string_view text);

    // `ip` as Connection::peerIp() has it; "unix" and what is no address are in no range.
    bool contains(std::string_view ip) const;

    bool empty() const { return ranges_.empty(); }

    // As they were added.
    std::span<const std::string> texts() const { return texts_; }

private:
    struct Range {
        std::array<unsigned char, 16> octets;  // IPv4: mapped into IPv6
        unsigned bits;
    };

    std::vector<Range> ranges_;
    std::vector<std::string> texts_;
};

// "192.0.2.1", "2001:db8::1": the text is an IP address.
bool isIpAddress(std::string_view text);

// Whom an address counts for: itself, or the /64 that one IPv6 customer has, as octets. Empty:
// loopback, "unix", and what is no address.
std::string networkOf(std::string_view ip);

}  // namespace daybook
