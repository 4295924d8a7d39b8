// client_hello.h
//
// What a server's answer to EHLO or LHLO offers, RFC 5321 §4.1.1.1. What makes no sense is taken as
// not offered. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocols/smtp/client_replies.h"

namespace daybook::smtp {

struct HelloFacts {
    PeerFacts peer;
    bool startTls = false;
    bool size = false;                      // SIZE, with or without a limit
    std::uint32_t deliverBySecondsMin = 0;  // of DELIVERBY (RFC 2852 §2); 0: not said
    std::vector<std::string> mechanisms;    // of AUTH, upper case
};

// `greeting`: of the 220. The rest is of the hello alone: nothing is kept from before TLS (RFC 3207
// §4.2).
HelloFacts parseHelloReply(const ServerReply& reply, const std::string& greeting);

}  // namespace daybook::smtp
