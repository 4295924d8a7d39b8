// signal.h
//
// Wakes one coroutine of this reactor that waits in Connection::wait() or for the signal alone.
// Raised once it stays raised until it is taken. raise(): from its reactor's thread; any other
// thread keeps a Handle, which posts.
#pragma once

#include <memory>

#include "engine/runtime/reactor.h"
#include "engine/runtime/task.h"

namespace daybook {

class Signal {
public:
    explicit Signal(Reactor& reactor);
    // Requires: nobody waits for it.
    ~Signal();
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

    void raise();
    // True if it was raised; lowers it.
    bool take();

    bool isRaised() const { return raised_; }

    // What another thread may keep: raise() on it is safe at any time, also when the Signal is
    // gone.
    class Handle {
    public:
        void raise() const;

    private:
        friend class Signal;
        struct Shared;
        // Shared by the Signal and all who may raise it: nobody knows who ends last.
        std::shared_ptr<Shared> shared_;
    };

    Handle handle() const;

    // Waits until raised; then lowers it.
    Task<void> wait();
    // The same, but not beyond the deadline. False: it has passed, and nobody raised it.
    Task<bool> wait(Deadline deadline);

private:
    friend class Readiness;
    void attach(Waiter& waiter);
    void detach();

    Reactor& reactor_;
    bool raised_ = false;
    Waiter* waiting_ = nullptr;
    // Made by the first handle(): most signals are never raised by another thread.
    mutable std::shared_ptr<Handle::Shared> shared_;
};

}  // namespace daybook
