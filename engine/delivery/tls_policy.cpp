#include "engine/delivery/tls_policy.h"

#include <utility>

#include "engine/delivery/dane.h"
#include "engine/delivery/domain_policies.h"

namespace daybook {

namespace {

HostTls refused(event::TlsPolicy policy, event::TlsFault fault, std::string why) {
    return HostTls{.policy = policy, .usable = false, .fault = fault, .why = std::move(why)};
}

// PKIX, and the host's own name. RFC 8461 §4.2; RFC 8689 §4.2.1.
void demandName(HostTls& tls, const std::string& host) {
    tls.demand.check = TlsCheck::Names;
    tls.demand.names = {host};
}

// RFC 7672 §2.2: records that can be used must be met; records that cannot ask for encryption.
HostTls byDane(DaneRecords records) {
    HostTls tls{.policy = event::TlsPolicy::DANE, .mode = TlsMode::Required};
    tls.demand.tlsa = std::move(records.records);
    tls.demand.serverName = std::move(records.baseDomain);  // RFC 7672 §8.1
    if (records.state == DaneRecords::State::Usable) {
        tls.demand.check = TlsCheck::Dane;
        tls.demand.names = std::move(records.names);
        return tls;
    }
    tls.fault = event::TlsFault::TLSA_INVALID;
    tls.why = "none of the host's TLSA records is of a kind that can be used";
    return tls;
}

// RFC 8461 §4 and §5.
HostTls byMtaSts(const DomainTls& domain, const std::string& host) {
    const bool testing = domain.mode == DomainTls::Mode::Testing;
    if (!matchesMtaSts(domain.hosts, host)) {
        std::string why = "the MTA-STS policy of " + domain.domain + " does not list " + host;
        HostTls tls =
            refused(event::TlsPolicy::MTA_STS, event::TlsFault::VALIDATION_FAILURE, std::move(why));
        tls.usable = testing;
        tls.demand.serverName = host;
        return tls;
    }
    HostTls tls{.policy = event::TlsPolicy::MTA_STS, .testing = testing};
    // In testing too: else a certificate that fails would cost the mail its encryption.
    tls.mode = TlsMode::Required;
    tls.demand.serverName = host;
    demandName(tls, host);
    return tls;
}

// RFC 8460 §4.3.2.2: a policy that could not be had asks for nothing, and its domain is told.
HostTls withoutPolicy(const DomainTls& domain, const std::string& host) {
    HostTls tls{.demand = {.serverName = host}};
    if (domain.trouble == event::TlsFault::NONE) return tls;
    tls.policy = event::TlsPolicy::MTA_STS;
    tls.fault = domain.trouble;
    tls.why = domain.why;
    return tls;
}

// RFC 8689 §4.2.1: the host's name must be vouched for, and its certificate. That the peer offers
// REQUIRETLS is seen when it is spoken to.
HostTls withRequireTls(
    HostTls tls,
    const DomainTls& domain,
    const dns::MailRoutes& routes,
    const dns::MailHost& host) {
    if (!tls.usable || tls.demand.check == TlsCheck::Dane) return tls;
    const bool listed = domain.mode != DomainTls::Mode::None &&
                        tls.policy == event::TlsPolicy::MTA_STS &&
                        matchesMtaSts(domain.hosts, host.name);
    // Where there is no MX record, the host is the domain: nobody has put another name in.
    if (!routes.secure && !host.implicit && !listed) {
        return refused(
            tls.policy,
            event::TlsFault::VALIDATION_FAILURE,
            "the message requires TLS, and neither DNSSEC nor MTA-STS vouches for the MX records "
            "of " +
                domain.domain);
    }
    tls.mode = TlsMode::Required;
    tls.testing = false;
    demandName(tls, host.name);
    return tls;
}

}  // namespace

class TlsPolicies::Implementation {
public:
    explicit Implementation(const Parts& parts) : parts_(parts), domains_(parts) {}

    DomainPolicies& domains() { return domains_; }

    Task<HostTls> ofHost(
        const DomainTls& domain,
        const dns::MailRoutes& routes,
        const dns::MailHost& host,
        const dns::HostAddresses& addresses,
        std::uint16_t port,
        bool requireTls) const {
        DaneRecords records;
        if (parts_.dane) {
            records =
                co_await daneOf(parts_.resolver, domain.domain, routes, host, addresses, port);
        }
        HostTls tls = choose(domain, host, std::move(records));
        if (requireTls) tls = withRequireTls(std::move(tls), domain, routes, host);
        co_return tls;
    }

private:
    // RFC 8461 §2: DANE comes first, and MTA-STS never mends what fails by it. Where no TLSA record
    // can be used, DANE authenticates nobody, and an enforced policy still does.
    static HostTls choose(const DomainTls& domain, const dns::MailHost& host, DaneRecords records) {
        const bool hasSts = domain.mode != DomainTls::Mode::None;
        switch (records.state) {
            case DaneRecords::State::Trouble:
                return refused(
                    event::TlsPolicy::DANE,
                    event::TlsFault::DNSSEC_INVALID,
                    std::move(records.why));
            case DaneRecords::State::Usable: return byDane(std::move(records));
            case DaneRecords::State::Unusable: break;
            case DaneRecords::State::Absent:
                if (hasSts) return byMtaSts(domain, host.name);
                return withoutPolicy(domain, host.name);
        }
        HostTls tls = byDane(std::move(records));
        if (domain.mode != DomainTls::Mode::Enforce) return tls;
        HostTls enforced = byMtaSts(domain, host.name);
        if (enforced.fault == event::TlsFault::NONE) {
            enforced.fault = tls.fault;
            enforced.why = tls.why;
        }
        return enforced;
    }

    Parts parts_;
    DomainPolicies domains_;
};

TlsPolicies::TlsPolicies(Parts parts) : implementation_(std::make_unique<Implementation>(parts)) {}

TlsPolicies::~TlsPolicies() = default;

Task<DomainTls> TlsPolicies::ofDomain(std::string domain) {
    return implementation_->domains().of(std::move(domain));
}

Task<HostTls> TlsPolicies::ofHost(
    const DomainTls& domain,
    const dns::MailRoutes& routes,
    const dns::MailHost& host,
    const dns::HostAddresses& addresses,
    std::uint16_t port,
    bool requireTls) {
    return implementation_->ofHost(domain, routes, host, addresses, port, requireTls);
}

Task<void> TlsPolicies::refresh() { return implementation_->domains().refresh(); }

void TlsPolicies::stop() { implementation_->domains().stop(); }

}  // namespace daybook
