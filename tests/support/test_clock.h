// test_clock.h
//
// A clock that stands still until it is told. Thread: any.
#pragma once

#include <atomic>

#include "journal/base/clock.h"

namespace daybook::test {

class TestClock final : public Clock {
public:
    TimeNs now() const override { return now_.load(); }

    void advanceSeconds(std::int64_t seconds) { now_ += seconds * kSecondNs; }

private:
    // 2026-11-24 01:37:58 UTC.
    std::atomic<TimeNs> now_ = 1'795'484'278 * kSecondNs;
};

}  // namespace daybook::test
