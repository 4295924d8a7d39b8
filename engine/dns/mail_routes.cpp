#include "engine/dns/mail_routes.h"

#include <algorithm>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <optional>
#include <set>
#include <tuple>

#include "engine/directory/address.h"
#include "engine/dns/records.h"
#include "engine/runtime/nursery.h"
#include "journal/base/ascii.h"

namespace daybook::dns {

namespace {

// RFC 5321 §5.1 allows a limit. Against domains with thousands of hosts: each costs questions.
constexpr std::size_t kHostsMax = 20;
constexpr std::size_t kAddressesMax = 20;

constexpr std::string_view kIpv6Tag = "ipv6:";

// The address in "[192.0.2.1]" or "[IPv6:2001:db8::1]" as inet_ntop writes it. RFC 5321 §4.1.3
std::optional<std::string> literalAddress(std::string_view literal) {
    if (!literal.starts_with('[') || !literal.ends_with(']')) return std::nullopt;
    std::string inner(literal.substr(1, literal.size() - 2));
    const bool isIpv6 = startsWithIgnoreCase(inner, kIpv6Tag);
    if (isIpv6) inner.erase(0, kIpv6Tag.size());
    if (inner.find('\0') != std::string::npos) return std::nullopt;
    std::string octets(isIpv6 ? 16 : 4, '\0');
    if (::inet_pton(isIpv6 ? AF_INET6 : AF_INET, inner.c_str(), octets.data()) != 1) {
        return std::nullopt;
    }
    return isIpv6 ? readAaaa(octets) : readA(octets);
}

MailRoutes trouble(RouteTrouble kind, std::string why) {
    return {.trouble = kind, .why = std::move(why)};
}

// As names are compared.
std::string comparable(std::string_view name) {
    if (const std::optional<std::string> address = literalAddress(name)) return *address;
    if (name.ends_with('.')) name.remove_suffix(1);
    return normalizeDomain(name).value_or(lowered(name));
}

bool isSelf(std::string_view name, const std::vector<std::string>& self) {
    return std::ranges::find(self, comparable(name)) != self.end();
}

MailRoutes loopsBack(std::string_view domain, std::string_view host) {
    return trouble(
        RouteTrouble::LoopsBack,
        fmt::format("mail for {} loops back: its best host is this server ({})", domain, host));
}

MailRoutes routeTo(
    const std::string& host, const Answer* answer, const std::vector<std::string>& self) {
    if (isSelf(host, self)) return loopsBack(host, host);
    // RFC 5321 §5.1: a CNAME's name is processed as if it were the initial one.
    if (answer != nullptr && isSelf(answer->canonicalName, self)) {
        return loopsBack(host, answer->canonicalName);
    }
    MailRoutes routes;
    routes.hosts.push_back({.name = host, .implicit = true});
    if (answer != nullptr) {
        routes.secure = answer->secure;
        routes.timeToLive = answer->timeToLive;
    }
    return routes;
}

// Uniform enough: the bias of the remainder is below 2^-50.
void shuffle(std::span<MailHost> hosts, Random& random) {
    for (std::size_t left = hosts.size(); left > 1; --left)
        std::swap(hosts[left - 1], hosts[random.number() % left]);
}

// A host that is named twice stays where it is better. Requires: sorted by preference.
void dropRepeated(std::vector<MailHost>& hosts) {
    std::set<std::string> seen;
    std::erase_if(hosts, [&](const MailHost& host) { return !seen.insert(host.name).second; });
}

// By preference, those of one preference shuffled. RFC 5321 §5.1: MUST randomize.
void sortHosts(std::vector<MailHost>& hosts, Random& random) {
    // By name too, so that the shuffle alone decides, not the order of the answer.
    std::ranges::sort(hosts, [](const MailHost& a, const MailHost& b) {
        return std::tie(a.preference, a.name) < std::tie(b.preference, b.name);
    });
    dropRepeated(hosts);
    for (auto begin = hosts.begin(); begin != hosts.end();) {
        const auto end = std::find_if(begin, hosts.end(), [&](const MailHost& host) {
            return host.preference != begin->preference;
        });
        shuffle(std::span(begin, end), random);
        begin = end;
    }
}

// RFC 5321 §5.1: our own record, those as good and those worse are not candidates.
void dropFromSelfOn(std::vector<MailHost>& hosts, const std::vector<std::string>& self) {
    const auto own =
        std::ranges::find_if(hosts, [&](const MailHost& host) { return isSelf(host.name, self); });
    if (own == hosts.end()) return;
    const std::uint16_t limit = own->preference;
    std::erase_if(hosts, [&](const MailHost& host) { return host.preference >= limit; });
}

MailRoutes routesOf(
    const Answer& answer,
    const std::string& domain,
    Random& random,
    const std::vector<std::string>& self) {
    std::vector<MailHost> hosts;
    bool hasNullMx = false;
    for (const std::string& data : answer.records) {
        const std::optional<MxRecord> record = readMx(data);
        if (!record) continue;
        if (record->exchange == ".") {
            hasNullMx = true;
            continue;
        }
        hosts.push_back({.name = record->exchange, .preference = record->preference});
    }
    // RFC 7505 §3: alone. Beside other records it is a mistake, and they are used.
    if (hosts.empty() && hasNullMx) {
        MailRoutes routes =
            trouble(RouteTrouble::NullMx, fmt::format("{} takes no mail (null MX)", domain));
        routes.secure = answer.secure;
        routes.timeToLive = answer.timeToLive;
        return routes;
    }
    if (hosts.empty()) {
        return trouble(
            RouteTrouble::Temporary,
            fmt::format("the MX records of {} name no host that can be read", domain));
    }
    sortHosts(hosts, random);
    const std::string best = hosts.front().name;
    dropFromSelfOn(hosts, self);
    if (hosts.empty()) return loopsBack(domain, best);
    if (hosts.size() > kHostsMax) hosts.resize(kHostsMax);
    return {
        .hosts = std::move(hosts),
        .secure = answer.secure,
        .timeToLive = answer.timeToLive,
    };
}

std::vector<std::string> addressesIn(
    const Answer& answer, std::optional<std::string> (*read)(std::string_view)) {
    std::vector<std::string> addresses;
    if (answer.result != Result::Found) return addresses;
    for (const std::string& data : answer.records) {
        std::optional<std::string> address = read(data);
        if (address) addresses.push_back(std::move(*address));
    }
    return addresses;
}

// RFC 8305 §4
std::vector<std::string> interleaved(
    const std::vector<std::string>& ipv6, const std::vector<std::string>& ipv4) {
    std::vector<std::string> addresses;
    for (std::size_t i = 0; i < std::max(ipv6.size(), ipv4.size()); ++i) {
        if (i < ipv6.size()) addresses.push_back(ipv6[i]);
        if (i < ipv4.size()) addresses.push_back(ipv4[i]);
    }
    if (addresses.size() > kAddressesMax) addresses.resize(kAddressesMax);
    return addresses;
}

HostAddresses hostAddresses(const std::string& host, const Answer& ipv6, const Answer& ipv4) {
    HostAddresses found;
    found.canonicalName = host;
    const bool isBogus = ipv6.result == Result::Bogus || ipv4.result == Result::Bogus;
    // RFC 7672 §2.2.2: bogus results for any query in the process delay the delivery.
    if (!isBogus) {
        found.addresses = interleaved(addressesIn(ipv6, &readAaaa), addressesIn(ipv4, &readA));
    }
    if (!found.addresses.empty()) {
        found.state = HostAddresses::State::Found;
        // A family that did not answer gives no address, and must not turn DANE off either: who
        // can swallow its question could then read the mail.
        found.secure = (ipv6.secure || !ipv6.cameThrough()) && (ipv4.secure || !ipv4.cameThrough());
        const Answer& named = ipv4.result == Result::Found ? ipv4 : ipv6;
        if (!named.canonicalName.empty()) found.canonicalName = named.canonicalName;
        return found;
    }
    for (const Answer* const answer : {&ipv6, &ipv4}) {
        if (answer->cameThrough()) continue;
        found.state = HostAddresses::State::Temporary;
        found.why = fmt::format("the addresses of {} cannot be found out: {}", host, answer->why);
    }
    if (found.state == HostAddresses::State::None) {
        found.why = fmt::format("{} has no address", host);
    }
    return found;
}

Task<void> askInto(Resolver& resolver, std::string host, RecordType type, Answer& answer) {
    answer = co_await resolver.query(std::move(host), type);
}

}  // namespace

Task<MailRoutes> routesFor(
    Resolver& resolver, Random& random, std::string domain, std::span<const std::string> self) {
    std::vector<std::string> ourNames;
    for (const std::string& name : self)
        ourNames.push_back(comparable(name));

    if (domain.starts_with('[')) {
        if (literalAddress(domain)) co_return routeTo(lowered(domain), nullptr, ourNames);
        co_return trouble(
            RouteTrouble::NoSuchDomain, fmt::format("{} is no address that we know", domain));
    }
    if (domain.ends_with('.')) domain.pop_back();
    const std::optional<std::string> name = normalizeDomain(domain);
    if (!name) {
        co_return trouble(
            RouteTrouble::NoSuchDomain, fmt::format("\"{}\" is not a domain name", domain));
    }

    const Answer answer = co_await resolver.query(*name, RecordType::Mx);
    switch (answer.result) {
        case Result::Found: co_return routesOf(answer, *name, random, ourNames);
        case Result::NoData: co_return routeTo(*name, &answer, ourNames);
        case Result::NoSuchName: {
            MailRoutes routes =
                trouble(RouteTrouble::NoSuchDomain, fmt::format("no such domain: {}", *name));
            routes.secure = answer.secure;
            routes.timeToLive = answer.timeToLive;
            co_return routes;
        }
        case Result::Failed:
        case Result::Bogus: break;
    }
    co_return trouble(
        RouteTrouble::Temporary,
        fmt::format("the mail hosts of {} cannot be found out: {}", *name, answer.why));
}

Task<HostAddresses> addressesOf(Resolver& resolver, std::string host) {
    if (const std::optional<std::string> address = literalAddress(host)) {
        co_return HostAddresses{
            .state = HostAddresses::State::Found,
            .addresses = {*address},
            .canonicalName = host,
            .why = {},
        };
    }
    Reactor* const reactor = Reactor::current();
    DAYBOOK_ASSERT(reactor != nullptr);
    Answer ipv6;
    Answer ipv4;
    std::exception_ptr thrown;
    Nursery both(*reactor, [&thrown](std::exception_ptr failed) { thrown = std::move(failed); });
    both.start(askInto(resolver, host, RecordType::Aaaa, ipv6));
    both.start(askInto(resolver, host, RecordType::A, ipv4));
    co_await both.join();
    if (thrown) std::rethrow_exception(thrown);
    co_return hostAddresses(host, ipv6, ipv4);
}

}  // namespace daybook::dns
