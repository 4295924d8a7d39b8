// Tasks, timers, posts, signals, nurseries and workers, without a socket.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <random>
#include <thread>
#include <vector>

#include "engine/runtime/nursery.h"
#include "engine/runtime/signal.h"
#include "engine/runtime/timer_queue.h"
#include "engine/runtime/worker_pool.h"

using namespace daybook;

namespace {

Task<int> number(int value) { co_return value; }

Task<int> failing() {
    throw std::runtime_error("as expected");
    co_return 1;
}

Task<std::unique_ptr<int>> madeLater(Reactor& reactor, int value) {
    co_await reactor.yield();
    co_return std::make_unique<int>(value);
}

// Runs them all at once; none may throw.
Task<void> joinAll(Reactor& reactor, std::vector<Task<void>>& tasks) {
    Nursery nursery(reactor, [](const std::exception_ptr&) { FAIL("no exception"); });
    for (Task<void>& task : tasks)
        nursery.start(std::move(task));
    co_await nursery.join();
}

// A coroutine that the test itself destroys while it waits.
struct Abandoned {
    struct promise_type {
        Abandoned get_return_object() {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }

        std::suspend_never initial_suspend() const noexcept { return {}; }

        std::suspend_always final_suspend() const noexcept { return {}; }

        void return_void() const noexcept {}

        void unhandled_exception() const noexcept { std::terminate(); }
    };

    std::coroutine_handle<promise_type> handle;
};

Abandoned sleepThenCount(Reactor& reactor, SteadyTime until, int& count) {
    co_await reactor.sleepUntil(until);
    ++count;
}

Abandoned yieldThenCount(Reactor& reactor, int& count) {
    co_await reactor.yield();
    ++count;
}

}  // namespace

TEST_CASE("task: a million synchronous awaits do not grow the stack", "[runtime]") {
    Reactor reactor;
    std::int64_t sum = 0;
    const auto loop = [](std::int64_t& total) -> Task<void> {
        for (int i = 0; i < 1'000'000; ++i) {
            const int value = co_await number(i);
            total += value;
        }
    };
    runUntilDone(reactor, loop(sum));
    CHECK(sum == 499'999'500'000);
}

TEST_CASE("task: an exception goes to who awaits", "[runtime]") {
    Reactor reactor;
    std::string caught;
    const auto body = [](std::string& text) -> Task<void> {
        try {
            co_await failing();
        } catch (const std::runtime_error& failure) {
            text = failure.what();
        }
        co_await failing();
    };
    CHECK_THROWS_WITH(runUntilDone(reactor, body(caught)), "as expected");
    CHECK(caught == "as expected");
}

TEST_CASE("task: a result that can only be moved arrives", "[runtime]") {
    Reactor reactor;
    int seen = 0;
    const auto body = [](Reactor& on, int& to) -> Task<void> {
        const std::unique_ptr<int> made = co_await madeLater(on, 7);
        to = *made;
    };
    runUntilDone(reactor, body(reactor, seen));
    CHECK(seen == 7);
}

TEST_CASE("timers: fire in order, whatever order they were set in", "[runtime]") {
    Reactor reactor;
    std::vector<int> order;
    const auto sleep =
        [](Reactor& on, SteadyTime until, int id, std::vector<int>& to) -> Task<void> {
        co_await on.sleepUntil(until);
        CHECK(std::chrono::steady_clock::now() >= until);
        to.push_back(id);
    };
    const SteadyTime start = after(std::chrono::milliseconds(1));
    std::vector<Task<void>> tasks;
    for (const int id : {3, 1, 4, 0, 2}) {
        tasks.push_back(sleep(reactor, start + std::chrono::milliseconds(id), id, order));
    }
    runUntilDone(reactor, joinAll(reactor, tasks));
    CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
}

TEST_CASE("timers: leave in any order and keep the rest sorted", "[runtime]") {
    Reactor reactor;
    std::mt19937 random(4711);
    for (int round = 0; round < 50; ++round) {
        std::vector<int> fired(100, 0);
        std::vector<Abandoned> sleepers;
        const SteadyTime now = std::chrono::steady_clock::now();
        for (int& count : fired) {
            const auto wait = std::chrono::microseconds(random() % 500);
            sleepers.push_back(sleepThenCount(reactor, now + wait, count));
        }
        std::vector<int> expected(100, 1);
        for (int i = 0; i < 50; ++i) {
            const std::size_t victim = random() % sleepers.size();
            if (!sleepers[victim].handle) continue;
            sleepers[victim].handle.destroy();
            sleepers[victim].handle = nullptr;
            expected[victim] = 0;
        }
        const auto body = [](Reactor& on, SteadyTime until) -> Task<void> {
            co_await on.sleepUntil(until);
        };
        runUntilDone(reactor, body(reactor, now + std::chrono::microseconds(600)));
        CHECK(fired == expected);
        for (const Abandoned& sleeper : sleepers) {
            if (sleeper.handle) sleeper.handle.destroy();
        }
    }
}

TEST_CASE("reactor: a frame that is destroyed while it is ready is not resumed", "[runtime]") {
    Reactor reactor;
    int count = 0;
    const Abandoned first = yieldThenCount(reactor, count);
    const Abandoned second = yieldThenCount(reactor, count);
    first.handle.destroy();
    const auto body = [](Reactor& on) -> Task<void> {
        co_await on.yield();
        co_await on.yield();
    };
    runUntilDone(reactor, body(reactor));
    CHECK(count == 1);
    second.handle.destroy();
}

TEST_CASE("reactor: posts of many threads all run on its thread", "[runtime]") {
    constexpr int kThreads = 4;
    constexpr int kPosts = 5'000;
    Reactor reactor;
    int ran = 0;
    bool elsewhere = false;
    const std::thread::id own = std::this_thread::get_id();
    std::vector<std::thread> threads;
    threads.reserve(kThreads);
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            for (int k = 0; k < kPosts; ++k) {
                reactor.post([&] {
                    if (std::this_thread::get_id() != own) elsewhere = true;
                    if (++ran == kThreads * kPosts) reactor.stop();
                });
            }
        });
    }
    reactor.run();
    for (std::thread& thread : threads)
        thread.join();
    CHECK(ran == kThreads * kPosts);
    CHECK_FALSE(elsewhere);
    CHECK(Reactor::current() == nullptr);
}

