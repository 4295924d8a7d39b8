// Dot-unstuffing and what may not be in a message: every shape, cut at every place.

#include "protocols/smtp/message_content.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/temporary_folder.h"

namespace daybook::smtp {

namespace {

constexpr std::uint64_t kOctetsMax = 1'000;

struct Received {
    std::string text;
    bool done = false;
    std::size_t used = 0;
    int trouble = 0;
    std::string why;
    bool eightBit = false;
};

// Feeds `wire` in pieces of `step` octets.
Received receive(std::string_view wire, std::size_t step) {
    const test::TemporaryFolder folder;
    MessageContent content(folder.path(), kOctetsMax);
    DotUnstuffer unstuffer(content);
    Received received;
    while (received.used < wire.size() && !unstuffer.isDone()) {
        received.used += unstuffer.feed(wire.substr(received.used, step));
    }
    received.done = unstuffer.isDone();
    received.text = content.spool().view();
    received.eightBit = content.hasEightBit();
    if (const std::optional<Reply> trouble = content.trouble()) {
        received.trouble = trouble->code;
        received.why = trouble->lines.front();
    }
    return received;
}

// The same in one piece, octet by octet, and in pieces of 2 to 7.
void checkEveryCut(std::string_view wire, std::string_view text) {
    for (const std::size_t step : {wire.size(), 1UZ, 2UZ, 3UZ, 5UZ, 7UZ}) {
        INFO("in pieces of " << step);
        const Received received = receive(wire, step);
        CHECK(received.done);
        CHECK(received.used == wire.size());
        CHECK(received.trouble == 0);
        CHECK(received.text == text);
    }
}

void checkRefused(std::string_view wire, std::string_view why) {
    for (const std::size_t step : {wire.size(), 1UZ, 2UZ, 3UZ, 5UZ}) {
        INFO("in pieces of " << step);
        const Received received = receive(wire, step);
        CHECK(received.done);
        CHECK(received.used == wire.size());
        CHECK(received.trouble == 554);
        CHECK(received.why.find(why) != std::string::npos);
    }
}

}  // namespace

TEST_CASE("smtp content: dots are unstuffed at the beginning of lines only", "[smtp]") {
    checkEveryCut(".\r\n", "");
    checkEveryCut("\r\n.\r\n", "\r\n");
    checkEveryCut("a\r\n.\r\n", "a\r\n");
    checkEveryCut("..\r\n.\r\n", ".\r\n");
    checkEveryCut("...\r\n.\r\n", "..\r\n");
    checkEveryCut(".a\r\n.\r\n", "a\r\n");
    checkEveryCut("..a.b\r\n..\r\n.\r\n", ".a.b\r\n.\r\n");
    checkEveryCut("a.\r\n..\r\n\r\n..b\r\n.\r\n", "a.\r\n.\r\n\r\n.b\r\n");
    checkEveryCut("\r\n\r\n..\r\n..\r\n.\r\n", "\r\n\r\n.\r\n.\r\n");
}

TEST_CASE("smtp content: what follows the end is not touched", "[smtp]") {
    const std::string wire = "a\r\n.\r\nQUIT\r\n";
    for (const std::size_t step : {wire.size(), 1UZ, 4UZ}) {
        const Received received = receive(wire, step);
        CHECK(received.done);
        CHECK(received.used == 6);
        CHECK(received.text == "a\r\n");
    }
}

TEST_CASE("smtp content: a bare CR or LF never ends a line or the message", "[smtp]") {
    checkRefused("a\n.\nMAIL FROM:<x@y.z>\n.\r\n\r\n.\r\n", "bare LF");
    checkRefused("a\n.\r\n\r\n.\r\n", "bare LF");
    checkRefused("a\r\n.\nb\r\n.\r\n", "bare LF");
    checkRefused("\n\r\n.\r\n", "bare LF");
    checkRefused(".\n\r\n.\r\n", "bare LF");
    checkRefused("a\r.\r\n\r\n.\r\n", "bare CR");
    checkRefused("a\r\n.\rb\r\n.\r\n", "bare CR");
    checkRefused("a\r\n.\r.\r\n\r\n.\r\n", "bare CR");
    checkRefused("\r\r\n.\r\n", "bare CR");
    checkRefused("a\r\r\n.\r\n", "bare CR");
    checkRefused("a\n\r\r\n.\r\n", "bare CR");
    checkRefused("a\rb\r\n.\r\n", "bare CR");
}

TEST_CASE("smtp content: NUL is refused", "[smtp]") {
    checkRefused(std::string_view("a\0b\r\n.\r\n", 8), "NUL");
    checkRefused(std::string_view("\0\r\n.\r\n", 6), "NUL");
}

TEST_CASE("smtp content: size is counted without the stuffed dots", "[smtp]") {
    const std::string line = "." + std::string(kOctetsMax - 2, '.') + "\r\n";
    checkEveryCut(line + ".\r\n", line.substr(1));
    const Received received = receive("." + line + ".\r\n", 100);
    CHECK(received.done);
    CHECK(received.trouble == 552);
    CHECK(received.text.empty());
}

TEST_CASE("smtp content: eight-bit octets are noticed", "[smtp]") {
    CHECK_FALSE(receive("plain\r\n.\r\n", 3).eightBit);
    CHECK(receive("caf\xc3\xa9\r\n.\r\n", 3).eightBit);
}

TEST_CASE("smtp content: chunks end where they like, but not within a CRLF for good", "[smtp]") {
    const test::TemporaryFolder folder;
    MessageContent good(folder.path(), kOctetsMax);
    good.append("a\r");
    good.append("\nb");
    CHECK_FALSE(good.trouble());
    CHECK(good.spool().view() == "a\r\nb");
    MessageContent bad(folder.path(), kOctetsMax);
    bad.append("a\r");
    CHECK(bad.trouble());
    bad.append("b");
    CHECK(bad.trouble());
}

}  // namespace daybook::smtp
