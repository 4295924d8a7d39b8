#include "protocols/imap/sequence_set.h"

#include <catch2/catch.hpp>

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
    CHECK(numbers.runs().size() == 3);
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

TEST_CASE("message numbers: 100,000 messages with a hole in every twelve", "[imap]") {
    MessageNumbers numbers;
    for (std::uint32_t uid = 1; numbers.count() < 100'000; ++uid) {
        if (uid % 12 != 0) numbers.append(uid);
    }
    CHECK(numbers.runs().size() * sizeof(Run) < 200U << 10U);
}

}  // namespace daybook::imap
