// Lines and counted octets: strict ends, limits, and how the dialogue goes on afterwards.
#include "protocols/common/line_reader.h"

#include <catch2/catch.hpp>

#include "tests/support/running_server.h"

using namespace daybook;
using daybook::test::RunningServer;
using daybook::test::TestClient;

namespace {

Deadline patience() { return after(std::chrono::seconds(10)); }

constexpr std::size_t kLimit = 10;

// What came of one line, with its control octets made visible.
std::string shown(const std::string& line) {
    std::string text = "<";
    for (const char c : line) {
        if (c == '\r') {
            text += "CR";
        } else if (c == '\n') {
            text += "LF";
        } else if (c == '\0') {
            text += "NUL";
        } else {
            text += c;
        }
    }
    return text + ">";
}

// Says what came of every line; "octets N" is followed by N counted octets.
Task<void> describeLines(SessionStart start) {
    LineReader reader(start.connection);
    for (;;) {
        std::string line;
        std::string reply;
        try {
            line = co_await reader.readLine(kLimit, patience());
            reply = shown(line);
        } catch (const LineTooLong&) {
            reply = "too long";
        } catch (const Disconnected&) {
            reply = "gone";
        }
        if (line.starts_with("octets ")) {
            std::string octets;
            const auto sink = [&octets](std::string_view piece) { octets += piece; };
            const std::uint64_t count = std::stoull(line.substr(7));
            co_await reader.readOctets(count, sink, std::chrono::seconds(10));
            reply = octets.size() > 100 ? std::to_string(octets.size()) : shown(octets);
        }
        reply += "\r\n";
        co_await start.connection.write(reply);
        if (reply == "gone\r\n") co_return;
    }
}

// Sends `octets` in pieces of `size`, ends, and returns the replies.
std::string repliesTo(const std::string& octets, std::size_t size = SIZE_MAX) {
    RunningServer running(&describeLines);
    TestClient client = running.client();
    for (std::size_t at = 0; at < octets.size(); at += std::min(size, octets.size())) {
        client.send(std::string_view(octets).substr(at, size));
    }
    client.halfClose();
    return client.readToEnd();
}

}  // namespace

TEST_CASE("line reader: only CRLF ends a line", "[protocols]") {
    const std::size_t size = GENERATE(as<std::size_t>(), 1, 3, 100'000);
    CHECK(repliesTo("a\r\n\r\nb\r\n", size) == "<a>\r\n<>\r\n<b>\r\ngone\r\n");
    CHECK(repliesTo("a\nb\r\n", size) == "<aLFb>\r\ngone\r\n");
    CHECK(repliesTo("a\rb\r\n", size) == "<aCRb>\r\ngone\r\n");
    CHECK(repliesTo("a\n.\nb\r\n", size) == "<aLF.LFb>\r\ngone\r\n");
    CHECK(repliesTo("a\r\r\n", size) == "<aCR>\r\ngone\r\n");
    CHECK(repliesTo("a\n\r\n", size) == "<aLF>\r\ngone\r\n");
    CHECK(repliesTo(std::string("a\0b\r\n", 5), size) == "<aNULb>\r\ngone\r\n");
}

TEST_CASE("line reader: a peer that ends within a line is gone", "[protocols]") {
    CHECK(repliesTo("") == "gone\r\n");
    CHECK(repliesTo("half") == "gone\r\n");
    CHECK(repliesTo("half\r") == "gone\r\n");
    CHECK(repliesTo("whole\r\nhalf\n") == "<whole>\r\ngone\r\n");
}

TEST_CASE("line reader: the limit counts without CRLF; the dialogue goes on", "[protocols]") {
    const std::size_t size = GENERATE(as<std::size_t>(), 1, 7, 100'000);
    CHECK(repliesTo("1234567890\r\nx\r\n", size) == "<1234567890>\r\n<x>\r\ngone\r\n");
    CHECK(repliesTo("12345678901\r\nx\r\n", size) == "too long\r\n<x>\r\ngone\r\n");
    CHECK(repliesTo("1234567890\r\r\nx\r\n", size) == "too long\r\n<x>\r\ngone\r\n");
    const std::string longLine(size == 1 ? 500 : 50'000, 'y');
    CHECK(repliesTo(longLine + "\r\nx\r\n", size) == "too long\r\n<x>\r\ngone\r\n");
}

TEST_CASE("line reader: an endless line ends the connection", "[protocols]") {
    const auto readOne = [](SessionStart start) -> Task<void> {
        LineReader reader(start.connection);
        co_await reader.readLine(kLimit, patience());
    };
    RunningServer running(readOne);
    TestClient client = running.client();
    const std::string piece(100'000, 'z');
    CHECK_THROWS_AS([&] {
        for (int i = 0; i < 1'000; ++i)
            client.send(piece);
    }(), test::ClientFailed);
}

TEST_CASE("line reader: counted octets are not lines", "[protocols]") {
    const std::size_t size = GENERATE(as<std::size_t>(), 1, 7, 100'000);
    CHECK(repliesTo("octets 5\r\na\r\nb\nrest\r\n", size) == "<aCRLFbLF>\r\n<rest>\r\ngone\r\n");
    CHECK(repliesTo("octets 0\r\nrest\r\n", size) == "<>\r\n<rest>\r\ngone\r\n");
    const std::string many(999, 'q');
    const std::string count = std::to_string(many.size());
    CHECK(
        repliesTo("octets " + count + "\r\n" + many + "x\r\n", size) ==
        count + "\r\n<x>\r\ngone\r\n");
}

TEST_CASE("line reader: silence is ended by the deadline", "[protocols]") {
    const auto readOne = [](SessionStart start) -> Task<void> {
        LineReader reader(start.connection);
        std::string reply = "a line";
        try {
            co_await reader.readLine(kLimit, after(std::chrono::milliseconds(1)));
        } catch (const TimedOut&) {
            reply = "timed out";
        }
        co_await start.connection.write(reply);
        try {
            co_await reader.readOctets(100, [](std::string_view) {}, std::chrono::milliseconds(1));
        } catch (const TimedOut&) {
            reply = " twice";
        }
        co_await start.connection.write(reply);
    };
    RunningServer running(readOne);
    TestClient client = running.client();
    client.send("half");
    CHECK(client.readToEnd() == "timed out twice");
}
