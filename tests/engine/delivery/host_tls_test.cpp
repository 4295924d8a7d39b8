// What is demanded of one mail host: DANE, MTA-STS, REQUIRETLS, and which of them wins.
#include <catch2/catch.hpp>

#include "engine/delivery/dane.h"
#include "tests/engine/delivery/tls_policy_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

using Names = std::vector<std::string>;

constexpr const char* kTlsa = "_25._tcp.mx.example.test";

std::string tlsa(int usage, int selector, int matching, std::size_t octets = 32) {
    std::string record;
    record += static_cast<char>(usage);
    record += static_cast<char>(selector);
    record += static_cast<char>(matching);
    return record + std::string(octets, 'd');
}

// A domain whose DNS is signed all through; tests take that away.
struct HostHouse {
    TemporaryFolder folder;
    ScriptedResolver resolver;
    TestClock clock;
    Log log{LogLevel::Error};
    WorkerPool workers{1};
    TlsPolicies policies{
        {.resolver = resolver,
         .workers = workers,
         .clock = clock,
         .log = log,
         .cacheFolder = folder.path()}};
    DomainTls domain{.domain = "example.test"};
    dns::MailRoutes routes{.secure = true};
    dns::MailHost host{.name = "mx.example.test"};
    dns::HostAddresses addresses{
        .state = dns::HostAddresses::State::Found,
        .secure = true,
        .canonicalName = "mx.example.test"};

    void addTlsa(const std::string& name, std::vector<std::string> records) {
        resolver.found(name, dns::RecordType::Tlsa, std::move(records), Vouched::ByDnssec);
    }

    void setPolicy(DomainTls::Mode mode, const std::string& pattern) {
        domain.mode = mode;
        domain.hosts = {pattern};
    }

    HostTls get(bool requireTls = false, std::uint16_t port = 25) {
        return resultOf(policies.ofHost(domain, routes, host, addresses, port, requireTls));
    }
};

}  // namespace

TEST_CASE("host tls: without any policy TLS is opportunistic", "[engine]") {
    HostHouse house;
    const HostTls tls = house.get();
    CHECK(tls.policy == event::TlsPolicy::NONE);
    CHECK(tls.usable);
    CHECK(tls.mode == TlsMode::Opportunistic);
    CHECK(tls.demand.check == TlsCheck::None);
    CHECK(tls.demand.serverName == "mx.example.test");
    CHECK(tls.fault == event::TlsFault::NONE);
}

TEST_CASE(
    "host tls: an MTA-STS policy that could not be had is told, and asks for nothing", "[engine]") {
    HostHouse house;
    house.domain.trouble = event::TlsFault::STS_POLICY_FETCH_ERROR;
    house.domain.why = "no answer in time";
    const HostTls tls = house.get();
    CHECK(tls.policy == event::TlsPolicy::MTA_STS);
    CHECK(tls.usable);
    CHECK(tls.mode == TlsMode::Opportunistic);
    CHECK(tls.demand.check == TlsCheck::None);
    CHECK(tls.demand.serverName == "mx.example.test");
    CHECK(tls.fault == event::TlsFault::STS_POLICY_FETCH_ERROR);
    CHECK(tls.why == "no answer in time");
    SECTION("an older policy counts, and is met or not") {
        house.setPolicy(DomainTls::Mode::Enforce, "mx.example.test");
        CHECK(house.get().fault == event::TlsFault::NONE);
    }
    SECTION("DANE comes first") {
        house.addTlsa(kTlsa, {tlsa(3, 1, 1)});
        CHECK(house.get().policy == event::TlsPolicy::DANE);
        CHECK(house.get().fault == event::TlsFault::NONE);
    }
}

TEST_CASE("dane: records that can be used must be met", "[engine]") {
    HostHouse house;
    house.addTlsa(kTlsa, {tlsa(3, 1, 1), tlsa(1, 1, 1), tlsa(2, 0, 2, 64), "\x03"});
    // MTA-STS does not speak where DANE does, whatever it would say.
    house.setPolicy(DomainTls::Mode::Enforce, "other.example.test");
    const bool requireTls = GENERATE(false, true);
    const HostTls tls = house.get(requireTls);
    CHECK(tls.policy == event::TlsPolicy::DANE);
    CHECK(tls.usable);
    CHECK(tls.mode == TlsMode::Required);
    CHECK(tls.demand.check == TlsCheck::Dane);
    CHECK(tls.demand.serverName == "mx.example.test");
    CHECK(tls.demand.names == Names{"mx.example.test", "example.test"});
    REQUIRE(tls.demand.tlsa.size() == 2);
    CHECK(tls.demand.tlsa[0].usage == 3);
    CHECK(tls.demand.tlsa[0].data == std::string(32, 'd'));
    CHECK(tls.demand.tlsa[1].usage == 2);
    CHECK(tls.fault == event::TlsFault::NONE);
}

