// dane.h
//
// The TLSA records that count for one mail host (RFC 7672): where they are looked for, which of
// them can be used, and which names a certificate may bear. Never connects: see TlsDemand. Thread:
// any reactor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/dns/mail_routes.h"
#include "engine/dns/resolver.h"
#include "engine/runtime/task.h"
#include "engine/runtime/tls_client.h"

namespace daybook {

struct DaneRecords {
    enum class State : std::uint8_t {
        Absent,    // DANE does not apply
        Usable,    // TLS, and the host must be authenticated by `records`
        Unusable,  // there are records, but none of a kind that we know: TLS all the same
        Trouble,   // they could not be looked up: no mail may go there
    };
    State state = State::Absent;
    std::string baseDomain;
    std::vector<TlsaRecord> records;  // the usable ones; all if Unusable
    std::vector<std::string> names;   // reference identifiers, the base domain first
    std::string why;                  // of Trouble
};

// `domain`: the one that the mail is for, without which the routes mean nothing.
Task<DaneRecords> daneOf(
    dns::Resolver& resolver,
    std::string domain,
    const dns::MailRoutes& routes,
    const dns::MailHost& host,
    const dns::HostAddresses& addresses,
    std::uint16_t port);

// RFC 6698 §2.2: "3 1 1 1F85...".
std::string tlsaText(const TlsaRecord& record);

}  // namespace daybook
