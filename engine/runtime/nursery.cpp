#include "engine/runtime/nursery.h"

#include <optional>

#include "engine/runtime/signal.h"

namespace daybook {

class Nursery::Implementation {
public:
    Implementation(Reactor& reactor, std::function<void(std::exception_ptr)> failed)
        : failed_(std::move(failed)), empty_(reactor) {}

    const std::function<void(std::exception_ptr)> failed_;
    std::size_t count_ = 0;
    Signal empty_;
};

namespace {

// A coroutine that nobody awaits: runs at once and frees its own frame at its end.
struct Detached {
    struct promise_type {
        Detached get_return_object() const noexcept { return {}; }

        std::suspend_never initial_suspend() const noexcept { return {}; }

        std::suspend_never final_suspend() const noexcept { return {}; }

        void return_void() const noexcept {}

        // The body catches everything; what is left is our own bug.
        void unhandled_exception() const noexcept { std::terminate(); }
    };
};

Detached runAlone(Nursery::Implementation& nursery, Task<void> started) {
    {
        // Destroyed before the count goes down: who joins may tear down what it refers to.
        const Task<void> task = std::move(started);
        try {
            co_await task;
        } catch (...) {
            nursery.failed_(std::current_exception());
        }
    }
    if (--nursery.count_ == 0) nursery.empty_.raise();
}

}  // namespace

Nursery::Nursery(Reactor& reactor, std::function<void(std::exception_ptr)> failed)
    : implementation_(std::make_unique<Implementation>(reactor, std::move(failed))) {}

Nursery::~Nursery() { DAYBOOK_ASSERT(count() == 0); }

void Nursery::start(Task<void> task) {
    ++implementation_->count_;
    implementation_->empty_.take();
    runAlone(*implementation_, std::move(task));
}

std::size_t Nursery::count() const { return implementation_->count_; }

Task<void> Nursery::join() {
    while (implementation_->count_ != 0)
        co_await implementation_->empty_.wait();
}

void runUntilDone(Reactor& reactor, Task<void> task) {
    std::exception_ptr failure;
    Nursery nursery(
        reactor, [&failure](std::exception_ptr thrown) { failure = std::move(thrown); });

    struct Body {
        static Task<void> run(Reactor& onReactor, Task<void>& inner) {
            const std::exception_ptr thrown = co_await result(inner);
            onReactor.stop();
            if (thrown) std::rethrow_exception(thrown);
        }

        static Task<std::exception_ptr> result(Task<void>& inner) {
            try {
                co_await inner;
            } catch (...) {
                co_return std::current_exception();
            }
            co_return nullptr;
        }
    };

    reactor.post([&] { nursery.start(Body::run(reactor, task)); });
    reactor.run();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace daybook
