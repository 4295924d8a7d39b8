// scribe.h
//
// The only thread that writes. Takes the commands that wait, decides each against the views,
// appends and folds its events, commits (content, journal: synced; then views), answers. Group
// commit without a timer: while one round is being synced the next one gathers (DESIGN 3.3, 4).
//
// submit(): from a coroutine. submitAndWait(): from a thread without a reactor (control socket,
// tools). note(): nobody waits; rides with the next commit, at the latest after a second.
// When storage fails for good every waiting command gets StorageFailed and `fatal` is called once:
// the server must stop. When the disk is full commands get DiskFull and the scribe goes on.
#pragma once

#include <concepts>
#include <condition_variable>
#include <coroutine>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "engine/runtime/reactor.h"
#include "engine/scribe/command.h"
#include "engine/scribe/decide.h"
#include "engine/scribe/hub.h"
#include "journal/base/assert.h"
#include "journal/base/clock.h"
#include "journal/base/log.h"
#include "journal/base/random.h"
#include "journal/journal.h"
#include "projections/views.h"

namespace daybook {

// When a command's submitter may be told. Deliver and the courier's need no view: they are answered
// after the journal's sync; everything else sees its own change.
enum class AnswerAfter { Journal, Views };

template <class Command>
inline constexpr AnswerAfter kAnswerAfter = AnswerAfter::Views;
template <>
inline constexpr AnswerAfter kAnswerAfter<Deliver> = AnswerAfter::Journal;
template <>
inline constexpr AnswerAfter kAnswerAfter<StartAttempt> = AnswerAfter::Journal;
template <>
inline constexpr AnswerAfter kAnswerAfter<RecordOutcome> = AnswerAfter::Journal;

// A command in the queue: how the scribe, which knows no types, decides and answers it.
class PendingCommand {
public:
    virtual ~PendingCommand() = default;
    // False: refused.
    virtual bool decideNow(const Deciding& deciding, Events& events) = 0;
    virtual void refuseWith(Refusal refusal) = 0;
    // Hands the answer over; nothing may touch the object afterwards.
    virtual void answer() = 0;
    virtual AnswerAfter answerAfter() const = 0;

    // For the limit of a round.
    virtual std::size_t octets() const { return 0; }

    // Operators' events, access records and expunges may use the disk's reserve (DESIGN 3.3).
    virtual bool mayUseReserve() const { return true; }

    PendingCommand* next = nullptr;
};

template <class Command>
class TypedCommand : public PendingCommand {
public:
    using Answer = Outcome<typename Command::Answer>;

    explicit TypedCommand(Command command) : command_(std::move(command)) {}

    bool decideNow(const Deciding& deciding, Events& events) override {
        answer_.emplace(decide(command_, deciding, events));
        return answer_->has_value();
    }

    void refuseWith(Refusal refusal) override {
        answer_.emplace(std::unexpected<Refusal>(std::move(refusal)));
    }

    AnswerAfter answerAfter() const override { return kAnswerAfter<Command>; }

    std::size_t octets() const override {
        if constexpr (requires { command_.blob; }) {
            return command_.blob.octets + command_.blob.summary.size();
        } else if constexpr (std::same_as<Command, Append>) {
            std::size_t octets = 0;
            for (const AppendedMessage& each : command_.messages)
                octets += each.blob.octets + each.blob.summary.size();
            return octets;
        } else {
            return 0;
        }
    }

    bool mayUseReserve() const override {
        return !std::same_as<Command, Deliver> && !std::same_as<Command, Append> &&
               !std::same_as<Command, CopyMessages>;
    }

protected:
    // The answer; there is one by then.
    Answer take() {
        DAYBOOK_ASSERT(answer_.has_value());
        return std::move(*answer_);
    }

    Command command_;
    std::optional<Answer> answer_;
};

class Scribe {
public:
    struct Parts {
        Journal& journal;
        Views& views;
        Hub& hub;
        const Clock& clock;
        Random& random;
        const Log& log;
        std::function<void(const std::string&)> fatal;
        std::uint64_t reserveOctets = 64ULL << 20U;
        QuotaPolicy quota{};
    };

    // Catches the views up before it returns (progress to the log). Throws JournalUnusable,
    // UnknownKind, lmdb::Error, ContentError.
    explicit Scribe(Parts parts);
    // Stops (see stop()).
    ~Scribe();

    // Starts the thread. Writes Genesis into an empty journal.
    void start();
    // Decides what is queued, commits, answers, ends the thread. Later commands get ShuttingDown;
    // so does what is queued if it was never started.
    void stop();

    template <class Command>
    class [[nodiscard]] Submission final : public TypedCommand<Command> {
    public:
        Submission(Scribe& scribe, Command command)
            : TypedCommand<Command>(std::move(command)), scribe_(scribe) {}

        bool await_ready() const noexcept { return false; }

        void await_suspend(std::coroutine_handle<> handle) {
            handle_ = handle;
            reactor_ = Reactor::current();
            scribe_.enqueue(*this);
        }

        typename TypedCommand<Command>::Answer await_resume() { return this->take(); }

        void answer() override { reactor_->post(handle_); }

    private:
        Scribe& scribe_;
        std::coroutine_handle<> handle_;
        Reactor* reactor_ = nullptr;
    };

    // const Outcome<X::Answer> answer = co_await scribe.submit(command);
    template <class Command>
    Submission<Command> submit(Command command) {
        return Submission<Command>(*this, std::move(command));
    }

    template <class Command>
    Outcome<typename Command::Answer> submitAndWait(Command command) {
        Blocking<Command> blocking(std::move(command));
        enqueue(blocking);
        return blocking.wait();
    }

    template <class Command>
    void note(Command command) {
        enqueueNote(std::make_unique<Noted<Command>>(std::move(command)));
    }

    // Runs on the scribe's thread between two rounds, with the views caught up; waits for it, and
    // throws what it throws. For the swap of the views (replay). Before the start and after the
    // stop: on the caller's thread. Thread: any but the scribe's.
    void betweenRounds(std::function<void()> function);

    Views& views() { return parts_.views; }

    // What the last run left behind, to be submitted once by a server that begins to serve.
    RecordServerStarted describeStart() const;

    // Deliver is answered before the views show it. False: something was acknowledged that they do
    // not show yet; who is about to look for it submits SeeViews first. Thread: any.
    bool viewsShowAll() const;

    // The head of the journal that is committed and folded. Thread: any.
    Seq appliedSeq() const;

private:
    template <class Command>
    class Blocking final : public TypedCommand<Command> {
    public:
        using TypedCommand<Command>::TypedCommand;

        void answer() override {
            const std::lock_guard lock(mutex_);
            answered_ = true;
            condition_.notify_one();
        }

        typename TypedCommand<Command>::Answer wait() {
            std::unique_lock lock(mutex_);
            condition_.wait(lock, [this] { return answered_; });
            return this->take();
        }

    private:
        std::mutex mutex_;
        std::condition_variable condition_;
        bool answered_ = false;
    };

    template <class Command>
    class Noted final : public TypedCommand<Command> {
    public:
        using TypedCommand<Command>::TypedCommand;

        // Owned by the round, which frees it.
        void answer() override {}
    };

    void enqueue(PendingCommand& command);
    void enqueueNote(std::unique_ptr<PendingCommand> command);

    class Implementation;

    Parts parts_;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
