// The server: many sessions, limits, failures, and how it stops.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <future>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include "engine/runtime/worker_pool.h"
#include "tests/support/running_server.h"

using namespace daybook;
using daybook::test::ClientFailed;
using daybook::test::RunningServer;
using daybook::test::TemporaryFolder;
using daybook::test::TestClient;

namespace {

constexpr auto kLong = std::chrono::seconds(60);

// Greets, then says goodbye when the server stops or the peer ends.
Task<void> polite(SessionStart start) {
    co_await start.connection.write("hello\r\n");
    const Wake wake = co_await start.connection.wait(start.stopping, after(kLong));
    if (wake == Wake::Signalled) co_await start.connection.write("bye\r\n");
}

// Never looks at `stopping`.
Task<void> rude(SessionStart start) {
    co_await start.connection.write("hello\r\n");
    while (co_await start.connection.fill(after(kLong)) != 0) {
        start.connection.consume(start.connection.buffered().size());
    }
}

Task<void> failsAtOnce(SessionStart start) {
    co_await start.connection.write("hello\r\n");
    throw std::runtime_error("this line in the log is expected");
}

void waitForSessions(RunningServer& running, std::size_t count) {
    while (running.server().sessionCount() != count)
        std::this_thread::yield();
}

// Returns when every reactor has looked at its sockets after this call began.
void passThroughReactors(Server& server) {
    for (int i = 0; i < 16; ++i) {
        std::promise<void> passed;
        server.anyReactor().post([&passed] { passed.set_value(); });
        passed.get_future().get();
    }
}

}  // namespace

