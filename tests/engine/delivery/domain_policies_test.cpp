// MTA-STS of domains, from a real HTTPS host: what is fetched, when, and what counts.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "tests/engine/delivery/tls_policy_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

using Mode = DomainTls::Mode;

const std::string kEnforce = policyText("enforce", "mx.example.test");

Task<void> askAll(TlsPolicies& policies, int count, std::vector<DomainTls>& results) {
    Nursery nursery(*Reactor::current(), [](const std::exception_ptr&) { FAIL("no exception"); });
    std::vector<std::optional<DomainTls>> answers(static_cast<std::size_t>(count));
    for (std::optional<DomainTls>& answer : answers)
        nursery.start(keep(policies.ofDomain("example.test"), answer));
    co_await nursery.join();
    for (std::optional<DomainTls>& answer : answers)
        results.push_back(std::move(answer.value()));
}

std::string contentOf(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("mta-sts: a domain without a record is not asked for a policy", "[engine]") {
    PolicyHouse house;
    house.publishPolicy("example.test", "1", kEnforce);
    house.resolver.txt("_mta-sts.example.test", "v=spf1 -all");
    for (const dns::Result result :
         {dns::Result::NoSuchName, dns::Result::NoData, dns::Result::Failed, dns::Result::Bogus}) {
        house.resolver.missing("_mta-sts.example.test", dns::RecordType::Txt, result);
        const DomainTls tls = house.of("example.test");
        CHECK(tls.domain == "example.test");
        CHECK(tls.mode == Mode::None);
        CHECK(tls.trouble == event::TlsFault::NONE);
    }
    CHECK(house.of("[127.0.0.1]").mode == Mode::None);
    CHECK(house.of("bad:name,x").mode == Mode::None);
    CHECK(house.fetches("example.test") == 0);
}

TEST_CASE("mta-sts: a policy is fetched once and then known", "[engine]") {
    PolicyHouse house;
    house.publishPolicy("example.test", "1", kEnforce);
    for (int round = 0; round < 3; ++round) {
        const DomainTls tls = house.of("example.test");
        CHECK(tls.mode == Mode::Enforce);
        CHECK(tls.hosts == std::vector<std::string>{"mx.example.test"});
        CHECK(tls.policyId == "1");
        CHECK(tls.policyLines.size() == 4);
        CHECK(tls.trouble == event::TlsFault::NONE);
    }
    CHECK(house.fetches("example.test") == 1);
    const std::string request = house.host.request("mta-sts.example.test");
    CHECK(request.starts_with("GET /.well-known/mta-sts.txt HTTP/1.1\r\n"));
    CHECK(request.find("Host: mta-sts.example.test") != std::string::npos);
}

TEST_CASE("mta-sts: what is not a policy is a trouble with a name, and no policy", "[engine]") {
    PolicyHouse house;
    const auto check = [&house](event::TlsFault trouble, const std::string& why) {
        const DomainTls tls = house.of("example.test");
        CHECK(tls.mode == Mode::None);
        CHECK(tls.trouble == trouble);
        CHECK_THAT(tls.why, Catch::Contains(why));
    };
    SECTION("no such page") {
        house.publish("example.test", "1", httpAnswer("404 Not Found", "text/plain", kEnforce));
        check(event::TlsFault::STS_POLICY_FETCH_ERROR, "HTTP status 404");
    }
    SECTION("a redirect, which is not followed") {
        house.publishPolicy("other.test", "1", kEnforce);
        house.publish(
            "example.test",
            "1",
            "HTTP/1.1 301 Moved\r\nLocation: https://mta-sts.other.test:" +
                std::to_string(house.host.port()) +
                "/.well-known/mta-sts.txt\r\nContent-Length: 0\r\n\r\n");
        check(event::TlsFault::STS_POLICY_FETCH_ERROR, "HTTP status 301");
        CHECK(house.fetches("other.test") == 0);
    }
    SECTION("another success than 200") {
        house.publish("example.test", "1", httpAnswer("203 Other", "text/plain", kEnforce));
        check(event::TlsFault::STS_POLICY_FETCH_ERROR, "HTTP status 203");
    }
    SECTION("another media type") {
        house.publish("example.test", "1", httpAnswer("200 OK", "text/html", kEnforce));
        check(event::TlsFault::STS_POLICY_FETCH_ERROR, "text/plain");
    }
    SECTION("no media type") {
        house.publish("example.test", "1", "HTTP/1.1 200 OK\r\n\r\n" + kEnforce);
        check(event::TlsFault::STS_POLICY_FETCH_ERROR, "text/plain");
    }
    SECTION("too large") {
        const std::string large = kEnforce + "x: " + std::string(65'536, 'x') + "\r\n";
        house.publishPolicy("example.test", "1", large);
        check(event::TlsFault::STS_POLICY_FETCH_ERROR, "too large");
    }
    SECTION("a header without an end") {
        house.publish("example.test", "1", "HTTP/1.1 200 OK\r\n" + [] {
            std::string fields;
            for (int i = 0; i < 2'000; ++i)
                fields += "X-Filler: " + std::string(100, 'x') + "\r\n";
            return fields;
        }());
        check(event::TlsFault::STS_POLICY_FETCH_ERROR, "too large");
    }
    SECTION("cut short") {
        std::string answer = httpAnswer("200 OK", "text/plain", kEnforce);
        answer.resize(answer.size() - 5);
        house.publish("example.test", "1", answer);
        check(event::TlsFault::STS_POLICY_FETCH_ERROR, "");
    }
    SECTION("not HTTP") {
        house.publish("example.test", "1", "220 mx.example.test ESMTP\r\n");
        check(event::TlsFault::STS_POLICY_FETCH_ERROR, "");
    }
    SECTION("no address") {
        house.record("example.test", "1");
        check(event::TlsFault::STS_POLICY_FETCH_ERROR, "mta-sts.example.test has no address");
    }
    SECTION("nobody there") {
        house.publishPolicy("example.test", "1", kEnforce);
        house.resolver.addresses("mta-sts.example.test", {"127.0.0.9"});
        check(event::TlsFault::STS_POLICY_FETCH_ERROR, "");
    }
    SECTION("a policy that is wrong") {
        house.publishPolicy("example.test", "1", "version: STSv1\nmode: strict\n");
        check(event::TlsFault::STS_POLICY_INVALID, "line 2 of the policy has a mode");
    }
}

TEST_CASE("mta-sts: the policy host's certificate must be right", "[engine]") {
    PolicyHouse house;
    const std::string name = "mta-sts.example.test";
    house.publishPolicy("example.test", "1", kEnforce);
    PolicyHost::Site site{.answer = httpAnswer("200 OK", "text/plain", kEnforce)};
    TestAuthority stranger;
    SECTION("expired") {
        site.certificate = house.authority.issue({name}, Validity::Expired).files;
    }
    SECTION("for another name") {
        site.certificate = house.authority.issue({"example.test", "www.example.test"}).files;
    }
    SECTION("a star is one label") { site.certificate = house.authority.issue({"*.test"}).files; }
    SECTION("from an authority that is not trusted") {
        site.certificate = stranger.issue({name}).files;
    }
    house.host.serve(name, site);
    const DomainTls tls = house.of("example.test");
    CHECK(tls.mode == Mode::None);
    CHECK(tls.trouble == event::TlsFault::STS_WEBPKI_INVALID);
    CHECK_FALSE(tls.why.empty());
    CHECK(house.fetches("example.test") == 0);
}

TEST_CASE("mta-sts: a certificate with a star for the first label is right", "[engine]") {
    PolicyHouse house;
    house.publishPolicy("example.test", "1", kEnforce);
    house.host.serve(
        "mta-sts.example.test",
        {.certificate = house.authority.issue({"*.example.test"}).files,
         .answer = httpAnswer("200 OK", "Text/Plain", kEnforce)});
    CHECK(house.of("example.test").mode == Mode::Enforce);
}

TEST_CASE("mta-sts: a fetch that fails is not tried again for five minutes", "[engine]") {
    PolicyHouse house;
    house.publish("example.test", "1", httpAnswer("500 Broken", "text/plain", ""));
    CHECK(house.of("example.test").trouble == event::TlsFault::STS_POLICY_FETCH_ERROR);
    house.publishPolicy("example.test", "1", kEnforce);
    house.clock.advanceSeconds(299);
    const DomainTls still = house.of("example.test");
    CHECK(still.trouble == event::TlsFault::STS_POLICY_FETCH_ERROR);
    CHECK_THAT(still.why, Catch::Contains("500"));
    CHECK(house.fetches("example.test") == 1);
    SECTION("then it is") { house.clock.advanceSeconds(1); }
    SECTION("at once if there is a new id") { house.record("example.test", "2"); }
    const DomainTls tls = house.of("example.test");
    CHECK(tls.mode == Mode::Enforce);
    CHECK(tls.trouble == event::TlsFault::NONE);
    CHECK(house.fetches("example.test") == 2);
}

TEST_CASE("mta-sts: a new id brings the new policy", "[engine]") {
    PolicyHouse house;
    house.publishPolicy("example.test", "1", kEnforce);
    CHECK(house.of("example.test").mode == Mode::Enforce);
    house.publishPolicy("example.test", "1", policyText("testing", "mx.example.test"));
    CHECK(house.of("example.test").mode == Mode::Enforce);
    house.record("example.test", "2");
    CHECK(house.of("example.test").mode == Mode::Testing);
    CHECK(house.of("example.test").policyId == "2");
    house.publishPolicy("example.test", "3", "version: STSv1\nmode: none\nmax_age: 86400\n");
    CHECK(house.of("example.test").mode == Mode::None);
    CHECK(house.of("example.test").trouble == event::TlsFault::NONE);
    CHECK(house.fetches("example.test") == 3);
}

TEST_CASE("mta-sts: a policy that is valid counts, whatever becomes of the next", "[engine]") {
    PolicyHouse house;
    house.publishPolicy("example.test", "1", kEnforce);
    CHECK(house.of("example.test").mode == Mode::Enforce);
    SECTION("the record is gone") {
        house.resolver.missing(
            "_mta-sts.example.test", dns::RecordType::Txt, dns::Result::NoSuchName);
        CHECK(house.of("example.test").mode == Mode::Enforce);
        CHECK(house.fetches("example.test") == 1);
    }
    SECTION("the DNS fails") {
        house.resolver.missing("_mta-sts.example.test", dns::RecordType::Txt, dns::Result::Failed);
        CHECK(house.of("example.test").mode == Mode::Enforce);
    }
    SECTION("the new one cannot be had") {
        house.publish("example.test", "2", httpAnswer("404 Gone", "text/plain", ""));
        const DomainTls tls = house.of("example.test");
        CHECK(tls.mode == Mode::Enforce);
        CHECK(tls.policyId == "1");
        CHECK(tls.trouble == event::TlsFault::STS_POLICY_FETCH_ERROR);
        CHECK(house.of("example.test").mode == Mode::Enforce);
        CHECK(house.fetches("example.test") == 2);
    }
    SECTION("until its life ends") {
        house.host.serve(
            "mta-sts.example.test",
            {.certificate = house.authority.issue({"mta-sts.example.test"}).files,
             .answer = httpAnswer("404 Gone", "text/plain", "")});
        house.clock.advanceSeconds(86'399);
        CHECK(house.of("example.test").mode == Mode::Enforce);
        house.clock.advanceSeconds(1);
        CHECK(house.of("example.test").mode == Mode::None);
    }
}

TEST_CASE("mta-sts: half its age gone, a policy is fetched again", "[engine]") {
    PolicyHouse house;
    house.publishPolicy("example.test", "1", kEnforce);
    CHECK(house.of("example.test").mode == Mode::Enforce);
    house.clock.advanceSeconds(43'199);
    CHECK(house.of("example.test").mode == Mode::Enforce);
    CHECK(house.fetches("example.test") == 1);
    SECTION("when mail goes there") {
        house.clock.advanceSeconds(1);
        CHECK(house.of("example.test").mode == Mode::Enforce);
    }
    SECTION("or without") {
        Reactor reactor;
        runUntilDone(reactor, house.policies->refresh());
        CHECK(house.fetches("example.test") == 1);
        house.clock.advanceSeconds(1);
        runUntilDone(reactor, house.policies->refresh());
    }
    SECTION("though the record is gone") {
        house.clock.advanceSeconds(1);
        house.resolver.missing(
            "_mta-sts.example.test", dns::RecordType::Txt, dns::Result::NoSuchName);
        CHECK(house.of("example.test").policyId == "1");
    }
    CHECK(house.fetches("example.test") == 2);
    house.clock.advanceSeconds(43'199);
    CHECK(house.of("example.test").mode == Mode::Enforce);
    CHECK(house.fetches("example.test") == 2);
}

TEST_CASE("mta-sts: a policy without a life is good for one question", "[engine]") {
    PolicyHouse house;
    house.publishPolicy("example.test", "1", policyText("enforce", "mx.example.test", "0"));
    CHECK(house.of("example.test").mode == Mode::Enforce);
    CHECK(house.of("example.test").mode == Mode::Enforce);
    CHECK(house.fetches("example.test") == 2);
}

TEST_CASE("mta-sts: a restart forgets no policy", "[engine]") {
    PolicyHouse house;
    house.publishPolicy("example.test", "1", kEnforce);
    house.publishPolicy("example.net", "1", policyText("testing", "*.example.net"));
    CHECK(house.of("example.test").mode == Mode::Enforce);
    CHECK(house.of("example.net").mode == Mode::Testing);
    const std::filesystem::path file = house.folder.path() / "cache" / "mta-sts.json";
    CHECK_THAT(contentOf(file), Catch::Contains("mx: mx.example.test"));
    house.restart();
    CHECK(house.of("example.test").mode == Mode::Enforce);
    CHECK(house.of("example.net").hosts == std::vector<std::string>{"*.example.net"});
    CHECK(house.fetches("example.test") == 1);
    CHECK(house.fetches("example.net") == 1);
    SECTION("but those that ended meanwhile") {
        house.clock.advanceSeconds(86'400);
        house.restart();
        CHECK(house.of("example.test").mode == Mode::Enforce);
        CHECK(house.fetches("example.test") == 2);
    }
    SECTION("nor does a file that is broken keep it from starting") {
        house.policies.reset();
        std::ofstream(file) << "{\"format\": 1, \"policies\": {\"example";
        house.start();
        CHECK(house.of("example.test").mode == Mode::Enforce);
        CHECK(house.fetches("example.test") == 2);
        house.restart();
        CHECK(house.of("example.test").mode == Mode::Enforce);
        CHECK(house.fetches("example.test") == 2);
    }
}

TEST_CASE("mta-sts: a cache that cannot be written stops nothing", "[engine]") {
    PolicyHouse house;
    house.publishPolicy("example.test", "1", kEnforce);
    // In the place of the new file stands a folder: that keeps root out too.
    std::filesystem::create_directory(house.folder.path() / "cache" / "mta-sts.json.new");
    CHECK(house.of("example.test").mode == Mode::Enforce);
    CHECK(house.of("example.test").mode == Mode::Enforce);
    CHECK(house.fetches("example.test") == 1);
    std::filesystem::remove(house.folder.path() / "cache" / "mta-sts.json.new");
    house.restart();
    CHECK(house.of("example.test").mode == Mode::Enforce);
    CHECK(house.fetches("example.test") == 1);
}

TEST_CASE("mta-sts: who asks at the same time shares one fetch", "[engine]") {
    PolicyHouse house;
    house.publishPolicy("example.test", "1", kEnforce);
    house.host.hold();
    std::vector<DomainTls> first;
    std::vector<DomainTls> second;
    // Two reactors: those who wait on another thread are woken too.
    std::thread other([&] {
        Reactor reactor;
        runUntilDone(reactor, askAll(*house.policies, 5, first));
    });
    house.host.waitForRequests("mta-sts.example.test", 1);
    std::thread releaser([&] {
        house.resolver.waitUntilAsked("_mta-sts.example.test", dns::RecordType::Txt, 10);
        house.host.release();
    });
    Reactor reactor;
    runUntilDone(reactor, askAll(*house.policies, 5, second));
    other.join();
    releaser.join();
    first.insert(first.end(), second.begin(), second.end());
    CHECK(first.size() == 10);
    const auto isEnforced = [](const DomainTls& tls) { return tls.mode == Mode::Enforce; };
    CHECK(std::ranges::all_of(first, isEnforced));
    CHECK(house.fetches("example.test") == 1);
}

TEST_CASE("mta-sts: stop() ends a fetch that drips", "[engine]") {
    PolicyHouse house;
    house.publishPolicy("example.test", "1", kEnforce);
    house.host.serve(
        "mta-sts.example.test",
        {.certificate = house.authority.issue({"mta-sts.example.test"}).files,
         .answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n",
         .drips = true});
    std::thread stopper([&house] {
        house.host.waitForRequests("mta-sts.example.test", 1);
        house.policies->stop();
    });
    const DomainTls tls = house.of("example.test");
    stopper.join();
    CHECK(tls.mode == Mode::None);
    CHECK(tls.trouble == event::TlsFault::STS_POLICY_FETCH_ERROR);
    house.record("example.test", "2");
    CHECK(house.of("example.test").mode == Mode::None);
    CHECK(house.fetches("example.test") == 1);
}

TEST_CASE("mta-sts: switched off, nobody is asked", "[engine]") {
    PolicyHouse house;
    house.publishPolicy("example.test", "1", kEnforce);
    TlsPolicies::Parts parts = house.parts();
    parts.mtaSts = false;
    TlsPolicies policies(parts);
    CHECK(resultOf(policies.ofDomain("example.test")).mode == Mode::None);
    CHECK(house.resolver.timesAsked("_mta-sts.example.test", dns::RecordType::Txt) == 0);
}
