// unbound_resolver.h
//
// The Resolver of the server: libunbound, asynchronous, caching and validating. A thread of its own
// hands questions in and takes answers out; libunbound has one more for the work. Without
// forwarders it asks the root servers and goes down from there; /etc/resolv.conf is never read: who
// answers there may strip DNSSEC, and its word could not be trusted for DANE anyway.
//
// A question ends at its deadline with Failed, whatever the DNS does; libunbound may work on it for
// longer, and what it finds is in the cache for the next one who asks. The same question of many is
// asked once. A coroutine that waits may be destroyed, and so may the resolver: who waits then is
// answered with Failed. Thread: any; query() from a reactor's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/dns/resolver.h"
#include "journal/base/log.h"

namespace daybook::dns {

struct UnboundOptions {
    // Resolvers that are asked instead of the root servers: "192.0.2.53", "127.0.0.1@5353". They
    // must pass DNSSEC on if answers are validated. The second is asked when the first is dead.
    std::vector<std::string> forwarders{};
    // DNSSEC: answers are checked, wrong ones are Bogus.
    bool validate = true;
    // DS or DNSKEY records as a zone file has them. Empty: the root's, of Debian's dns-root-data;
    // where that is not installed nothing is validated, and the log says so.
    std::filesystem::path trustAnchorFile{};
    // libunbound answers for reserved names (RFC 6761, RFC 6303: "test", "invalid", the reverse
    // zones of private addresses) by itself. These are asked for all the same.
    std::vector<std::string> reservedZones{};
    // Memory for answers; about half as much again goes to keys and other knowledge.
    std::uint64_t cacheOctets = 32ULL << 20U;
    std::chrono::milliseconds timeout{30'000};  // of a question
    // Questions that libunbound works on; others wait their turn, and their deadline.
    std::size_t inFlightMax = 512;
};

inline constexpr const char* kDebianTrustAnchor = "/usr/share/dns/root.key";

class UnboundResolver final : public Resolver {
public:
    // Throws std::runtime_error that says which option is wrong.
    UnboundResolver(const UnboundOptions& options, const Log& log);
    // Stops. No query() may begin any more; those that wait are answered.
    ~UnboundResolver() override;

    Task<Answer> query(std::string name, RecordType type) override;

    // Every question that waits and every later one is answered with Failed. Returns when the
    // threads have ended. Thread: any, one at a time.
    void stop();

    // There is a trust anchor, so that answers can be secure.
    bool validates() const;

    class Implementation;

private:
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook::dns
