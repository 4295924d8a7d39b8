// The texts of MTA-STS: records, policies, patterns; and the cache of what was read.
#include "engine/delivery/mta_sts.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/delivery/mta_sts_cache.h"

using namespace daybook;

namespace {

using Records = std::vector<std::string>;
using Mode = MtaStsPolicy::Mode;

std::optional<std::string> idOf(const std::string& record) { return mtaStsIdOf(Records{record}); }

std::string faultOf(std::string_view text) {
    const auto policy = parseMtaStsPolicy(text);
    return policy ? "" : policy.error();
}

CachedPolicy cachedAt(TimeNs seconds, const std::string& maxAge) {
    auto policy = parseMtaStsPolicy(
        "version: STSv1\nmode: enforce\nmx: mx.example.org\nmax_age: " + maxAge + "\n");
    REQUIRE(policy);
    return {.id = "7", .fetchedNs = seconds * kSecondNs, .policy = std::move(*policy)};
}

}  // namespace

TEST_CASE("mta-sts: a record that is malformed says nothing", "[engine]") {
    CHECK_FALSE(mtaStsIdOf(Records{}));
    for (const char* const record :
         {"",
          "v=STSv1",
          "v=STSv1;",
          "v=STSv1; ",
          "v=STSv1; id=",
          "v=STSv1; id=a-b",
          "v=STSv1; id=123456789012345678901234567890123",
          "v=STSv1; id=1; ; x=y",
          "v=STSv1; id=1; =y",
          "v=STSv1; id=1; x y=z",
          "v=STSv1; id=1; x=a b",
          "v=STSv1; id=1; x=a=b",
          "v=STSv1; id=1; x=\xc3\xa4",
          "v=STSv1 id=1",
          "v=STSv10; id=1",
          "v=STSv2; id=1",
          "v=stsv1; id=1",
          " v=STSv1; id=1",
          "id=1; v=STSv1"}) {
        CAPTURE(record);
        CHECK_FALSE(idOf(record));
    }
}

TEST_CASE("mta-sts: of several records only one may be of the version", "[engine]") {
    const std::string good = "v=STSv1; id=1;";
    CHECK(mtaStsIdOf(Records{"v=spf1 -all", good, "v=STSv2; id=2"}) == "1");
    CHECK_FALSE(mtaStsIdOf(Records{good, good}));
    CHECK_FALSE(mtaStsIdOf(Records{good, "v=STSv1; broken"}));
}

TEST_CASE("mta-sts: a record gives its id", "[engine]") {
    CHECK(idOf("v=STSv1; id=20160831085700Z;") == "20160831085700Z");
    CHECK(idOf("v=STSv1;id=1") == "1");
    CHECK(idOf("v=STSv1 \t; \tid=1 ; ") == "1");
    CHECK(idOf("v=STSv1; more.of-it_1=!~; id=1; id=2") == "1");
    CHECK(
        idOf("v=STSv1; id=12345678901234567890123456789012") == "12345678901234567890123456789012");
}

