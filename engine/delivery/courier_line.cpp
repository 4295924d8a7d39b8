// One connection of the courier: from the first message that wants it to the last.

#include <algorithm>
#include <utility>

#include "engine/delivery/courier_parts.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

// Octets of messages in memory, of all connections; one message may exceed it alone.
constexpr std::uint64_t kOctetsInFlightMax = 256ULL << 20U;
constexpr std::chrono::milliseconds kRoomPause{20};
// Up to here a message is read in less time than a worker takes to wake.
constexpr std::uint64_t kInlineOctetsMax = 262'144;

// A message's octets, as long as they are in memory.
class InFlight {
public:
    InFlight(std::uint64_t& all, std::uint64_t octets) : all_(all), octets_(octets) {
        all_ += octets_;
    }

    ~InFlight() { all_ -= octets_; }

    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;

private:
    std::uint64_t& all_;
    const std::uint64_t octets_;
};

}  // namespace

Task<void> Courier::Implementation::serveLane(LaneId lane) {
    Line line;
    // Out of startDue(): it goes through the lanes.
    co_await reactor_.yield();
    std::exception_ptr trouble;
    std::optional<Assignment> assigned;
    try {
        while (!stopping_) {
            const std::optional<Assignment> assignment = board_.take(lane);
            if (!assignment) {
                if (!line.session) break;
                const bool more = co_await waitForMore(lane);
                if (!more) break;
                continue;
            }
            assigned = *assignment;
            const bool goOn = co_await deliver(line, *assignment);
            assigned.reset();
            if (!goOn) break;
        }
        co_await hangUp(line);
    } catch (...) {
        trouble = std::current_exception();
    }
    if (assigned) putBack(*assigned);
    if (line.session) sessions_.erase(line.session.get());
    board_.closed(lane);
    wake_.raise();
    if (trouble) std::rethrow_exception(trouble);
}

// An idle connection is kept for a moment: the next message is served at once.
Task<bool> Courier::Implementation::waitForMore(LaneId lane) {
    if (settings_.idle.count() == 0 || !board_.mayIdle()) co_return false;
    Signal more(reactor_);
    std::vector<Signal*>& waiting = idle_[lane];
    waiting.push_back(&more);
    const bool raised = co_await more.wait(after(settings_.idle));
    std::vector<Signal*>& still = idle_[lane];
    std::erase(still, &more);
    if (still.empty()) idle_.erase(lane);
    co_return raised;
}

Task<void> Courier::Implementation::hangUp(Line& line) {
    if (!line.session) co_return;
    co_await line.session->close();
    sessions_.erase(line.session.get());
    line.session.reset();
}

// False: the lane is to be left alone for now.
Task<bool> Courier::Implementation::deliver(Line& line, const Assignment& assignment) {
    std::optional<Consignment> consignment;
    {
        const Snapshot snapshot = parts_.scribe.views().snapshot();
        consignment = consignmentOf(snapshot, assignment.message, assignment.recipients);
    }
    if (!consignment) {
        finish(assignment);
        co_return true;
    }
    const bool connected = co_await connect(line, *consignment, assignment);
    if (!connected) co_return false;
    // RFC 9422 §4.2: the others go in a transaction of their own.
    const std::uint32_t recipientsMax = line.session->peer().recipientsMax;
    const bool some = recipientsMax != 0 && recipientsMax < consignment->recipients.size();
    if (some) consignment->recipients.resize(recipientsMax);
    StartAttempt start{
        .origin = Origin{},
        .attempt = parts_.random.id<AttemptId>(),
        .of = {.message = assignment.message, .recipients = consignment->numbers()},
        .host = line.facts.host,
        .ip = line.facts.ip,
    };
    consignment->attempt = start.attempt;
    const Outcome<StartAttempt::Answer> started = co_await parts_.scribe.submit(std::move(start));
    if (!started) {
        // Else the disk is full, or the server stops.
        const bool goOn = started.error().reason == RefusalReason::NoSuchMessage;
        if (goOn) {
            finish(assignment);
            lookAgain(assignment.message);
        } else {
            parts_.log.warning(
                "outbound.attempt-refused",
                {{"message", idText(assignment.message.number())},
                 {"why", nameOf(started.error().reason)}});
            putBack(assignment);
        }
        co_return goOn;
    }
    consignment->keepOnly(started->recipients);
    RecordOutcome outcome = outcomeOf(line.facts, *consignment);
    std::exception_ptr trouble;
    try {
        outcome.results = co_await offer(line, *consignment);
    } catch (...) {
        trouble = std::current_exception();
    }
    if (trouble) {
        failed(trouble);
        outcome.results = unknownTo(*consignment);
    }
    // The next message need not wait until this one's outcome is on the disk.
    nursery_.start(settle(std::move(outcome), assignment, some));
    co_return !trouble;
}

Task<bool> Courier::Implementation::connect(
    Line& line, const Consignment& consignment, const Assignment& assignment) {
    const bool requireTls = consignment.message.requireTls;
    const bool fits = line.session && line.session->isUsable() &&
                      line.messages < settings_.messagesPerConnection &&
                      (line.requireTls || !requireTls);
    if (fits) co_return true;
    co_await hangUp(line);
    line.facts = co_await dialer_.dial(consignment.domain, requireTls);
    line.session = std::move(line.facts.session);
    line.messages = 0;
    line.requireTls = requireTls;
    if (line.session) {
        sessions_.insert(line.session.get());
        co_return true;
    }
    co_await recordTrouble(line.facts, consignment, assignment);
    co_return false;
}

Task<void> Courier::Implementation::makeRoom(std::uint64_t octets) {
    while (octetsInFlight_ != 0 && octetsInFlight_ + octets > kOctetsInFlightMax && !stopping_) {
        co_await reactor_.sleepUntil(after(kRoomPause));
    }
}

// The attempt is on record: the message goes out. Returns what came of it.
Task<std::vector<AttemptResult>> Courier::Implementation::offer(
    Line& line, Consignment& consignment) {
    co_await makeRoom(consignment.message.octets);
    const InFlight inFlight(octetsInFlight_, consignment.message.octets);
    const PeerFacts& peer = line.session->peer();
    std::string trouble;
    if (consignment.message.octets <= kInlineOctetsMax && !consignment.needsConversion(peer)) {
        trouble = consignment.load(parts_.content, peer, parts_.signer);
    } else {
        trouble = co_await parts_.workers.run(
            [&] { return consignment.load(parts_.content, peer, parts_.signer); });
    }
    if (!trouble.empty()) co_return consignment.unsendable(trouble);
    const OutboundMessage message = consignment.forPeer(parts_.clock.now());
    const std::vector<RecipientResult> results = co_await line.session->send(message);
    ++line.messages;
    std::vector<AttemptResult> sorted = consignment.resultsOf(results, line.facts.tls, peer);
    const bool worked = std::ranges::any_of(
        sorted, [](const AttemptResult& result) { return result.state == OutcomeState::Relayed; });
    if (worked) board_.succeeded(consignment.lane(settings_.dialer.smartHost.has_value()));
    co_return sorted;
}

}  // namespace daybook
