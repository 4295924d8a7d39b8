#include "engine/authentication/login_throttle.h"

#include <algorithm>

#include "engine/runtime/address_ranges.h"

namespace daybook {

namespace {

constexpr TimeNs kWindowNs = 600 * kSecondNs;
constexpr TimeNs kFirstWaitNs = 5 * kSecondNs;
constexpr TimeNs kWaitMaxNs = 300 * kSecondNs;
constexpr std::uint32_t kFailures = 10;
constexpr std::uint32_t kFailuresHere = 1'000;
constexpr std::string_view kHere = "here";
constexpr std::size_t kV4Octets = 4;

// Who guesses has neighbours: an IPv4 /24, an IPv6 /64; what is loopback or no address is kHere.
std::string neighbourhoodOf(std::string_view ip) {
    std::string network = networkOf(ip);
    if (network.empty()) return std::string(kHere);
    if (network.size() == kV4Octets) network.pop_back();
    return network;
}

}  // namespace

bool LoginThrottle::mustWait(std::string_view ip) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(neighbourhoodOf(ip));
    return found != entries_.end() && clock_.now() < found->second.waitUntilNs;
}

void LoginThrottle::failed(std::string_view ip) {
    const std::string network = neighbourhoodOf(ip);
    const bool here = network == kHere;
    const TimeNs now = clock_.now();

    const std::lock_guard lock(mutex_);
    Entry& entry = entryOf(network);
    const std::uint32_t allowed = here ? kFailuresHere : kFailures;
    // Who has to wait is counted on until the network was silent for a whole window.
    const TimeNs since = entry.failures < allowed ? entry.firstNs : entry.lastNs;
    if (now - since > kWindowNs) entry.failures = 0;
    if (entry.failures == 0) entry.firstNs = now;
    entry.lastNs = now;
    ++entry.failures;
    if (entry.failures < allowed) return;

    const std::uint32_t doublings = here ? 0 : std::min(entry.failures - allowed, 6U);
    entry.waitUntilNs = now + std::min(kFirstWaitNs << doublings, kWaitMaxNs);
}

std::size_t LoginThrottle::networks() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

LoginThrottle::Entry& LoginThrottle::entryOf(const std::string& network) {
    const auto [found, added] = entries_.try_emplace(network);
    if (!added) {
        byAge_.splice(byAge_.end(), byAge_, found->second.age);
        return found->second;
    }
    found->second.age = byAge_.insert(byAge_.end(), network);
    if (entries_.size() > kNetworksMax) {
        entries_.erase(byAge_.front());
        byAge_.pop_front();
    }
    return found->second;
}

}  // namespace daybook
