#include "journal/base/clock.h"

#include <chrono>

namespace daybook {

TimeNs SystemClock::now() const {
    const auto sinceEpoch = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(sinceEpoch).count();
}

}  // namespace daybook