TEST_CASE("server: two thousand idle connections, and all of them closed", "[runtime]") {
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    rlimit raised = limit;
    raised.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8'192);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &raised) == 0);
    REQUIRE(raised.rlim_cur >= 4'200);
    {
        RunningServer running(&polite);
        std::vector<TestClient> clients(2'000);
        for (TestClient& client : clients) {
            client.connect("127.0.0.1", running.port());
            CHECK(client.readLine() == "hello");
        }
        CHECK(running.server().sessionCount() == 2'000);
        // Half of them go by themselves.
        for (std::size_t i = 0; i < clients.size(); i += 2)
            clients[i].close();
        waitForSessions(running, 1'000);
        running.server().stop(std::chrono::seconds(30));
        CHECK(running.server().sessionCount() == 0);
        for (std::size_t i = 1; i < clients.size(); i += 2) {
            CHECK(clients[i].readToEnd() == "bye\r\n");
        }
    }
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

TEST_CASE("server: sessions that ignore its stop are closed", "[runtime]") {
    RunningServer running(&rude);
    std::vector<TestClient> clients(10);
    for (TestClient& client : clients) {
        client.connect("127.0.0.1", running.port());
        CHECK(client.readLine() == "hello");
    }
    running.server().stop(std::chrono::milliseconds(5));
    CHECK(running.server().sessionCount() == 0);
    for (TestClient& client : clients)
        CHECK(client.atEnd());
    TestClient late;
    CHECK_THROWS_AS(late.connect("127.0.0.1", running.port()), ClientFailed);
    running.server().stop(std::chrono::milliseconds(0));
}

TEST_CASE("server: a command that runs is finished before it stops", "[runtime]") {
    WorkerPool pool(1);
    std::promise<void> begun;
    std::promise<int> released;
    const auto work = [](SessionStart start,
                         WorkerPool& workers,
                         std::promise<void>& started,
                         std::promise<int>& release) -> Task<void> {
        started.set_value();
        const int number = co_await workers.run([&release] { return release.get_future().get(); });
        const std::string reply = std::to_string(number) + "\r\n";
        co_await start.connection.write(reply);
    };
    RunningServer running([&](SessionStart start) { return work(start, pool, begun, released); });
    TestClient client = running.client();
    begun.get_future().get();
    std::thread stopper([&] { running.server().stop(std::chrono::seconds(30)); });
    passThroughReactors(running.server());
    released.set_value(42);
    CHECK(client.readToEnd() == "42\r\n");
    stopper.join();
}

TEST_CASE("server: a session's exception ends that session only", "[runtime]") {
    const Log log(LogLevel::Error);
    Server server(1, log);
    const std::uint16_t bad = server.listen({.name = "bad", .address = "127.0.0.1"}, &failsAtOnce);
    const std::uint16_t good = server.listen({.name = "good", .address = "127.0.0.1"}, &polite);
    server.start();
    TestClient before;
    before.connect("127.0.0.1", good);
    CHECK(before.readLine() == "hello");
    for (int i = 0; i < 3; ++i) {
        TestClient client;
        client.connect("127.0.0.1", bad);
        CHECK(client.readToEnd() == "hello\r\n");
    }
    server.stop(std::chrono::seconds(10));
    CHECK(before.readToEnd() == "bye\r\n");
}

TEST_CASE("server: above its limit a connection is told so, and let in later", "[runtime]") {
    RunningServer running(&polite, {.connectionsMax = 2, .busyText = "421 busy\r\n"});
    TestClient first = running.client();
    TestClient second = running.client();
    CHECK(first.readLine() == "hello");
    CHECK(second.readLine() == "hello");
    CHECK(running.client().readToEnd() == "421 busy\r\n");
    first.close();
    waitForSessions(running, 1);
    // The count goes down just after the session does.
    std::string greeting;
    do {
        greeting = running.client().readLine();
    } while (greeting == "421 busy");
    CHECK(greeting == "hello");
}

TEST_CASE("server: out of descriptors it waits and then goes on", "[runtime]") {
    RunningServer running(&polite);
    TestClient client;
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    client.connect("127.0.0.1", running.port());
    CHECK(client.readLine() == "hello");
    // accept() holds a descriptor while it looks; let it find that nobody else is there.
    passThroughReactors(running.server());
    const int next = ::dup(client.descriptor());
    ::close(next);
    rlimit tight = limit;
    // Room for the client's descriptor, none for the server's.
    tight.rlim_cur = static_cast<rlim_t>(next) + 1;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
    TestClient waiting;
    waiting.connect("127.0.0.1", running.port());
    passThroughReactors(running.server());
    CHECK(running.server().sessionCount() == 1);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(waiting.readLine() == "hello");
}

TEST_CASE("server: an address that is taken or wrong is named", "[runtime]") {
    RunningServer running(&polite);
    const Log log(LogLevel::Error);
    Server other(1, log);
    const std::string port = std::to_string(running.port());
    CHECK_THROWS_WITH(
        other.listen({.name = "x", .address = "127.0.0.1", .port = running.port()}, &polite),
        Catch::Contains("127.0.0.1 port " + port) && Catch::Contains("in use"));
    CHECK_THROWS_WITH(
        other.listen({.name = "x", .address = "not an address"}, &polite),
        Catch::Contains("not an address"));
}

TEST_CASE("server: a unix socket is for its group, replaces a stale one only", "[runtime]") {
    const TemporaryFolder folder;
    const std::string path = folder.path() / "control";
    const Log log(LogLevel::Error);
    {
        RunningServer running(&polite, {.address = path});
        CHECK(running.port() == 0);
        struct stat status{};
        REQUIRE(::stat(path.c_str(), &status) == 0);
        CHECK((status.st_mode & 0777U) == 0660);
        CHECK(running.client().readLine() == "hello");
        Server other(1, log);
        CHECK_THROWS_WITH(
            other.listen({.name = "x", .address = path}, &polite), Catch::Contains(path));
        CHECK(running.client().readLine() == "hello");
    }
    CHECK_FALSE(std::filesystem::exists(path));
    // As a killed server leaves it.
    {
        const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::bind(stale, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        ::close(stale);
    }
    RunningServer again(&polite, {.address = path});
    CHECK(again.client().readLine() == "hello");
    // A file that is no socket is not ours to remove.
    const std::string file = folder.path() / "file";
    std::filesystem::copy_file("/proc/self/status", file);
    Server third(1, log);
    CHECK_THROWS(third.listen({.name = "x", .address = file}, &polite));
    CHECK(std::filesystem::exists(file));
}
