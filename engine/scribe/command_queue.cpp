#include "engine/scribe/command_queue.h"

#include <algorithm>
#include <utility>

#include "journal/base/limits.h"

namespace daybook {

namespace {

// More notes than this start a round by themselves.
constexpr std::size_t kNotesPerRoundMax = 4 * limits::kBatchCommandsMax;
// What is kept while the disk is full.
constexpr std::size_t kNotesMax = 65'536;

}  // namespace

bool CommandQueue::push(PendingCommand& command) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    command.next = nullptr;
    if (first_ == nullptr) {
        first_ = &command;
        condition_.notify_one();
    } else {
        last_->next = &command;
    }
    last_ = &command;
    return true;
}

bool CommandQueue::pushNote(std::unique_ptr<PendingCommand> note) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    notes_.push_back(std::move(note));
    if (notes_.size() == 1) notesDue_ = Steady::now() + limits::kRideAlongMax;
    if (notes_.size() == kNotesPerRoundMax) notesDue_ = Steady::now();
    if (notes_.size() == 1 || notes_.size() == kNotesPerRoundMax) condition_.notify_one();
    return true;
}

bool CommandQueue::pushFunction(std::move_only_function<void()> function) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    functions_.push_back(std::move(function));
    condition_.notify_one();
    return true;
}

std::vector<std::unique_ptr<PendingCommand>> CommandQueue::putBack(
    std::vector<std::unique_ptr<PendingCommand>> notes) {
    const std::lock_guard lock(mutex_);
    if (closed_) return notes;
    while (!notes.empty() && notes_.size() < kNotesMax) {
        notes_.push_front(std::move(notes.back()));
        notes.pop_back();
    }
    notesDue_ = Steady::now() + limits::kRideAlongMax;
    return notes;
}

CommandQueue::Work CommandQueue::take(std::optional<Steady::time_point> until) {
    std::unique_lock lock(mutex_);
    wait(lock, until);
    Work work;
    if (!hasWork() && !closed_ && Steady::now() < notesDue_) return work;
    takeCommands(work);
    const std::size_t count = std::min(notes_.size(), kNotesPerRoundMax);
    for (std::size_t i = 0; i < count; ++i) {
        work.notes.push_back(std::move(notes_.front()));
        notes_.pop_front();
    }
    work.functions = std::exchange(functions_, {});
    work.ended = closed_ && work.commands.empty() && work.notes.empty() && work.functions.empty();
    return work;
}

CommandQueue::Work CommandQueue::takeAll() {
    const std::lock_guard lock(mutex_);
    Work work;
    for (; first_ != nullptr; first_ = first_->next)
        work.commands.push_back(first_);
    std::ranges::move(notes_, std::back_inserter(work.notes));
    notes_.clear();
    work.functions = std::exchange(functions_, {});
    work.ended = true;
    return work;
}

void CommandQueue::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    condition_.notify_one();
}

bool CommandQueue::hasWork() const { return first_ != nullptr || !functions_.empty(); }

void CommandQueue::wait(
    std::unique_lock<std::mutex>& lock, std::optional<Steady::time_point> until) {
    while (!closed_ && !hasWork()) {
        std::optional<Steady::time_point> due = until;
        if (!notes_.empty()) due = until ? std::min(*until, notesDue_) : notesDue_;
        if (!due) {
            condition_.wait(lock);
        } else if (condition_.wait_until(lock, *due) == std::cv_status::timeout) {
            return;
        }
    }
}

void CommandQueue::takeCommands(Work& work) {
    std::size_t octets = 0;
    while (first_ != nullptr && work.commands.size() < limits::kBatchCommandsMax) {
        octets += first_->octets();
        if (octets > limits::kBatchOctetsMax && !work.commands.empty()) return;
        work.commands.push_back(std::exchange(first_, first_->next));
    }
}

}  // namespace daybook
