#include "engine/delivery/dispatch_board.h"

#include <catch2/catch.hpp>

#include "engine/delivery/retry_schedule.h"

using namespace daybook;

namespace {

const LaneId kNorth(10);
const LaneId kSouth(20);
constexpr TimeNs kDay = 86'400 * kSecondNs;

WaitingRecipient waits(
    std::uint64_t message,
    std::uint32_t recipient,
    LaneId lane,
    TimeNs due = 0,
    std::int8_t priority = 0) {
    return {
        .dueNs = due,
        .message = MessageId(message),
        .recipient = RecipientNumber(recipient),
        .lane = lane,
        .priority = priority,
    };
}

void add(DispatchBoard& board, const std::vector<WaitingRecipient>& waiting) {
    board.update(waiting.front().message, waiting);
}

std::vector<std::uint64_t> takeMessages(DispatchBoard& board, LaneId lane) {
    std::vector<std::uint64_t> messages;
    for (const Assignment& assignment : board.takeAll(lane))
        messages.push_back(assignment.message.number());
    return messages;
}

}  // namespace

TEST_CASE("board: what is not due is not handed out, and says when it will be", "[delivery]") {
    DispatchBoard board({});
    CHECK_FALSE(board.nextNs(0));
    add(board, {waits(1, 1, kNorth, 500)});
    board.promote(499);
    CHECK(board.startable(499).empty());
    CHECK(board.nextNs(499) == TimeNs(500));
    board.promote(500);
    CHECK(board.startable(500) == std::vector<LaneId>{kNorth});
    CHECK_FALSE(board.nextNs(500));
}

TEST_CASE("board: recipients of a message at one destination go together", "[delivery]") {
    DispatchBoard board({});
    add(board, {waits(1, 1, kNorth), waits(1, 2, kSouth), waits(1, 3, kNorth)});
    board.promote(0);
    const auto north = board.take(kNorth);
    REQUIRE(north);
    CHECK(north->recipients == std::vector{RecipientNumber(1), RecipientNumber(3)});
    const auto south = board.take(kSouth);
    REQUIRE(south);
    CHECK(south->recipients == std::vector{RecipientNumber(2)});
    CHECK_FALSE(board.take(kNorth));
}

TEST_CASE("board: a message for more than may share a transaction is split", "[delivery]") {
    DispatchBoard board({.recipientsPerMessage = 2});
    add(board, {waits(1, 1, kNorth), waits(1, 2, kNorth), waits(1, 3, kNorth)});
    board.promote(0);
    CHECK(board.take(kNorth)->recipients.size() == 2);
    CHECK(board.take(kNorth)->recipients.size() == 1);
}

TEST_CASE("board: first come, first served, but priority first", "[delivery]") {
    DispatchBoard board({});
    add(board, {waits(1, 1, kNorth, 30)});
    add(board, {waits(2, 1, kNorth, 10)});
    add(board, {waits(3, 1, kNorth, 40, 4)});
    add(board, {waits(4, 1, kNorth, 5, -2)});
    board.promote(100);
    CHECK(takeMessages(board, kNorth) == std::vector<std::uint64_t>{3, 2, 1, 4});
}

TEST_CASE("board: connections are limited for each lane and for all", "[delivery]") {
    DispatchBoard board({.connections = 3, .connectionsPerLane = 2, .connectionsAtFirst = 1});
    for (std::uint64_t message = 1; message <= 4; ++message) {
        add(board, {waits(message, 1, kNorth)});
        add(board, {waits(10 + message, 1, kSouth)});
    }
    board.promote(0);
    CHECK(board.startable(0).size() == 2);
    board.opened(kNorth);
    CHECK(board.startable(0) == std::vector<LaneId>{kSouth});
    // A success earns the lane another connection.
    board.succeeded(kNorth);
    CHECK(board.startable(0).size() == 2);
    board.opened(kNorth);
    board.opened(kSouth);
    CHECK(board.startable(0).empty());
    board.closed(kNorth);
    CHECK(board.startable(0) == std::vector<LaneId>{kNorth});
}

