#include "engine/scribe/scribe.h"

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <sys/statvfs.h>
#include <thread>

#include "engine/scribe/batch.h"
#include "journal/base/limits.h"
#include "journal/journal_format.h"
#include "journal/journal_reader.h"
#include "journal/journal_writer.h"

namespace daybook {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kDiskCheckEvery{100};
constexpr std::chrono::hours kReaderCheckEvery{1};
constexpr std::int64_t kClockStepNs = kSecondNs;
// How far back the last start or stop of a server is looked for.
constexpr std::uint64_t kStopSearchEvents = 100'000;

bool isDiskFull(const std::exception& failure) {
    const auto* const lmdb = dynamic_cast<const lmdb::Error*>(&failure);
    if (lmdb != nullptr) return lmdb->isFull();
    const auto* const content = dynamic_cast<const ContentError*>(&failure);
    return content != nullptr && content->isFull();
}

std::uint64_t lastEpoch(const Journal& journal) {
    const lmdb::ReadTransaction txn(journal.environment());
    lmdb::Cursor cursor(txn, journal.tables().commits);
    if (!cursor.last()) return 0;
    const auto commit = format::decodeCommit(cursor.value());
    return commit ? commit->epoch : 0;
}

// False: a server started and nobody recorded its stop.
bool stoppedCleanly(const Journal& journal) {
    const std::uint64_t head = journal.head().size;
    JournalReader reader(journal);
    for (std::uint64_t back = 0; back < std::min(head, kStopSearchEvents); ++back) {
        Kind kind = Kind::Genesis;
        reader.at(Seq(head - back), [&](const Record& record) { kind = record.kind(); });
        if (kind == Kind::ServerStopped) return true;
        if (kind == Kind::ServerStarted) return false;
    }
    return head < kStopSearchEvents;
}

}  // namespace

class Scribe::Implementation {
public:
    explicit Implementation(Parts& parts) : parts_(parts), epoch_(lastEpoch(parts.journal) + 1) {
        start_.clean = stoppedCleanly(parts_.journal);
        start_.headAtStop = Seq(parts_.journal.head().size);
        start_.epoch = epoch_;
        catchUpViews();
        writer_.emplace(parts_.journal);
    }

    void start() {
        if (!appliedSeq()) {
            enqueueNote(std::make_unique<Noted<RecordGenesis>>(
                RecordGenesis{.journalId = parts_.journal.journalId(), .format = kJournalFormat}));
        }
        thread_ = std::jthread([this] { run(); });
    }

    void stop() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        if (thread_.joinable()) thread_.join();
    }

    void enqueue(PendingCommand& command) {
        if (!tryEnqueue(command)) {
            command.refuseWith(Refusal{.reason = RefusalReason::ShuttingDown, .detail = {}});
            command.answer();
        }
    }

    void enqueueNote(std::unique_ptr<PendingCommand> note) {
        const std::lock_guard lock(mutex_);
        if (ended_) return;
        if (notes_.empty()) {
            notesDue_ = SteadyClock::now() + limits::kRideAlongMax;
            wake_.notify_one();
        }
        notes_.push_back(std::move(note));
    }

    void betweenRounds(const std::function<void()>& function) {
        std::unique_lock lock(mutex_);
        if (ended_ || !thread_.joinable()) {
            function();
            return;
        }
        betweenFailure_ = nullptr;
        between_ = &function;
        wake_.notify_one();
        betweenDone_.wait(lock, [this] { return between_ == nullptr; });
        if (betweenFailure_) std::rethrow_exception(betweenFailure_);
    }

    Seq appliedSeq() const { return Seq(appliedSeq_.load()); }

    const RecordServerStarted& describeStart() const { return start_; }

