#include "engine/scribe/scribe.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fmt/format.h>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "engine/scribe/batch.h"
#include "engine/scribe/command_queue.h"
#include "engine/scribe/disk_watch.h"
#include "engine/scribe/last_writer.h"
#include "journal/base/assert.h"

namespace daybook {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::hours kReaderCheckEvery{1};
// Views that nobody waits for are committed when no further round comes for so long, and at the
// latest after so long: news of a delivery is as old as this at most.
constexpr std::chrono::microseconds kViewsLinger{500};
constexpr std::chrono::milliseconds kViewsOpenMax{4};
// A clock that was put back by more than this is worth an event.
constexpr TimeNs kStepNs = kSecondNs;

// For lack of room: nothing is lost, and the next try may succeed.
bool isDiskFull(const std::exception& failure) {
    const auto* const lmdb = dynamic_cast<const lmdb::Error*>(&failure);
    if (lmdb != nullptr) return lmdb->isFull();
    const auto* const content = dynamic_cast<const ContentError*>(&failure);
    return content != nullptr && content->isFull();
}

}  // namespace

class Scribe::Implementation {
public:
    explicit Implementation(Parts& parts)
        : parts_(parts),
          start_(describeStartOf(parts.journal)),
          disk_({parts.journal.directory(), parts.views.folder()}, parts.reserveOctets, parts.log) {
        catchUpViews();
        writer_.emplace(parts_.journal);
    }

    // The first event of a journal is there before any command is taken.
    void start() {
        if (parts_.journal.head().size == 0) {
            Noted<RecordGenesis> genesis(
                {.journalId = parts_.journal.journalId(), .format = kJournalFormat});
            Batch batch(batchParts());
            decide(batch, genesis);
            batch.commitJournal();
            closeViews({});
        }
        thread_ = std::jthread([this] { run(); });
    }

    void stop() {
        queue_.close();
        if (thread_.joinable()) {
            thread_.join();
        } else {
            refuseAll(queue_.takeAll().commands, RefusalReason::ShuttingDown, "");
        }
    }

    void enqueue(PendingCommand& command) {
        if (!queue_.push(command)) refuseAll({&command}, RefusalReason::ShuttingDown, "");
    }

    void enqueueNote(std::unique_ptr<PendingCommand> note) {
        if (!queue_.pushNote(std::move(note))) parts_.log.warning("note-after-stop");
    }

    void betweenRounds(std::function<void()> function) {
        std::packaged_task<void()> task(std::move(function));
        std::future<void> done = task.get_future();
        if (!thread_.joinable()) {
            task();
        } else if (!queue_.pushFunction([&task] { task(); })) {
            throw std::runtime_error("the scribe is stopping");
        }
        done.get();
    }

    Seq appliedSeq() const { return Seq(appliedSeq_.load()); }

    bool viewsShowAll() const { return appliedSeq_.load() >= acknowledgedSeq_.load(); }

    const RecordServerStarted& describeStart() const { return start_; }

private:
    using Notes = std::vector<std::unique_ptr<PendingCommand>>;
    using Commands = std::vector<PendingCommand*>;

    enum class Attempt : std::uint8_t { Answered, Full };

    void run() {
        while (true) {
            CommandQueue::Work work = queue_.take(viewsDue());
            for (auto& function : work.functions) {
                closeViews({});
                runBetween(function);
            }
            if (!work.commands.empty() || !work.notes.empty()) round(work);
            const auto due = viewsDue();
            if (work.ended || (due && SteadyClock::now() >= *due)) closeViews({});
            if (work.ended) return;
            checkReaders();
        }
    }

    void runBetween(std::move_only_function<void()>& function) {
        if (viewsBehind_ && !failed_) tryCatchUp();
        function();
        // It may have swapped them.
        viewsBehind_ = true;
    }

    void round(CommandQueue::Work& work) {
        if (failed_) return refuseAll(work.commands, RefusalReason::StorageFailed, failure_);
        if (viewsBehind_ && !tryCatchUp()) {
            if (failed_) return refuseAll(work.commands, RefusalReason::StorageFailed, failure_);
            keep(std::move(work.notes));
            return refuseAll(work.commands, RefusalReason::DiskFull, "the views are behind");
        }
        if (attempt(work.notes, work.commands) == Attempt::Answered) return;
        // No room for all of them together: each by itself, those that free space too. What nobody
        // waits for is not lost; it is tried again later.
        keep(std::move(work.notes));
        for (PendingCommand* command : work.commands) {
            if (failed_) {
                refuseAll({command}, RefusalReason::StorageFailed, failure_);
            } else if (viewsBehind_ || attempt({}, {command}) == Attempt::Full) {
                refuseAll({command}, RefusalReason::DiskFull, "no room");
            }
        }
    }

