#include <algorithm>
#include <catch2/catch.hpp>

#include "journal/base/ascii.h"
#include "journal/base/digest.h"
#include "journal/base/encoding.h"
#include "journal/base/random.h"

using namespace std::string_literals;

TEST_CASE("base64: what is not canonical is refused", "[base]") {
    CHECK_FALSE(daybook::fromBase64("QQ"));
    CHECK_FALSE(daybook::fromBase64("QQ=="s + "QQ=="));
    CHECK_FALSE(daybook::fromBase64("QR=="));
    CHECK_FALSE(daybook::fromBase64("Q Q="));
    CHECK(daybook::fromBase64("") == ""s);
    CHECK(daybook::fromBase64("AGEAYg==") == "\0a\0b"s);
    CHECK(daybook::toBase64("\0a\0b"s) == "AGEAYg==");
}

TEST_CASE("numbers: signs, blanks and overflow are refused", "[base]") {
    CHECK_FALSE(daybook::parseNumber(""));
    CHECK_FALSE(daybook::parseNumber("+1"));
    CHECK_FALSE(daybook::parseNumber("1 "));
    CHECK_FALSE(daybook::parseNumber("18446744073709551616"));
    CHECK_FALSE(daybook::parseNumber("4294967296", UINT32_MAX));
    CHECK(daybook::parseNumber("18446744073709551615") == UINT64_MAX);
}

TEST_CASE("utf-8: overlong forms and surrogates are refused", "[base]") {
    CHECK_FALSE(daybook::isUtf8("\xC0\xAF"));
    CHECK_FALSE(daybook::isUtf8("\xED\xA0\x80"));
    CHECK_FALSE(daybook::isUtf8("\xF4\x90\x80\x80"));
    CHECK_FALSE(daybook::isUtf8("\xE2\x82"));
    CHECK(daybook::isUtf8("Gr\xC3\xBC\xC3\x9F\x65 \xF0\x9F\x93\xAC"));
}

TEST_CASE("digests: the published vectors hold", "[base]") {
    // FIPS 180-4, "abc"; RFC 4231 §4.3.
    CHECK(
        daybook::toHex(daybook::sha256(daybook::asBytes("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(
        daybook::toHex(daybook::hmacSha256(
            daybook::asBytes("Jefe"), daybook::asBytes("what do ya want for nothing?"))) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("id text: sixteen hexadecimal digits, nothing else", "[base]") {
    CHECK(daybook::idText(0x1f) == "000000000000001f");
    CHECK(daybook::parseIdText("000000000000001F") == 0x1fU);
    CHECK_FALSE(daybook::parseIdText("1f"));
    CHECK_FALSE(daybook::parseIdText("00000000000000zz"));
}

TEST_CASE("ordered numbers: each is greater than all before", "[base]") {
    // The random bits are all set: the order must not come from them.
    class AllSet final : public daybook::Random {
        void fill(std::span<std::byte> octets) override {
            std::ranges::fill(octets, std::byte{0xff});
        }
    } random;

    std::uint64_t last = 0;
    bool ordered = true;
    for (int i = 0; i < 100'000; ++i) {
        const std::uint64_t next = random.orderedNumber();
        ordered = ordered && next > last;
        last = next;
    }
    CHECK(ordered);
}