TEST_CASE("board: a lane that failed waits, and gets fewer connections", "[delivery]") {
    DispatchBoard board({.connectionsAtFirst = 4});
    add(board, {waits(1, 1, kNorth)});
    add(board, {waits(2, 1, kNorth)});
    board.promote(0);
    board.opened(kNorth);
    board.failed(kNorth, 1'000);
    board.closed(kNorth);
    CHECK(board.failuresOf(kNorth) == 1);
    CHECK(board.startable(999).empty());
    CHECK(board.nextNs(999) == TimeNs(1'000));
    CHECK(board.startable(1'000) == std::vector<LaneId>{kNorth});
    board.opened(kNorth);
    board.succeeded(kNorth);
    CHECK(board.failuresOf(kNorth) == 0);
    board.closed(kNorth);
}

TEST_CASE("board: a day after its last failure a lane begins anew", "[delivery]") {
    DispatchBoard board({});
    for (const LaneId lane : {kNorth, kSouth}) {
        board.opened(lane);
        board.failed(lane, 1'000);
        board.closed(lane);
    }
    board.promote(1'000 + kDay);
    CHECK(board.failuresOf(kNorth) == 1);
    // What waits there, or is on its way, is no new beginning.
    add(board, {waits(1, 1, kSouth)});
    const TimeNs later = 1'000 + 2 * kDay;
    board.promote(later);
    CHECK(board.failuresOf(kNorth) == 0);
    CHECK(board.failuresOf(kSouth) == 1);
    board.opened(kSouth);
    CHECK(board.take(kSouth));
    board.promote(later + kDay);
    CHECK(board.failuresOf(kSouth) == 1);
    board.closed(kSouth);
    board.promote(later + 2 * kDay);
    CHECK(board.failuresOf(kSouth) == 0);
}

TEST_CASE("board: who waits no longer is forgotten", "[delivery]") {
    DispatchBoard board({});
    add(board, {waits(1, 1, kNorth), waits(1, 2, kNorth)});
    board.promote(0);
    board.update(MessageId(1), {waits(1, 2, kNorth)});
    CHECK(board.take(kNorth)->recipients == std::vector{RecipientNumber(2)});
    add(board, {waits(2, 1, kNorth, 700)});
    board.update(MessageId(2), {});
    CHECK(board.waitingCount() == 1);
    CHECK_FALSE(board.nextNs(0));
}

TEST_CASE("board: another time takes the place of the first", "[delivery]") {
    DispatchBoard board({});
    add(board, {waits(1, 1, kNorth, 0)});
    board.promote(0);
    add(board, {waits(1, 1, kNorth, 900)});
    board.promote(1);
    CHECK_FALSE(board.hasReady(kNorth));
    CHECK(board.nextNs(1) == TimeNs(900));
}

TEST_CASE(
    "board: what is assigned is not handed out again, and is looked up afterwards", "[delivery]") {
    DispatchBoard board({});
    add(board, {waits(1, 1, kNorth)});
    board.promote(0);
    const auto assignment = board.take(kNorth);
    REQUIRE(assignment);
    // The view as it was before the attempt.
    add(board, {waits(1, 1, kNorth)});
    board.promote(0);
    CHECK_FALSE(board.take(kNorth));
    CHECK(board.finished(*assignment));
    CHECK(board.waitingCount() == 0);

    add(board, {waits(1, 1, kNorth, 50)});
    board.promote(50);
    const auto second = board.take(kNorth);
    REQUIRE(second);
    CHECK_FALSE(board.finished(*second));
}

TEST_CASE("retries: by the schedule, the last wait again and again, within a tenth", "[delivery]") {
    using std::chrono::milliseconds;
    const RetrySchedule schedule({milliseconds(1'000), milliseconds(60'000)});
    SystemRandom random;
    for (int round = 0; round < 200; ++round) {
        const TimeNs first = schedule.nextNs(5 * kSecondNs, 1, random) - 5 * kSecondNs;
        CHECK(first >= kSecondNs * 9 / 10);
        CHECK(first <= kSecondNs * 11 / 10);
        for (const std::uint32_t tries : {2U, 3U, 900U}) {
            const TimeNs later = schedule.nextNs(0, tries, random);
            CHECK(later >= 54 * kSecondNs);
            CHECK(later <= 66 * kSecondNs);
        }
    }
}
