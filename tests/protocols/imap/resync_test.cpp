// QRESYNC (RFC 7162 §3.2): what a client that was away is told, and what one that is there is told
// later.

#include "protocols/imap/resync.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/protocols/imap/imap_client.h"

namespace daybook::test {

namespace {

constexpr const char* kMessage = "Subject: x\r\n\r\nx\r\n";

std::uint64_t numberBehind(const std::string& text, const std::string& word) {
    const std::size_t at = text.find(word);
    REQUIRE(at != std::string::npos);
    return std::stoull(text.substr(at + word.size()));
}

// The line that begins so, without its beginning; empty: there is none.
std::string lineAfter(const Answered& answered, const std::string& begin) {
    for (const std::string& line : answered.untagged) {
        if (line.starts_with(begin)) return line.substr(begin.size());
    }
    return {};
}

struct Known {
    std::uint64_t uidValidity = 0;
    std::uint64_t modSeq = 0;

    // "(QRESYNC (7 12 REST))"
    std::string parameter(const std::string& rest = {}) const {
        return " (QRESYNC (" + std::to_string(uidValidity) + ' ' + std::to_string(modSeq) +
               (rest.empty() ? "" : ' ' + rest) + "))";
    }
};

Known known(const Answered& selected) {
    Known result;
    for (const std::string& line : selected.untagged) {
        if (line.starts_with("* OK [UIDVALIDITY"))
            result.uidValidity = numberBehind(line, "UIDVALIDITY ");
        if (line.starts_with("* OK [HIGHESTMODSEQ"))
            result.modSeq = numberBehind(line, "HIGHESTMODSEQ ");
    }
    return result;
}

void fill(ImapClient& client, const std::string& mailbox, int messages) {
    client.command("CREATE " + mailbox);
    for (int i = 0; i < messages; ++i)
        REQUIRE(client.append(mailbox, kMessage).isOk());
}

void expunge(ImapClient& client, const std::string& uids) {
    client.command("UID STORE " + uids + " +FLAGS.SILENT (\\Deleted)");
    REQUIRE(client.command("UID EXPUNGE " + uids).isOk());
}

imap::MessageNumbers numbersOf(const std::vector<std::uint32_t>& uids) {
    imap::MessageNumbers numbers;
    for (const std::uint32_t uid : uids)
        numbers.append(uid);
    return numbers;
}

}  // namespace

TEST_CASE("imap: of pairs of numbers and UIDs the greatest that fits counts", "[imap]") {
    const imap::MessageNumbers numbers = numbersOf({3, 4, 5, 9, 10, 20});
    const auto match = [&](imap::NumberRanges of, imap::NumberRanges uids) {
        return imap::greatestMatch(
            numbers, {.matchNumbers = std::move(of), .matchUids = std::move(uids)});
    };
    CHECK(match({}, {}) == 0);
    CHECK(match({{1, 1}}, {{3, 3}}) == 3);
    CHECK(match({{1, 1}}, {{4, 4}}) == 0);
    CHECK(match({{1, 3}}, {{3, 5}}) == 5);
    CHECK(match({{1, 4}}, {{3, 6}}) == 5);
    CHECK(match({{1, 6}}, {{3, 5}, {9, 10}, {20, 20}}) == 20);
    CHECK(match({{1, 2}, {5, 6}}, {{3, 4}, {9, 10}}) == 4);
    CHECK(match({{4, 5}, {6, 6}}, {{9, 9}, {10, 10}, {21, 21}}) == 10);
    CHECK(match({{1, 4294967295}}, {{1, 4294967295}}) == 0);
    CHECK(match({{5, 4294967295}}, {{10, 4294967300U - 10}}) == 10);
}

TEST_CASE("imap: who was away is told what vanished and what changed, and no more", "[imap]") {
    MailHouse house;
    ImapClient one(house);
    ImapClient two(house);
    fill(one, "box", 10);
    two.command("ENABLE QRESYNC");
    const Known before = known(two.command("SELECT box"));
    two.command("CLOSE");
    one.command("SELECT box");
    expunge(one, "2,4:5,9:10");
    one.command("UID STORE 7 +FLAGS (\\Flagged)");
    one.append("box", kMessage);

    Answered answered = two.command("SELECT box" + before.parameter());
    CHECK(lineAfter(answered, "* VANISHED (EARLIER) ") == "2,4:5,9:10");
    CHECK(answered.count("FETCH (FLAGS") == 2);
    CHECK(answered.count("* 4 FETCH (FLAGS (\\Flagged) UID 7 MODSEQ (") == 1);
    CHECK(answered.count("* 6 FETCH (FLAGS () UID 11 MODSEQ (") == 1);
    CHECK(known(answered).modSeq > before.modSeq);
    CHECK(two.command("NOOP").untagged.empty());
    CHECK(
        lineAfter(
            two.command(
                "UID FETCH 1:* (FLAGS) (CHANGEDSINCE " + std::to_string(before.modSeq) +
                " VANISHED)"),
            "* VANISHED (EARLIER) ") == "2,4:5,9:10");

    // Known UIDs and pairs make it less.
    answered = two.command("SELECT box" + before.parameter("3:5,8:9"));
    CHECK(lineAfter(answered, "* VANISHED (EARLIER) ") == "4:5,9");
    CHECK(answered.count("FETCH (") == 0);
    answered = two.command("SELECT box" + before.parameter("1:10 (1,2,4 1,3,7)"));
    CHECK(lineAfter(answered, "* VANISHED (EARLIER) ") == "9:10");
    answered = two.command("EXAMINE box" + before.parameter("(1:3 1,3,4)"));
    CHECK(lineAfter(answered, "* VANISHED (EARLIER) ") == "4:5,9:10");
    // Whoever knows the latest is told nothing, and so is who knows another mailbox.
    const Known latest = known(two.command("SELECT box"));
    answered = two.command("SELECT box" + latest.parameter());
    CHECK(answered.count("VANISHED") + answered.count("FETCH") == 0);
    Known other = before;
    ++other.uidValidity;
    answered = two.command("SELECT box" + other.parameter());
    CHECK(answered.isOk());
    CHECK(answered.count("VANISHED") + answered.count("FETCH") == 0);
}

TEST_CASE("imap: ranges of what vanished close over what vanished before", "[imap]") {
    MailHouse house;
    ImapClient one(house);
    fill(one, "box", 9);
    one.command("ENABLE QRESYNC");
    one.command("SELECT box");
    expunge(one, "4,6");
    one.command("CLOSE");
    const Known before = known(one.command("SELECT box"));
    expunge(one, "3,5,9");
    one.command("CLOSE");
    CHECK(
        lineAfter(one.command("SELECT box" + before.parameter()), "* VANISHED (EARLIER) ") ==
        "3:5,9");
    // But not over what the client said nothing of.
    CHECK(
        lineAfter(one.command("SELECT box" + before.parameter("3,5:9")), "* VANISHED (EARLIER) ") ==
        "3,5,9");
}

TEST_CASE("imap: expunges that are held back hold HIGHESTMODSEQ back", "[imap]") {
    MailHouse house;
    ImapClient one(house);
    ImapClient two(house);
    fill(one, "box", 5);
    two.command("ENABLE QRESYNC");
    const Known before = known(two.command("SELECT box"));
    one.command("SELECT box");
    expunge(one, "1");
    one.command("UID STORE 3 +FLAGS (\\Seen)");
    const Answered held = two.command("STORE 5 +FLAGS (\\Flagged)");
    CHECK(held.count("VANISHED") == 0);
    const std::uint64_t said = known(held).modSeq;
    CHECK(said >= before.modSeq);
    CHECK(said < numberBehind(lineAfter(held, "* 5 FETCH "), "MODSEQ ("));
    CHECK(said < numberBehind(lineAfter(held, "* 3 FETCH "), "MODSEQ ("));
    // A client that is lost now finds the expunge again.
    ImapClient three(house);
    three.command("ENABLE QRESYNC");
    const Known lost{.uidValidity = before.uidValidity, .modSeq = said};
    CHECK(
        lineAfter(three.command("SELECT box" + lost.parameter()), "* VANISHED (EARLIER) ") == "1");
    // One that stays is told once, and not as an earlier one.
    const Answered told = two.command(
        "UID FETCH 1:* (FLAGS) (CHANGEDSINCE " + std::to_string(before.modSeq) + " VANISHED)");
    CHECK(told.count("* VANISHED (EARLIER)") == 0);
    CHECK(told.count("* VANISHED 1") == 1);
    CHECK(two.command("FETCH 1 (UID)").count("UID 2") == 1);
}

TEST_CASE("imap: what nobody knew of does not vanish", "[imap]") {
    MailHouse house;
    ImapClient one(house);
    ImapClient two(house);
    fill(one, "box", 2);
    two.command("ENABLE QRESYNC");
    two.command("SELECT box");
    one.append("box", kMessage);
    one.command("SELECT box");
    expunge(one, "3");
    CHECK(two.command("NOOP").count("VANISHED") == 0);
}

// RFC 3501 §5.5: commands that speak of numbers may stand one behind the other.
TEST_CASE(
    "imap: pipelined commands with numbers mean what they meant when they were sent", "[imap]") {
    MailHouse house;
    ImapClient one(house);
    ImapClient two(house);
    fill(one, "box", 4);
    two.command("SELECT box");
    one.command("SELECT box");
    expunge(one, "1:2");
    two.raw().send(
        "p1 FETCH 1 (UID)\r\np2 STORE 3 +FLAGS.SILENT (\\Flagged)\r\np3 SEARCH 3:4\r\n"
        "p4 FETCH 3:4 (UID)\r\n");
    std::vector<std::string> lines;
    do {
        lines.push_back(two.raw().readLine());
    } while (!lines.back().starts_with("p4"));
    const auto count = [&](const std::string& text) {
        return std::ranges::count_if(
            lines, [&](const std::string& line) { return line.find(text) != std::string::npos; });
    };
    CHECK(count("EXPUNGE") == 0);
    CHECK(count("* SEARCH 3 4") == 1);
    CHECK(count("* 3 FETCH (UID 3)") == 1);
    CHECK(count("* 4 FETCH (UID 4)") == 1);
    CHECK(two.command("NOOP").count("EXPUNGE") == 2);
    CHECK(two.command("FETCH 1 (UID FLAGS)").count("* 1 FETCH (UID 3 FLAGS (\\Flagged") == 1);
}

// What was kept of a mailbox that was opened before is brought up to date.
TEST_CASE("imap: a mailbox that is opened again is as it is now", "[imap]") {
    MailHouse house;
    ImapClient one(house);
    ImapClient two(house);
    fill(one, "box", 6);
    one.command("SELECT box");
    const auto firstUnseen = [&](const std::string& expected) {
        const Answered opened = two.command("EXAMINE box");
        CHECK(lineAfter(opened, "* OK [UNSEEN ").substr(0, expected.size()) == expected);
        if (expected.empty()) CHECK(opened.count("UNSEEN") == 0);
    };
    firstUnseen("1]");
    one.command("STORE 1:3 +FLAGS (\\Seen)");
    firstUnseen("4]");
    expunge(one, "2,4");
    firstUnseen("3]");
    CHECK(two.command("FETCH 1:* (UID)").count("FETCH") == 4);
    one.command("UID STORE 1 -FLAGS (\\Seen)");
    firstUnseen("1]");
    one.command("STORE 1:* +FLAGS (\\Seen)");
    firstUnseen("");
    one.append("box", kMessage);
    firstUnseen("5]");
    expunge(one, "7");
    firstUnseen("");
    CHECK(two.command("FETCH 1:* (UID)").count("FETCH") == 4);
}

}  // namespace daybook::test
