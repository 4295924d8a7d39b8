#include "protocols/imap/rights.h"

#include <catch2/catch.hpp>

#include "projections/messages.h"
#include "protocols/imap/annotations.h"
#include "protocols/imap/errors.h"
#include "protocols/imap/list_request.h"

using namespace daybook;
using namespace daybook::imap;

namespace {

ListRequest parsed(std::string_view text) {
    Arguments arguments(text, false);
    return parseList(arguments);
}

}  // namespace

TEST_CASE("rights: written with the letters of RFC 2086 where a part of them is there", "[imap]") {
    CHECK(rightsText(0).empty());
    CHECK(rightsText(kAllRights) == "lrswipkxtecda");
    CHECK(rightsText(kMayLookup | kMayExpunge) == "led");
    CHECK(rightsText(kMayCreate) == "kc");
}

TEST_CASE("rights: read with their sign, and nothing else", "[imap]") {
    for (const char* wrong : {"Q", "lrQ", "q", "l r", "lr+", "++l", "0"}) {
        INFO(wrong);
        CHECK_THROWS_AS(parseRightsChange(wrong), Bad);
    }
    CHECK(parseRightsChange("").rights == 0);
    CHECK(parseRightsChange("+").edit == FlagEdit::Add);
    CHECK(parseRightsChange("-c").edit == FlagEdit::Remove);
    CHECK(parseRightsChange("-c").rights == (kMayCreate | kMayDeleteMailbox));
    CHECK(parseRightsChange("d").rights == (kMaySetDeleted | kMayExpunge));
    CHECK(parseRightsChange("lrswipkxtea").rights == kAllRights);
}

TEST_CASE("rights: what they let change", "[imap]") {
    CHECK(systemFlagsUnder(kMaySetSeen | kMaySetDeleted) == (kSeen | kDeleted));
    CHECK(systemFlagsUnder(kMayWriteFlags) == (kAnswered | kFlagged | kDraft));
    CHECK_FALSE(mayChange(kMayLookup | kMayRead | kMayPost | kMayAdminister));
    CHECK(mayChange(kMayInsert));
}

TEST_CASE(
    "annotations: names are lower case, of one of two trees, without empty levels", "[imap]") {
    for (const char* wrong :
         {"",
          "/",
          "/comment",
          "/private",
          "/private/",
          "/shared/a/",
          "/shared//a",
          "/shared/a*",
          "/shared/a%",
          "/shared/\xc3\xa4",
          "shared/a",
          "/shared/a b"}) {
        INFO(wrong);
        CHECK_THROWS_AS(checkedAnnotationName(wrong), Bad);
    }
    CHECK(checkedAnnotationName("/Private/Comment") == "/private/comment");
}

TEST_CASE("list: a basic one asks for the delimiter, an extended one never", "[imap]") {
    CHECK(parsed(" \"\" \"\"").asksDelimiter);
    CHECK_FALSE(parsed(" () \"\" \"\"").asksDelimiter);
    CHECK_FALSE(parsed(" \"\" (\"\")").asksDelimiter);
    CHECK_FALSE(parsed(" \"\" \"\" RETURN ()").asksDelimiter);
    CHECK(parsed(" \"\" \"\" RETURN ()").patterns.empty());
    const ListRequest all = parsed(
        " (SUBSCRIBED REMOTE SPECIAL-USE RECURSIVEMATCH) a (%/b \"c*\") RETURN (CHILDREN "
        "SPECIAL-USE STATUS (MESSAGES UNSEEN) METADATA (/shared/comment) MYRIGHTS SUBSCRIBED)");
    CHECK(all.extended);
    CHECK(all.recursive);
    CHECK(all.statusItems.size() == 2);
    CHECK(all.annotations == std::vector<std::string>{"/shared/comment"});
    CHECK(all.matches("ax/b"));
    CHECK(all.matches("ac/d"));
    CHECK_FALSE(all.matches("b"));
    for (const char* wrong :
         {"",
          " \"\"",
          " (RECURSIVEMATCH) \"\" *",
          " (REMOTE RECURSIVEMATCH) \"\" *",
          " \"\" ()",
          " \"\" * RETURN",
          " \"\" * RETURN (",
          " \"\" * RETURN (STATUS)",
          " \"\" * RETURN (METADATA ())",
          " \"\" * RETURN () x"}) {
        INFO(wrong);
        CHECK_THROWS_AS(parsed(wrong), Bad);
    }
}