private:
    using Notes = std::vector<std::unique_ptr<PendingCommand>>;
    using Commands = std::vector<PendingCommand*>;

    bool tryEnqueue(PendingCommand& command) {
        const std::lock_guard lock(mutex_);
        if (ended_) return false;
        const bool wasEmpty = queue_.empty();
        queue_.push_back(&command);
        if (wasEmpty) wake_.notify_one();
        return true;
    }

    bool hasWork() const {
        return !queue_.empty() || between_ != nullptr || stopping_ ||
               (!notes_.empty() && SteadyClock::now() >= notesDue_);
    }

    void run() {
        while (true) {
            Notes notes;
            Commands commands;
            if (!takeWork(notes, commands)) return;
            round(notes, commands);
            checkReaders();
        }
    }

    // Waits; false at the end, when nothing is left to do.
    bool takeWork(Notes& notes, Commands& commands) {
        std::unique_lock lock(mutex_);
        while (!hasWork()) {
            if (notes_.empty()) {
                wake_.wait(lock);
            } else {
                wake_.wait_until(lock, notesDue_);
            }
        }
        if (between_ != nullptr) {
            runBetween();
            between_ = nullptr;
            betweenDone_.notify_all();
        }
        notes.swap(notes_);
        while (!queue_.empty() && commands.size() < limits::kBatchCommandsMax) {
            commands.push_back(queue_.front());
            queue_.pop_front();
        }
        ended_ = stopping_ && notes.empty() && commands.empty();
        return !ended_;
    }

    // What goes wrong in it is its caller's.
    void runBetween() {
        try {
            (*between_)();
        } catch (const std::exception&) {
            betweenFailure_ = std::current_exception();
        }
    }

    void round(const Notes& notes, const Commands& commands) {
        if (failed_ || (viewsBehind_ && !tryCatchUp())) {
            const auto reason = failed_ ? RefusalReason::StorageFailed : RefusalReason::DiskFull;
            return refuseAll(commands, reason);
        }
        noticeClock();
        const bool full = isReserveTouched();
        Commands accepted;
        for (PendingCommand* command : commands) {
            if (full && !command->mayUseReserve()) {
                refuseAll({command}, RefusalReason::DiskFull);
            } else {
                accepted.push_back(command);
            }
        }
        if (tryTogether(notes, accepted)) return;
        // The disk was full for all of them together: each by itself, those that free space too.
        for (const auto& note : notes) {
            if (!failed_) tryTogether({}, {note.get()});
        }
        for (PendingCommand* command : accepted) {
            const bool done = !failed_ && !viewsBehind_ && tryTogether({}, {command});
            if (!done) {
                const auto reason =
                    failed_ ? RefusalReason::StorageFailed : RefusalReason::DiskFull;
                refuseAll({command}, reason);
            }
        }
    }

    // True if every command has its answer; false: nothing happened, the disk is full (or failed_).
    bool tryTogether(const Notes& notes, const Commands& commands) {
        try {
            Batch batch(Batch::Parts{
                .journal = parts_.journal,
                .writer = *writer_,
                .views = parts_.views.environment(),
                .epoch = epoch_,
            });
            const TimeNs now = parts_.clock.now();
            for (const auto& note : notes) {
                batch.decide(*note, now, parts_.random.id<CommandId>());
            }
            for (PendingCommand* command : commands) {
                batch.decide(*command, now, parts_.random.id<CommandId>());
            }
            batch.commitJournal();
            finish(batch, commands);
            return true;
        } catch (const std::exception& failure) {
            if (!isDiskFull(failure)) {
                fail(failure);
                refuseAll(commands, RefusalReason::StorageFailed);
                return true;
            }
            parts_.log.warning("disk-full", {{"why", failure.what()}});
            return false;
        }
    }

    // The events are durable. Who needs no view is answered before the views are committed.
    void finish(Batch& batch, const Commands& commands) {
        Commands waiting;
        for (PendingCommand* command : commands) {
            if (command->answerAfter() == AnswerAfter::Journal) {
                command->answer();
            } else {
                waiting.push_back(command);
            }
        }
        try {
            batch.commitViews();
        } catch (const lmdb::Error& failure) {
            // DESIGN 3.3: not answered OK, and caught up from the journal before the next round.
            parts_.log.error("views-commit-failed", {{"why", failure.what()}});
            viewsBehind_ = true;
            return refuseAll(
                waiting, failure.isFull() ? RefusalReason::DiskFull : RefusalReason::StorageFailed);
        }
        if (!batch.isEmpty()) appliedSeq_ = batch.lastSeq().number();
        for (PendingCommand* command : waiting) {
            command->answer();
        }
        parts_.hub.announce(batch.changedMailboxes(), batch.changedAccounts());
    }

    static void refuseAll(const Commands& commands, RefusalReason reason) {
        for (PendingCommand* command : commands) {
            command->refuseWith(Refusal{.reason = reason, .detail = {}});
            command->answer();
        }
    }

    // A promise cannot be kept on this disk any more: the server stops (DESIGN 3.3).
    void fail(const std::exception& failure) {
        if (failed_) return;
        failed_ = true;
        parts_.fatal(failure.what());
    }

    void catchUpViews() {
        const std::shared_ptr<ViewsEnvironment> views = parts_.views.environment();
        const Seq applied = catchUp(*views, parts_.journal, Seq());
        appliedSeq_ = applied.number();
        viewsBehind_ = false;
    }

    bool tryCatchUp() {
        try {
            catchUpViews();
            return true;
        } catch (const lmdb::Error& failure) {
            if (!failure.isFull()) fail(failure);
            return false;
        }
    }

    void noticeClock() {
        const std::int64_t behind = writer_->lastTimeNs() - parts_.clock.now();
        const bool stepped = behind > kClockStepNs;
        if (stepped && !clockIsBehind_) {
            parts_.log.warning("clock-stepped-back", {{"ns", std::to_string(behind)}});
            enqueueNote(std::make_unique<Noted<RecordClockStepped>>(
                RecordClockStepped{.deltaNs = -behind}));
        }
        clockIsBehind_ = stepped;
    }

    bool isReserveTouched() {
        const auto now = SteadyClock::now();
        if (now < nextDiskCheck_) return reserveTouched_;
        nextDiskCheck_ = now + kDiskCheckEvery;
        struct statvfs state{};
        if (::statvfs(parts_.journal.directory().c_str(), &state) != 0) return reserveTouched_;
        const bool touched = state.f_bavail * state.f_frsize < parts_.reserveOctets;
        if (touched != reserveTouched_) {
            reserveTouched_ = touched;
            parts_.log.warning(touched ? "disk-reserve-touched" : "disk-has-room-again");
            enqueueNote(std::make_unique<Noted<RecordDiskPressure>>(
                RecordDiskPressure{.level = static_cast<std::uint16_t>(touched ? 1 : 0)}));
        }
        return touched;
    }

    void checkReaders() {
        const auto now = SteadyClock::now();
        if (now < nextReaderCheck_) return;
        nextReaderCheck_ = now + kReaderCheckEvery;
        parts_.journal.environment().clearDeadReaders();
        parts_.views.environment()->environment().clearDeadReaders();
    }

    Parts& parts_;
    std::uint64_t epoch_;
    RecordServerStarted start_;
    std::optional<JournalWriter> writer_;
    std::atomic<std::uint64_t> appliedSeq_ = 0;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable betweenDone_;
    std::deque<PendingCommand*> queue_;
    Notes notes_;
    SteadyClock::time_point notesDue_;
    const std::function<void()>* between_ = nullptr;
    std::exception_ptr betweenFailure_;
    bool stopping_ = false;
    bool ended_ = false;

    // The scribe's thread alone.
    bool failed_ = false;
    bool viewsBehind_ = false;
    bool clockIsBehind_ = false;
    bool reserveTouched_ = false;
    SteadyClock::time_point nextDiskCheck_;
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
    implementation_->betweenRounds(function);
}

RecordServerStarted Scribe::describeStart() const { return implementation_->describeStart(); }

Seq Scribe::appliedSeq() const { return implementation_->appliedSeq(); }

}  // namespace daybook
