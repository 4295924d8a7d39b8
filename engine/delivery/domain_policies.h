// domain_policies.h
//
// MTA-STS of domains for TlsPolicies: asks the DNS for the record, fetches the policy when it is
// new or old, keeps it in memory and in cacheFolder/mta-sts.json. Several who ask for one domain
// share one fetch. Thread: any reactor.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/delivery/mta_sts_cache.h"
#include "engine/delivery/tls_policy.h"
#include "engine/runtime/signal.h"

namespace daybook {

class DomainPolicies {
public:
    explicit DomainPolicies(const TlsPolicies::Parts& parts);
    // Writes what is not yet written.
    ~DomainPolicies();

    Task<DomainTls> of(std::string domain);
    Task<void> refresh();
    void stop();

private:
    // A fetch that failed: RFC 8461 §3.3 asks not to try again for a while.
    struct Failure {
        std::string id;
        TimeNs atNs = 0;
        event::TlsFault trouble = event::TlsFault::NONE;
        std::string why;
    };

    struct Fetched {
        std::optional<MtaStsPolicy> policy;
        Failure failure;  // if there is none
    };

    // A fetch that runs, and who waits for it.
    struct Flight {
        std::vector<Signal::Handle> waiting;
        std::optional<DomainTls> result;
    };

    // Shared by the one who fetches and those who wait: nobody knows who ends last.
    using SharedFlight = std::shared_ptr<Flight>;

    // Ends the flight of its domain, also when the task that fetches is given up.
    class Pilot;

    // What there is to be said of a domain without fetching, or the flight to be joined or begun.
    struct Boarding {
        std::optional<DomainTls> known;
        SharedFlight flight;
        bool isPilot = false;
    };

    Boarding board(const std::string& domain, const std::optional<std::string>& id, Signal& landed);
    bool needsFetch(const std::string& domain, const std::optional<std::string>& id) const;
    DomainTls known(const std::string& domain, const std::optional<std::string>& id) const;
    std::optional<DomainTls> resultOf(const Flight& flight) const;

    Task<Fetched> fetch(std::string domain);
    DomainTls take(
        const std::string& domain, const std::optional<std::string>& id, Fetched fetched);
    void rememberFailure(const std::string& domain, Failure failure);

    void load();
    Task<void> save();
    std::optional<std::string> beginSaving();
    bool write(const std::string& text) const;

    TlsPolicies::Parts parts_;
    std::filesystem::path file_;
    std::atomic<bool> stopping_ = false;

    mutable std::mutex mutex_;  // guards what follows
    MtaStsCache cache_;
    std::map<std::string, Failure, std::less<>> failures_;
    std::map<std::string, SharedFlight, std::less<>> flights_;
    bool unwritten_ = false;
    bool writing_ = false;
};

}  // namespace daybook
