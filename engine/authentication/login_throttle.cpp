#include "engine/authentication/login_throttle.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace daybook {

namespace {

constexpr TimeNs kWindowNs = 600 * kSecondNs;
constexpr TimeNs kFirstWaitNs = 5 * kSecondNs;
constexpr TimeNs kWaitMaxNs = 300 * kSecondNs;
constexpr std::uint32_t kFailures = 10;
constexpr std::uint32_t kFailuresHere = 1'000;
constexpr std::string_view kHere = "here";
// ::ffff:192.0.2.1, RFC 4291 §2.5.5.2.
constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);

std::string networkOfV4(std::string_view octets) {
    if (octets[0] == 127) return std::string(kHere);
    return std::string(octets.substr(0, 3));
}

// The octets of the network, or kHere. What is no address ("unix") is this machine.
std::string networkOf(std::string_view ip) {
    const std::string text(ip);
    std::array<char, 16> octets{};
    const std::string_view all(octets.data(), octets.size());
    if (::inet_pton(AF_INET, text.c_str(), octets.data()) == 1) return networkOfV4(all);
    if (::inet_pton(AF_INET6, text.c_str(), octets.data()) != 1) return std::string(kHere);
    if (all.starts_with(kMapped)) return networkOfV4(all.substr(kMapped.size()));
    const bool loopback = all.back() == 1 && all.find_first_not_of('\0') == all.size() - 1;
    return std::string(loopback ? kHere : all.substr(0, 8));
}

}  // namespace

bool LoginThrottle::mustWait(std::string_view ip) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(networkOf(ip));
    return found != entries_.end() && clock_.now() < found->second.waitUntilNs;
}

void LoginThrottle::failed(std::string_view ip) {
    const std::string network = networkOf(ip);
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