TEST_CASE("mta-sts: a policy that is wrong is told so by line", "[engine]") {
    const std::string end = "mode: none\nmax_age: 1\n";
    CHECK(faultOf("") == "the policy is not complete: it has no line \"version:\"");
    CHECK(faultOf("<html>") == "line 1 of the policy is not \"name: value\"");
    CHECK(faultOf("version: STSv2\n" + end).find("line 1 of the policy is of a version") == 0);
    CHECK(faultOf("version: STSv1\nmax_age: 1\n").find("\"mode:\"") != std::string::npos);
    CHECK(faultOf("version: STSv1\nmode: none\n").find("\"max_age:\"") != std::string::npos);
    const std::string head = "version: STSv1\r\nmax_age: 1\r\n";
    CHECK(faultOf(head + "mode: Enforce\r\n").find("line 3 of the policy has a mode") == 0);
    CHECK(faultOf(head + "mode: enforce\r\n").find("\"mx:\"") != std::string::npos);
    CHECK(faultOf(head + "mode: testing\r\n").find("\"mx:\"") != std::string::npos);
    CHECK(faultOf(head + "mode: none\r\nx: \r\n").find("line 4 of the policy has no value") == 0);
    CHECK(faultOf(head + "mode: none\r\nx: a\x01\r\n").find("line 4") == 0);
    CHECK(faultOf(head + "mode: none\r\nx: \xff\r\n") == "the policy is not UTF-8");
    CHECK(faultOf(head + "mode : none\r\n").find("line 3 of the policy is not") == 0);
    CHECK(faultOf(head + " mode: none\r\n").find("line 3 of the policy is not") == 0);
    for (const char* const age : {"", "-1", "+1", "1.5", "1 2", "1e3", "12345678901"}) {
        CAPTURE(age);
        const std::string text = std::string("version: STSv1\nmode: none\nmax_age: ") + age;
        CHECK(faultOf(text).find("line 3 of the policy has no number") == 0);
    }
    for (const char* const host :
         {"",
          "*",
          "*.",
          "*.*.example.org",
          "mx*.example.org",
          "a.*.example.org",
          ".example.org",
          "mx..example.org",
          "mx.example.org.",
          "-mx.example.org",
          "mx_1.example.org",
          "[192.0.2.1]",
          "mx.example.org mx2.example.org"}) {
        CAPTURE(host);
        const std::string text = head + "mode: enforce\nmx: " + host + "\n";
        CHECK(faultOf(text).find("line 4 of the policy names no MX host") == 0);
    }
}

