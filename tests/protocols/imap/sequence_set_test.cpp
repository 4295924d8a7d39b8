#include "protocols/imap/sequence_set.h"

#include <catch2/catch.hpp>
#include <random>

#include "protocols/imap/message_numbers.h"

namespace daybook::imap {

namespace {

NumberRanges resolved(std::string_view text, std::uint32_t largest) {
    return SequenceSet::parse(text).value().resolved(largest);
}

MessageNumbers numbersOf(const std::vector<std::uint32_t>& uids) {
    MessageNumbers numbers;
    for (const std::uint32_t uid : uids)
        numbers.append(uid);
    return numbers;
}

}  // namespace

TEST_CASE("sequence sets: what is none", "[imap]") {
    for (const char* text :
         {"",
          "0",
          "1,",
          ",1",
          "1:",
          ":1",
          "1::2",
          "a",
          "1:2:3",
          "01",
          "4294967296",
          "**",
          "1;2",
          "-1",
          "1 2"}) {
        INFO(text);
        CHECK_FALSE(SequenceSet::parse(text));
    }
}

TEST_CASE("sequence sets: sorted, merged, in either order", "[imap]") {
    CHECK(resolved("3", 9) == NumberRanges{{3, 3}});
    CHECK(resolved("4:2", 9) == NumberRanges{{2, 4}});
    CHECK(resolved("5,1:3,4,9", 9) == NumberRanges{{1, 5}, {9, 9}});
    CHECK(resolved("*", 9) == NumberRanges{{9, 9}});
    CHECK(resolved("7:*", 9) == NumberRanges{{7, 9}});
    CHECK(resolved("12:*", 9) == NumberRanges{{9, 12}});
    CHECK(resolved("*", 0).empty());
    CHECK(resolved("4294967295", 1) == NumberRanges{{4294967295, 4294967295}});
    CHECK(resolved("4294967294:*,1:4294967295", 1) == NumberRanges{{1, 4294967295}});
}

TEST_CASE("sequence sets: their greatest number and their star", "[imap]") {
    CHECK(SequenceSet::parse("3:5,2")->greatestNumber() == 5);
    CHECK(SequenceSet::parse("*")->greatestNumber() == 0);
    CHECK(SequenceSet::parse("1:*")->hasStar());
    CHECK_FALSE(SequenceSet::parse("1:2")->hasStar());
}

TEST_CASE("sequence sets: as text", "[imap]") {
    CHECK(setText({}).empty());
    CHECK(setText(std::vector<std::uint32_t>{7}) == "7");
    CHECK(setText(std::vector<std::uint32_t>{1, 2, 3, 5, 9, 10}) == "1:3,5,9:10");
    CHECK(setText(std::vector<std::uint32_t>{5, 4, 3}) == "5,4,3");
}

TEST_CASE("sequence sets: extended and asked", "[imap]") {
    NumberRanges ranges;
    for (const std::uint32_t number : {2U, 3U, 7U})
        extend(ranges, number);
    CHECK(ranges == NumberRanges{{2, 3}, {7, 7}});
    CHECK(contains(ranges, 3));
    CHECK_FALSE(contains(ranges, 4));
    CHECK_FALSE(contains(ranges, 1));
    CHECK(contains(ranges, 7));
}

TEST_CASE("message numbers: numbers and UIDs find each other", "[imap]") {
    const MessageNumbers numbers = numbersOf({3, 4, 5, 9, 10, 20});
    CHECK(numbers.count() == 6);
    CHECK(numbers.lastUid() == 20);
    CHECK(numbers.runsOfUids({{1, UINT32_MAX}}).size() == 3);
    CHECK(numbers.numberOf(3) == 1U);
    CHECK(numbers.numberOf(9) == 4U);
    CHECK(numbers.numberOf(20) == 6U);
    CHECK_FALSE(numbers.numberOf(2));
    CHECK_FALSE(numbers.numberOf(6));
    CHECK_FALSE(numbers.numberOf(21));
    for (std::uint32_t number = 1; number <= 6; ++number) {
        CHECK(numbers.numberOf(numbers.uidAt(number)) == number);
    }
}

TEST_CASE("message numbers: what is taken out moves the rest down", "[imap]") {
    MessageNumbers numbers = numbersOf({1, 2, 3, 4, 5, 8, 9});
    numbers.remove({2, 5, 8});
    CHECK(numbers.count() == 4);
    CHECK(numbers.uidAt(1) == 1);
    CHECK(numbers.uidAt(2) == 3);
    CHECK(numbers.uidAt(3) == 4);
    CHECK(numbers.uidAt(4) == 9);
    numbers.remove({1, 3, 4, 9});
    CHECK(numbers.count() == 0);
    CHECK(numbers.lastUid() == 0);
    numbers.append(10);
    CHECK(numbers.uidAt(1) == 10);
}

TEST_CASE("message numbers: runs of numbers and of UIDs", "[imap]") {
    const MessageNumbers numbers = numbersOf({3, 4, 5, 9, 10, 20});
    const auto byNumber = numbers.runsOfNumbers({{2, 4}});
    REQUIRE(byNumber.size() == 2);
    CHECK(byNumber[0].first == 4);
    CHECK(byNumber[0].last == 5);
    CHECK(byNumber[1].number == 4);
    CHECK(byNumber[1].first == 9);
    CHECK(byNumber[1].last == 9);
    const auto byUid = numbers.runsOfUids({{1, 3}, {6, 8}, {10, 4294967295}});
    REQUIRE(byUid.size() == 3);
    CHECK(byUid[0].number == 1);
    CHECK(byUid[1].number == 5);
    CHECK(byUid[2].number == 6);
    CHECK(numbers.runsOfUids({{6, 8}}).empty());
}

namespace {

// The same, the simple way.
std::vector<Run> runsOf(
    const std::vector<std::uint32_t>& uids, std::uint32_t from, std::uint32_t to) {
    std::vector<Run> runs;
    for (std::size_t i = 0; i < uids.size(); ++i) {
        const std::uint32_t uid = uids[i];
        if (uid < from || uid > to) continue;
        if (!runs.empty() && runs.back().last + 1 == uid)
            runs.back().last = uid;
        else
            runs.push_back(
                {.number = static_cast<std::uint32_t>(i) + 1, .first = uid, .last = uid});
    }
    return runs;
}

void checkEqual(const MessageNumbers& numbers, const std::vector<std::uint32_t>& uids) {
    REQUIRE(numbers.count() == uids.size());
    REQUIRE(numbers.lastUid() == (uids.empty() ? 0 : uids.back()));
    for (std::size_t i = 0; i < uids.size(); ++i) {
        REQUIRE(numbers.uidAt(static_cast<std::uint32_t>(i) + 1) == uids[i]);
        REQUIRE(numbers.numberOf(uids[i]) == i + 1);
        const bool nextIsThere = i + 1 < uids.size() && uids[i + 1] == uids[i] + 1;
        if (!nextIsThere && uids[i] < UINT32_MAX) REQUIRE_FALSE(numbers.numberOf(uids[i] + 1));
    }
    REQUIRE_FALSE(numbers.numberOf(0));
    REQUIRE(numbers.runsOfUids({{1, UINT32_MAX}}) == runsOf(uids, 1, UINT32_MAX));
    REQUIRE(numbers.runsOfNumbers({{1, UINT32_MAX}}) == runsOf(uids, 1, UINT32_MAX));
}

}  // namespace

TEST_CASE("message numbers: as a list of UIDs says, whatever comes and goes", "[imap]") {
    for (std::uint32_t seed = 1; seed <= 40; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random(seed);
        const auto below = [&random](std::uint32_t limit) {
            return static_cast<std::uint32_t>(random() % limit);
        };
        // How often there is no hole, and how wide holes are.
        const std::uint32_t dense = 1 + below(20);
        const std::uint32_t widest = 1U << below(24);
        MessageNumbers numbers;
        std::vector<std::uint32_t> uids;
        for (int round = 0; round < 4; ++round) {
            for (int i = 0; i < 400; ++i) {
                const std::uint32_t last = numbers.lastUid();
                const std::uint32_t uid = last + 1 + (below(dense) == 0 ? below(widest) : 0);
                numbers.append(uid);
                uids.push_back(uid);
            }
            checkEqual(numbers, uids);
            std::vector<std::uint32_t> gone;
            std::vector<std::uint32_t> left;
            const std::uint32_t part = 1 + below(5);
            for (const std::uint32_t uid : uids)
                (below(part) == 0 ? gone : left).push_back(uid);
            numbers.remove(gone);
            uids = left;
            checkEqual(numbers, uids);
            for (int i = 0; i < 50 && !uids.empty(); ++i) {
                const std::uint32_t from = below(uids.back()) + 1;
                const std::uint32_t to = from + below(UINT32_MAX - from);
                REQUIRE(numbers.runsOfUids({{from, to}}) == runsOf(uids, from, to));
                const auto count = static_cast<std::uint32_t>(uids.size());
                const std::uint32_t first = 1 + below(count);
                const std::uint32_t second = first + below(count - first + 1);
                REQUIRE(
                    numbers.runsOfNumbers({{first, second}}) ==
                    runsOf(uids, uids[first - 1], uids[second - 1]));
            }
        }
    }
}

TEST_CASE("message numbers: at both ends of what a UID can be", "[imap]") {
    const std::vector<std::uint32_t> uids = {1, 2, UINT32_MAX - 2, UINT32_MAX};
    checkEqual(numbersOf(uids), uids);
}

TEST_CASE("message numbers: the memory of 100,000 messages", "[imap]") {
    constexpr std::size_t kMax = 200U << 10U;
    // One of so many is there.
    for (const std::uint32_t part : {1U, 2U, 3U, 10U, 50U}) {
        INFO("one of " << part);
        std::mt19937 random(part);
        MessageNumbers numbers;
        for (std::uint32_t uid = 1; numbers.count() < 100'000; ++uid) {
            if (random() % part == 0) numbers.append(uid);
        }
        CHECK(numbers.memory() < kMax);
        if (part == 1) CHECK(numbers.memory() == 0);
    }
}

}  // namespace daybook::imap