    // Decides, commits, answers. Full: nothing is changed, and nobody answered.
    Attempt attempt(const Notes& notes, const Commands& commands) {
        std::optional<Batch> batch;
        try {
            batch.emplace(batchParts());
            const bool touched = disk_.isTouched();
            const bool behind = recordMachine(*batch, touched);
            for (const auto& note : notes) {
                decide(*batch, *note);
            }
            for (PendingCommand* command : commands) {
                if (touched && !command->mayUseReserve()) {
                    command->refuseWith(
                        {.reason = RefusalReason::DiskFull, .detail = "the reserve is touched"});
                } else {
                    decide(*batch, *command);
                }
            }
            batch->commitJournal();
            reserveTouched_ = touched;
            clockIsBehind_ = behind;
        } catch (const std::exception& failure) {
            batch.reset();
            dropUnfinished();
            if (isDiskFull(failure)) {
                parts_.log.warning("disk-full", {{"why", failure.what()}});
                if (viewsBehind_) tryCatchUp();
                return Attempt::Full;
            }
            fail(failure);
            refuseAll(commands, RefusalReason::StorageFailed, failure_);
            return Attempt::Answered;
        }
        lastRound_ = SteadyClock::now();
        finish(commands);
        return Attempt::Answered;
    }

    void decide(Batch& batch, PendingCommand& command) {
        batch.decide(command, parts_.clock.now(), parts_.random.id<CommandId>());
    }

    // DiskPressure and ClockStepped, when they begin or end. Returns whether the clock is behind.
    bool recordMachine(Batch& batch, bool touched) {
        if (touched != reserveTouched_) {
            Noted<RecordDiskPressure> pressure(
                {.level = static_cast<std::uint16_t>(touched ? 1 : 0)});
            decide(batch, pressure);
        }
        DAYBOOK_ASSERT(writer_.has_value());
        const std::int64_t behind = writer_->lastTimeNs() - parts_.clock.now();
        const bool stepped = behind > kStepNs;
        if (stepped && !clockIsBehind_) {
            parts_.log.warning("clock-stepped-back", {{"ns", std::to_string(behind)}});
            Noted<RecordClockStepped> step({.deltaNs = -behind});
            decide(batch, step);
        }
        return stepped;
    }

    // The events are durable. Who needs no view is answered before the views are committed; where
    // nobody does, the next rounds may join.
    void finish(const Commands& commands) {
        if (!views_->isEmpty()) acknowledgedSeq_ = views_->lastSeq().number();
        Commands waiting;
        for (PendingCommand* command : commands) {
            if (command->answerAfter() == AnswerAfter::Journal) {
                command->answer();
            } else {
                waiting.push_back(command);
            }
        }
        if (!waiting.empty() || views_->isEmpty() || reserveTouched_) closeViews(waiting);
    }

    // What was folded becomes visible; `waiting` is answered.
    void closeViews(const Commands& waiting) {
        const std::unique_ptr<OpenViews> views = std::move(views_);
        const bool changed = views && !views->isEmpty();
        try {
            if (changed) views->commit(parts_.journal);
        } catch (const std::exception& failure) {
            // DESIGN 3.3: not answered OK, and caught up from the journal before the next round.
            parts_.log.error("views-commit-failed", {{"why", failure.what()}});
            viewsBehind_ = true;
            if (!isDiskFull(failure)) fail(failure);
            // Not DiskFull: the events are there, so nobody may release what they name.
            return refuseAll(
                waiting, RefusalReason::StorageFailed, "recorded, but the views are behind");
        }
        if (changed) appliedSeq_ = views->lastSeq().number();
        for (PendingCommand* command : waiting) {
            command->answer();
        }
        if (!changed) return;
        parts_.hub.announce(views->changedMailboxes(), views->changedAccounts());
        parts_.hub.announceOutbound(views->changedOutbound());
    }

