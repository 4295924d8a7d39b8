#include "engine/delivery/dialer.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "journal/base/enhanced_code.h"

namespace daybook {

namespace {

constexpr TimeNs kSilenceNs = 300 * kSecondNs;
constexpr std::size_t kSilentMax = 10'000;
// A host of twenty addresses that all are dead must not hold a connection's place for long.
constexpr std::size_t kAddressesPerHostMax = 4;
constexpr std::size_t kHostsMax = 8;

RemoteReply ours(std::uint32_t enhancedCode, std::string text) {
    return {.code = 0, .enhancedCode = enhancedCode, .text = std::move(text)};
}

event::TlsFault faultOf(TlsFault fault) {
    switch (fault) {
        case TlsFault::None: return event::TlsFault::NONE;
        case TlsFault::NotOffered: return event::TlsFault::START_TLS_NOT_SUPPORTED;
        case TlsFault::HostMismatch: return event::TlsFault::CERTIFICATE_HOST_MISMATCH;
        case TlsFault::Expired: return event::TlsFault::CERTIFICATE_EXPIRED;
        case TlsFault::NotTrusted: return event::TlsFault::CERTIFICATE_NOT_TRUSTED;
        case TlsFault::HandshakeFailed:
        case TlsFault::ValidationFailure:
        case TlsFault::TlsaMismatch: return event::TlsFault::VALIDATION_FAILURE;
    }
    return event::TlsFault::VALIDATION_FAILURE;
}

// What a route's trouble means for the message.
Dialled noRoute(const dns::MailRoutes& routes) {
    Dialled result;
    result.reason = event::OutcomeReason::NO_ROUTE;
    result.permanent = true;
    switch (routes.trouble) {
        case dns::RouteTrouble::NoSuchDomain:
            result.trouble = ours(enhanced(5, 1, 2), routes.why);
            break;
        case dns::RouteTrouble::NullMx:
            result.trouble = ours(enhanced(5, 1, 10), routes.why);
            break;
        case dns::RouteTrouble::LoopsBack:
            result.trouble = ours(enhanced(5, 4, 6), routes.why);
            break;
        case dns::RouteTrouble::NoAddress:
            result.trouble = ours(enhanced(5, 4, 4), routes.why);
            break;
        case dns::RouteTrouble::None:
        case dns::RouteTrouble::Temporary:
            result.reason = event::OutcomeReason::DNS;
            result.permanent = false;
            result.trouble = ours(enhanced(4, 4, 3), routes.why);
            break;
    }
    return result;
}

event::OutcomeReason reasonOf(const ConnectTrouble& trouble) {
    switch (trouble.stage) {
        case ConnectStage::Login: return event::OutcomeReason::LOGIN;
        case ConnectStage::StartTls: return event::OutcomeReason::TLS;
        case ConnectStage::Connect:
        case ConnectStage::Greeting:
        case ConnectStage::Hello: break;
    }
    return trouble.tlsFault == TlsFault::None ? event::OutcomeReason::CONNECT
                                              : event::OutcomeReason::TLS;
}

}  // namespace

Task<Dialled> Dialer::dial(std::string domain, bool requireTls) {
    if (settings_.smartHost) {
        Dialled result = co_await dialSmartHost(*settings_.smartHost);
        co_return result;
    }
    const dns::MailRoutes routes =
        co_await dns::routesFor(parts_.resolver, parts_.random, domain, settings_.self);
    if (routes.trouble != dns::RouteTrouble::None) co_return noRoute(routes);
    const DomainTls policy = co_await parts_.policies.ofDomain(domain);
    Dialled result = co_await dialRoutes(policy, routes, requireTls);
    co_return result;
}

Task<Dialled> Dialer::dialRoutes(
    const DomainTls& domain, const dns::MailRoutes& routes, bool requireTls) {
    Dialled result;
    result.trouble = ours(enhanced(4, 4, 1), "no host of the domain could be reached");
    bool anyAddress = false;
    bool anyLater = false;
    std::size_t tried = 0;
    for (const dns::MailHost& host : routes.hosts) {
        if (tried++ == kHostsMax) break;
        Target target{.host = host, .addresses = {}, .tls = {}};
        target.addresses = co_await dns::addressesOf(parts_.resolver, host.name);
        if (target.addresses.state == dns::HostAddresses::State::Temporary) {
            anyLater = true;
            result.reason = event::OutcomeReason::DNS;
            result.trouble = ours(enhanced(4, 4, 3), target.addresses.why);
        }
        if (target.addresses.state != dns::HostAddresses::State::Found) continue;
        anyAddress = true;
        target.tls = co_await parts_.policies.ofHost(
            domain, routes, host, target.addresses, settings_.port, requireTls);
        if (!target.tls.usable) {
            result.reason = event::OutcomeReason::TLS;
            result.host = host.name;
            result.ip.clear();
            result.tls = {.policy = target.tls.policy, .fault = target.tls.fault};
            result.trouble = ours(enhanced(4, 7, requireTls ? 30 : 5), target.tls.why);
            continue;
        }
        co_await dialHost(target, settings_.port, result);
        if (result.session) co_return result;
    }
    if (!anyAddress && !anyLater) {
        dns::MailRoutes none;
        none.trouble = dns::RouteTrouble::NoAddress;
        none.why = fmt::format("no mail host of {} has an address", domain.domain);
        co_return noRoute(none);
    }
    co_return result;
}

Task<Dialled> Dialer::dialSmartHost(const SmartHost& smart) {
    Target target{.host = {.name = smart.host}, .addresses = {}, .tls = {}};
    target.addresses = co_await dns::addressesOf(parts_.resolver, smart.host);
    Dialled result;
    result.host = smart.host;
    if (target.addresses.state != dns::HostAddresses::State::Found) {
        result.reason = event::OutcomeReason::DNS;
        result.trouble = ours(
            enhanced(4, 4, 3),
            fmt::format("the relay host has no address: {}", target.addresses.why));
        co_return result;
    }
    target.tls.mode = smart.tls;
    target.tls.demand.serverName = smart.host;
    if (smart.verify && smart.tls != TlsMode::Never && smart.tls != TlsMode::Opportunistic) {
        target.tls.demand.check = TlsCheck::Names;
        target.tls.demand.names = {smart.host};
    }
    result.trouble = ours(enhanced(4, 4, 1), "the relay host could not be reached");
    co_await dialHost(target, smart.port, result);
    co_return result;
}

std::vector<std::string> Dialer::answeringFirst(std::vector<std::string> addresses) const {
    const TimeNs now = parts_.clock.now();
    std::vector<std::string> silent;
    std::erase_if(addresses, [&](const std::string& ip) {
        const auto silence = silent_.find(ip);
        if (silence == silent_.end() || silence->second <= now) return false;
        silent.push_back(ip);
        return true;
    });
    addresses.insert(addresses.end(), silent.begin(), silent.end());
    addresses.resize(std::min(addresses.size(), kAddressesPerHostMax));
    return addresses;
}

Task<void> Dialer::dialHost(const Target& target, std::uint16_t port, Dialled& result) {
    const std::vector<std::string> addresses = answeringFirst(target.addresses.addresses);
    for (const std::string& ip : addresses) {
        co_await dialAddress(target, ip, port, result);
        if (result.session) co_return;
        // The same host says the same at its other address.
        if (result.reason == event::OutcomeReason::LOGIN) co_return;
    }
}

ConnectRequest Dialer::requestFor(
    const Target& target, const std::string& ip, std::uint16_t port) const {
    const bool ipv6 = ip.find(':') != std::string::npos;
    ConnectRequest request{
        .hostName = target.host.name,
        .ip = ip,
        .port = port,
        .sourceIp = ipv6 ? settings_.sourceIpv6 : settings_.sourceIpv4,
        .helo = settings_.helo,
        .tls = target.tls.mode,
        .demand = target.tls.demand,
    };
    if (request.demand.serverName.empty()) request.demand.serverName = target.host.name;
    if (settings_.smartHost) request.login = settings_.smartHost->login;
    return request;
}

Task<void> Dialer::dialAddress(
    const Target& target, const std::string& ip, std::uint16_t port, Dialled& result) {
    result.host = target.host.name;
    result.ip = ip;
    result.tls = {.policy = target.tls.policy, .fault = target.tls.fault};
    ConnectRequest request = requestFor(target, ip, port);
    Transport::Connected connected = co_await parts_.transport.connect(request);
    if (!connected.session && target.tls.testing && connected.trouble.tlsFault != TlsFault::None) {
        // RFC 8461 §5: a policy in testing is reported, and stops nothing.
        result.tls.fault = faultOf(connected.trouble.tlsFault);
        request.demand.check = TlsCheck::None;
        request.tls = TlsMode::Opportunistic;
        connected = co_await parts_.transport.connect(request);
    }
    take(std::move(connected), request, result);
}

void Dialer::take(Transport::Connected connected, const ConnectRequest& request, Dialled& result) {
    if (connected.session) {
        silent_.erase(request.ip);
        const PeerFacts& peer = connected.session->peer();
        result.tls.tls = {.version = peer.tls.version, .cipher = peer.tls.cipher};
        result.tls.verified = peer.tlsVerified;
        // Without a policy nobody promised STARTTLS: its absence is no fault to be reported.
        const bool promised = result.tls.policy != event::TlsPolicy::NONE;
        if (promised && result.tls.fault == event::TlsFault::NONE) {
            result.tls.fault = faultOf(peer.tlsFault);
        }
        result.session = std::move(connected.session);
        return;
    }
    result.reason = reasonOf(connected.trouble);
    result.trouble = connected.trouble.reply;
    if (connected.trouble.tlsFault != TlsFault::None) {
        result.tls.fault = faultOf(connected.trouble.tlsFault);
    }
    if (connected.trouble.stage == ConnectStage::Connect) {
        if (silent_.size() >= kSilentMax) silent_.clear();
        silent_[request.ip] = parts_.clock.now() + kSilenceNs;
    }
    parts_.log.debug(
        "outbound.no-connection",
        {{"host", request.hostName}, {"ip", request.ip}, {"why", connected.trouble.reply.text}});
}

}  // namespace daybook
