#include "engine/delivery/rate_limits.h"

#include <algorithm>

#include "engine/runtime/address_ranges.h"

namespace daybook {

namespace {

constexpr std::int64_t kMinuteNs = 60 * kSecondNs;
constexpr std::int64_t kHourNs = 60 * kMinuteNs;

std::string keyOf(char kind, AccountId account) { return kind + std::to_string(account.number()); }

}  // namespace

void RateLimits::configure(const RateConfig& settings) {
    const std::lock_guard lock(mutex_);
    settings_ = settings;
}

RateLimits::Wait RateLimits::takeMessage(AccountId account) {
    const std::lock_guard lock(mutex_);
    return take(
        keyOf('m', account), {.count = settings_.accountMessagesPerHour, .periodNs = kHourNs});
}

RateLimits::Wait RateLimits::takeRecipient(AccountId account) {
    const std::lock_guard lock(mutex_);
    return take(
        keyOf('r', account), {.count = settings_.accountRecipientsPerHour, .periodNs = kHourNs});
}

RateLimits::Wait RateLimits::takeConnection(std::string_view ip) {
    const std::lock_guard lock(mutex_);
    return takeFrom('C', ip, settings_.addressConnectionsPerMinute);
}

RateLimits::Wait RateLimits::takeMessage(std::string_view ip) {
    const std::lock_guard lock(mutex_);
    return takeFrom('M', ip, settings_.addressMessagesPerMinute);
}

RateLimits::Wait RateLimits::takeFrom(char kind, std::string_view ip, std::uint32_t perMinute) {
    const std::string network = networkOf(ip);
    if (network.empty() && settings_.exemptLoopback) return std::nullopt;
    return take(kind + network, {.count = perMinute, .periodNs = kMinuteNs});
}

RateLimits::Wait RateLimits::take(std::string key, const Rate& rate) {
    if (rate.count == 0) return std::nullopt;
    const TimeNs now = clock_.now();
    auto found = entries_.find(key);
    if (found == entries_.end()) {
        if (entries_.size() >= kKeysMax) {
            entries_.erase(byAge_.front());
            byAge_.pop_front();
        }
        const auto age = byAge_.insert(byAge_.end(), key);
        found = entries_.emplace(std::move(key), Entry{.fullNs = now, .age = age}).first;
    }
    Entry& entry = found->second;
    byAge_.splice(byAge_.end(), byAge_, entry.age);
    // A clock that was set back, or a rate that was raised, keeps nobody waiting for longer than a
    // period.
    const TimeNs from = std::clamp(entry.fullNs, now, now + rate.periodNs);
    const TimeNs fullNs = from + rate.periodNs / rate.count;
    const std::int64_t tooMuch = fullNs - now - rate.periodNs;
    if (tooMuch > 0) return std::chrono::seconds(tooMuch / kSecondNs + 1);
    entry.fullNs = fullNs;
    return std::nullopt;
}

std::size_t RateLimits::keys() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

}  // namespace daybook
