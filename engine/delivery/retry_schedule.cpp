#include "engine/delivery/retry_schedule.h"

#include <algorithm>
#include <utility>

#include "journal/base/assert.h"

namespace daybook {

RetrySchedule::RetrySchedule(std::vector<std::chrono::milliseconds> waits)
    : waits_(std::move(waits)) {
    DAYBOOK_ASSERT(!waits_.empty());
}

TimeNs RetrySchedule::nextNs(TimeNs now, std::uint32_t tries, Random& random) const {
    const std::size_t step = std::clamp<std::size_t>(tries, 1, waits_.size()) - 1;
    const TimeNs wait = std::chrono::nanoseconds(waits_[step]).count();
    constexpr std::uint64_t kParts = 1'024;
    const auto part = static_cast<TimeNs>(random.number() % kParts);
    // From 90 % to 110 %.
    return now + wait - wait / 10 + wait / 5 * part / static_cast<TimeNs>(kParts);
}

}  // namespace daybook
