// parameters.h
//
// The parameters of MAIL and RCPT, by extension: what each may say, and what is refused. What is
// not offered gets 555, a bad value or a repeated parameter 501, both thrown as Reject. Knows no
// session: the offer says what counts on it. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/scribe/command.h"
#include "journal/base/clock.h"
#include "protocols/smtp/grammar.h"

namespace daybook::smtp {

enum class Body { SevenBit, EightBitMime, BinaryMime };

// BY: RFC 2852 §4.
struct DeliverBy {
    std::int64_t seconds = 0;  // from now; may be past with mode N
    bool orReturn = false;     // mode R; else N: notify
    bool trace = false;
};

struct MailParameters {
    std::uint64_t octets = 0;  // SIZE; 0: not said
    Body body = Body::SevenBit;
    bool smtpUtf8 = false;
    event::DsnReturn ret = event::DsnReturn::UNSAID;
    std::string envelopeId;  // ENVID, decoded; empty: none
    bool requireTls = false;
    std::optional<DeliverBy> deliverBy;
    std::optional<std::int64_t> holdSeconds;  // HOLDFOR
    std::optional<TimeNs> holdUntilNs;        // HOLDUNTIL
    int priority = 0;                         // MT-PRIORITY, -9 to 9
};

// Extensions of MAIL that not every session has.
struct MailOffer {
    bool auth = false;           // AUTH, RFC 4954 §5
    bool requireTls = false;     // REQUIRETLS, RFC 8689 §2
    bool deliverBy = false;      // BY, RFC 2852 §4
    bool futureRelease = false;  // HOLDFOR and HOLDUNTIL, RFC 4865 §3
    bool priority = false;       // MT-PRIORITY, RFC 6710 §4
};

inline constexpr MailOffer kEveryMailParameter{
    .auth = true,
    .requireTls = true,
    .deliverBy = true,
    .futureRelease = true,
    .priority = true,
};

MailParameters parseMailParameters(
    const std::vector<Parameter>& parameters, const MailOffer& offer);

// NOTIFY and ORCPT, RFC 3461 §4.1 and §4.2.
RecipientOptions parseRcptParameters(const std::vector<Parameter>& parameters);

}  // namespace daybook::smtp
