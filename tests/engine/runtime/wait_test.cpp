// What ends a wait: octets, a signal, a deadline, the peer, or close().
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <sys/socket.h>
#include <thread>

#include "engine/runtime/nursery.h"
#include "tests/support/running_server.h"

using namespace daybook;
using daybook::test::RunningServer;
using daybook::test::TestCertificate;
using daybook::test::TestClient;

namespace {

Deadline patience() { return after(std::chrono::seconds(10)); }

const char* nameOfWake(Wake wake) {
    switch (wake) {
        case Wake::Readable: return "readable\r\n";
        case Wake::Signalled: return "signalled\r\n";
        case Wake::TimedOut: return "timed out\r\n";
    }
    return "?";
}

// Says "ready", waits, says what ended the wait; "now" from the peer asks for a short deadline.
Task<void> sayWakes(SessionStart start, Signal& signal) {
    Connection& connection = start.connection;
    Deadline deadline = patience();
    for (;;) {
        co_await connection.write("ready\r\n");
        const Wake wake = co_await connection.wait(signal, start.stopping, deadline);
        deadline = patience();
        if (wake == Wake::Signalled && start.stopping.take()) co_await connection.write("stop ");
        if (wake == Wake::Signalled) signal.take();
        co_await connection.write(nameOfWake(wake));
        if (wake != Wake::Readable) continue;
        const std::size_t filled =
            connection.buffered().empty() ? co_await connection.fill(patience()) : 1;
        if (filled == 0) co_return;
        if (connection.buffered().find("now") != std::string_view::npos) deadline = after({});
        connection.consume(connection.buffered().size());
    }
}

Task<void> sayWakesWithHandle(SessionStart start, std::promise<Signal::Handle>& handle) {
    Signal signal(start.connection.reactor());
    handle.set_value(signal.handle());
    co_await sayWakes(start, signal);
}

Task<void> fillShortly(SessionStart start) {
    std::string text = "filled";
    try {
        co_await start.connection.fill(after(std::chrono::milliseconds(1)));
    } catch (const TimedOut&) {
        text = "timed out";
    }
    co_await start.connection.write(text);
}

Task<void> fillThenTell(SessionStart start, std::promise<std::string>& outcome) {
    std::string text = "filled";
    try {
        co_await start.connection.write("ready\r\n");
        while (co_await start.connection.fill(patience()) != 0) {
        }
        text = "ended";
    } catch (const Disconnected&) {
        text = "disconnected";
    }
    outcome.set_value(text);
}

Task<void> closeAfterYield(Connection& connection) {
    co_await connection.reactor().yield();
    connection.close();
}

Task<void> closedByAnother(SessionStart start, std::promise<std::string>& outcome, bool inWait) {
    Connection& connection = start.connection;
    Nursery nursery(connection.reactor(), [](const std::exception_ptr&) {});
    nursery.start(closeAfterYield(connection));
    std::string text = "went on";
    try {
        if (inWait) {
            co_await connection.wait(start.stopping, patience());
        } else {
            co_await connection.fill(patience());
        }
    } catch (const Disconnected&) {
        text = "disconnected";
    }
    try {
        co_await connection.write("nobody hears this");
    } catch (const Disconnected&) {
        text += " twice";
    }
    co_await nursery.join();
    outcome.set_value(text);
}

}  // namespace

TEST_CASE("wait: ends by octets, signal or deadline, and then begins anew", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    TlsContext context({certificate.files()});
    const bool tls = GENERATE(false, true);
    std::promise<Signal::Handle> promise;
    RunningServer running([&promise](SessionStart start) {
        return sayWakesWithHandle(start, promise);
    }, {.implicitTls = tls ? &context : nullptr});
    TestClient client = running.client();
    if (tls) client.startTls();
    const Signal::Handle handle = promise.get_future().get();
    for (int round = 0; round < 5; ++round) {
        CHECK(client.readLine() == "ready");
        client.send("octets");
        CHECK(client.readLine() == "readable");
        CHECK(client.readLine() == "ready");
        handle.raise();
        CHECK(client.readLine() == "signalled");
        CHECK(client.readLine() == "ready");
        client.send("now");
        CHECK(client.readLine() == "readable");
        CHECK(client.readLine() == "ready");
        CHECK(client.readLine() == "timed out");
    }
    CHECK(client.readLine() == "ready");
    std::thread stopper([&] { running.server().stop(std::chrono::seconds(10)); });
    CHECK(client.readLine() == "stop signalled");
    CHECK(client.readLine() == "ready");
    client.halfClose();
    CHECK(client.readLine() == "readable");
    CHECK(client.atEnd());
    stopper.join();
    handle.raise();  // the session is gone
}

TEST_CASE("wait: octets that TLS has decrypted already count as readable", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    TlsContext context({certificate.files()});
    const auto countOctets = [](SessionStart start) -> Task<void> {
        std::size_t total = 0;
        while (total < 100'000) {
            const Wake wake = co_await start.connection.wait(start.stopping, patience());
            if (wake != Wake::Readable) co_return;
            total += start.connection.buffered().size();
            start.connection.consume(start.connection.buffered().size());
        }
        co_await start.connection.write("all\r\n");
    };
    RunningServer running(countOctets, {.implicitTls = &context});
    TestClient client = running.client();
    client.startTls();
    client.send(std::string(100'000, 'x'));
    CHECK(client.readLine() == "all");
}

TEST_CASE("fill: a deadline ends it", "[runtime]") {
    RunningServer running(&fillShortly);
    CHECK(running.client().readToEnd() == "timed out");
}

TEST_CASE("fill: tells a peer that ended from one that broke off", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    TlsContext context({certificate.files()});
    const bool tls = GENERATE(false, true);
    const std::string how = GENERATE(as<std::string>(), "half", "close", "data and half", "reset");
    std::promise<std::string> outcome;
    RunningServer running([&outcome](SessionStart start) {
        return fillThenTell(start, outcome);
    }, {.implicitTls = tls ? &context : nullptr});
    TestClient client = running.client();
    if (tls) client.startTls();
    CHECK(client.readLine() == "ready");
    if (how == "data and half") client.send("last words");
    if (how == "close") client.close();
    if (how == "half" || how == "data and half") client.halfClose();
    if (how == "reset") client.reset();
    CHECK(outcome.get_future().get() == (how == "reset" ? "disconnected" : "ended"));
}

TEST_CASE("fill: TLS that ends without close_notify is no proper end", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    TlsContext context({certificate.files()});
    std::promise<std::string> outcome;
    RunningServer running([&outcome](SessionStart start) {
        return fillThenTell(start, outcome);
    }, {.implicitTls = &context});
    TestClient client = running.client();
    client.startTls();
    CHECK(client.readLine() == "ready");
    ::shutdown(client.descriptor(), SHUT_WR);
    CHECK(outcome.get_future().get() == "disconnected");
}

TEST_CASE("close: wakes who waits, with Disconnected, and ends every later call", "[runtime]") {
    const bool inWait = GENERATE(false, true);
    std::promise<std::string> outcome;
    RunningServer running(
        [&outcome, inWait](SessionStart start) { return closedByAnother(start, outcome, inWait); });
    TestClient client = running.client();
    CHECK(client.readToEnd().empty());
    CHECK(outcome.get_future().get() == "disconnected twice");
}
