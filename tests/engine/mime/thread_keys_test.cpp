#include "engine/mime/thread_keys.h"

#include <catch2/catch.hpp>

#include "journal/base/limits.h"

using namespace daybook;
using namespace daybook::mime;

TEST_CASE("thread keys: what replies add to a subject does not count", "[mime]") {
    const std::uint64_t plan = subjectKey("Our Plan");
    for (const char* const same :
         {"Re: Our Plan",
          "RE:Our  plan",
          "Fwd: re: our plan",
          "AW: [list] Re[2]: Our Plan",
          "[list] our plan",
          "our plan (fwd)",
          "Our\tPlan"}) {
        CAPTURE(same);
        CHECK(subjectKey(same) == plan);
    }
    for (const char* const other : {"", "Re:", "Our Plans", "Response: Our Plan", "[Our Plan]"}) {
        CAPTURE(other);
        CHECK(subjectKey(other) != plan);
    }
    CHECK(subjectKey("[x]") != subjectKey("[y]"));
    CHECK(subjectKey("Re: \xC3\x84rger") == subjectKey("\xC3\xA4rger"));
}

TEST_CASE("thread keys: its own id, the root's, and the nearest", "[mime]") {
    CHECK(threadKeys("", {}).empty());
    const auto root = threadKeys("<1@x>", {});
    REQUIRE(root.size() == 1);
    const auto reply = threadKeys("<2@x>", {"<1@x>"});
    REQUIRE(reply.size() == 2);
    CHECK(reply[1] == root[0]);
    CHECK(threadKeys("<1@x>", {"<1@x>"}).size() == 1);
    CHECK(threadKeys("<1@X>", {}) != root);
    std::vector<std::string> many;
    for (int i = 0; i < 100; ++i)
        many.push_back("<" + std::to_string(i) + "@y>");
    const auto keys = threadKeys("<2@x>", many);
    CHECK(keys.size() == limits::kThreadReferencesMax + 2);
    CHECK(keys[1] == threadKeys("<0@y>", {})[0]);
    CHECK(keys.back() == threadKeys("<99@y>", {})[0]);
}
