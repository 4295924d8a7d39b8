#include "engine/dns/unbound_resolver.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <fmt/format.h>
#include <list>
#include <map>
#include <mutex>
#include <poll.h>
#include <stdexcept>
#include <string_view>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "engine/dns/records.h"
#include "engine/dns/unbound_context.h"
#include "engine/runtime/descriptor.h"
#include "engine/runtime/signal.h"

namespace daybook::dns {

namespace {

using Key = std::pair<std::string, RecordType>;

// One coroutine's question. Shared by its frame and the resolver's thread: either may go first. The
// thread writes the answer, raises the signal and touches nothing of it afterwards.
struct Asking {
    Key key;
    SteadyTime deadline;
    Signal::Handle answered;
    Answer answer;
};

using AskingPointer = std::shared_ptr<Asking>;

Answer failure(std::string why) { return {.result = Result::Failed, .why = std::move(why)}; }

int eventDescriptor() {
    const int number = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (number < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    return number;
}

}  // namespace

class UnboundResolver::Implementation {
public:
    Implementation(const UnboundOptions& options, const Log& log)
        : options_(options),
          log_(log),
          anchor_(findTrustAnchor(options)),
          context_(makeUnboundContext(options, anchor_)) {}

    // Thread: any.
    void ask(AskingPointer asking) {
        {
            const std::lock_guard lock(mutex_);
            if (!stopping_) {
                asked_.push_back(std::move(asking));
                wake();
                return;
            }
        }
        finish(*asking, failure("the resolver has been stopped"));
    }

    // Thread: any.
    void stop() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            wake();
        }
        if (thread_.joinable()) thread_.join();
    }

    void run() {
        while (takeAsked()) {
            try {
                startWaiting();
                waitForSomething();
                process();
                expire();
            } catch (const std::exception& trouble) {
                breakDown(trouble.what());
            }
        }
        // Ends libunbound's thread; what it was at gets no callback.
        context_.reset();
        for (const AskingPointer& asking : unanswered_)
            finish(*asking, failure("the resolver has been stopped"));
        unanswered_.clear();
        questions_.clear();
    }

    const UnboundOptions options_;
    const Log log_;
    const std::filesystem::path anchor_;
    std::thread thread_;

private:
    // What libunbound is asked, or will be, and who wants to know. When all of them have given up
    // it stays until libunbound is done with it.
    struct Question {
        Implementation& owner;
        bool started = false;
        std::vector<std::list<AskingPointer>::iterator> askers;
    };

    using Questions = std::map<Key, Question>;

    static void finish(Asking& asking, Answer answer) {
        asking.answer = std::move(answer);
        // A copy: the coroutine may drop the asking as soon as it hears.
        const Signal::Handle answered = asking.answered;
        answered.raise();
    }

    void wake() const {
        const std::uint64_t one = 1;
        // Fails only when the counter is full: then it is awake already.
        [[maybe_unused]] const ssize_t written = ::write(wakeUp_.number(), &one, sizeof one);
    }

    // False: stop.
    bool takeAsked() {
        std::vector<AskingPointer> taken;
        bool stopping = false;
        {
            const std::lock_guard lock(mutex_);
            taken.swap(asked_);
            stopping = stopping_;
        }
        for (AskingPointer& asking : taken) {
            const auto [question, isNew] =
                questions_.try_emplace(asking->key, Question{.owner = *this, .askers = {}});
            if (isNew) waiting_.push_back(asking->key);
            unanswered_.push_back(std::move(asking));
            question->second.askers.push_back(std::prev(unanswered_.end()));
        }
        return !stopping;
    }

    void startWaiting() {
        if (!context_ && !waiting_.empty()) context_ = makeUnboundContext(options_, anchor_);
        while (!waiting_.empty() && inFlight_ < options_.inFlightMax) {
            const auto found = questions_.find(waiting_.front());
            waiting_.pop_front();
            DAYBOOK_ASSERT(found != questions_.end());
            start(*found);
        }
    }

    void start(Questions::value_type& entry) {
        const auto& [name, type] = entry.first;
        const int code = ub_resolve_async(
            context_.get(), name.c_str(), static_cast<int>(type), 1, &entry, onAnswer, nullptr);
        if (code != UB_NOERROR) {
            answerAll(entry, failure(fmt::format("{}: {}", name, ub_strerror(code))));
            return;
        }
        entry.second.started = true;
        ++inFlight_;
    }

    // Called by ub_process(), on our thread.
    static void onAnswer(void* data, int code, ub_result* result) noexcept {
        auto& entry = *static_cast<Questions::value_type*>(data);
        Implementation& self = entry.second.owner;
        const std::unique_ptr<ub_result, decltype(&ub_resolve_free)> owned(result, ub_resolve_free);
        --self.inFlight_;
        const std::string& name = entry.first.first;
        self.answerAll(
            entry,
            code == UB_NOERROR && result != nullptr
                ? answerOf(*result, name)
                : failure(fmt::format("{}: {}", name, ub_strerror(code))));
    }

