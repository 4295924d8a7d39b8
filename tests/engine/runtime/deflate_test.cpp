// DEFLATE on a connection: streams that rest and go on, and octets that would become too many.

#include "engine/runtime/deflate.h"

#include <catch2/catch.hpp>
#include <random>

using namespace daybook;

namespace {

// Everything that was fed, piece by piece.
std::string unpacked(DeflateLayer& layer) {
    std::string all;
    while (layer.unpack(all) > 0) {
    }
    return all;
}

std::string packed(DeflateLayer& layer, std::string_view text) {
    std::string octets;
    layer.pack(text, octets);
    layer.flush(octets);
    return octets;
}

std::string someText(std::mt19937& dice) {
    std::string text;
    const std::size_t words = 1 + dice() % 400;
    for (std::size_t i = 0; i < words; ++i)
        text += "* " + std::to_string(dice() % 1'000) + " FETCH (FLAGS (\\Seen))\r\n";
    return text;
}

}  // namespace

TEST_CASE("deflate: two layers understand each other, at rest or not", "[runtime]") {
    const unsigned seed = std::random_device()();
    INFO("seed " << seed);
    std::mt19937 dice(seed);
    DeflateLayer one;
    DeflateLayer two;
    for (int round = 0; round < 200; ++round) {
        const std::string text = someText(dice);
        const std::string octets = packed(one, text);
        // However they are cut on the way.
        std::string heard;
        for (std::size_t at = 0; at < octets.size();) {
            const std::size_t count = 1 + dice() % 700;
            two.feed(std::string_view(octets).substr(at, count));
            at += count;
            heard += unpacked(two);
            if (dice() % 8 == 0) two.rest();
        }
        REQUIRE(heard == text);
        if (dice() % 3 == 0) one.rest();
        if (dice() % 3 == 0) two.rest();
    }
}

TEST_CASE("deflate: a peer with the largest window is understood after a rest", "[runtime]") {
    // What was said 30,000 octets ago is referred to again.
    std::mt19937 dice(7);
    std::string noise;
    while (noise.size() < 30'000)
        noise += static_cast<char>('a' + dice() % 26);
    DeflateLayer one;
    DeflateLayer two;
    const std::string first = packed(one, noise);
    two.feed(first);
    REQUIRE(unpacked(two) == noise);
    two.rest();
    two.feed(packed(one, "again " + noise.substr(noise.size() - 500)));
    CHECK(unpacked(two) == "again " + noise.substr(noise.size() - 500));
}

TEST_CASE("deflate: a few octets never become megabytes at once", "[runtime]") {
    DeflateLayer one;
    DeflateLayer two;
    const std::string bomb = packed(one, std::string(50U << 20U, 'x'));
    CHECK(bomb.size() < 500'000);
    two.feed(bomb);
    std::string piece;
    CHECK(two.unpack(piece) <= 16'384);
    CHECK(piece.size() <= 16'384);
    CHECK(two.hasInput());
    std::size_t octets = piece.size();
    do {
        piece.clear();
        octets += two.unpack(piece);
    } while (!piece.empty());
    CHECK(octets == 50U << 20U);
}

TEST_CASE("deflate: the end of a stream, and what is none", "[runtime]") {
    DeflateLayer one;
    DeflateLayer two;
    std::string octets;
    one.pack("a UNAUTHENTICATE\r\n", octets);
    one.finish(octets);
    two.feed(octets + "b NOOP\r\n");
    std::string command;
    two.unpack(command);
    CHECK(command == "a UNAUTHENTICATE\r\n");
    CHECK(two.takeInput() == "b NOOP\r\n");
    DeflateLayer three;
    three.feed("\xff\xff\xff\xff");
    std::string out;
    CHECK_THROWS_AS(three.unpack(out), InvalidDeflate);
}
