#include "engine/delivery/courier.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/delivery/courier_parts.h"

namespace daybook {

namespace {

// Rows that are due later than this are left in the view until their time comes nearer.
constexpr TimeNs kWindowNs = 600 * kSecondNs;
// MTA-STS policies that grow old and reports of past days about TLS are looked for so often.
constexpr TimeNs kTlsCareEveryNs = 3'600 * kSecondNs;
// Messages that are looked up in one snapshot.
constexpr std::size_t kMessagesPerSnapshot = 500;
// At a stop: what is being sent may end so long.
constexpr std::chrono::seconds kStopPatience{5};
// After a failure of our own, before the next try.
constexpr std::chrono::seconds kAfterTrouble{1};
constexpr TimeNs kReportAgainNs = 60 * kSecondNs;
constexpr std::chrono::milliseconds kPatienceStep{20};

}  // namespace

Courier::Implementation::Implementation(Parts parts, CourierSettings settings)
    : parts_(parts),
      settings_(std::move(settings)),
      board_(settings_.limits),
      dialer_(
          Dialer::Parts{
              .transport = parts.transport,
              .resolver = parts.resolver,
              .policies = parts.policies,
              .random = parts.random,
              .clock = parts.clock,
              .log = parts.log,
          },
          settings_.dialer),
      retry_(settings_.retry),
      wake_(reactor_),
      wakeHandle_(wake_.handle()),
      nursery_(reactor_, [this](const std::exception_ptr& failure) { failed(failure); }) {}

void Courier::Implementation::start() {
    const auto recovered = parts_.scribe.submitAndWait(RecoverAttempts{.origin = Origin{}});
    if (recovered && recovered->attempts != 0) {
        parts_.log.warning(
            "outbound.attempts-without-outcome", {{"count", std::to_string(recovered->attempts)}});
    }
    parts_.hub.followOutbound([this](const std::set<MessageId>& messages) {
        {
            const std::lock_guard lock(mutex_);
            changed_.insert(messages.begin(), messages.end());
        }
        wakeHandle_.raise();
    });
    thread_ = std::jthread([this] { runUntilDone(reactor_, work()); });
}

void Courier::Implementation::stop() {
    if (!thread_.joinable()) return;
    parts_.hub.followOutbound({});
    stopping_ = true;
    wakeHandle_.raise();
    thread_.join();
}

Task<void> Courier::Implementation::work() {
    while (!stopping_) {
        Deadline next = after(kAfterTrouble);
        try {
            round();
            next = nextWake();
        } catch (const std::exception& trouble) {
            // The view cannot be read now. Nothing is lost by waiting.
            parts_.log.error("outbound.failed", {{"why", trouble.what()}});
        }
        co_await wake_.wait(next);
    }
    co_await windUp();
}

void Courier::Implementation::round() {
    const TimeNs now = parts_.clock.now();
    if (now + kWindowNs / 2 > loadedUntil_) load(loadedUntil_, now + kWindowNs);
    refreshChanged();
    startDue();
}

// What is being sent may end; what takes longer is cut off, and its outcome is recorded.
Task<void> Courier::Implementation::windUp() {
    for (auto& [lane, signals] : idle_) {
        for (Signal* const signal : signals)
            signal->raise();
    }
    const Deadline patience = std::chrono::steady_clock::now() + kStopPatience;
    while (nursery_.count() != 0 && std::chrono::steady_clock::now() < patience) {
        co_await reactor_.sleepUntil(std::chrono::steady_clock::now() + kPatienceStep);
    }
    parts_.transport.abortAll();
    for (TransportSession* const session : sessions_)
        session->abort();
    co_await nursery_.join();
}

void Courier::Implementation::load(TimeNs from, TimeNs to) {
    std::set<MessageId> messages;
    {
        const Snapshot snapshot = parts_.scribe.views().snapshot();
        snapshot.deliveries().forDue(from, to, [&](const DueRow& row) {
            messages.insert(row.message);
            return true;
        });
        if (from == 0) {
            snapshot.deliveries().forReports(MessageId(), [&](const ReportRow& row) {
                messages.insert(row.message);
                return true;
            });
        }
    }
    loadedUntil_ = to;
    const std::lock_guard lock(mutex_);
    changed_.merge(messages);
}

void Courier::Implementation::refreshChanged() {
    std::set<MessageId> changed;
    {
        const std::lock_guard lock(mutex_);
        changed.swap(changed_);
    }
    try {
        while (!changed.empty()) {
            const Snapshot snapshot = parts_.scribe.views().snapshot();
            for (std::size_t i = 0; i < kMessagesPerSnapshot && !changed.empty(); ++i) {
                refresh(snapshot, *changed.begin());
                changed.erase(changed.begin());
            }
        }
    } catch (...) {
        const std::lock_guard lock(mutex_);
        changed_.merge(changed);
        throw;
    }
}

void Courier::Implementation::refresh(const Snapshot& snapshot, MessageId message) {
    std::vector<WaitingRecipient> waiting;
    const auto row = snapshot.deliveries().outbound(message);
    if (row && row->waiting != 0) {
        for (const DeliveryRow& delivery : snapshot.deliveries().deliveriesOf(message)) {
            if (delivery.state != DeliveryState::Waiting || delivery.nextNs > loadedUntil_)
                continue;
            waiting.push_back({
                .dueNs = delivery.nextNs,
                .message = message,
                .recipient = delivery.recipient,
                .lane = laneOf(delivery),
                .priority = row->priority,
            });
        }
    }
    board_.update(message, waiting);
    if (!row) return;
    const auto due = parts_.reporter.dueNs(*row);
    if (due) reports_.try_emplace(message, *due);
}

void Courier::Implementation::startDue() {
    const TimeNs now = parts_.clock.now();
    board_.promote(now);
    for (auto& [message, due] : reports_) {
        if (due == 0 || due > now) continue;
        due = 0;
        nursery_.start(makeReport(message));
    }
    if (!caresForTls_ && now >= nextTlsCareNs_) {
        nextTlsCareNs_ = now + kTlsCareEveryNs;
        caresForTls_ = true;
        nursery_.start(careForTls());
    }
    for (auto& [lane, signals] : idle_) {
        if (signals.empty() || !board_.hasReady(lane)) continue;
        signals.back()->raise();
    }
    // By turns, one connection a lane, until each has what it may have.
    for (auto lanes = board_.startable(now); !lanes.empty(); lanes = board_.startable(now)) {
        for (const LaneId lane : lanes) {
            board_.opened(lane);
            nursery_.start(serveLane(lane));
        }
    }
}

Task<void> Courier::Implementation::makeReport(MessageId message) {
    // Out of the frame that walks over reports_.
    co_await reactor_.yield();
    bool made = false;
    std::exception_ptr trouble;
    try {
        made = co_await parts_.reporter.report(message);
    } catch (...) {
        trouble = std::current_exception();
    }
    if (trouble) failed(trouble);
    if (!made) {
        // It is owed still.
        reports_[message] = parts_.clock.now() + kReportAgainNs;
        co_return;
    }
    reports_.erase(message);
    lookAgain(message);
}

// Once in a while, because that costs nothing when it was done. One run at a time: hosts that do
// not answer take their time.
Task<void> Courier::Implementation::careForTls() {
    co_await reactor_.yield();
    std::exception_ptr trouble;
    try {
        co_await parts_.policies.refresh();
        if (parts_.tlsReporter != nullptr) co_await parts_.tlsReporter->reportPastDays();
    } catch (...) {
        trouble = std::current_exception();
    }
    if (trouble) failed(trouble);
    caresForTls_ = false;
}

Deadline Courier::Implementation::nextWake() const {
    const TimeNs now = parts_.clock.now();
    TimeNs next = loadedUntil_ - kWindowNs / 2;
    if (const auto due = board_.nextNs(now)) next = std::min(next, *due);
    for (const auto& [message, due] : reports_) {
        if (due != 0) next = std::min(next, due);
    }
    const std::chrono::nanoseconds wait(std::max<TimeNs>(next - now, 0));
    // A millisecond more: never too early by a fraction, again and again.
    return std::chrono::steady_clock::now() +
           std::chrono::duration_cast<std::chrono::milliseconds>(wait) +
           std::chrono::milliseconds(1);
}

void Courier::Implementation::failed(const std::exception_ptr& failure) const {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        parts_.log.error("outbound.failed", {{"why", error.what()}});
    }
}

Courier::Courier(Parts parts, CourierSettings settings)
    : implementation_(std::make_unique<Implementation>(parts, std::move(settings))) {}

Courier::~Courier() { stop(); }

void Courier::start() { implementation_->start(); }

void Courier::stop() { implementation_->stop(); }

}  // namespace daybook