    // When the views have to be closed at the latest, if they are open.
    std::optional<SteadyClock::time_point> viewsDue() const {
        if (!views_) return std::nullopt;
        return std::min(lastRound_ + kViewsLinger, views_->since() + kViewsOpenMax);
    }

    // A round failed: what it folded goes, and with it what earlier rounds left open.
    void dropUnfinished() {
        if (!views_ || !views_->isAhead()) return;
        viewsBehind_ = viewsBehind_ || views_->hasJournalled();
        views_.reset();
    }

    static void refuseAll(
        const Commands& commands, RefusalReason reason, const std::string& detail) {
        for (PendingCommand* command : commands) {
            command->refuseWith(Refusal{.reason = reason, .detail = detail});
            command->answer();
        }
    }

    void keep(Notes notes) {
        const Notes lost = queue_.putBack(std::move(notes));
        if (!lost.empty()) {
            parts_.log.error("notes-lost", {{"count", std::to_string(lost.size())}});
        }
    }

    // A promise cannot be kept on this disk any more: the server stops (DESIGN 3.3).
    void fail(const std::exception& failure) {
        if (failed_) return;
        failed_ = true;
        failure_ = failure.what();
        if (parts_.fatal) parts_.fatal(failure_);
    }

    Batch::Parts batchParts() {
        if (!views_) views_ = std::make_unique<OpenViews>(parts_.views.environment());
        DAYBOOK_ASSERT(writer_.has_value());
        return {
            .journal = parts_.journal,
            .writer = *writer_,
            .views = *views_,
            .epoch = start_.epoch,
            .quota = parts_.quota,
        };
    }

    void catchUpViews() {
        DAYBOOK_ASSERT(!views_);
        const std::shared_ptr<ViewsEnvironment> views = parts_.views.environment();
        const Seq applied =
            catchUp(*views, parts_.journal, Seq(), [&](std::uint64_t done, std::uint64_t all) {
            parts_.log.information(
                "catching-up-views",
                {{"done", std::to_string(done)}, {"all", std::to_string(all)}});
        });
        appliedSeq_ = applied.number();
        viewsBehind_ = false;
    }

    bool tryCatchUp() {
        try {
            catchUpViews();
            return true;
        } catch (const std::exception& failure) {
            parts_.log.error("views-behind", {{"why", failure.what()}});
            if (!isDiskFull(failure)) fail(failure);
            return false;
        }
    }

    void checkReaders() {
        const auto now = SteadyClock::now();
        if (now < nextReaderCheck_) return;
        nextReaderCheck_ = now + kReaderCheckEvery;
        parts_.journal.environment().clearDeadReaders();
        parts_.views.environment()->environment().clearDeadReaders();
    }

    Parts& parts_;
    RecordServerStarted start_;
    CommandQueue queue_;
    std::atomic<std::uint64_t> appliedSeq_ = 0;
    // The last event of which somebody may know.
    std::atomic<std::uint64_t> acknowledgedSeq_ = 0;

    // The scribe's thread alone.
    std::optional<JournalWriter> writer_;
    std::unique_ptr<OpenViews> views_;  // there while rounds of the journal wait in it
    SteadyClock::time_point lastRound_;
    DiskWatch disk_;
    bool failed_ = false;
    std::string failure_;
    bool viewsBehind_ = false;
    bool clockIsBehind_ = false;
    bool reserveTouched_ = false;
    SteadyClock::time_point nextReaderCheck_ = SteadyClock::now() + kReaderCheckEvery;

    std::jthread thread_;
};

Scribe::Scribe(Parts parts)
    : parts_(std::move(parts)), implementation_(std::make_unique<Implementation>(parts_)) {}

Scribe::~Scribe() { stop(); }

void Scribe::start() { implementation_->start(); }

void Scribe::stop() { implementation_->stop(); }

void Scribe::enqueue(PendingCommand& command) { implementation_->enqueue(command); }

void Scribe::enqueueNote(std::unique_ptr<PendingCommand> command) {
    implementation_->enqueueNote(std::move(command));
}

void Scribe::betweenRounds(std::function<void()> function) {
    implementation_->betweenRounds(std::move(function));
}

RecordServerStarted Scribe::describeStart() const { return implementation_->describeStart(); }

bool Scribe::viewsShowAll() const { return implementation_->viewsShowAll(); }

Seq Scribe::appliedSeq() const { return implementation_->appliedSeq(); }

}  // namespace daybook
