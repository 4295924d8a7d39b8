// What came of the courier's tries, on record.

#include <algorithm>
#include <utility>

#include "engine/delivery/courier_parts.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

// Outcomes that are submitted at the same time.
constexpr std::size_t kOutcomesAtOnce = 256;
constexpr std::chrono::seconds kRecordAgain{1};

TimeNs toNs(std::chrono::nanoseconds time) { return time.count(); }

}  // namespace

RecordOutcome Courier::Implementation::outcomeOf(
    const Dialled& facts, const Consignment& consignment) const {
    const TimeNs now = parts_.clock.now();
    return {
        .origin = Origin{},
        .attempt = consignment.attempt,
        .message = consignment.message.message,
        .host = facts.host,
        .ip = facts.ip,
        .results = {},
        .nextNs = retry_.nextNs(now, consignment.tries() + 1, parts_.random),
        .delayWarningNs = toNs(settings_.delayWarning),
        .newSuppressions = parts_.random.id<SuppressionId>(),
    };
}

// What is known of a message is worth waiting for a disk that is full: nobody else knows it.
Task<void> Courier::Implementation::record(RecordOutcome outcome) {
    for (;;) {
        const Outcome<Done> recorded = co_await parts_.scribe.submit(outcome);
        if (recorded) co_return;
        const RefusalReason why = recorded.error().reason;
        // Without an outcome an attempt stays open: the next start says AttemptOutcomeUnknown.
        parts_.log.error(
            "outbound.outcome-not-recorded",
            {{"message", idText(outcome.message.number())}, {"why", nameOf(why)}});
        if (why != RefusalReason::DiskFull || stopping_) co_return;
        co_await reactor_.sleepUntil(after(kRecordAgain));
    }
}

// Something of our own failed in the middle: nobody knows how far it came.
std::vector<AttemptResult> Courier::Implementation::unknownTo(const Consignment& consignment) {
    return {AttemptResult{
        .state = OutcomeState::Unknown,
        .recipients = consignment.numbers(),
        .text = "this server failed while it sent the message",
    }};
}

Task<void> Courier::Implementation::settle(
    RecordOutcome outcome, Assignment assignment, bool lookAgainAfter) {
    co_await record(std::move(outcome));
    finish(assignment);
    if (lookAgainAfter) lookAgain(assignment.message);
}

// There is no connection: whoever waits in the lane shares the trouble.
Task<void> Courier::Implementation::recordTrouble(
    const Dialled& trouble, const Consignment& first, const Assignment& assignment) {
    // What a stop cut off is nobody's trouble: it stays in the queue as it was.
    if (stopping_) {
        finish(assignment);
        co_return;
    }
    const LaneId lane = assignment.lane;
    std::vector<Assignment> all{assignment};
    // What only this message's REQUIRETLS ran into is its own trouble.
    const bool own = first.message.requireTls && trouble.reason == event::OutcomeReason::TLS;
    if (!own) {
        for (Assignment& other : board_.takeAll(lane))
            all.push_back(std::move(other));
        if (!trouble.permanent) board_.failed(lane, parts_.clock.now() + blockNs(lane));
    }
    parts_.log.information(
        "outbound.no-connection",
        {{"domain", first.domain},
         {"host", trouble.host},
         {"why", trouble.trouble.text},
         {"messages", std::to_string(all.size())}});
    std::exception_ptr failure;
    try {
        co_await recordForAll(trouble, all);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) failed(failure);
    for (const Assignment& one : all) {
        finish(one);
        if (failure) lookAgain(one.message);
    }
}

Task<void> Courier::Implementation::recordForAll(
    const Dialled& trouble, const std::vector<Assignment>& assignments) {
    std::size_t next = 0;
    while (next < assignments.size()) {
        const std::size_t end = std::min(assignments.size(), next + kOutcomesAtOnce);
        std::vector<RecordOutcome> outcomes;
        {
            const Snapshot snapshot = parts_.scribe.views().snapshot();
            for (; next < end; ++next) {
                const Assignment& one = assignments[next];
                const auto consignment = consignmentOf(snapshot, one.message, one.recipients);
                if (consignment) outcomes.push_back(troubleOf(trouble, *consignment));
            }
        }
        Nursery together(reactor_, [this](const std::exception_ptr& failure) { failed(failure); });
        for (RecordOutcome& outcome : outcomes)
            together.start(record(std::move(outcome)));
        co_await together.join();
    }
}

RecordOutcome Courier::Implementation::troubleOf(
    const Dialled& trouble, const Consignment& consignment) const {
    RecordOutcome outcome = outcomeOf(trouble, consignment);
    outcome.results = {AttemptResult{
        .state = trouble.permanent ? OutcomeState::Bounced : OutcomeState::Deferred,
        .recipients = consignment.numbers(),
        .code = trouble.trouble.code,
        .enhancedCode = trouble.trouble.enhancedCode,
        .reason = trouble.reason,
        .text = trouble.trouble.text,
        .tls = trouble.tls,
    }};
    return outcome;
}

TimeNs Courier::Implementation::blockNs(LaneId lane) const {
    const std::uint32_t failures = std::min(board_.failuresOf(lane), 16U);
    const auto block = settings_.blockAtFirst * (1ULL << failures);
    return toNs(std::min<std::chrono::nanoseconds>(block, settings_.blockMax));
}

void Courier::Implementation::finish(const Assignment& assignment) {
    if (board_.finished(assignment)) lookAgain(assignment.message);
}

// What was not begun is looked for anew, a moment later.
void Courier::Implementation::putBack(const Assignment& assignment) {
    finish(assignment);
    lookAgain(assignment.message);
    board_.failed(assignment.lane, parts_.clock.now() + kSecondNs);
}

void Courier::Implementation::lookAgain(MessageId message) {
    {
        const std::lock_guard lock(mutex_);
        changed_.insert(message);
    }
    wake_.raise();
}

}  // namespace daybook
