// readiness.h
//
// A descriptor in a reactor's epoll, and the awaiter that waits for it. Registered once, for all
// edges; whoever gets EAGAIN clears the flag and waits. For the files of this folder. Thread: its
// reactor's.
#pragma once

#include <array>
#include <coroutine>
#include <cstdint>

#include "engine/runtime/reactor.h"
#include "engine/runtime/waiter.h"

namespace daybook {

class Signal;

enum class Want : std::uint8_t { Read, Write };

struct Watched {
    // Registers the descriptor; throws std::system_error.
    Watched(Reactor& reactor, int descriptor);
    // Unregisters it: before the descriptor is closed.
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

    // What epoll saw.
    void happened(std::uint32_t events);
    // Nobody waits any more: wakes with Closed who does, and whoever tries to later.
    void close();

    Reactor& reactor;
    int descriptor;
    bool readReady = false;
    bool writeReady = true;
    // The peer has ended its side: a short read proves nothing then, its edge has come already.
    bool hangup = false;
    bool closed = false;
    Waiter* reader = nullptr;
    Waiter* writer = nullptr;
};

// Waits until the descriptor may be ready, a signal is raised, or the deadline has passed.
class Readiness {
public:
    Readiness(
        Watched& watched,
        Want want,
        Deadline deadline,
        Signal* signal = nullptr,
        Signal* other = nullptr);
    ~Readiness();
    Readiness(const Readiness&) = delete;
    Readiness& operator=(const Readiness&) = delete;

    bool await_ready() const;
    void await_suspend(std::coroutine_handle<> handle);
    WakeReason await_resume();

private:
    void detach();

    Watched& watched_;
    const Want want_;
    const Deadline deadline_;
    std::array<Signal*, 2> signals_;
    bool attached_ = false;
    Waiter waiter_;
};

}  // namespace daybook
