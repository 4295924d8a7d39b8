// clock.h
//
// Time as events carry it: nanoseconds since 1970-01-01 UTC. Handed in by constructors, so that
// tests set it; folds never see one. Thread: any.
#pragma once

#include <cstdint>

namespace daybook {

// Nanoseconds since the Unix epoch, UTC.
using TimeNs = std::int64_t;

inline constexpr TimeNs kSecondNs = 1'000'000'000;

class Clock {
public:
    virtual ~Clock() = default;
    virtual TimeNs now() const = 0;
};

class SystemClock final : public Clock {
public:
    TimeNs now() const override;
};

}  // namespace daybook