TEST_CASE("dane: records none of which can be used ask for TLS with whomever", "[engine]") {
    HostHouse house;
    house.addTlsa(
        kTlsa,
        {tlsa(0, 0, 1),
         tlsa(1, 1, 1),
         tlsa(4, 1, 1),
         tlsa(3, 2, 1),
         tlsa(3, 1, 3),
         tlsa(3, 1, 1, 31),
         tlsa(3, 1, 1, 64),
         tlsa(3, 1, 2, 32),
         tlsa(3, 1, 0, 0)});
    SECTION("by DANE alone") {
        const HostTls tls = house.get();
        CHECK(tls.policy == event::TlsPolicy::DANE);
        CHECK(tls.usable);
        CHECK(tls.mode == TlsMode::Required);
        CHECK(tls.demand.check == TlsCheck::None);
        // One has no data: it is no record at all.
        CHECK(tls.demand.tlsa.size() == 8);
        CHECK(tls.fault == event::TlsFault::TLSA_INVALID);
    }
    SECTION("and with the right host where a policy is enforced") {
        house.setPolicy(DomainTls::Mode::Enforce, "mx.example.test");
        const HostTls tls = house.get();
        CHECK(tls.usable);
        CHECK(tls.mode == TlsMode::Required);
        CHECK(tls.demand.check == TlsCheck::Names);
        CHECK(tls.fault == event::TlsFault::TLSA_INVALID);
        house.setPolicy(DomainTls::Mode::Enforce, "other.example.test");
        CHECK_FALSE(house.get().usable);
    }
    SECTION("a testing policy does not make it less") {
        house.setPolicy(DomainTls::Mode::Testing, "mx.example.test");
        CHECK(house.get().mode == TlsMode::Required);
    }
    SECTION("and with the right host where the message requires it") {
        const HostTls tls = house.get(true);
        CHECK(tls.usable);
        CHECK(tls.demand.check == TlsCheck::Names);
        CHECK(tls.demand.names == Names{"mx.example.test"});
    }
}

TEST_CASE("dane: does not apply where a link of the chain is not signed", "[engine]") {
    HostHouse house;
    house.addTlsa(kTlsa, {tlsa(3, 1, 1)});
    int questions = 0;
    SECTION("the MX records") { house.routes.secure = false; }
    SECTION("the addresses") { house.addresses.secure = false; }
    SECTION("the TLSA records") {
        questions = 1;
        house.resolver.found(kTlsa, dns::RecordType::Tlsa, {tlsa(3, 1, 1)});
    }
    CHECK(house.get().policy == event::TlsPolicy::NONE);
    // RFC 7672 §2.2.2: servers that know no TLSA are not even asked.
    CHECK(house.resolver.timesAsked(kTlsa, dns::RecordType::Tlsa) == questions);
}

TEST_CASE("dane: that there are no records may be signed or not", "[engine]") {
    HostHouse house;
    const auto result = GENERATE(dns::Result::NoData, dns::Result::NoSuchName);
    const auto vouched = GENERATE(Vouched::No, Vouched::ByDnssec);
    house.resolver.missing(kTlsa, dns::RecordType::Tlsa, result, vouched);
    CHECK(house.get().policy == event::TlsPolicy::NONE);
    CHECK(house.get().usable);
    house.setPolicy(DomainTls::Mode::Enforce, "mx.example.test");
    CHECK(house.get().policy == event::TlsPolicy::MTA_STS);
}

TEST_CASE("dane: a host whose records cannot be looked up gets no mail", "[engine]") {
    HostHouse house;
    house.setPolicy(DomainTls::Mode::Enforce, "mx.example.test");
    const auto result = GENERATE(dns::Result::Failed, dns::Result::Bogus);
    house.resolver.answer(kTlsa, dns::RecordType::Tlsa, {.result = result, .why = "SERVFAIL"});
    const HostTls tls = house.get();
    CHECK(tls.policy == event::TlsPolicy::DANE);
    CHECK_FALSE(tls.usable);
    CHECK(tls.fault == event::TlsFault::DNSSEC_INVALID);
    CHECK_THAT(tls.why, Catch::Contains(kTlsa) && Catch::Contains("SERVFAIL"));
}

