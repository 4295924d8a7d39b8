// dispatch_board.h
//
// What waits to be sent, in memory: which recipients are due when, grouped by lane (a destination,
// or the smart host that takes everything) and by message, and how many connections each lane may
// have. Decides who is next; knows no network and no storage. What it holds is a part of the
// deliveries view and can be made anew from it. Thread: the courier's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "journal/base/clock.h"
#include "journal/base/ids.h"

namespace daybook {

// A lane: the id of a destination; 0: the smart host.
using LaneId = DestinationId;

struct WaitingRecipient {
    TimeNs dueNs = 0;
    MessageId message;
    RecipientNumber recipient;
    LaneId lane;
    std::int8_t priority = 0;  // MT-PRIORITY: greater ones first (RFC 6710)
};

// Recipients of one message that go over one connection.
struct Assignment {
    MessageId message;
    std::vector<RecipientNumber> recipients;
    LaneId lane;
};

struct BoardLimits {
    std::size_t connections = 100;  // of all lanes
    std::size_t connectionsPerLane = 20;
    std::size_t connectionsAtFirst = 4;      // of a lane; one more for each success
    std::size_t recipientsPerMessage = 100;  // RFC 5321 §4.5.3.1.8
};

class DispatchBoard {
public:
    explicit DispatchBoard(BoardLimits limits) : limits_(limits) {}

    // What the view says of a message's recipients: those that wait. Those known and not named
    // wait no longer. Recipients that are assigned now are left alone: if the message has any, it
    // is remembered and finished() says so.
    void update(MessageId message, const std::vector<WaitingRecipient>& waiting);

    // Moves what is due into its lane. Now and then forgets lanes that failed long ago.
    void promote(TimeNs now);

    // Lanes that may have one connection more now, the one with the oldest mail first.
    std::vector<LaneId> startable(TimeNs now) const;
    // A connection for the lane begins, or has ended.
    void opened(LaneId lane);
    void closed(LaneId lane);

    // The lane's next message; nothing: it has none.
    std::optional<Assignment> take(LaneId lane);
    // Everything else that is ready in the lane.
    std::vector<Assignment> takeAll(LaneId lane);
    // The assignment's outcome is on record. True: the message changed meanwhile, update() it.
    bool finished(const Assignment& assignment);

    // The lane's destination took a message, or did not answer.
    void succeeded(LaneId lane);
    void failed(LaneId lane, TimeNs blockedUntil);
    std::uint32_t failuresOf(LaneId lane) const;

    // When there is something to do next that could not be done now.
    std::optional<TimeNs> nextNs(TimeNs now) const;

    bool hasReady(LaneId lane) const;
    // An idle connection may wait: no other lane needs its place.
    bool mayIdle() const;

    std::size_t waitingCount() const { return known_.size(); }

private:
    // By priority, then by time of becoming due: first come, first served.
    struct ReadyKey {
        int rank = 0;  // the less, the sooner
        TimeNs dueNs = 0;
        MessageId message;

        auto operator<=>(const ReadyKey&) const = default;
    };

    struct Lane {
        std::map<ReadyKey, std::set<RecipientNumber>> ready;
        std::size_t connections = 0;
        std::size_t limit = 0;
        std::uint32_t failures = 0;  // in a row
        TimeNs blockedUntil = 0;
    };

    using RecipientKey = std::pair<MessageId, RecipientNumber>;

    struct Hash {
        std::size_t operator()(const RecipientKey& key) const noexcept {
            return key.first.number() * 31 + key.second.number();
        }
    };

    enum class Where : std::uint8_t { Later, Ready, Assigned };

    struct Place {
        Where where = Where::Later;
        TimeNs dueNs = 0;
        LaneId lane;
        std::int8_t priority = 0;
    };

    using Later = std::pair<TimeNs, RecipientKey>;

    Lane& laneOf(LaneId lane);
    Assignment assign(Lane& lane, LaneId id);
    void forget(const RecipientKey& key, const Place& place);
    void dropIfIdle(LaneId lane);
    void dropLongIdle(TimeNs now);
    static ReadyKey readyKey(MessageId message, const Place& place);

    BoardLimits limits_;
    std::unordered_map<RecipientKey, Place, Hash> known_;
    // Which recipients of a message are known: so that those that wait no longer are found.
    std::unordered_map<MessageId, std::set<RecipientNumber>> messages_;
    std::unordered_set<MessageId> changed_;  // while assigned
    std::set<Later> later_;
    std::map<LaneId, Lane> lanes_;
    TimeNs nextDropNs_ = 0;
    std::size_t connections_ = 0;
};

}  // namespace daybook
