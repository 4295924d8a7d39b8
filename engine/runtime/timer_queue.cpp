#include "engine/runtime/timer_queue.h"

#include "journal/base/assert.h"

namespace daybook {

void TimerQueue::insert(Waiter& waiter) {
    DAYBOOK_ASSERT(waiter.timerIndex_ == Waiter::kNoTimer);
    const Entry entry{.until = waiter.until_, .waiter = &waiter};
    heap_.push_back(entry);
    siftUp(heap_.size() - 1, entry);
}

void TimerQueue::remove(Waiter& waiter) {
    if (waiter.timerIndex_ == Waiter::kNoTimer) return;
    const std::size_t index = waiter.timerIndex_;
    waiter.timerIndex_ = Waiter::kNoTimer;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (index == heap_.size()) return;
    if (index > 0 && last.until < heap_[(index - 1) / 2].until) {
        siftUp(index, last);
    } else {
        siftDown(index, last);
    }
}

Waiter* TimerQueue::takeDue(SteadyTime now) {
    if (heap_.empty() || heap_.front().until > now) return nullptr;
    Waiter* const due = heap_.front().waiter;
    remove(*due);
    return due;
}

void TimerQueue::place(std::size_t index, Entry entry) {
    heap_[index] = entry;
    entry.waiter->timerIndex_ = static_cast<std::uint32_t>(index);
}

void TimerQueue::siftUp(std::size_t index, Entry entry) {
    while (index > 0) {
        const std::size_t parent = (index - 1) / 2;
        if (heap_[parent].until <= entry.until) break;
        place(index, heap_[parent]);
        index = parent;
    }
    place(index, entry);
}

void TimerQueue::siftDown(std::size_t index, Entry entry) {
    for (;;) {
        std::size_t child = 2 * index + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && heap_[child + 1].until < heap_[child].until) ++child;
        if (entry.until <= heap_[child].until) break;
        place(index, heap_[child]);
        index = child;
    }
    place(index, entry);
}

}  // namespace daybook
