#include "engine/runtime/worker_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace daybook {

class WorkerPool::Implementation {
public:
    void work() {
        for (;;) {
            std::move_only_function<void()> job;
            {
                std::unique_lock lock(mutex_);
                filled_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
                if (jobs_.empty()) return;
                job = std::move(jobs_.front());
                jobs_.pop_front();
            }
            job();
        }
    }

    std::mutex mutex_;
    std::condition_variable filled_;
    std::deque<std::move_only_function<void()>> jobs_;  // under mutex_
    bool closing_ = false;                              // under mutex_
    std::vector<std::thread> threads_;
};

WorkerPool::WorkerPool(std::size_t threads) : implementation_(std::make_unique<Implementation>()) {
    DAYBOOK_ASSERT(threads > 0);
    for (std::size_t i = 0; i < threads; ++i) {
        implementation_->threads_.emplace_back([pool = implementation_.get()] { pool->work(); });
    }
}

WorkerPool::~WorkerPool() {
    {
        const std::lock_guard lock(implementation_->mutex_);
        implementation_->closing_ = true;
    }
    implementation_->filled_.notify_all();
    for (std::thread& thread : implementation_->threads_)
        thread.join();
}

void WorkerPool::enqueue(std::move_only_function<void()> job) {
    {
        const std::lock_guard lock(implementation_->mutex_);
        implementation_->jobs_.push_back(std::move(job));
    }
    implementation_->filled_.notify_one();
}

}  // namespace daybook
