// waiter.h
//
// One suspended coroutine and what may wake it: a socket, a deadline, a signal. The first that
// comes wins; the others are forgotten. Lives in the awaiter, that is in the coroutine's frame:
// when the frame is destroyed the reactor forgets it. Thread: its reactor's.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>

namespace daybook {

class Reactor;

using SteadyTime = std::chrono::steady_clock::time_point;
using Deadline = SteadyTime;

inline constexpr Deadline kNoDeadline = Deadline::max();

enum class WakeReason : std::uint8_t { None, Ready, Signalled, TimedOut, Closed };

class Waiter {
public:
    explicit Waiter(Reactor& reactor) : reactor_(reactor) {}

    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    // The coroutine is suspended now; wake it at `until` if nothing else does.
    void arm(std::coroutine_handle<> handle, SteadyTime until);
    // Resumes it soon, from the reactor's loop. Only the first call counts.
    void wake(WakeReason reason);

    WakeReason reason() const { return reason_; }

    Reactor& reactor() const { return reactor_; }

private:
    friend class TimerQueue;
    friend class Reactor;

    Reactor& reactor_;
    std::coroutine_handle<> handle_;
    SteadyTime until_;
    // Its place in the reactor's timers; kNoTimer: none.
    std::uint32_t timerIndex_ = kNoTimer;
    WakeReason reason_ = WakeReason::None;
    bool queued_ = false;

    static constexpr std::uint32_t kNoTimer = UINT32_MAX;
};

}  // namespace daybook
