#include "engine/dns/mail_routes.h"

#include <catch2/catch.hpp>
#include <map>

#include "engine/runtime/nursery.h"
#include "tests/support/scripted_resolver.h"

using namespace daybook;
using namespace daybook::dns;
using namespace daybook::test;

namespace {

using State = HostAddresses::State;

const std::vector<std::string> kSelf{"mail.daybook.test", "[192.0.2.99]"};

Task<void> routesInto(Resolver& resolver, Random& random, std::string domain, MailRoutes& routes) {
    routes = co_await routesFor(resolver, random, std::move(domain), kSelf);
}

Task<void> addressesInto(Resolver& resolver, std::string host, HostAddresses& addresses) {
    addresses = co_await addressesOf(resolver, std::move(host));
}

struct Desk {
    MailRoutes routes(const std::string& domain) {
        MailRoutes result;
        Reactor reactor;
        runUntilDone(reactor, routesInto(dns, random, domain, result));
        return result;
    }

    HostAddresses addresses(const std::string& host) {
        HostAddresses result;
        Reactor reactor;
        runUntilDone(reactor, addressesInto(dns, host, result));
        return result;
    }

    ScriptedResolver dns;
    SystemRandom random;
};

std::vector<std::string> namesOf(const MailRoutes& routes) {
    std::vector<std::string> names;
    for (const MailHost& host : routes.hosts)
        names.push_back(host.name);
    return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("mail routes: hosts in order of preference, once each", "[engine]") {
    Desk desk;
    desk.dns.mx(
        "example.test",
        {{30, "C.example.test"},
         {10, "A.Example.test"},
         {20, "b.other.test"},
         {40, "a.example.test"}});
    const MailRoutes routes = desk.routes("Example.TEST.");
    CHECK(routes.trouble == RouteTrouble::None);
    CHECK(namesOf(routes) == Names{"a.example.test", "b.other.test", "c.example.test"});
    CHECK(routes.hosts[1].preference == 20);
    CHECK_FALSE(routes.hosts[0].implicit);
    CHECK_FALSE(routes.secure);
    CHECK(routes.timeToLive == std::chrono::seconds(300));
}

TEST_CASE("mail routes: DNSSEC vouches for the MX records or their absence", "[engine]") {
    Desk desk;
    desk.dns.mx("signed.test", {{10, "mx.signed.test"}}, Vouched::ByDnssec);
    CHECK(desk.routes("signed.test").secure);
    desk.dns.missing("none.test", RecordType::Mx, Result::NoData, Vouched::ByDnssec);
    CHECK(desk.routes("none.test").secure);
    desk.dns.missing("open.test", RecordType::Mx, Result::NoData);
    CHECK_FALSE(desk.routes("open.test").secure);
}

TEST_CASE("mail routes: hosts of one preference are shuffled, others are not", "[engine]") {
    Desk desk;
    desk.dns.mx(
        "example.test", {{10, "a.test"}, {10, "b.test"}, {10, "c.test"}, {5, "first.test"}});
    std::map<Names, int> orders;
    for (int i = 0; i < 600; ++i)
        ++orders[namesOf(desk.routes("example.test"))];
    // Each of six orders a hundred times on average: below 20 is beyond eight deviations.
    REQUIRE(orders.size() == 6);
    for (const auto& [order, count] : orders) {
        CHECK(order.front() == "first.test");
        CHECK(count > 20);
    }
}

TEST_CASE("mail routes: a domain without MX records is its own host", "[engine]") {
    Desk desk;
    desk.dns.addresses("example.test", {"192.0.2.1"});
    const MailRoutes routes = desk.routes("example.test");
    REQUIRE(namesOf(routes) == Names{"example.test"});
    CHECK(routes.hosts[0].implicit);
    CHECK(routes.hosts[0].preference == 0);
}

TEST_CASE("mail routes: a null MX takes no mail", "[engine]") {
    Desk desk;
    desk.dns.mx("null.test", {{0, "."}});
    const MailRoutes routes = desk.routes("null.test");
    CHECK(routes.trouble == RouteTrouble::NullMx);
    CHECK(routes.hosts.empty());
    CHECK(routes.why == "null.test takes no mail (null MX)");
    // Beside others it is a mistake.
    desk.dns.mx("both.test", {{0, "."}, {10, "mx.test"}});
    CHECK(namesOf(desk.routes("both.test")) == Names{"mx.test"});
}

TEST_CASE("mail routes: what the DNS cannot say for good is tried again", "[engine]") {
    Desk desk;
    desk.dns.missing("failed.test", RecordType::Mx, Result::Failed);
    desk.dns.missing("bogus.test", RecordType::Mx, Result::Bogus);
    desk.dns.found("garbage.test", RecordType::Mx, {"", "\x01", "nonsense"});
    for (const std::string domain : {"failed.test", "bogus.test", "garbage.test"}) {
        const MailRoutes routes = desk.routes(domain);
        INFO(domain);
        CHECK(routes.trouble == RouteTrouble::Temporary);
        CHECK(routes.hosts.empty());
        CHECK(routes.why.find(domain) != std::string::npos);
    }
    desk.dns.found("half.test", RecordType::Mx, {"x", mxData(10, "mx.test")});
    CHECK(namesOf(desk.routes("half.test")) == Names{"mx.test"});
}

TEST_CASE("mail routes: a domain that is not there", "[engine]") {
    Desk desk;
    CHECK(desk.routes("nowhere.test").trouble == RouteTrouble::NoSuchDomain);
    CHECK(desk.routes("nowhere.test").why == "no such domain: nowhere.test");
    CHECK(desk.routes("no such").trouble == RouteTrouble::NoSuchDomain);
    CHECK(desk.routes("").trouble == RouteTrouble::NoSuchDomain);
}

TEST_CASE("mail routes: U-labels are asked for as A-labels", "[engine]") {
    Desk desk;
    desk.dns.mx("xn--bcher-kva.test", {{10, "mx.test"}});
    CHECK(
        namesOf(desk.routes("B\xc3\xbc"
                            "cher.test")) == Names{"mx.test"});
}

TEST_CASE("mail routes: hosts as good as this server, and worse, are left out", "[engine]") {
    Desk desk;
    desk.dns.mx(
        "example.test",
        {{10, "best.test"}, {20, "MAIL.daybook.test"}, {20, "equal.test"}, {30, "worse.test"}});
    CHECK(namesOf(desk.routes("example.test")) == Names{"best.test"});

    desk.dns.mx("loop.test", {{10, "mail.daybook.test"}, {20, "worse.test"}});
    const MailRoutes loop = desk.routes("loop.test");
    CHECK(loop.trouble == RouteTrouble::LoopsBack);
    CHECK(loop.hosts.empty());

    desk.dns.addresses("mail.daybook.test", {"192.0.2.99"});
    CHECK(desk.routes("mail.daybook.test").trouble == RouteTrouble::LoopsBack);
    desk.dns.answer(
        "alias.test",
        RecordType::Mx,
        {.result = Result::NoData, .canonicalName = "mail.daybook.test"});
    CHECK(desk.routes("alias.test").trouble == RouteTrouble::LoopsBack);
}

TEST_CASE("mail routes: a domain cannot make us try without end", "[engine]") {
    Desk desk;
    std::vector<std::pair<std::uint16_t, std::string>> hosts;
    std::vector<std::string> addresses;
    for (int i = 0; i < 200; ++i) {
        hosts.emplace_back(i, "mx" + std::to_string(i) + ".test");
        addresses.push_back("192.0.2." + std::to_string(i));
    }
    desk.dns.mx("many.test", hosts);
    desk.dns.addresses("many.test", addresses);
    const MailRoutes routes = desk.routes("many.test");
    CHECK(routes.hosts.size() == 20);
    CHECK(routes.hosts.back().name == "mx19.test");
    CHECK(desk.addresses("many.test").addresses.size() == 20);
}

TEST_CASE("mail routes: an address literal is its own route, without a question", "[engine]") {
    Desk desk;
    for (const auto& [literal, address] : std::map<std::string, std::string>{
             {"[192.0.2.1]", "192.0.2.1"},
             {"[IPv6:2001:DB8:0::1]", "2001:db8::1"},
             {"[ipv6:::1]", "::1"}}) {
        INFO(literal);
        const MailRoutes routes = desk.routes(literal);
        REQUIRE(routes.hosts.size() == 1);
        CHECK_FALSE(routes.secure);
        const HostAddresses addresses = desk.addresses(routes.hosts[0].name);
        CHECK(addresses.state == State::Found);
        CHECK(addresses.addresses == Names{address});
        CHECK_FALSE(addresses.secure);
    }
    for (const std::string wrong :
         {"[192.0.2]", "[192.0.2.1", "[2001:db8::1]", "[IPv6:192.0.2.1]", "[]", "[x:y]"}) {
        INFO(wrong);
        CHECK(desk.routes(wrong).trouble == RouteTrouble::NoSuchDomain);
    }
    CHECK(desk.routes("[192.0.2.99]").trouble == RouteTrouble::LoopsBack);
    CHECK(desk.dns.asked().empty());
}

TEST_CASE("addresses: both families by turns, IPv6 first", "[engine]") {
    Desk desk;
    desk.dns.addresses(
        "mx.test", {"192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"}, Vouched::ByDnssec);
    const HostAddresses found = desk.addresses("mx.test");
    CHECK(found.state == State::Found);
    CHECK(found.addresses == Names{"2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"});
    CHECK(found.secure);
    CHECK(found.canonicalName == "mx.test");
}

TEST_CASE("addresses: insecure if one family's answer is, absence included", "[engine]") {
    Desk desk;
    desk.dns.addresses("mx.test", {"192.0.2.1"}, Vouched::ByDnssec);
    CHECK(desk.addresses("mx.test").secure);
    desk.dns.missing("mx.test", RecordType::Aaaa, Result::NoData);
    CHECK_FALSE(desk.addresses("mx.test").secure);
}

TEST_CASE("addresses: a family that cannot be asked neither stops nor weakens", "[engine]") {
    Desk desk;
    desk.dns.addresses("mx.test", {"192.0.2.1"}, Vouched::ByDnssec);
    desk.dns.missing("mx.test", RecordType::Aaaa, Result::Failed);
    const HostAddresses found = desk.addresses("mx.test");
    CHECK(found.state == State::Found);
    CHECK(found.addresses == Names{"192.0.2.1"});
    CHECK(found.secure);

    desk.dns.missing("mx.test", RecordType::Aaaa, Result::Bogus);
    CHECK(desk.addresses("mx.test").state == State::Temporary);
    CHECK(desk.addresses("mx.test").addresses.empty());
}

TEST_CASE("addresses: none, or not to be found out now", "[engine]") {
    Desk desk;
    CHECK(desk.addresses("nowhere.test").state == State::None);
    CHECK(desk.addresses("nowhere.test").why == "nowhere.test has no address");
    desk.dns.missing("mx.test", RecordType::A, Result::Failed);
    const HostAddresses failed = desk.addresses("mx.test");
    CHECK(failed.state == State::Temporary);
    CHECK(failed.why == "the addresses of mx.test cannot be found out: scripted");
    desk.dns.found("bad.test", RecordType::A, {"abc"});
    CHECK(desk.addresses("bad.test").state == State::None);
}

TEST_CASE("addresses: the name after CNAMEs", "[engine]") {
    Desk desk;
    desk.dns.answer(
        "alias.test",
        RecordType::A,
        {
            .result = Result::Found,
            .secure = true,
            .records = {addressData("192.0.2.1")},
            .canonicalName = "host.test",
        });
    desk.dns.missing("alias.test", RecordType::Aaaa, Result::NoData, Vouched::ByDnssec);
    const HostAddresses found = desk.addresses("alias.test");
    CHECK(found.canonicalName == "host.test");
    CHECK(found.secure);
}
