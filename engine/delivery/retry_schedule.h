// retry_schedule.h
//
// When a message that could not be delivered is tried again: RFC 5321 §4.5.4.1 asks for at least 30
// minutes after the first tries, and for patience of days. Jitter keeps what failed together from
// coming back together. Value; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "journal/base/clock.h"
#include "journal/base/random.h"

namespace daybook {

class RetrySchedule {
public:
    // The waits after the first, second ... failure; the last one repeats. Requires: not empty.
    explicit RetrySchedule(std::vector<std::chrono::milliseconds> waits);

    // `tries`: how often it was tried, this time included (from 1). Within 10 % of the wait.
    TimeNs nextNs(TimeNs now, std::uint32_t tries, Random& random) const;

private:
    std::vector<std::chrono::milliseconds> waits_;
};

}  // namespace daybook
