// dialer.h
//
// From a domain to a connection that is ready for its mail: the domain's hosts in order, their
// addresses, the TLS that policies ask for, the next host where one does not answer. Keeps in mind
// for a few minutes which addresses did not answer, and asks them last. Knows no queue. Thread: the
// courier's reactor.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/delivery/tls_policy.h"
#include "engine/delivery/transport.h"
#include "engine/dns/mail_routes.h"
#include "engine/scribe/command.h"
#include "journal/base/clock.h"
#include "journal/base/log.h"
#include "journal/base/random.h"

namespace daybook {

// One host that takes everything.
struct SmartHost {
    std::string host;  // a name or an address
    std::uint16_t port = 587;
    TlsMode tls = TlsMode::Required;
    bool verify = true;  // its certificate bears its name
    std::optional<SmartHostLogin> login;
};

struct DialerSettings {
    std::string helo;
    std::vector<std::string> self;  // this server's names: no MX host of that name is connected to
    std::uint16_t port = 25;
    std::string sourceIpv4;  // empty: the system chooses
    std::string sourceIpv6;
    std::optional<SmartHost> smartHost;
};

// A connection, or why there is none: what is recorded of it.
struct Dialled {
    std::unique_ptr<TransportSession> session;
    std::string host;
    std::string ip;
    TlsFindings tls;
    // Without a session.
    event::OutcomeReason reason = event::OutcomeReason::CONNECT;
    RemoteReply trouble;
    bool permanent = false;  // no such domain, null MX, a loop: trying again is of no use
};

class Dialer {
public:
    struct Parts {
        Transport& transport;
        dns::Resolver& resolver;
        TlsPolicies& policies;
        Random& random;
        const Clock& clock;
        const Log& log;
    };

    Dialer(Parts parts, DialerSettings settings) : parts_(parts), settings_(std::move(settings)) {}

    // `requireTls`: only where the message's REQUIRETLS can be kept. Never throws for what the DNS
    // and the peers do.
    Task<Dialled> dial(std::string domain, bool requireTls);

private:
    struct Target {
        dns::MailHost host;
        dns::HostAddresses addresses;
        HostTls tls;
    };

    Task<Dialled> dialSmartHost(const SmartHost& smart);
    Task<Dialled> dialRoutes(
        const DomainTls& domain, const dns::MailRoutes& routes, bool requireTls);
    // Tries the addresses of one host; `result` has the trouble so far.
    Task<void> dialHost(const Target& target, std::uint16_t port, Dialled& result);
    Task<void> dialAddress(
        const Target& target, const std::string& ip, std::uint16_t port, Dialled& result);
    ConnectRequest requestFor(
        const Target& target, const std::string& ip, std::uint16_t port) const;
    void take(Transport::Connected connected, const ConnectRequest& request, Dialled& result);
    std::vector<std::string> answeringFirst(std::vector<std::string> addresses) const;

    Parts parts_;
    DialerSettings settings_;
    // Address -> until when it is asked last.
    std::map<std::string, TimeNs> silent_;
};

}  // namespace daybook