    // And forgets the question.
    void answerAll(Questions::value_type& entry, const Answer& answer) {
        for (const auto& place : entry.second.askers) {
            const AskingPointer asking = std::move(*place);
            unanswered_.erase(place);
            finish(*asking, answer);
        }
        // A copy: erase() by a key that lives in what it erases.
        const Key key = entry.first;
        questions_.erase(key);
    }

    void waitForSomething() {
        // Without a context there is nothing that libunbound could say: poll() passes over a -1.
        std::array<pollfd, 2> descriptors{{
            {.fd = wakeUp_.number(), .events = POLLIN, .revents = 0},
            {.fd = context_ ? ub_fd(context_.get()) : -1, .events = POLLIN, .revents = 0},
        }};
        int timeoutMs = -1;
        if (!unanswered_.empty()) {
            const auto left = unanswered_.front()->deadline - std::chrono::steady_clock::now();
            const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(left).count();
            timeoutMs = static_cast<int>(std::clamp<std::int64_t>(rounded, 0, 60'000));
        }
        const int ready = ::poll(descriptors.data(), descriptors.size(), timeoutMs);
        DAYBOOK_ASSERT(ready >= 0 || errno == EINTR);
        std::uint64_t ignored = 0;
        [[maybe_unused]] const ssize_t read = ::read(wakeUp_.number(), &ignored, sizeof ignored);
    }

    void process() {
        if (!context_) return;
        const int code = ub_process(context_.get());
        if (code != UB_NOERROR) throw std::runtime_error(ub_strerror(code));
    }

    // libunbound's thread is gone, or out of memory or descriptors: who waits tries again later,
    // and the next question makes another one.
    void breakDown(std::string_view why) {
        log_.error("resolver-broken", {{"why", std::string(why)}});
        context_.reset();
        inFlight_ = 0;
        waiting_.clear();
        while (!questions_.empty())
            answerAll(*questions_.begin(), failure("the resolver broke down"));
    }

    // All have the same patience: the first that asked is the first whose time is up.
    void expire() {
        const SteadyTime now = std::chrono::steady_clock::now();
        while (!unanswered_.empty() && unanswered_.front()->deadline <= now) {
            const auto place = unanswered_.begin();
            const AskingPointer asking = std::move(*place);
            giveUp(asking->key, place);
            unanswered_.erase(place);
            const std::string& name = asking->key.first;
            finish(*asking, failure(fmt::format("{}: no answer in time", name)));
        }
    }

    void giveUp(const Key& key, std::list<AskingPointer>::iterator place) {
        const auto found = questions_.find(key);
        DAYBOOK_ASSERT(found != questions_.end());
        Question& question = found->second;
        std::erase(question.askers, place);
        // libunbound refers to what it has begun with.
        if (question.started || !question.askers.empty()) return;
        std::erase(waiting_, key);
        questions_.erase(found);
    }

    const Descriptor wakeUp_{eventDescriptor()};
    std::mutex mutex_;
    std::vector<AskingPointer> asked_;  // under mutex_
    bool stopping_ = false;             // under mutex_

    // The thread's alone from here on.
    UnboundContext context_;               // none: it broke down
    std::list<AskingPointer> unanswered_;  // in the order of their deadlines
    Questions questions_;                  // a node stays where it is: libunbound refers to it
    std::deque<Key> waiting_;              // for their turn
    std::size_t inFlight_ = 0;
};

UnboundResolver::UnboundResolver(const UnboundOptions& options, const Log& log)
    : implementation_(std::make_unique<Implementation>(options, log)) {
    if (options.validate && !validates()) {
        log.warning(
            "resolver-validates-nothing",
            {{"why", fmt::format("there is no {} (package dns-root-data)", kDebianTrustAnchor)}});
    }
    implementation_->thread_ = std::thread([self = implementation_.get()] { self->run(); });
}

UnboundResolver::~UnboundResolver() { stop(); }

Task<Answer> UnboundResolver::query(std::string name, RecordType type) {
    const std::optional<std::string> question = questionName(name);
    if (!question) {
        co_return Answer{
            .result = Result::NoSuchName,
            .canonicalName = name,
            .why = fmt::format("\"{}\" cannot be a name", name),
        };
    }
    Reactor* const reactor = Reactor::current();
    DAYBOOK_ASSERT(reactor != nullptr);
    Signal answered(*reactor);
    const auto asking = std::make_shared<Asking>();
    asking->key = {*question, type};
    asking->deadline = after(implementation_->options_.timeout);
    asking->answered = answered.handle();
    implementation_->ask(asking);
    // Nothing of *this after here: the resolver may have gone meanwhile.
    co_await answered.wait();
    co_return std::move(asking->answer);
}

void UnboundResolver::stop() { implementation_->stop(); }

bool UnboundResolver::validates() const { return !implementation_->anchor_.empty(); }

}  // namespace daybook::dns