TEST_CASE("dane: the name of the record has the port", "[engine]") {
    HostHouse house;
    house.addTlsa("_2525._tcp.mx.example.test", {tlsa(3, 1, 1)});
    CHECK(house.get().policy == event::TlsPolicy::NONE);
    CHECK(house.get(false, 2525).policy == event::TlsPolicy::DANE);
}

TEST_CASE("dane: an alias' target comes first, then the alias", "[engine]") {
    HostHouse house;
    house.addresses.canonicalName = "Real.Example.net.";
    house.addTlsa(kTlsa, {tlsa(2, 0, 1)});
    CHECK(house.get().demand.serverName == "mx.example.test");
    house.addTlsa("_25._tcp.real.example.net", {tlsa(3, 1, 1)});
    const HostTls tls = house.get();
    CHECK(tls.demand.serverName == "real.example.net");
    CHECK(tls.demand.names == Names{"real.example.net", "example.test"});
    SECTION("trouble with the first is not passed over") {
        house.resolver.missing(
            "_25._tcp.real.example.net", dns::RecordType::Tlsa, dns::Result::Bogus);
        CHECK_FALSE(house.get().usable);
    }
}

TEST_CASE("dane: a signed alias of an unsigned host may have records itself", "[engine]") {
    HostHouse house;
    house.addresses.canonicalName = "real.example.net";
    house.addresses.secure = false;
    house.addTlsa(kTlsa, {tlsa(3, 1, 1)});
    house.addTlsa("_25._tcp.real.example.net", {tlsa(3, 1, 1)});
    const auto alias = [&house](Vouched vouched) {
        house.resolver.found(
            "mx.example.test", dns::RecordType::Cname, {nameData("real.example.net")}, vouched);
    };
    alias(Vouched::No);
    CHECK(house.get().policy == event::TlsPolicy::NONE);
    house.resolver.missing("mx.example.test", dns::RecordType::Cname, dns::Result::Bogus);
    CHECK_FALSE(house.get().usable);
    alias(Vouched::ByDnssec);
    CHECK(house.get().demand.serverName == "mx.example.test");
}

TEST_CASE("dane: the expanded next-hop domain is a name too", "[engine]") {
    HostHouse house;
    house.addTlsa(kTlsa, {tlsa(2, 0, 1)});
    dns::Answer answer{
        .result = dns::Result::Found,
        .secure = true,
        .records = {mxData(10, "mx.example.test")},
        .canonicalName = "hosted.example.net",
    };
    house.resolver.answer("example.test", dns::RecordType::Mx, answer);
    const Names names{"mx.example.test", "example.test", "hosted.example.net"};
    CHECK(house.get().demand.names == names);
    answer.secure = false;
    house.resolver.answer("example.test", dns::RecordType::Mx, answer);
    CHECK(house.get().demand.names.size() == 2);
}

TEST_CASE("dane: a domain that is its own host has one name", "[engine]") {
    HostHouse house;
    house.host = {.name = "example.test", .implicit = true};
    house.addresses.canonicalName = "example.test";
    house.addTlsa("_25._tcp.example.test", {tlsa(2, 0, 1)});
    CHECK(house.get().demand.names == Names{"example.test"});
}

TEST_CASE("dane: addresses have no records, and it can be switched off", "[engine]") {
    HostHouse house;
    house.addTlsa("_25._tcp.192.0.2.1", {tlsa(3, 1, 1)});
    house.addTlsa("_25._tcp.[192.0.2.1]", {tlsa(3, 1, 1)});
    for (const char* const name : {"192.0.2.1", "[192.0.2.1]", "2001:db8::1"}) {
        house.host.name = name;
        house.addresses.canonicalName = name;
        CHECK(house.get().policy == event::TlsPolicy::NONE);
    }
    house.addTlsa(kTlsa, {tlsa(3, 1, 1)});
    TlsPolicies without(
        {.resolver = house.resolver,
         .workers = house.workers,
         .clock = house.clock,
         .log = house.log,
         .cacheFolder = house.folder.path(),
         .dane = false});
    const dns::MailHost host{.name = "mx.example.test"};
    const dns::HostAddresses addresses{.secure = true, .canonicalName = host.name};
    const HostTls tls =
        resultOf(without.ofHost(house.domain, house.routes, host, addresses, 25, false));
    CHECK(tls.policy == event::TlsPolicy::NONE);
}