TEST_CASE("reactor: a task that yields lets the others run", "[runtime]") {
    Reactor reactor;
    bool done = false;
    const auto waitFor = [](Reactor& on, const bool& flag) -> Task<void> {
        while (!flag)
            co_await on.yield();
    };
    const auto setLater = [](Reactor& on, bool& flag) -> Task<void> {
        co_await on.sleepUntil(after(std::chrono::milliseconds(2)));
        flag = true;
    };
    std::vector<Task<void>> tasks;
    tasks.push_back(setLater(reactor, done));
    tasks.push_back(waitFor(reactor, done));
    runUntilDone(reactor, joinAll(reactor, tasks));
    CHECK(done);
}

namespace {

Task<void> child(Reactor& reactor, int rounds, int& ended) {
    for (int i = 0; i < rounds; ++i) {
        co_await reactor.yield();
    }
    ++ended;
    if (rounds % 2 == 1) throw std::runtime_error("odd");
}

Task<void> startAndJoin(Reactor& reactor, int& ended, int& failures) {
    Nursery nursery(reactor, [&failures](const std::exception_ptr&) { ++failures; });
    co_await nursery.join();
    for (int rounds = 0; rounds < 10; ++rounds) {
        nursery.start(child(reactor, rounds, ended));
    }
    CHECK(nursery.count() == 9);  // the one without rounds has ended
    co_await nursery.join();
    CHECK(nursery.count() == 0);
    nursery.start(child(reactor, 3, ended));
    co_await nursery.join();
}

}  // namespace

TEST_CASE("nursery: hands over exceptions and joins what is left", "[runtime]") {
    Reactor reactor;
    int failures = 0;
    int ended = 0;
    runUntilDone(reactor, startAndJoin(reactor, ended, failures));
    CHECK(ended == 11);
    CHECK(failures == 6);
}

TEST_CASE("signal: raised from another thread wakes its coroutine", "[runtime]") {
    Reactor reactor;
    constexpr int kRounds = 200;
    int woken = 0;
    std::atomic<int> wanted = 0;
    std::promise<Signal::Handle> handle;
    std::thread other([&wanted, taken = handle.get_future()]() mutable {
        const Signal::Handle raised = taken.get();
        for (int i = 1; i <= kRounds; ++i) {
            while (wanted.load() < i)
                std::this_thread::yield();
            raised.raise();
        }
    });
    const auto body = [](Reactor& on,
                         std::promise<Signal::Handle>& promise,
                         std::atomic<int>& round,
                         int& count) -> Task<void> {
        Signal signal(on);
        promise.set_value(signal.handle());
        for (int i = 1; i <= kRounds; ++i) {
            round.store(i);
            co_await signal.wait();
            CHECK_FALSE(signal.isRaised());
            ++count;
        }
    };
    runUntilDone(reactor, body(reactor, handle, wanted, woken));
    other.join();
    CHECK(woken == kRounds);
}

TEST_CASE("signal: stays raised until it is taken, and may be gone when raised", "[runtime]") {
    Signal::Handle handle;
    handle.raise();
    Reactor reactor;
    {
        Signal signal(reactor);
        handle = signal.handle();
        CHECK_FALSE(signal.take());
        signal.raise();
        signal.raise();
        CHECK(signal.isRaised());
        CHECK(signal.take());
        CHECK_FALSE(signal.take());
        handle.raise();  // its post finds nobody
    }
    handle.raise();
    const auto body = [](Reactor& on) -> Task<void> { co_await on.yield(); };
    runUntilDone(reactor, body(reactor));
}

TEST_CASE("workers: results, exceptions and many at once", "[runtime]") {
    Reactor reactor;
    WorkerPool pool(3);
    std::int64_t sum = 0;
    std::string failure;
    bool elsewhere = true;
    const auto one =
        [](WorkerPool& workers, int value, std::int64_t& to, bool& away) -> Task<void> {
        const std::thread::id own = std::this_thread::get_id();
        const int squared = co_await workers.run([&away, own, value] {
            if (std::this_thread::get_id() == own) away = false;
            return value * value;
        });
        CHECK(std::this_thread::get_id() == own);
        to += squared;
    };
    const auto bad = [](WorkerPool& workers, std::string& text) -> Task<void> {
        try {
            co_await workers.run([]() -> int { throw std::runtime_error("no luck"); });
        } catch (const std::runtime_error& caught) {
            text = caught.what();
        }
    };
    std::vector<Task<void>> tasks;
    tasks.push_back(bad(pool, failure));
    for (int i = 0; i < 500; ++i) {
        tasks.push_back(one(pool, i, sum, elsewhere));
    }
    runUntilDone(reactor, joinAll(reactor, tasks));
    CHECK(sum == 41'541'750);
    CHECK(failure == "no luck");
    CHECK(elsewhere);
}
