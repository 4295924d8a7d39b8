#include "engine/delivery/spool.h"

#include <catch2/catch.hpp>

#include "journal/base/limits.h"
#include "journal/content_log.h"
#include "tests/support/temporary_folder.h"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string pattern(std::size_t octets) {
    std::string text(octets, ' ');
    for (std::size_t i = 0; i < octets; ++i)
        text[i] = static_cast<char>('a' + i * 7 % 26);
    return text;
}

}  // namespace

TEST_CASE("spool: an empty one is empty", "[engine]") {
    const TemporaryFolder folder;
    Spool spool(folder.path());
    CHECK(spool.size() == 0);
    CHECK(spool.view().empty());
    CHECK(spool.viewAfter("head").compare("head") == 0);
}

TEST_CASE("spool: keeps small and large messages alike", "[engine]") {
    const TemporaryFolder folder;
    for (const std::size_t octets :
         {std::size_t{1},
          limits::kSpoolMemoryOctets - 1,
          limits::kSpoolMemoryOctets,
          limits::kSpoolMemoryOctets + 1,
          3 * limits::kSpoolMemoryOctets + 17}) {
        const std::string text = pattern(octets);
        Spool spool(folder.path());
        for (std::size_t at = 0; at < octets; at += 70'001) {
            spool.append(std::string_view(text).substr(at, 70'001));
        }
        CHECK(spool.size() == octets);
        CHECK((spool.view() == text));
        // Heads of no page, within one, exactly one, and more.
        for (const std::size_t head :
             {std::size_t{0}, std::size_t{1}, std::size_t{4'096}, std::size_t{10'000}}) {
            const std::string front(head, '#');
            CHECK((spool.viewAfter(front) == front + text));
        }
        CHECK((spool.view() == text));
        spool.append("more");
        CHECK((spool.view() == text + "more"));
        CHECK((spool.viewAfter("#") == "#" + text + "more"));
    }
}

TEST_CASE("spool: its file has no name, and clearing begins anew", "[engine]") {
    const TemporaryFolder folder;
    Spool spool(folder.path());
    spool.append(pattern(limits::kSpoolMemoryOctets + 1));
    CHECK(std::filesystem::is_empty(folder.path()));
    spool.clear();
    CHECK(spool.size() == 0);
    CHECK(spool.view().empty());
    spool.append("next");
    CHECK(spool.view() == "next");
}

TEST_CASE("spool: what is moved away is there, and here is nothing", "[engine]") {
    const TemporaryFolder folder;
    const std::string text = pattern(limits::kSpoolMemoryOctets + 1);
    Spool spool(folder.path());
    spool.append(text);
    CHECK((spool.view() == text));
    Spool other(std::move(spool));
    CHECK((other.view() == text));
    CHECK(other.size() == text.size());
}

TEST_CASE("spool: a folder that is not there is a storage error, not a lost message", "[engine]") {
    const TemporaryFolder folder;
    Spool spool(folder.path() / "gone");
    const std::string text = pattern(limits::kSpoolMemoryOctets);
    spool.append(text);
    CHECK_THROWS_AS(spool.append("x"), ContentError);
    CHECK(spool.size() == text.size());
    CHECK((spool.view() == text));
}
