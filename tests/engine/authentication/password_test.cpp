#include "engine/authentication/password.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "engine/authentication/password_cache.h"
#include "journal/base/digest.h"
#include "journal/base/encoding.h"
#include "tests/support/test_clock.h"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string decoded(std::string_view base64) { return fromBase64(base64).value(); }

// RFC 7677 §3: user "user", password "pencil". The exchange does not show the keys; the first test
// shows that these are the ones behind it.
ScramVerifier pencil() {
    return {
        .salt = decoded("W22ZaJ0SNY7soEsUEjb6gQ=="),
        .iterations = 4'096,
        .storedKey = decoded("WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="),
        .serverKey = decoded("wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="),
    };
}

constexpr std::string_view kAuthMessage =
    "n=user,r=rOprNGfwEbeRWgbNEkqO,"
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

}  // namespace

TEST_CASE("password: the verifier of RFC 7677's example explains its exchange", "[engine]") {
    const ScramVerifier verifier = pencil();
    const Hash256 signature = hmacSha256(asBytes(verifier.storedKey), asBytes(kAuthMessage));
    std::string clientKey = decoded("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    for (std::size_t i = 0; i < clientKey.size(); ++i) {
        clientKey[i] = static_cast<char>(clientKey[i] ^ std::to_integer<char>(signature[i]));
    }
    CHECK(asText(sha256(asBytes(clientKey))) == verifier.storedKey);
    const Hash256 server = hmacSha256(asBytes(verifier.serverKey), asBytes(kAuthMessage));
    CHECK(toBase64(asText(server)) == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST_CASE("password: only the right one matches a verifier", "[engine]") {
    const ScramVerifier verifier = pencil();
    CHECK_FALSE(matches(verifier, "Pencil"));
    CHECK_FALSE(matches(verifier, "pencil "));
    CHECK_FALSE(matches(verifier, ""));
    CHECK_FALSE(matches(verifier, std::string_view("pencil\0", 7)));
    ScramVerifier other = verifier;
    other.iterations = 4'095;
    CHECK_FALSE(matches(other, "pencil"));
    other = verifier;
    other.salt[0] = 'x';
    CHECK_FALSE(matches(other, "pencil"));
    other = verifier;
    other.storedKey.pop_back();
    CHECK_FALSE(matches(other, "pencil"));
    CHECK(matches(verifier, "pencil"));
}

TEST_CASE("password: a new verifier has a salt of its own", "[engine]") {
    SystemRandom random;
    const ScramVerifier one = makeVerifier("open sesame", random);
    const ScramVerifier two = makeVerifier("open sesame", random);
    CHECK(one.iterations == kScramIterations);
    CHECK(one.salt.size() == 16);
    CHECK(one.salt != two.salt);
    CHECK(one.storedKey != two.storedKey);
    CHECK(one.storedKey != one.serverKey);
    CHECK(matches(one, "open sesame"));
    CHECK_FALSE(matches(one, "open sesam"));
}

TEST_CASE("password: prepared by SASLprep, and as it is where that is not possible", "[engine]") {
    SystemRandom random;
    // RFC 4013 §3: a soft hyphen is mapped to nothing, a feminine ordinal is an "a".
    CHECK(matches(makeVerifier("I\xc2\xadX", random), "IX"));
    CHECK(matches(makeVerifier("\xc2\xaa", random), "a"));
    CHECK(matches(makeVerifier("gr\xc3\xbcn", random), "gru\xcc\x88n"));
    CHECK_FALSE(matches(makeVerifier("gr\xc3\xbcn", random), "grun"));
    // Neither UTF-8 nor prepared, but a password all the same.
    CHECK(matches(makeVerifier("\xff\x01", random), "\xff\x01"));
    CHECK_FALSE(matches(makeVerifier("\xff\x01", random), "\xff\x02"));
    CHECK(matches(makeVerifier("\xf0\x9f\x94\x91", random), "\xf0\x9f\x94\x91"));
}

TEST_CASE("password: a made-up one has 20 letters and digits in groups", "[engine]") {
    SystemRandom random;
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const std::string password = makeUpPassword(random);
        REQUIRE(password.size() == 23);
        CHECK(std::ranges::count(password, '-') == 3);
        CHECK(password[5] == '-');
        CHECK(password[17] == '-');
        CHECK(password.find_first_of("0125ilosz") == std::string::npos);
        CHECK(seen.insert(password).second);
    }
}

TEST_CASE("password cache: knows a right one for five minutes, for its credential", "[engine]") {
    SystemRandom random;
    TestClock clock;
    PasswordCache cache(random, clock);
    CHECK_FALSE(cache.knows(CredentialId(1), "secret"));
    cache.remember(CredentialId(1), "secret");
    CHECK(cache.knows(CredentialId(1), "secret"));
    CHECK_FALSE(cache.knows(CredentialId(2), "secret"));
    CHECK_FALSE(cache.knows(CredentialId(1), "Secret"));
    CHECK_FALSE(cache.knows(CredentialId(1), ""));
    clock.advanceSeconds(299);
    CHECK(cache.knows(CredentialId(1), "secret"));
    clock.advanceSeconds(1);
    CHECK_FALSE(cache.knows(CredentialId(1), "secret"));
}

TEST_CASE("password cache: remembering again begins anew", "[engine]") {
    SystemRandom random;
    TestClock clock;
    PasswordCache cache(random, clock);
    cache.remember(CredentialId(1), "secret");
    clock.advanceSeconds(200);
    cache.remember(CredentialId(1), "secret");
    clock.advanceSeconds(200);
    CHECK(cache.knows(CredentialId(1), "secret"));
    clock.advanceSeconds(100);
    CHECK_FALSE(cache.knows(CredentialId(1), "secret"));
}

TEST_CASE("password cache: is bounded, the oldest goes first", "[engine]") {
    SystemRandom random;
    TestClock clock;
    PasswordCache cache(random, clock);
    for (std::uint64_t id = 1; id <= PasswordCache::kEntriesMax + 1; ++id) {
        cache.remember(CredentialId(id), "secret");
    }
    CHECK_FALSE(cache.knows(CredentialId(1), "secret"));
    CHECK(cache.knows(CredentialId(2), "secret"));
    CHECK(cache.knows(CredentialId(PasswordCache::kEntriesMax + 1), "secret"));
}
