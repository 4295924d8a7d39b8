// timer_queue.h
//
// The waiters that have a deadline, the earliest first: a binary heap in which each waiter knows
// its place, so that one that was woken by something else leaves at once and nothing stale stays.
// Thread: its reactor's.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/runtime/waiter.h"

namespace daybook {

class TimerQueue {
public:
    void insert(Waiter& waiter);
    // Does nothing if it is not in.
    void remove(Waiter& waiter);

    bool empty() const { return heap_.empty(); }

    std::size_t size() const { return heap_.size(); }

    // Requires: not empty.
    SteadyTime earliest() const { return heap_.front().until; }

    // Takes out one waiter whose time has come; nullptr: none.
    Waiter* takeDue(SteadyTime now);

private:
    // The time is here too: comparing does not touch the waiters' frames.
    struct Entry {
        SteadyTime until;
        Waiter* waiter;
    };

    void place(std::size_t index, Entry entry);
    void siftUp(std::size_t index, Entry entry);
    void siftDown(std::size_t index, Entry entry);

    std::vector<Entry> heap_;
};

}  // namespace daybook
