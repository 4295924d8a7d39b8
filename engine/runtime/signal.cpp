#include "engine/runtime/signal.h"

#include <mutex>

#include "journal/base/assert.h"

namespace daybook {

struct Signal::Handle::Shared {
    std::mutex mutex;
    Signal* signal = nullptr;  // under the mutex; nullptr: it is gone
    bool posted = false;       // under the mutex: a raise is on its way
};

namespace {

class SignalWait {
public:
    SignalWait(Reactor& reactor, Waiter*& slot, const bool& raised, Deadline deadline)
        : slot_(slot), raised_(raised), deadline_(deadline), waiter_(reactor) {}

    ~SignalWait() {
        if (slot_ == &waiter_) slot_ = nullptr;
    }

    SignalWait(const SignalWait&) = delete;
    SignalWait& operator=(const SignalWait&) = delete;

    bool await_ready() const { return raised_; }

    void await_suspend(std::coroutine_handle<> handle) {
        DAYBOOK_ASSERT(slot_ == nullptr);
        slot_ = &waiter_;
        waiter_.arm(handle, deadline_);
    }

    void await_resume() const {}

private:
    Waiter*& slot_;
    const bool& raised_;
    const Deadline deadline_;
    Waiter waiter_;
};

}  // namespace

Signal::Signal(Reactor& reactor) : reactor_(reactor) {}

Signal::~Signal() {
    DAYBOOK_ASSERT(waiting_ == nullptr);
    if (!shared_) return;
    const std::lock_guard lock(shared_->mutex);
    shared_->signal = nullptr;
}

void Signal::raise() {
    raised_ = true;
    if (waiting_ != nullptr) waiting_->wake(WakeReason::Signalled);
}

bool Signal::take() { return std::exchange(raised_, false); }

Signal::Handle Signal::handle() const {
    if (!shared_) {
        shared_ = std::make_shared<Handle::Shared>();
        shared_->signal = const_cast<Signal*>(this);
    }
    Handle handle;
    handle.shared_ = shared_;
    return handle;
}

void Signal::Handle::raise() const {
    if (!shared_) return;
    const std::lock_guard lock(shared_->mutex);
    if (shared_->signal == nullptr || shared_->posted) return;
    shared_->posted = true;
    // Under the lock: the Signal, hence its reactor, is still there.
    shared_->signal->reactor_.post([shared = shared_] {
        Signal* signal = nullptr;
        {
            const std::lock_guard inner(shared->mutex);
            shared->posted = false;
            signal = shared->signal;
        }
        // This is the thread that destroys it: it cannot go meanwhile.
        if (signal != nullptr) signal->raise();
    });
}

Task<void> Signal::wait() {
    co_await SignalWait(reactor_, waiting_, raised_, kNoDeadline);
    raised_ = false;
}

Task<bool> Signal::wait(Deadline deadline) {
    co_await SignalWait(reactor_, waiting_, raised_, deadline);
    co_return take();
}

void Signal::attach(Waiter& waiter) {
    DAYBOOK_ASSERT(waiting_ == nullptr);
    waiting_ = &waiter;
}

void Signal::detach() { waiting_ = nullptr; }

}  // namespace daybook
