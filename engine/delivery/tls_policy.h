// tls_policy.h
//
// What TLS the mail for a domain has to have: MTA-STS (RFC 8461; policies fetched over HTTPS and
// kept in DIR/cache, so that a restart forgets none), DANE (RFC 7672), and what REQUIRETLS adds
// (RFC 8689). Never connects to a mail host: what it says is for the transport. Thread: any
// reactor.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/delivery/transport.h"
#include "engine/dns/mail_routes.h"
#include "engine/runtime/worker_pool.h"
#include "journal/base/clock.h"
#include "journal/base/log.h"

namespace daybook {

// MTA-STS of a recipient domain, as it is known now.
struct DomainTls {
    std::string domain;
    enum class Mode : std::uint8_t { None, Testing, Enforce } mode = Mode::None;
    std::vector<std::string> hosts;  // mx patterns
    std::string policyId;
    // The policy's lines, for TLSRPT (RFC 8460 §4.4).
    std::vector<std::string> policyLines;
    // Why the policy could not be had (RFC 8460 §4.3.2.2). With a mode other than None an older one
    // is still valid, and counts.
    event::TlsFault trouble = event::TlsFault::NONE;
    std::string why;  // of the trouble: TLSRPT's failure-reason-code
};

// What to demand of one host.
struct HostTls {
    event::TlsPolicy policy = event::TlsPolicy::NONE;
    // False: no mail may go there (the policy does not list it, TLSA could not be looked up ...).
    bool usable = true;
    // A failure of the TLS that `demand` asks for is to be reported, but does not stop the mail
    // (MTA-STS testing): then again, TlsMode::Opportunistic with TlsCheck::None.
    bool testing = false;
    TlsMode mode = TlsMode::Opportunistic;
    TlsDemand demand;
    // Why it is not usable. With `usable` it is only to be reported: a host that a testing policy
    // does not list, TLSA records that are no good, an MTA-STS policy that could not be had.
    event::TlsFault fault = event::TlsFault::NONE;
    std::string why;
};

class TlsPolicies {
public:
    struct Parts {
        dns::Resolver& resolver;
        // Fetching blocks, up to a minute: not the pool that somebody's login waits for.
        WorkerPool& workers;
        const Clock& clock;
        const Log& log;
        std::filesystem::path cacheFolder;
        // Trust anchors for policy hosts, PEM; empty: the system's.
        std::filesystem::path roots;
        std::uint16_t httpsPort = 443;
        bool dane = true;
        bool mtaSts = true;
    };

    explicit TlsPolicies(Parts parts);
    // Requires: no task of it runs.
    ~TlsPolicies();

    // Asks the DNS for the policy's id each time, and the policy host when that is new or the
    // policy old; else it is what is known. Never throws for what they say.
    Task<DomainTls> ofDomain(std::string domain);
    // `port`: of the TLSA name (_25._tcp). `requireTls`: the message's.
    Task<HostTls> ofHost(
        const DomainTls& domain,
        const dns::MailRoutes& routes,
        const dns::MailHost& host,
        const dns::HostAddresses& addresses,
        std::uint16_t port,
        bool requireTls);

    // Fetches the policies again of which half the life is gone, whether or not mail goes there
    // (RFC 8461 §10.2). For once a day or more.
    Task<void> refresh();

    // Ends the fetches that run within a second or so; there are none afterwards. Thread: any.
    void stop();

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