TEST_CASE("dane: a record in words", "[engine]") {
    CHECK(tlsaText({3, 1, 1, "\x1f\x85\x0a"}) == "3 1 1 1F850A");
    CHECK(tlsaText({255, 0, 2, ""}) == "255 0 2 ");
}

TEST_CASE("mta-sts: an enforced policy asks for its host's certificate", "[engine]") {
    HostHouse house;
    house.routes.secure = false;
    house.setPolicy(DomainTls::Mode::Enforce, "*.example.test");
    const HostTls tls = house.get();
    CHECK(tls.policy == event::TlsPolicy::MTA_STS);
    CHECK(tls.usable);
    CHECK_FALSE(tls.testing);
    CHECK(tls.mode == TlsMode::Required);
    CHECK(tls.demand.check == TlsCheck::Names);
    CHECK(tls.demand.serverName == "mx.example.test");
    CHECK(tls.demand.names == Names{"mx.example.test"});
    house.setPolicy(DomainTls::Mode::Enforce, "*.mx.example.test");
    const HostTls other = house.get();
    CHECK_FALSE(other.usable);
    CHECK(other.fault == event::TlsFault::VALIDATION_FAILURE);
    CHECK_THAT(other.why, Catch::Contains("does not list mx.example.test"));
}

TEST_CASE("mta-sts: a policy in testing stops nothing, but what fails is known", "[engine]") {
    HostHouse house;
    house.routes.secure = false;
    house.setPolicy(DomainTls::Mode::Testing, "mx.example.test");
    const HostTls tls = house.get();
    CHECK(tls.policy == event::TlsPolicy::MTA_STS);
    CHECK(tls.usable);
    CHECK(tls.testing);
    CHECK(tls.mode == TlsMode::Required);
    CHECK(tls.demand.check == TlsCheck::Names);
    CHECK(tls.demand.names == Names{"mx.example.test"});
    house.setPolicy(DomainTls::Mode::Testing, "other.example.test");
    const HostTls other = house.get();
    CHECK(other.usable);
    CHECK(other.mode == TlsMode::Opportunistic);
    CHECK(other.demand.check == TlsCheck::None);
    CHECK(other.fault == event::TlsFault::VALIDATION_FAILURE);
}

TEST_CASE("requiretls: somebody vouches for the MX records, or no mail goes", "[engine]") {
    HostHouse house;
    house.addresses.secure = false;
    const auto isDemanded = [](const HostTls& tls) {
        return tls.usable && !tls.testing && tls.mode == TlsMode::Required &&
               tls.demand.check == TlsCheck::Names && tls.demand.names == Names{"mx.example.test"};
    };
    SECTION("DNSSEC") { CHECK(isDemanded(house.get(true))); }
    SECTION("nobody") {
        house.routes.secure = false;
        const HostTls tls = house.get(true);
        CHECK_FALSE(tls.usable);
        CHECK(tls.fault == event::TlsFault::VALIDATION_FAILURE);
        CHECK_THAT(tls.why, Catch::Contains("requires TLS"));
        CHECK(house.get(false).usable);
    }
    SECTION("MTA-STS, enforced or in testing") {
        house.routes.secure = false;
        const auto mode = GENERATE(DomainTls::Mode::Enforce, DomainTls::Mode::Testing);
        house.setPolicy(mode, "mx.example.test");
        CHECK(isDemanded(house.get(true)));
        house.setPolicy(mode, "other.example.test");
        CHECK_FALSE(house.get(true).usable);
    }
    SECTION("the domain itself, where there is no MX record") {
        house.routes.secure = false;
        house.host.implicit = true;
        CHECK(isDemanded(house.get(true)));
    }
    SECTION("not DNSSEC, if an enforced policy speaks against it") {
        house.setPolicy(DomainTls::Mode::Enforce, "other.example.test");
        CHECK_FALSE(house.get(true).usable);
    }
    SECTION("nobody, if TLSA records cannot be looked up") {
        house.addresses.secure = true;
        house.resolver.missing(kTlsa, dns::RecordType::Tlsa, dns::Result::Failed);
        CHECK(house.get(true).fault == event::TlsFault::DNSSEC_INVALID);
    }
}
