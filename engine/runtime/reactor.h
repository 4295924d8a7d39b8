// reactor.h
//
// One thread that waits: edge-triggered epoll, timers, a ready queue, and posts from other threads
// through an eventfd. A coroutine is only ever resumed on its own reactor's thread. Sockets and
// descriptors are waited for through Connection and Listener, never directly.
#pragma once

#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>

#include "engine/runtime/task.h"
#include "engine/runtime/waiter.h"

namespace daybook {

struct Watched;

inline Deadline after(std::chrono::milliseconds wait) {
    return std::chrono::steady_clock::now() + wait;
}

class Reactor {
public:
    Reactor();
    ~Reactor();
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    // Runs on the calling thread until stop(). The thread's reactor is then current().
    void run();
    // Thread: any. run() returns once what is ready has been resumed.
    void stop();

    // The reactor of this thread; nullptr if there is none.
    static Reactor* current();

    // Resumes the coroutine on this reactor's thread, later. The caller touches nothing of it
    // afterwards. Thread: any.
    void post(std::coroutine_handle<> handle);
    // Calls the function on this reactor's thread, later. Thread: any.
    void post(std::move_only_function<void()> function);

    // Thread: this reactor's.
    struct Sleep {
        SteadyTime until;
        Waiter waiter;

        bool await_ready() const noexcept { return false; }

        void await_suspend(std::coroutine_handle<> handle) { waiter.arm(handle, until); }

        void await_resume() const noexcept {}
    };

    Sleep sleepUntil(SteadyTime until) { return Sleep{until, Waiter(*this)}; }

    // Lets the others run: a task that loops without waiting calls it every 64 rounds.
    struct Yield {
        Waiter waiter;

        bool await_ready() const noexcept { return false; }

        void await_suspend(std::coroutine_handle<> handle) {
            waiter.arm(handle, kNoDeadline);
            waiter.wake(WakeReason::Ready);
        }

        void await_resume() const noexcept {}
    };

    Yield yield() { return Yield{Waiter(*this)}; }

private:
    friend class Waiter;
    friend struct Watched;
    class Implementation;

    // For Waiter and Watched.
    void schedule(Waiter& waiter);
    void queue(Waiter& waiter);
    void forget(Waiter& waiter);
    void watch(Watched& watched);
    void unwatch(Watched& watched);

    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
