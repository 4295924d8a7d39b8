// task.h
//
// Task<T>: a coroutine that starts when it is awaited and carries its result or exception to who
// awaits it. A frame belongs to its Task; both stay on one thread. To run one by itself: Nursery.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "journal/base/assert.h"

namespace daybook {

namespace detail {

struct TaskPromiseBase {
    // Symmetric transfer; a task that completes at once does not grow the stack, because the
    // awaiter below notices it (LIBRARIES A5: faster than a transfer both ways).
    struct Final {
        bool await_ready() const noexcept { return false; }

        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> handle) noexcept {
            TaskPromiseBase& promise = handle.promise();
            if (promise.synchronous || !promise.continuation) return std::noop_coroutine();
            return promise.continuation;
        }

        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }

    Final final_suspend() const noexcept { return {}; }

    std::coroutine_handle<> continuation;
    bool synchronous = false;
};

template <class T>
struct TaskPromise : TaskPromiseBase {
    auto get_return_object() { return std::coroutine_handle<TaskPromise>::from_promise(*this); }

    void unhandled_exception() noexcept { result.template emplace<2>(std::current_exception()); }

    template <class Value>
    void return_value(Value&& value) {
        result.template emplace<1>(std::forward<Value>(value));
    }

    T take() {
        if (result.index() == 2) std::rethrow_exception(std::get<2>(result));
        return std::move(std::get<1>(result));
    }

    std::variant<std::monostate, T, std::exception_ptr> result;
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
    auto get_return_object() { return std::coroutine_handle<TaskPromise>::from_promise(*this); }

    void unhandled_exception() noexcept { failure = std::current_exception(); }

    void return_void() const noexcept {}

    void take() const {
        if (failure) std::rethrow_exception(failure);
    }

    std::exception_ptr failure;
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
public:
    using promise_type = detail::TaskPromise<T>;

    // NOLINTNEXTLINE(google-explicit-constructor): get_return_object() returns the handle.
    Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }

    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    ~Task() {
        if (handle_) handle_.destroy();
    }

    struct Awaiter {
        std::coroutine_handle<promise_type> handle;

        bool await_ready() const noexcept { return false; }

        bool await_suspend(std::coroutine_handle<> awaiting) {
            auto& promise = handle.promise();
            promise.continuation = awaiting;
            promise.synchronous = true;
            handle.resume();
            if (handle.done()) return false;
            promise.synchronous = false;
            return true;
        }

        T await_resume() { return handle.promise().take(); }
    };

    Awaiter operator co_await() const& {
        DAYBOOK_ASSERT(handle_ && !handle_.done());
        return Awaiter{handle_};
    }

    Awaiter operator co_await() && {
        DAYBOOK_ASSERT(handle_ && !handle_.done());
        return Awaiter{handle_};
    }

private:
    std::coroutine_handle<promise_type> handle_;
};

}  // namespace daybook
