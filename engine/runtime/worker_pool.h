// worker_pool.h
//
// Threads for what blocks or computes long (password hashing, large messages). A coroutine awaits a
// function's result and goes on on its own reactor:
//     const Summary s = co_await pool.run([&] { return summarize(text); });
// First come, first served. A coroutine has at most one job in the queue, so the queue is as
// bounded as the sessions are. Thread: run() from a reactor's.
#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "engine/runtime/reactor.h"
#include "journal/base/assert.h"

namespace daybook {

class WorkerPool {
public:
    explicit WorkerPool(std::size_t threads);
    // Finishes what is queued, then joins.
    ~WorkerPool();

    // For run(). The job must not throw.
    void enqueue(std::move_only_function<void()> job);

    template <class Function>
    class [[nodiscard]] Run {
    public:
        using Result = std::invoke_result_t<Function>;
        static_assert(!std::is_void_v<Result>, "return something: Done{} if nothing else");

        Run(WorkerPool& pool, Function function) : pool_(pool), function_(std::move(function)) {}

        bool await_ready() const noexcept { return false; }

        void await_suspend(std::coroutine_handle<> handle) {
            Reactor* const reactor = Reactor::current();
            DAYBOOK_ASSERT(reactor != nullptr);
            pool_.enqueue([this, handle, reactor] {
                try {
                    result_.emplace(function_());
                } catch (...) {
                    failure_ = std::current_exception();
                }
                reactor->post(handle);
            });
        }

        Result await_resume() {
            if (failure_) std::rethrow_exception(failure_);
            DAYBOOK_ASSERT(result_.has_value());
            return std::move(*result_);
        }

    private:
        WorkerPool& pool_;
        Function function_;
        std::optional<Result> result_;
        std::exception_ptr failure_;
    };

    template <class Function>
    Run<Function> run(Function function) {
        return Run<Function>(*this, std::move(function));
    }

    class Implementation;

private:
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
