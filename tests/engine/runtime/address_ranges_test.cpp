// Addresses and networks: what is none, the edges of prefixes, both families.

#include "engine/runtime/address_ranges.h"

#include <catch2/catch.hpp>

using namespace daybook;

namespace {

bool inRange(std::string_view range, std::string_view ip) {
    AddressRanges ranges;
    REQUIRE(ranges.add(range));
    return ranges.contains(ip);
}

}  // namespace

TEST_CASE("address ranges: what is no network is refused", "[runtime]") {
    AddressRanges ranges;
    for (const char* wrong : {
             "",
             "/",
             "/8",
             "localhost",
             "192.0.2",
             "192.0.2.1/",
             "192.0.2.1/33",
             "192.0.2.1/24",
             "192.0.2.256",
             "::/129",
             "::1/127",
             "2001:db8::/-1",
             "10.0.0.0/8 ",
             "10.0.0.0/8/8",
             "unix",
             "1::2::3",
         }) {
        INFO(wrong);
        CHECK_FALSE(ranges.add(wrong));
    }
    CHECK(ranges.empty());
    CHECK_FALSE(ranges.contains("192.0.2.1"));
}

TEST_CASE("address ranges: prefixes end where they say", "[runtime]") {
    CHECK(inRange("192.0.2.1", "192.0.2.1"));
    CHECK_FALSE(inRange("192.0.2.1", "192.0.2.2"));
    CHECK(inRange("192.0.2.128/25", "192.0.2.255"));
    CHECK_FALSE(inRange("192.0.2.128/25", "192.0.2.127"));
    CHECK(inRange("10.0.0.0/8", "10.255.255.255"));
    CHECK_FALSE(inRange("10.0.0.0/8", "11.0.0.0"));
    CHECK(inRange("2001:db8::/33", "2001:db8:7fff::1"));
    CHECK_FALSE(inRange("2001:db8::/33", "2001:db8:8000::1"));
    CHECK(inRange("0.0.0.0/0", "203.0.113.9"));
    CHECK(inRange("::/0", "2001:db8::1"));
}

TEST_CASE("address ranges: the families do not mix, but for mapped addresses", "[runtime]") {
    CHECK_FALSE(inRange("::/0", "192.0.2.1"));
    CHECK_FALSE(inRange("0.0.0.0/0", "2001:db8::1"));
    CHECK_FALSE(inRange("0.0.0.0/0", "::1"));
    CHECK(inRange("192.0.2.0/24", "::ffff:192.0.2.7"));
    CHECK_FALSE(inRange("0.0.0.0/0", "unix"));
    CHECK_FALSE(inRange("0.0.0.0/0", ""));
}

TEST_CASE("address ranges: whom an address counts for", "[runtime]") {
    CHECK(networkOf("127.0.0.9").empty());
    CHECK(networkOf("::1").empty());
    CHECK(networkOf("unix").empty());
    CHECK(networkOf("192.0.2.1") != networkOf("192.0.2.2"));
    CHECK(networkOf("192.0.2.1") == networkOf("::ffff:192.0.2.1"));
    CHECK(networkOf("2001:db8::1") == networkOf("2001:db8::ffff"));
    CHECK(networkOf("2001:db8::1") != networkOf("2001:db8:0:1::1"));
}
