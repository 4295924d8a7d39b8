// rate_limits.h
//
// How much one account may submit and one stranger's address may send, as a steady rate with a
// burst of a whole period (GCRA: one time for each key). In memory alone: a restart forgives.
// Bounded: who was seen longest ago is forgotten first. Thread: any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/config/config.h"
#include "journal/base/clock.h"
#include "journal/base/ids.h"

namespace daybook {

class RateLimits {
public:
    static constexpr std::size_t kKeysMax = 65'536;

    RateLimits(const Clock& clock, const RateConfig& settings)
        : clock_(clock), settings_(settings) {}

    // From the next question on.
    void configure(const RateConfig& settings);

    // Each takes one and says nothing, or takes none and says how long to wait. `ip` as
    // SessionFacts have it.
    using Wait = std::optional<std::chrono::seconds>;
    Wait takeMessage(AccountId account);
    Wait takeRecipient(AccountId account);
    Wait takeConnection(std::string_view ip);
    Wait takeMessage(std::string_view ip);

    std::size_t keys() const;

private:
    struct Entry {
        // When all that was taken is paid back, at the steady rate.
        TimeNs fullNs = 0;
        std::list<std::string>::iterator age;
    };

    struct Rate {
        std::uint32_t count;
        std::int64_t periodNs;
    };

    Wait take(std::string key, const Rate& rate);
    Wait takeFrom(char kind, std::string_view ip, std::uint32_t perMinute);

    const Clock& clock_;
    mutable std::mutex mutex_;
    RateConfig settings_;  // under mutex_, as all below
    std::unordered_map<std::string, Entry> entries_;
    std::list<std::string> byAge_;  // seen longest ago first
};

}  // namespace daybook
