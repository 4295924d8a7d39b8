// signal.h
//
// Wakes one coroutine of this reactor that waits in Connection::wait() or for the signal alone.
// Raised once it stays raised until it is taken. raise(): from its reactor's thread; raiseFrom()
// from any other (it posts; the Signal must outlive the post: see Hub and SignalHandle).
#pragma once

#include <coroutine>
#include <memory>

#include "engine/runtime/reactor.h"

namespace daybook {

class Signal {
public:
    explicit Signal(Reactor& reactor);
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
        std::shared_ptr<Shared> shared_;
    };

    Handle handle() const;

    // Waits until raised; then lowers it.
    Task<void> wait();

private:
    friend class Connection;
    Reactor& reactor_;
    bool raised_ = false;
    std::coroutine_handle<> waiting_;
    std::shared_ptr<Handle::Shared> shared_;
};

}  // namespace daybook
