// mail_routes.h
//
// Where mail for a domain goes: MX records in order of preference (equal ones shuffled), the null
// MX, the implicit MX, and the addresses of a host. RFC 5321 §5.1, RFC 7505. An address literal
// ("[192.0.2.1]", "[IPv6:2001:db8::1]") is a route to itself. Of hosts, and of addresses of a host,
// 20 at most. Thread: any reactor.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/dns/resolver.h"
#include "engine/runtime/task.h"
#include "journal/base/random.h"

namespace daybook::dns {

struct MailHost {
    // Lower case, A-labels, no dot at the end; or an address literal in brackets.
    std::string name;
    std::uint16_t preference = 0;
    bool implicit = false;  // there is no MX record: the domain itself, or a literal
};

enum class RouteTrouble : std::uint8_t {
    None,
    NoSuchDomain,  // 5.1.2
    NullMx,        // 5.1.10: the domain takes no mail
    LoopsBack,     // 5.4.6: the best MX is this server, which does not serve the domain
    NoAddress,     // 5.4.4: no MX host (and not the domain itself) has an address. Not set by
                   // routesFor()
    Temporary,     // 4.4.3
};

struct MailRoutes {
    RouteTrouble trouble = RouteTrouble::None;
    std::vector<MailHost> hosts;  // in the order to be tried; empty if there is trouble
    // DNSSEC vouches for the MX records (or their absence): RFC 7672 §2.2.1.
    bool secure = false;
    std::chrono::seconds timeToLive{0};
    std::string why;  // of the trouble, for people: "no such domain: example.test"
};

// `domain`: U-labels or A-labels, or a literal. `self`: this server's names, and its addresses as
// literals; lives until the task is done. Hosts of our own preference or worse are left out
// (RFC 5321 §5.1).
Task<MailRoutes> routesFor(
    Resolver& resolver, Random& random, std::string domain, std::span<const std::string> self);

struct HostAddresses {
    enum class State : std::uint8_t { Found, None, Temporary };
    State state = State::None;
    // "2001:db8::1", "192.0.2.1": IPv6 and IPv4 by turns, IPv6 first, so that a dead family costs
    // one try (RFC 8305 §4).
    std::vector<std::string> addresses;
    // The answers of both families were secure, the absence of one included: the condition for DANE
    // (RFC 7672 §2.2.2). A family that could not be asked does not count if the other has
    // addresses: who swallows one question must not turn DANE off. A bogus answer makes the whole
    // Temporary.
    bool secure = false;
    // The name after CNAMEs, for the TLSA base domain.
    std::string canonicalName;
    std::string why;
};

// `host`: a MailHost's name. Both families are asked at the same time.
Task<HostAddresses> addressesOf(Resolver& resolver, std::string host);

}  // namespace daybook::dns
