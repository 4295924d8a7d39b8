#include "engine/delivery/dane.h"

#include <Poco/Net/IPAddress.h>
#include <algorithm>
#include <utility>

#include "engine/dns/records.h"
#include "journal/base/ascii.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

constexpr std::uint8_t kUsageTrustAnchor = 2;  // DANE-TA
constexpr std::uint8_t kUsageEndEntity = 3;    // DANE-EE
constexpr std::size_t kSha256Octets = 32;
constexpr std::size_t kSha512Octets = 64;

std::string plain(std::string name) {
    if (name.ends_with('.')) name.pop_back();
    return lowered(name);
}

// RFC 7672 §3.1.3: the PKIX usages are nothing for mail between servers.
bool isUsable(const TlsaRecord& record) {
    if (record.usage != kUsageTrustAnchor && record.usage != kUsageEndEntity) return false;
    if (record.selector > 1) return false;
    switch (record.matching) {
        case 0: return !record.data.empty();
        case 1: return record.data.size() == kSha256Octets;
        case 2: return record.data.size() == kSha512Octets;
        default: return false;
    }
}

std::string lookupTrouble(const char* what, const std::string& name, const dns::Answer& answer) {
    std::string text = std::string(what) + " of " + name + " ";
    text += answer.result == dns::Result::Bogus ? "are bogus by DNSSEC" : "cannot be looked up";
    return answer.why.empty() ? text : text + ": " + answer.why;
}

void addName(std::vector<std::string>& names, std::string name) {
    if (!name.empty() && std::ranges::find(names, name) == names.end()) {
        names.push_back(std::move(name));
    }
}

struct Candidates {
    std::vector<std::string> names;
    std::string trouble;
};

// RFC 7672 §2.2.2: the fully expanded name and then the name itself, where the addresses are
// secure; the name itself, where it is an alias and only that is secure; else none.
Task<Candidates> candidatesOf(
    dns::Resolver& resolver, std::string host, const dns::HostAddresses& addresses) {
    Candidates candidates;
    const std::string canonical = plain(addresses.canonicalName);
    const bool isAlias = !canonical.empty() && canonical != host;
    if (addresses.secure) {
        if (isAlias) candidates.names.push_back(canonical);
        candidates.names.push_back(std::move(host));
        co_return candidates;
    }
    if (!isAlias) co_return candidates;
    const dns::Answer alias = co_await resolver.query(host, dns::RecordType::Cname);
    if (!alias.cameThrough()) candidates.trouble = lookupTrouble("the aliases", host, alias);
    if (alias.result == dns::Result::Found && alias.secure) {
        candidates.names.push_back(std::move(host));
    }
    co_return candidates;
}

// RFC 7672 §3.2.2: the names that the certificate of a usage 2 may bear besides the base domain.
// The expanded next-hop domain is what the MX records were found at.
Task<std::vector<std::string>> namesOf(
    dns::Resolver& resolver, std::string baseDomain, std::string domain) {
    std::vector<std::string> names;
    addName(names, std::move(baseDomain));
    addName(names, domain);
    const dns::Answer answer = co_await resolver.query(domain, dns::RecordType::Mx);
    if (answer.secure && answer.cameThrough()) addName(names, plain(answer.canonicalName));
    co_return names;
}

// What one candidate's answer comes to; Absent: try the next.
DaneRecords recordsIn(const dns::Answer& answer, const std::string& name, std::string candidate) {
    DaneRecords found;
    if (!answer.cameThrough()) {
        found.state = DaneRecords::State::Trouble;
        found.why = lookupTrouble("the TLSA records", name, answer);
        return found;
    }
    if (answer.result != dns::Result::Found || !answer.secure) return found;
    std::vector<TlsaRecord> all;
    for (const std::string& rdata : answer.records) {
        std::optional<TlsaRecord> record = dns::readTlsa(rdata);
        if (record) all.push_back(std::move(*record));
    }
    std::ranges::copy_if(all, std::back_inserter(found.records), &isUsable);
    found.state = found.records.empty() ? DaneRecords::State::Unusable : DaneRecords::State::Usable;
    if (found.records.empty()) found.records = std::move(all);
    found.baseDomain = std::move(candidate);
    return found;
}

bool isAddress(const std::string& host) {
    Poco::Net::IPAddress address;
    return host.starts_with('[') || Poco::Net::IPAddress::tryParse(host, address);
}

}  // namespace

// RFC 7672 §2.2.1: we look only where the MX records, or that there are none, are secure.
Task<DaneRecords> daneOf(
    dns::Resolver& resolver,
    std::string domain,
    const dns::MailRoutes& routes,
    const dns::MailHost& host,
    const dns::HostAddresses& addresses,
    std::uint16_t port) {
    DaneRecords found;
    if (!routes.secure || isAddress(host.name)) co_return found;
    const Candidates candidates = co_await candidatesOf(resolver, plain(host.name), addresses);
    if (!candidates.trouble.empty()) {
        found.state = DaneRecords::State::Trouble;
        found.why = candidates.trouble;
        co_return found;
    }
    // RFC 7672 §2.2.3: the first that has secure records is the base domain.
    for (const std::string& candidate : candidates.names) {
        const std::string name = "_" + std::to_string(port) + "._tcp." + candidate;
        const dns::Answer answer = co_await resolver.query(name, dns::RecordType::Tlsa);
        found = recordsIn(answer, name, candidate);
        if (found.state != DaneRecords::State::Absent) break;
    }
    if (found.state != DaneRecords::State::Usable) co_return found;
    found.names = co_await namesOf(resolver, found.baseDomain, plain(std::move(domain)));
    co_return found;
}

std::string tlsaText(const TlsaRecord& record) {
    return std::to_string(record.usage) + " " + std::to_string(record.selector) + " " +
           std::to_string(record.matching) + " " + uppered(toHex(asBytes(record.data)));
}

}  // namespace daybook