TEST_CASE("mta-sts: a policy is read", "[engine]") {
    const auto policy = parseMtaStsPolicy(
        "version: STSv1\r\nmode: enforce \t\r\nmx: Mail.Example.com\nmx:*.example.net\r\n"
        "later: something \xc3\xa4\r\nmode: none\r\nmax_age: 604800\r\nmax_age: x\r\n\r\n"
        "mx: \tbackupmx.example.com");
    REQUIRE(policy);
    CHECK(policy->mode == Mode::Enforce);
    CHECK(policy->maxAge == std::chrono::seconds(604'800));
    CHECK(policy->hosts == Records{"mail.example.com", "*.example.net", "backupmx.example.com"});
    CHECK(policy->lines.size() == 9);
    CHECK(policy->lines[1] == "mode: enforce");
    CHECK(policy->lines[2] == "mx: Mail.Example.com");
}

TEST_CASE("mta-sts: no policy lives longer than a year", "[engine]") {
    const std::string text = "version: STSv1\nmode: none\nmax_age: ";
    const std::chrono::seconds year(31'557'600);
    CHECK(parseMtaStsPolicy(text + "31557600")->maxAge == year);
    CHECK(parseMtaStsPolicy(text + "31557601")->maxAge == year);
    CHECK(parseMtaStsPolicy(text + "9999999999")->maxAge == year);
    CHECK(parseMtaStsPolicy(text + "0")->maxAge == std::chrono::seconds(0));
}

TEST_CASE("mta-sts: a star is exactly one label", "[engine]") {
    const Records patterns{"*.example.com", "mx.example.org"};
    CHECK(matchesMtaSts(patterns, "mail.example.com"));
    CHECK(matchesMtaSts(patterns, "mx.example.org"));
    CHECK_FALSE(matchesMtaSts(patterns, "example.com"));
    CHECK_FALSE(matchesMtaSts(patterns, ".example.com"));
    CHECK_FALSE(matchesMtaSts(patterns, "foo.bar.example.com"));
    CHECK_FALSE(matchesMtaSts(patterns, "mailexample.com"));
    CHECK_FALSE(matchesMtaSts(patterns, "a.mx.example.org"));
    CHECK_FALSE(matchesMtaSts(patterns, "localhost"));
    CHECK_FALSE(matchesMtaSts(patterns, ""));
    CHECK_FALSE(matchesMtaSts({}, "mx.example.org"));
}

TEST_CASE("mta-sts cache: a policy is valid for its age, and old from half of it", "[engine]") {
    MtaStsCache cache;
    cache.store("example.org", cachedAt(1'000, "100"));
    CHECK(cache.find("example.com", 1'000 * kSecondNs) == nullptr);
    REQUIRE(cache.find("example.org", 1'000 * kSecondNs) != nullptr);
    CHECK_FALSE(cache.find("example.org", 1'050 * kSecondNs - 1)->isOld(1'050 * kSecondNs - 1));
    CHECK(cache.find("example.org", 1'050 * kSecondNs)->isOld(1'050 * kSecondNs));
    CHECK(cache.find("example.org", 1'100 * kSecondNs - 1) != nullptr);
    CHECK(cache.find("example.org", 1'100 * kSecondNs) == nullptr);
    CHECK(cache.oldOnes(1'049 * kSecondNs).empty());
    CHECK(cache.oldOnes(1'050 * kSecondNs) == Records{"example.org"});
    CHECK(cache.oldOnes(1'100 * kSecondNs).empty());
}

TEST_CASE("mta-sts cache: what is written is read again", "[engine]") {
    MtaStsCache cache;
    cache.store("example.org", cachedAt(1'000, "100"));
    cache.store("example.net", cachedAt(1'000, "5"));
    MtaStsCache other;
    other.load(cache.text(), 1'020 * kSecondNs);
    CHECK(other.find("example.net", 1'001 * kSecondNs) == nullptr);
    const CachedPolicy* const read = other.find("example.org", 1'020 * kSecondNs);
    REQUIRE(read != nullptr);
    CHECK(read->id == "7");
    CHECK(read->fetchedNs == 1'000 * kSecondNs);
    CHECK(read->policy.mode == Mode::Enforce);
    CHECK(read->policy.hosts == Records{"mx.example.org"});
    // A clock that was wrong: it counts from now.
    other.load(cache.text(), 10 * kSecondNs);
    CHECK(other.find("example.org", 109 * kSecondNs) != nullptr);
    CHECK(other.find("example.org", 110 * kSecondNs) == nullptr);
}

TEST_CASE("mta-sts cache: a file that is no cache changes nothing", "[engine]") {
    MtaStsCache cache;
    cache.store("example.org", cachedAt(1'000, "100"));
    const nlohmann::json good = nlohmann::json::parse(cache.text());
    std::vector<std::string> bad{"", "{", "[]", "{}", "null", good.dump().substr(0, 60)};
    nlohmann::json changed = good;
    changed["format"] = 2;
    bad.push_back(changed.dump());
    changed = good;
    changed["policies"]["example.net"] = {{"id", 5}, {"fetched", 1}, {"lines", {"x"}}};
    bad.push_back(changed.dump());
    changed["policies"]["example.net"]["id"] = "5";
    bad.push_back(changed.dump());
    for (const std::string& text : bad) {
        CAPTURE(text);
        MtaStsCache other;
        CHECK_THROWS_AS(other.load(text, 1'010 * kSecondNs), std::runtime_error);
        CHECK(other.find("example.org", 1'010 * kSecondNs) == nullptr);
    }
}

TEST_CASE("mta-sts cache: is bounded, and loses the oldest or the largest", "[engine]") {
    MtaStsCache cache;
    for (int i = 0; i < 20'000; ++i)
        cache.store("d" + std::to_string(i) + ".test", cachedAt(1'000 + i, "1000000"));
    const TimeNs nowNs = 30'000 * kSecondNs;
    CHECK(cache.find("d0.test", nowNs) != nullptr);
    cache.store("more.test", cachedAt(30'000, "1000000"));
    CHECK(cache.find("d0.test", nowNs) == nullptr);
    CHECK(cache.find("d1.test", nowNs) != nullptr);
    CHECK(cache.find("more.test", nowNs) != nullptr);
    CachedPolicy large = cachedAt(30'000, "1000000");
    large.policy.lines.assign(1, std::string(100U << 20U, 'x'));
    cache.store("large.test", std::move(large));
    CHECK(cache.find("large.test", nowNs) == nullptr);
    CHECK(cache.find("d2.test", nowNs) != nullptr);
}
