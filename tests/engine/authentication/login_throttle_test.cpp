#include "engine/authentication/login_throttle.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/support/test_clock.h"

using namespace daybook;
using namespace daybook::test;

namespace {

void fail(LoginThrottle& throttle, std::string_view ip, int times) {
    for (int i = 0; i < times; ++i)
        throttle.failed(ip);
}

}  // namespace

TEST_CASE("throttle: ten failures within ten minutes have to wait", "[engine]") {
    TestClock clock;
    LoginThrottle throttle(clock);
    CHECK_FALSE(throttle.mustWait("192.0.2.1"));
    fail(throttle, "192.0.2.1", 9);
    CHECK_FALSE(throttle.mustWait("192.0.2.1"));
    throttle.failed("192.0.2.1");
    CHECK(throttle.mustWait("192.0.2.1"));
    clock.advanceSeconds(4);
    CHECK(throttle.mustWait("192.0.2.1"));
    clock.advanceSeconds(1);
    CHECK_FALSE(throttle.mustWait("192.0.2.1"));
}

TEST_CASE("throttle: failures that are further apart never wait", "[engine]") {
    TestClock clock;
    LoginThrottle throttle(clock);
    for (int i = 0; i < 100; ++i) {
        throttle.failed("192.0.2.1");
        CHECK_FALSE(throttle.mustWait("192.0.2.1"));
        clock.advanceSeconds(76);  // nine in ten minutes
    }
}

TEST_CASE("throttle: who goes on waits twice as long each time, five minutes at most", "[engine]") {
    TestClock clock;
    LoginThrottle throttle(clock);
    fail(throttle, "192.0.2.1", 9);
    for (const int wait : {5, 10, 20, 40, 80, 160, 300, 300, 300}) {
        throttle.failed("192.0.2.1");
        clock.advanceSeconds(wait - 1);
        CHECK(throttle.mustWait("192.0.2.1"));
        clock.advanceSeconds(1);
        CHECK_FALSE(throttle.mustWait("192.0.2.1"));
    }
    // Silent for a whole window: begins anew.
    clock.advanceSeconds(601);
    fail(throttle, "192.0.2.1", 9);
    CHECK_FALSE(throttle.mustWait("192.0.2.1"));
}

TEST_CASE("throttle: counts networks, /24 and /64", "[engine]") {
    TestClock clock;
    LoginThrottle throttle(clock);
    fail(throttle, "192.0.2.1", 5);
    fail(throttle, "192.0.2.99", 4);
    fail(throttle, "::ffff:192.0.2.7", 1);
    CHECK(throttle.mustWait("192.0.2.200"));
    CHECK_FALSE(throttle.mustWait("192.0.3.1"));
    fail(throttle, "2001:db8:0:1::1", 5);
    fail(throttle, "2001:db8:0:1:ffff::2", 5);
    CHECK(throttle.mustWait("2001:db8:0:1::3"));
    CHECK_FALSE(throttle.mustWait("2001:db8:0:2::1"));
    CHECK(throttle.networks() == 2);
}

TEST_CASE("throttle: this machine waits late and short", "[engine]") {
    TestClock clock;
    LoginThrottle throttle(clock);
    fail(throttle, "127.0.0.1", 400);
    fail(throttle, "::1", 300);
    fail(throttle, "::ffff:127.0.0.2", 200);
    fail(throttle, "unix", 99);
    CHECK_FALSE(throttle.mustWait("127.0.0.1"));
    fail(throttle, "127.0.0.1", 50);
    CHECK(throttle.mustWait("::1"));
    clock.advanceSeconds(5);
    CHECK_FALSE(throttle.mustWait("127.0.0.1"));
}

TEST_CASE("throttle: is bounded, who failed longest ago is forgotten", "[engine]") {
    TestClock clock;
    LoginThrottle throttle(clock);
    fail(throttle, "2001:db8:ffff::1", 9);
    const auto fillOthers = [&throttle](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            throttle.failed(fmt::format("2001:db9:{:x}:{:x}::1", i >> 16U, i & 0xffffU));
        }
    };
    fillOthers(LoginThrottle::kNetworksMax - 1);
    CHECK(throttle.networks() == LoginThrottle::kNetworksMax);
    throttle.failed("2001:db8:ffff::1");
    CHECK(throttle.mustWait("2001:db8:ffff::1"));
    throttle.failed("2001:dba::1");
    CHECK(throttle.networks() == LoginThrottle::kNetworksMax);
    CHECK(throttle.mustWait("2001:db8:ffff::1"));
    fail(throttle, "2001:dbb::1", 10);
    CHECK(throttle.mustWait("2001:dbb::1"));
    fillOthers(LoginThrottle::kNetworksMax);
    CHECK_FALSE(throttle.mustWait("2001:db8:ffff::1"));
}
