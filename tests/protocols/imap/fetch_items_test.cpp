#include "protocols/imap/fetch_items.h"

#include <catch2/catch.hpp>

using namespace daybook;
using namespace daybook::imap;

namespace {

FetchItems items(std::string_view text) {
    Arguments arguments(text, false);
    FetchItems parsed = parseFetchItems(arguments);
    arguments.end();
    return parsed;
}

FetchModifiers modifiers(std::string_view text, const Dialect& dialect = {}) {
    Arguments arguments(text, true, dialect);
    return parseFetchModifiers(arguments);
}

std::vector<std::uint32_t> positions(std::uint32_t first, std::uint32_t last, bool fromEnd) {
    // UIDs 1, 2, 5, 9, 10.
    const std::vector<Run> runs{
        {.number = 1, .first = 1, .last = 2},
        {.number = 3, .first = 5, .last = 5},
        {.number = 4, .first = 9, .last = 10}};
    std::vector<std::uint32_t> uids;
    for (const Run& run : partOf(runs, {.first = first, .last = last, .fromEnd = fromEnd})) {
        for (std::uint32_t uid = run.first; uid <= run.last; ++uid) {
            CHECK(run.number + uid - run.first <= 5);
            uids.push_back(uid);
        }
    }
    return uids;
}

using Uids = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("fetch items: what is an access, and what marks as seen", "[imap]") {
    CHECK_FALSE(items("(EMAILID THREADID SAVEDATE UID MODSEQ)").readsBodies());
    CHECK_FALSE(items("(EMAILID THREADID SAVEDATE)").needsSummary());
    CHECK_FALSE(items("BINARY.SIZE[1]").readsBodies());
    CHECK_FALSE(items("BINARY.SIZE[1]").marksSeen());
    CHECK(items("BINARY.SIZE[1]").needsSummary());
    CHECK(items("PREVIEW").readsBodies());
    CHECK_FALSE(items("PREVIEW").marksSeen());
    CHECK(items("(PREVIEW (LAZY) FLAGS)").flags);
    CHECK(items("BINARY[1]").marksSeen());
    CHECK_FALSE(items("BINARY.PEEK[1]").marksSeen());
    CHECK(items("BINARY.PEEK[1]").readsBodies());
}

TEST_CASE("fetch items: what is asked for twice is answered once", "[imap]") {
    const FetchItems twice = items("(BODY.PEEK[1] BODY[1] BODY.PEEK[1]<0.1> BINARY[1] RFC822)");
    REQUIRE(twice.bodies.size() == 4);
    CHECK_FALSE(twice.bodies[0].peek);
    CHECK(twice.bodies[0].label == "BODY[1]");
    CHECK(twice.bodies[1].label == "BODY[1]<0>");
    CHECK(items("(BODY[]<0.1> BODY[]<0.2>)").bodies.size() == 2);
    CHECK(items("BINARY.PEEK[2.1]<7.9>").bodies[0].label == "BINARY[2.1]<7>");
    CHECK(items("BINARY.SIZE[]").bodies[0].label == "BINARY.SIZE[]");
}

TEST_CASE("fetch items: sections that are none", "[imap]") {
    for (const char* const text :
         {"BINARY[1.TEXT]",
          "BINARY[HEADER]",
          "BINARY.SIZE[1]<0.1>",
          "BINARY[1",
          "BINARY[0]",
          "BINARY[1]<1.0>",
          "BINARY",
          "PREVIEW ()",
          "PREVIEW (LAZY",
          "(PREVIEW (LAZY LAZ))"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(items(text), Bad);
    }
    CHECK(bodyItemFor("1.2.MIME", {}).section.path.size() == 2);
    CHECK_THROWS_AS(bodyItemFor("1]x[", {}), Bad);
}

TEST_CASE("fetch modifiers: each once, in any order", "[imap]") {
    CHECK_FALSE(modifiers("").partial);
    const FetchModifiers both = modifiers(" (PARTIAL -9:-3 CHANGEDSINCE 12)");
    CHECK(both.changedSince == ModSeq(12));
    REQUIRE(both.partial);
    CHECK(both.partial->fromEnd);
    CHECK(both.partial->first == 3);
    CHECK(both.partial->last == 9);
    CHECK(modifiers(" (CHANGEDSINCE 1 VANISHED)", {.qresync = true}).vanished);
    CHECK_THROWS_AS(modifiers(" (CHANGEDSINCE 1 VANISHED)"), Bad);
    CHECK_THROWS_AS(modifiers(" (VANISHED)", {.qresync = true}), Bad);
    CHECK_THROWS_AS(modifiers(" (CHANGEDSINCE 1 CHANGEDSINCE 2)"), Bad);
    CHECK_THROWS_AS(modifiers(" (PARTIAL 1:-2)"), Bad);
}

TEST_CASE("fetch modifiers: a part of the messages, from either end", "[imap]") {
    CHECK(positions(1, 2, false) == Uids{1, 2});
    CHECK(positions(2, 4, false) == Uids{2, 5, 9});
    CHECK(positions(5, 99, false) == Uids{10});
    CHECK(positions(6, 99, false).empty());
    CHECK(positions(1, 1, true) == Uids{10});
    CHECK(positions(2, 3, true) == Uids{5, 9});
    CHECK(positions(4, 99, true) == Uids{1, 2});
    CHECK(positions(6, 9, true).empty());
}
