// role.h
//
// What differs between SMTP, submission and LMTP, as data. Values; any thread.
#pragma once

#include <string>
#include <string_view>

#include "journal/schema/event.capnp.h"
#include "protocols/smtp/session.h"

namespace daybook::smtp {

using RoleSet = unsigned;

inline constexpr RoleSet kMx = 1;          // RFC 5321
inline constexpr RoleSet kSubmission = 2;  // RFC 6409, RFC 8314
inline constexpr RoleSet kLmtp = 4;        // RFC 2033
inline constexpr RoleSet kEvery = kMx | kSubmission | kLmtp;

struct RoleFacts {
    RoleSet bit;
    event::Protocol protocol;
    std::string_view greeting;      // after the host name
    std::string_view helloCommand;  // what to send first
    bool authenticationRequired;
    bool repliesPerRecipient;  // RFC 2033 §4.2
    bool completesHeader;      // RFC 6409 §8
};

const RoleFacts& factsOf(Role role);

// The Received field's "with": RFC 3848, RFC 6531 §4.3.
struct Transmission {
    bool extended = false;  // EHLO or LHLO
    bool tls = false;
    bool authenticated = false;
    bool utf8 = false;
};

std::string withWord(Role role, const Transmission& transmission);

}  // namespace daybook::smtp
