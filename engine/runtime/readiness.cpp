#include "engine/runtime/readiness.h"

#include <sys/epoll.h>

#include "engine/runtime/signal.h"
#include "journal/base/assert.h"

namespace daybook {

Waiter::~Waiter() {
    if (queued_ || timerIndex_ != kNoTimer) reactor_.forget(*this);
}

void Waiter::arm(std::coroutine_handle<> handle, SteadyTime until) {
    DAYBOOK_ASSERT(!handle_);
    handle_ = handle;
    until_ = until;
    if (until != kNoDeadline) reactor_.schedule(*this);
}

void Waiter::wake(WakeReason reason) {
    if (reason_ != WakeReason::None) return;
    reason_ = reason;
    reactor_.queue(*this);
}

Watched::Watched(Reactor& reactorOfIt, int number) : reactor(reactorOfIt), descriptor(number) {
    reactor.watch(*this);
}

Watched::~Watched() { reactor.unwatch(*this); }

void Watched::happened(std::uint32_t events) {
    const bool broken = (events & (EPOLLHUP | EPOLLERR)) != 0;
    if (broken || (events & EPOLLRDHUP) != 0) hangup = true;
    if (broken || (events & (EPOLLIN | EPOLLRDHUP)) != 0) {
        readReady = true;
        if (reader != nullptr) reader->wake(WakeReason::Ready);
    }
    if (broken || (events & EPOLLOUT) != 0) {
        writeReady = true;
        if (writer != nullptr) writer->wake(WakeReason::Ready);
    }
}

void Watched::close() {
    closed = true;
    if (reader != nullptr) reader->wake(WakeReason::Closed);
    if (writer != nullptr) writer->wake(WakeReason::Closed);
}

Readiness::Readiness(Watched& watched, Want want, Deadline deadline, Signal* signal, Signal* other)
    : watched_(watched),
      want_(want),
      deadline_(deadline),
      signals_{signal, other},
      waiter_(watched.reactor) {}

Readiness::~Readiness() { detach(); }

bool Readiness::await_ready() const {
    for (const Signal* const signal : signals_) {
        if (signal != nullptr && signal->isRaised()) return true;
    }
    return watched_.closed || (want_ == Want::Read ? watched_.readReady : watched_.writeReady);
}

void Readiness::await_suspend(std::coroutine_handle<> handle) {
    Waiter*& slot = want_ == Want::Read ? watched_.reader : watched_.writer;
    DAYBOOK_ASSERT(slot == nullptr);
    slot = &waiter_;
    for (Signal* const signal : signals_) {
        if (signal != nullptr) signal->attach(waiter_);
    }
    attached_ = true;
    waiter_.arm(handle, deadline_);
}

WakeReason Readiness::await_resume() {
    detach();
    if (watched_.closed) return WakeReason::Closed;
    if (waiter_.reason() != WakeReason::None) return waiter_.reason();
    for (const Signal* const signal : signals_) {
        if (signal != nullptr && signal->isRaised()) return WakeReason::Signalled;
    }
    return WakeReason::Ready;
}

void Readiness::detach() {
    if (!attached_) return;
    attached_ = false;
    (want_ == Want::Read ? watched_.reader : watched_.writer) = nullptr;
    for (Signal* const signal : signals_) {
        if (signal != nullptr) signal->detach();
    }
}

}  // namespace daybook
