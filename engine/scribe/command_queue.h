// command_queue.h
//
// What waits for the scribe: commands in the order in which they came, notes that nobody waits for,
// and functions to be run between two rounds. Many threads put in, one takes out.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/scribe/scribe.h"

namespace daybook {

class CommandQueue {
public:
    // False: it is closed.
    bool push(PendingCommand& command);
    bool pushNote(std::unique_ptr<PendingCommand> note);
    bool pushFunction(std::move_only_function<void()> function);
    // Notes that could not be written: they come first, a second later. Too many: the rest is
    // given back.
    std::vector<std::unique_ptr<PendingCommand>> putBack(
        std::vector<std::unique_ptr<PendingCommand>> notes);

    struct Work {
        std::vector<std::unique_ptr<PendingCommand>> notes;
        std::vector<PendingCommand*> commands;
        std::vector<std::move_only_function<void()>> functions;
        bool ended = false;  // closed, and nothing is left
    };

    using Steady = std::chrono::steady_clock;

    // Waits for a command, a function, a note that is due, or the end; not longer than `until`
    // (then there may be nothing). Takes at most one round's.
    Work take(std::optional<Steady::time_point> until);
    // Takes everything, at once.
    Work takeAll();
    // From now on nothing is put in.
    void close();

private:
    bool hasWork() const;
    void wait(std::unique_lock<std::mutex>& lock, std::optional<Steady::time_point> until);
    void takeCommands(Work& work);

    std::mutex mutex_;
    std::condition_variable condition_;
    PendingCommand* first_ = nullptr;
    PendingCommand* last_ = nullptr;
    std::deque<std::unique_ptr<PendingCommand>> notes_;
    std::vector<std::move_only_function<void()>> functions_;
    Steady::time_point notesDue_;
    bool closed_ = false;
};

}  // namespace daybook
