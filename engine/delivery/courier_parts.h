// courier_parts.h
//
// The courier's inside: what courier.cpp (what is there to be done), courier_line.cpp (one
// connection) and courier_outcome.cpp (what came of it) share. For these files. Thread: the
// courier's, but for what is atomic or under the mutex.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/delivery/consignment.h"
#include "engine/delivery/courier.h"
#include "engine/runtime/nursery.h"
#include "engine/runtime/signal.h"

namespace daybook {

// One connection of a lane, while it lives.
struct Line {
    std::unique_ptr<TransportSession> session;
    Dialled facts;
    bool requireTls = false;
    std::uint32_t messages = 0;
};

class Courier::Implementation {
public:
    Implementation(Parts parts, CourierSettings settings);

    void start();
    void stop();

private:
    // courier.cpp
    Task<void> work();
    void round();
    Task<void> windUp();
    void load(TimeNs from, TimeNs to);
    void refreshChanged();
    void refresh(const Snapshot& snapshot, MessageId message);
    void startDue();
    Task<void> makeReport(MessageId message);
    Task<void> careForTls();
    Deadline nextWake() const;
    void failed(const std::exception_ptr& failure) const;

    // courier_line.cpp
    Task<void> serveLane(LaneId lane);
    Task<bool> waitForMore(LaneId lane);
    Task<bool> deliver(Line& line, const Assignment& assignment);
    Task<bool> connect(Line& line, const Consignment& consignment, const Assignment& assignment);
    Task<void> hangUp(Line& line);
    Task<std::vector<AttemptResult>> offer(Line& line, Consignment& consignment);
    Task<void> makeRoom(std::uint64_t octets);

    // courier_outcome.cpp
    RecordOutcome outcomeOf(const Dialled& facts, const Consignment& consignment) const;
    Task<void> record(RecordOutcome outcome);
    Task<void> settle(RecordOutcome outcome, Assignment assignment, bool lookAgainAfter);
    static std::vector<AttemptResult> unknownTo(const Consignment& consignment);
    Task<void> recordTrouble(
        const Dialled& trouble, const Consignment& first, const Assignment& assignment);
    Task<void> recordForAll(const Dialled& trouble, const std::vector<Assignment>& assignments);
    RecordOutcome troubleOf(const Dialled& trouble, const Consignment& consignment) const;
    void finish(const Assignment& assignment);
    void putBack(const Assignment& assignment);
    void lookAgain(MessageId message);
    TimeNs blockNs(LaneId lane) const;

    LaneId laneOf(const DeliveryRow& row) const {
        return settings_.dialer.smartHost ? LaneId() : row.destination;
    }

    Parts parts_;
    const CourierSettings settings_;
    DispatchBoard board_;
    Reactor reactor_;
    Dialer dialer_;
    RetrySchedule retry_;
    Signal wake_;
    const Signal::Handle wakeHandle_;
    Nursery nursery_;
    std::atomic<bool> stopping_ = false;

    std::mutex mutex_;
    std::set<MessageId> changed_;  // under mutex_

    // The courier's thread alone.
    TimeNs loadedUntil_ = 0;
    std::map<MessageId, TimeNs> reports_;  // when they are made; 0: being made
    std::set<TransportSession*> sessions_;
    std::map<LaneId, std::vector<Signal*>> idle_;
    std::uint64_t octetsInFlight_ = 0;
    TimeNs nextTlsCareNs_ = 0;
    bool caresForTls_ = false;

    std::jthread thread_;
};

}  // namespace daybook
