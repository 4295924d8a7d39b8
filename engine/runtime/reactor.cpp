#include "engine/runtime/reactor.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "engine/runtime/descriptor.h"
#include "engine/runtime/readiness.h"
#include "engine/runtime/timer_queue.h"

namespace daybook {

namespace {

thread_local Reactor* currentReactor = nullptr;

constexpr int kEventsPerRound = 256;

int opened(int number, const char* what) {
    if (number < 0) throw std::system_error(errno, std::generic_category(), what);
    return number;
}

}  // namespace

class Reactor::Implementation {
public:
    Implementation() {
        // OpenSSL writes without MSG_NOSIGNAL; a peer that is gone is an error, not a signal.
        std::signal(SIGPIPE, SIG_IGN);
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        event.data.ptr = nullptr;
        if (::epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, wakeUp_.number(), &event) != 0) {
            throw std::system_error(errno, std::generic_category(), "epoll_ctl");
        }
    }

    void post(std::move_only_function<void()> function, bool fromOutside) {
        bool first = false;
        {
            const std::lock_guard lock(mutex_);
            first = posts_.empty();
            posts_.push_back(std::move(function));
        }
        // Our own thread looks at the posts before it waits.
        if (fromOutside && first) wake();
    }

    void wake() const {
        const std::uint64_t one = 1;
        // Fails only when the counter is full: then it is awake already.
        [[maybe_unused]] const ssize_t written = ::write(wakeUp_.number(), &one, sizeof one);
    }

    void round() {
        runPosts();
        runReady();
        collectEvents();
        const SteadyTime now = std::chrono::steady_clock::now();
        while (Waiter* const due = timers_.takeDue(now))
            due->wake(WakeReason::TimedOut);
    }

    void runPosts() {
        {
            const std::lock_guard lock(mutex_);
            std::swap(posts_, postsRunning_);
        }
        for (auto& function : postsRunning_) {
            // Moved out: what it holds goes before the next one runs.
            std::move_only_function<void()> taken = std::move(function);
            taken();
        }
        postsRunning_.clear();
    }

    // Only what is ready now: what gets ready meanwhile waits for the next round, so that sockets
    // are looked at in between. Nothing is resumed while events are collected.
    void runReady() {
        std::swap(ready_, running_);
        for (std::size_t i = 0; i < running_.size(); ++i) {
            Waiter* const waiter = running_[i];
            if (waiter == nullptr) continue;  // its frame was destroyed meanwhile
            running_[i] = nullptr;
            waiter->queued_ = false;
            waiter->handle_.resume();
        }
        running_.clear();
    }

    void collectEvents() {
        std::array<epoll_event, kEventsPerRound> events;  // NOLINT: filled by epoll_wait
        const int count =
            ::epoll_wait(epoll_.number(), events.data(), kEventsPerRound, timeoutMs());
        if (count < 0 && errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "epoll_wait");
        }
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            // The eventfd is edge-triggered and never read: each write is a new edge.
            if (event.data.ptr == nullptr) continue;
            static_cast<Watched*>(event.data.ptr)->happened(event.events);
        }
    }

    int timeoutMs() {
        if (!ready_.empty() || stopping_.load()) return 0;
        {
            const std::lock_guard lock(mutex_);
            if (!posts_.empty()) return 0;
        }
        if (timers_.empty()) return -1;
        const auto left = timers_.earliest() - std::chrono::steady_clock::now();
        const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(left).count();
        return static_cast<int>(std::clamp<std::int64_t>(rounded, 0, 60'000));
    }

    void forget(Waiter& waiter) {
        timers_.remove(waiter);
        if (!waiter.queued_) return;
        std::replace(ready_.begin(), ready_.end(), &waiter, static_cast<Waiter*>(nullptr));
        std::replace(running_.begin(), running_.end(), &waiter, static_cast<Waiter*>(nullptr));
    }

    const Descriptor epoll_{opened(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")};
    const Descriptor wakeUp_{opened(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")};
    TimerQueue timers_;
    std::vector<Waiter*> ready_;
    std::vector<Waiter*> running_;
    std::vector<std::move_only_function<void()>> postsRunning_;
    std::atomic<bool> stopping_ = false;

    std::mutex mutex_;
    std::vector<std::move_only_function<void()>> posts_;  // under mutex_
};

Reactor::Reactor() : implementation_(std::make_unique<Implementation>()) {}

Reactor::~Reactor() = default;

void Reactor::run() {
    Reactor* const outer = std::exchange(currentReactor, this);
    DAYBOOK_ASSERT(outer == nullptr);
    while (!implementation_->stopping_.load())
        implementation_->round();
    implementation_->runPosts();
    implementation_->runReady();
    implementation_->stopping_.store(false);
    currentReactor = nullptr;
}

void Reactor::stop() {
    implementation_->stopping_.store(true);
    implementation_->wake();
}

Reactor* Reactor::current() { return currentReactor; }

void Reactor::post(std::coroutine_handle<> handle) {
    implementation_->post([handle] { handle.resume(); }, currentReactor != this);
}

void Reactor::post(std::move_only_function<void()> function) {
    implementation_->post(std::move(function), currentReactor != this);
}

void Reactor::schedule(Waiter& waiter) { implementation_->timers_.insert(waiter); }

void Reactor::queue(Waiter& waiter) {
    implementation_->timers_.remove(waiter);
    waiter.queued_ = true;
    implementation_->ready_.push_back(&waiter);
}

void Reactor::forget(Waiter& waiter) { implementation_->forget(waiter); }

void Reactor::watch(Watched& watched) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &watched;
    const int epoll = implementation_->epoll_.number();
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, watched.descriptor, &event) != 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
}

void Reactor::unwatch(Watched& watched) {
    ::epoll_ctl(implementation_->epoll_.number(), EPOLL_CTL_DEL, watched.descriptor, nullptr);
}

}  // namespace daybook
