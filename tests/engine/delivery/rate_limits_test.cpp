// Who may send how much: the limit, the wait, what is forgotten.

#include "engine/delivery/rate_limits.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/support/test_clock.h"

using namespace daybook;
using namespace daybook::test;

namespace {

RateConfig settings() {
    RateConfig rates;
    rates.accountMessagesPerHour = 3;
    rates.accountRecipientsPerHour = 5;
    rates.addressConnectionsPerMinute = 2;
    rates.addressMessagesPerMinute = 4;
    return rates;
}

}  // namespace

TEST_CASE("rate limits: who has a whole period's worth waits for the next one", "[engine]") {
    TestClock clock;
    RateLimits limits(clock, settings());
    const AccountId alice(1);
    for (int i = 0; i < 3; ++i)
        CHECK_FALSE(limits.takeMessage(alice));
    const RateLimits::Wait wait = limits.takeMessage(alice);
    REQUIRE(wait);
    CHECK(wait->count() == 1'201);
    // A refused one takes nothing.
    CHECK(limits.takeMessage(alice) == wait);
    clock.advanceSeconds(1'199);
    CHECK(limits.takeMessage(alice));
    clock.advanceSeconds(1);
    CHECK_FALSE(limits.takeMessage(alice));
    CHECK(limits.takeMessage(alice));
    clock.advanceSeconds(3'600);
    for (int i = 0; i < 3; ++i)
        CHECK_FALSE(limits.takeMessage(alice));
    CHECK(limits.takeMessage(alice));
}

TEST_CASE("rate limits: accounts, recipients and addresses are counted apart", "[engine]") {
    TestClock clock;
    RateLimits limits(clock, settings());
    for (int i = 0; i < 3; ++i)
        CHECK_FALSE(limits.takeMessage(AccountId(1)));
    CHECK(limits.takeMessage(AccountId(1)));
    CHECK_FALSE(limits.takeMessage(AccountId(2)));
    for (int i = 0; i < 5; ++i)
        CHECK_FALSE(limits.takeRecipient(AccountId(1)));
    CHECK(limits.takeRecipient(AccountId(1)));
    for (int i = 0; i < 2; ++i)
        CHECK_FALSE(limits.takeConnection("192.0.2.1"));
    CHECK(limits.takeConnection("192.0.2.1"));
    CHECK_FALSE(limits.takeConnection("192.0.2.2"));
    for (int i = 0; i < 4; ++i)
        CHECK_FALSE(limits.takeMessage("192.0.2.1"));
    CHECK(limits.takeMessage("192.0.2.1"));
}

TEST_CASE("rate limits: one IPv6 customer is one", "[engine]") {
    TestClock clock;
    RateLimits limits(clock, settings());
    CHECK_FALSE(limits.takeConnection("2001:db8:0:1::1"));
    CHECK_FALSE(limits.takeConnection("2001:db8:0:1:ffff::2"));
    CHECK(limits.takeConnection("2001:db8:0:1::3"));
    CHECK_FALSE(limits.takeConnection("2001:db8:0:2::1"));
}

TEST_CASE("rate limits: this machine is exempt if the settings say so", "[engine]") {
    TestClock clock;
    RateConfig rates = settings();
    RateLimits limits(clock, rates);
    for (const char* ip : {"127.0.0.1", "127.1.2.3", "::1", "unix"}) {
        for (int i = 0; i < 9; ++i)
            CHECK_FALSE(limits.takeConnection(ip));
    }
    rates.exemptLoopback = false;
    limits.configure(rates);
    CHECK_FALSE(limits.takeConnection("127.0.0.1"));
    CHECK_FALSE(limits.takeConnection("127.0.0.1"));
    CHECK(limits.takeConnection("127.0.0.1"));
    rates.addressConnectionsPerMinute = 0;
    limits.configure(rates);
    CHECK_FALSE(limits.takeConnection("127.0.0.1"));
}

TEST_CASE("rate limits: a flood of addresses takes bounded memory", "[engine]") {
    TestClock clock;
    RateLimits limits(clock, settings());
    for (std::size_t i = 0; i < RateLimits::kKeysMax + 1'000; ++i) {
        const std::string ip = fmt::format("10.{}.{}.{}", i >> 16U, i >> 8U & 255U, i & 255U);
        CHECK_FALSE(limits.takeConnection(ip));
    }
    CHECK(limits.keys() == RateLimits::kKeysMax);
}
