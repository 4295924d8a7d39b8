// proxy_header.h
//
// The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): what a trusted proxy says of
// the client before the client's own octets. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace daybook {

struct ProxyHeader {
    // Empty: the proxy speaks for itself (LOCAL, UNKNOWN, a unix socket): the connection's own
    // addresses hold.
    std::string clientIp;
    std::uint16_t clientPort = 0;
    std::uint16_t serverPort = 0;
    std::size_t octets = 0;  // that the header took; 0: it is not complete yet
    // Not complete: so many more belong to it for sure. What is behind it may be TLS, and must stay
    // where it is.
    std::size_t wanted = 0;
};

// Version 1 is at most 107 octets long; version 2 is taken up to this.
inline constexpr std::size_t kProxyHeaderOctetsMax = 4'096;

class ProxyHeaderMalformed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// `octets`: all that came so far. Throws ProxyHeaderMalformed as soon as it cannot become a header.
ProxyHeader parseProxyHeader(std::string_view octets);

}  // namespace daybook
