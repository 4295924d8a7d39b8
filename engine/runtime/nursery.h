// nursery.h
//
// A scope that owns tasks which nobody awaits: starts them on one reactor, destroys each when it is
// done, and can be joined. An exception that leaves a task is handed to `failed` (the log). Thread:
// its reactor's.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

#include "engine/runtime/reactor.h"
#include "engine/runtime/task.h"

namespace daybook {

class Nursery {
public:
    Nursery(Reactor& reactor, std::function<void(std::exception_ptr)> failed);
    // Requires: no task is left (join first).
    ~Nursery();

    // Starts the task at once, on this thread, up to its first wait.
    void start(Task<void> task);

    std::size_t count() const;

    // Waits until every task has ended.
    Task<void> join();

    class Implementation;

private:
    std::unique_ptr<Implementation> implementation_;
};

// Runs the reactor on this thread until the task has ended; rethrows what it threw. For programs
// and tests that have a thread but no Server.
void runUntilDone(Reactor& reactor, Task<void> task);

}  // namespace daybook
