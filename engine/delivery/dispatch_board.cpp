#include "engine/delivery/dispatch_board.h"

#include <algorithm>
#include <utility>

#include "journal/base/assert.h"

namespace daybook {

namespace {

// A destination that has had nothing for so long after a failure begins anew.
constexpr TimeNs kFailuresNs = 86'400 * kSecondNs;
constexpr TimeNs kDropIntervalNs = 3'600 * kSecondNs;

}  // namespace

void DispatchBoard::update(MessageId message, const std::vector<WaitingRecipient>& waiting) {
    std::set<RecipientNumber>& known = messages_[message];
    std::set<RecipientNumber> gone = known;
    for (const WaitingRecipient& recipient : waiting) {
        const RecipientKey key{message, recipient.recipient};
        gone.erase(recipient.recipient);
        const auto found = known_.find(key);
        if (found != known_.end()) {
            if (found->second.where == Where::Assigned) {
                changed_.insert(message);
                continue;
            }
            if (found->second.dueNs == recipient.dueNs) continue;
            forget(key, found->second);
        }
        known.insert(recipient.recipient);
        known_[key] = Place{Where::Later, recipient.dueNs, recipient.lane, recipient.priority};
        later_.emplace(recipient.dueNs, key);
    }
    for (const RecipientNumber number : gone) {
        const RecipientKey key{message, number};
        const auto found = known_.find(key);
        DAYBOOK_ASSERT(found != known_.end());
        if (found->second.where == Where::Assigned) {
            changed_.insert(message);
            continue;
        }
        forget(key, found->second);
        known_.erase(found);
        known.erase(number);
    }
    if (known.empty()) messages_.erase(message);
}

void DispatchBoard::forget(const RecipientKey& key, const Place& place) {
    if (place.where == Where::Later) {
        later_.erase(Later(place.dueNs, key));
        return;
    }
    const auto lane = lanes_.find(place.lane);
    if (lane == lanes_.end()) return;
    const auto group = lane->second.ready.find(readyKey(key.first, place));
    if (group == lane->second.ready.end()) return;
    group->second.erase(key.second);
    if (group->second.empty()) lane->second.ready.erase(group);
    dropIfIdle(place.lane);
}

DispatchBoard::ReadyKey DispatchBoard::readyKey(MessageId message, const Place& place) {
    return {.rank = -place.priority, .dueNs = place.dueNs, .message = message};
}

void DispatchBoard::promote(TimeNs now) {
    while (!later_.empty() && later_.begin()->first <= now) {
        const RecipientKey key = later_.begin()->second;
        later_.erase(later_.begin());
        Place& place = known_.at(key);
        place.where = Where::Ready;
        laneOf(place.lane).ready[readyKey(key.first, place)].insert(key.second);
    }
    if (now < nextDropNs_) return;
    dropLongIdle(now);
    nextDropNs_ = now + kDropIntervalNs;
}

void DispatchBoard::dropLongIdle(TimeNs now) {
    std::erase_if(lanes_, [now](const auto& entry) {
        const Lane& lane = entry.second;
        return lane.ready.empty() && lane.connections == 0 && now - lane.blockedUntil > kFailuresNs;
    });
}

DispatchBoard::Lane& DispatchBoard::laneOf(LaneId id) {
    Lane& lane = lanes_[id];
    if (lane.limit == 0)
        lane.limit = std::min(limits_.connectionsAtFirst, limits_.connectionsPerLane);
    return lane;
}

std::vector<LaneId> DispatchBoard::startable(TimeNs now) const {
    if (connections_ >= limits_.connections) return {};
    std::vector<std::pair<TimeNs, LaneId>> found;
    for (const auto& [id, lane] : lanes_) {
        if (lane.ready.empty() || lane.connections >= lane.limit || lane.blockedUntil > now)
            continue;
        // A lane that is being served gets another connection only for more than that one takes.
        if (lane.connections >= lane.ready.size()) continue;
        found.emplace_back(lane.ready.begin()->first.dueNs, id);
    }
    std::ranges::sort(found);
    found.resize(std::min(found.size(), limits_.connections - connections_));
    std::vector<LaneId> lanes;
    lanes.reserve(found.size());
    for (const auto& [due, id] : found)
        lanes.push_back(id);
    return lanes;
}

void DispatchBoard::opened(LaneId id) {
    ++laneOf(id).connections;
    ++connections_;
}

void DispatchBoard::closed(LaneId id) {
    Lane& lane = laneOf(id);
    DAYBOOK_ASSERT(lane.connections > 0);
    --lane.connections;
    --connections_;
    dropIfIdle(id);
}

// A lane that failed is kept: what comes for it next waits until it is unblocked.
void DispatchBoard::dropIfIdle(LaneId id) {
    const auto lane = lanes_.find(id);
    if (lane == lanes_.end()) return;
    if (lane->second.ready.empty() && lane->second.connections == 0 && lane->second.failures == 0) {
        lanes_.erase(lane);
    }
}

Assignment DispatchBoard::assign(Lane& lane, LaneId id) {
    const auto group = lane.ready.begin();
    Assignment assignment{.message = group->first.message, .recipients = {}, .lane = id};
    std::set<RecipientNumber>& waiting = group->second;
    while (!waiting.empty() && assignment.recipients.size() < limits_.recipientsPerMessage) {
        const RecipientNumber number = *waiting.begin();
        waiting.erase(waiting.begin());
        known_.at({assignment.message, number}).where = Where::Assigned;
        assignment.recipients.push_back(number);
    }
    if (waiting.empty()) lane.ready.erase(group);
    return assignment;
}

std::optional<Assignment> DispatchBoard::take(LaneId id) {
    const auto lane = lanes_.find(id);
    if (lane == lanes_.end() || lane->second.ready.empty()) return std::nullopt;
    return assign(lane->second, id);
}

std::vector<Assignment> DispatchBoard::takeAll(LaneId id) {
    std::vector<Assignment> all;
    while (auto assignment = take(id))
        all.push_back(std::move(*assignment));
    return all;
}

bool DispatchBoard::finished(const Assignment& assignment) {
    const auto message = messages_.find(assignment.message);
    DAYBOOK_ASSERT(message != messages_.end());
    for (const RecipientNumber number : assignment.recipients) {
        known_.erase({assignment.message, number});
        message->second.erase(number);
    }
    if (message->second.empty()) messages_.erase(message);
    return changed_.erase(assignment.message) != 0;
}

void DispatchBoard::succeeded(LaneId id) {
    Lane& lane = laneOf(id);
    lane.failures = 0;
    lane.blockedUntil = 0;
    lane.limit = std::min(lane.limit + 1, limits_.connectionsPerLane);
}

void DispatchBoard::failed(LaneId id, TimeNs blockedUntil) {
    Lane& lane = laneOf(id);
    ++lane.failures;
    lane.blockedUntil = blockedUntil;
    lane.limit = std::max<std::size_t>(1, lane.limit / 2);
}

std::uint32_t DispatchBoard::failuresOf(LaneId id) const {
    const auto lane = lanes_.find(id);
    return lane == lanes_.end() ? 0 : lane->second.failures;
}

std::optional<TimeNs> DispatchBoard::nextNs(TimeNs now) const {
    std::optional<TimeNs> next;
    if (!later_.empty()) next = later_.begin()->first;
    for (const auto& [id, lane] : lanes_) {
        if (lane.ready.empty() || lane.blockedUntil <= now) continue;
        if (!next || lane.blockedUntil < *next) next = lane.blockedUntil;
    }
    return next;
}

bool DispatchBoard::mayIdle() const { return connections_ < limits_.connections; }

bool DispatchBoard::hasReady(LaneId id) const {
    const auto lane = lanes_.find(id);
    return lane != lanes_.end() && !lane->second.ready.empty();
}

}  // namespace daybook
