// Connections that we open: where they get to, and why they do not.
#include "engine/runtime/connector.h"

#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/runtime/nursery.h"
#include "tests/support/running_server.h"
#include "tests/support/test_listener.h"

using namespace daybook;
using daybook::test::RunningServer;
using daybook::test::TestClient;
using daybook::test::TestListener;

namespace {

Deadline patience() { return after(std::chrono::seconds(10)); }

Task<void> open(Reactor& reactor, const ConnectTarget& target, Deadline deadline, auto& got) {
    got = co_await openConnection(reactor, target, deadline);
}

Task<void> greet(SessionStart start) {
    const std::string text = "hello " + start.connection.peerIp() + "\r\n";
    co_await start.connection.write(text);
}

// Opens, reads to the end, closes.
Task<void> openAndRead(Reactor& reactor, const ConnectTarget& target, std::string& got) {
    const ConnectOutcome opened = co_await openConnection(reactor, target, patience());
    if (!opened) {
        got = opened.error().why;
        co_return;
    }
    Connection& connection = **opened;
    while (true) {
        const std::size_t filled = co_await connection.fill(patience());
        if (filled == 0) break;
    }
    got = std::string(connection.buffered()) + connection.peerIp() + " " +
          std::to_string(connection.peerPort());
}

std::string readFrom(const ConnectTarget& target) {
    Reactor reactor;
    std::string got;
    runUntilDone(reactor, openAndRead(reactor, target, got));
    return got;
}

ConnectFailure failureOf(const ConnectTarget& target, Deadline deadline = patience()) {
    Reactor reactor;
    std::expected<std::unique_ptr<Connection>, ConnectFailure> got;
    runUntilDone(reactor, open(reactor, target, deadline, got));
    if (!got) return got.error();
    got->reset();
    FAIL("it was connected");
    return {};
}

}  // namespace

TEST_CASE("connector: opens connections over IPv4 and IPv6", "[runtime]") {
    const std::string address = GENERATE("127.0.0.1", "::1");
    const RunningServer running(&greet, {.address = address});
    const ConnectTarget target{.ip = address, .port = running.port(), .sourceIp = {}};
    const std::string port = std::to_string(running.port());
    CHECK(readFrom(target) == "hello " + address + "\r\n" + address + " " + port);
}

TEST_CASE("connector: the source address is the one that was asked for", "[runtime]") {
    const RunningServer running(&greet);
    const ConnectTarget target{.ip = "127.0.0.1", .port = running.port(), .sourceIp = "127.0.0.9"};
    CHECK_THAT(readFrom(target), Catch::StartsWith("hello 127.0.0.9\r\n"));
}

TEST_CASE("connector: says that nobody listens", "[runtime]") {
    // Bound and never listening: no other program can have the port meanwhile.
    const int held = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(held, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(held, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const std::uint16_t port = ntohs(address.sin_port);
    const ConnectFailure failure = failureOf({.ip = "127.0.0.1", .port = port, .sourceIp = {}});
    CHECK(failure.fault == ConnectFault::Refused);
    CHECK(failure.why == "127.0.0.1 port " + std::to_string(port) + ": Connection refused");
    ::close(held);
}

TEST_CASE("connector: an address that is none is said so", "[runtime]") {
    CHECK(
        failureOf({.ip = "mail.example.org", .port = 25, .sourceIp = {}}).fault ==
        ConnectFault::BadAddress);
    CHECK(
        failureOf({.ip = "127.0.0.1", .port = 25, .sourceIp = "::1"}).fault ==
        ConnectFault::BadAddress);
    // TEST-NET-1 is nobody's, so not ours.
    const ConnectFailure foreign =
        failureOf({.ip = "127.0.0.1", .port = 25, .sourceIp = "192.0.2.1"});
    CHECK(foreign.fault == ConnectFault::BadAddress);
    CHECK_THAT(foreign.why, Catch::Contains("192.0.2.1"));
}

TEST_CASE("connector: the network's refusal to carry is not a refusal", "[runtime]") {
    // Broadcast needs a permission that no TCP socket has: fails at once, inside the machine.
    const ConnectFailure failure = failureOf({.ip = "255.255.255.255", .port = 25, .sourceIp = {}});
    CHECK(failure.fault == ConnectFault::Unreachable);
}

TEST_CASE("connector: gives up at the deadline", "[runtime]") {
    // A backlog that is full answers nothing.
    const int held = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(held, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(held, 0) == 0);
    REQUIRE(::getsockname(held, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    const std::uint16_t port = ntohs(address.sin_port);
    TestClient fills;
    fills.connect("127.0.0.1", port);
    const ConnectFailure failure = failureOf(
        {.ip = "127.0.0.1", .port = port, .sourceIp = {}}, after(std::chrono::milliseconds(50)));
    CHECK(failure.fault == ConnectFault::TimedOut);
    ::close(held);
}
