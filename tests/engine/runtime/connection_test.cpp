// Connections over real sockets on loopback: what arrives, what is sent, how they end.
#include <atomic>
#include <catch2/catch.hpp>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "engine/runtime/nursery.h"
#include "journal/base/limits.h"
#include "tests/support/running_server.h"

using namespace daybook;
using daybook::test::ClientFailed;
using daybook::test::RunningServer;
using daybook::test::TestCertificate;
using daybook::test::TestClient;

namespace {

Deadline patience() { return after(std::chrono::seconds(10)); }

// Sends back what comes, until the peer ends; then says how much it was.
Task<void> echo(SessionStart start) {
    Connection& connection = start.connection;
    for (;;) {
        const std::size_t filled = co_await connection.fill(patience());
        if (filled == 0) break;
        const std::string octets(connection.buffered());
        connection.consume(octets.size());
        co_await connection.write(octets);
    }
    const std::string end = "END " + std::to_string(connection.octetsIn()) + "\r\n";
    co_await connection.write(end);
}

// "STARTTLS" and then what echo does.
Task<void> upgradeThenEcho(SessionStart start, TlsContext& context) {
    Connection& connection = start.connection;
    while (connection.buffered().find('\n') == std::string_view::npos) {
        const std::size_t filled = co_await connection.fill(patience());
        if (filled == 0) co_return;
    }
    co_await connection.write("220 go\r\n");
    co_await connection.startTls(context);
    co_await echo(start);
}

std::string manyOctets(std::size_t count) {
    std::string octets;
    octets.reserve(count);
    std::uint32_t state = 12345;
    while (octets.size() < count) {
        state = state * 1664525U + 1013904223U;
        octets += static_cast<char>(state >> 24U);
    }
    return octets;
}

}  // namespace

TEST_CASE("connection: echoes over IPv4, IPv6 and a unix socket", "[runtime]") {
    const test::TemporaryFolder folder;
    const std::string path = folder.path() / "socket";
    const char* const kind = GENERATE("127.0.0.1", "::1", "/");
    const std::string address = std::string_view(kind) == "/" ? path : kind;
    RunningServer running(&echo, {.address = address});
    TestClient client = running.client();
    client.send("hello\r\n");
    CHECK(client.readLine() == "hello");
    client.send("again\r\n");
    CHECK(client.readLine() == "again");
    client.halfClose();
    CHECK(client.readToEnd() == "END 14\r\n");
}

TEST_CASE("connection: knows its addresses", "[runtime]") {
    const auto tell = [](SessionStart start) -> Task<void> {
        Connection& connection = start.connection;
        const std::string text = connection.peerIp() + " " +
                                 std::to_string(connection.peerPort() != 0) + " " +
                                 std::to_string(connection.peerIsLoopback()) + " " +
                                 std::to_string(connection.localPort());
        co_await connection.write(text);
    };
    RunningServer four(tell);
    CHECK(four.client().readToEnd() == "127.0.0.1 1 1 " + std::to_string(four.port()));
    RunningServer six(tell, {.address = "::1"});
    CHECK(six.client().readToEnd() == "::1 1 1 " + std::to_string(six.port()));
    const test::TemporaryFolder folder;
    RunningServer unixSocket(tell, {.address = folder.path() / "socket"});
    CHECK(unixSocket.client().readToEnd() == "unix 0 1 0");
}

TEST_CASE("connection: echoes over implicit TLS", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    TlsContext context({certificate.files()});
    RunningServer running(&echo, {.implicitTls = &context});
    TestClient client = running.client();
    const std::uint16_t version = GENERATE(as<std::uint16_t>(), 0x0303, 0);
    client.startTls("mail.example.org", version);
    client.send("hello\r\n");
    CHECK(client.readLine() == "hello");
    client.halfClose();
    CHECK(client.readToEnd() == "END 7\r\n");
}

TEST_CASE("connection: what came before the TLS handshake is gone after it", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    TlsContext context({certificate.files()});
    RunningServer running(
        [&context](SessionStart start) { return upgradeThenEcho(start, context); });
    TestClient client = running.client();
    client.send("STARTTLS\r\nINJECTED\r\n");
    CHECK(client.readLine() == "220 go");
    client.startTls();
    client.send("clean\r\n");
    client.halfClose();
    CHECK(client.readUntil("END") == "clean\r\nEND");
}

TEST_CASE("connection: takes octets that come one by one", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    TlsContext context({certificate.files()});
    const bool tls = GENERATE(false, true);
    RunningServer running(&echo, {.implicitTls = tls ? &context : nullptr});
    TestClient client = running.client();
    if (tls) client.startTls();
    const std::string text = "slow is not wrong\r\n";
    for (const char c : text)
        client.send({&c, 1});
    CHECK(client.readLine() + "\r\n" == text);
}

TEST_CASE("connection: a huge write waits for a slow reader", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    TlsContext context({certificate.files()});
    const bool tls = GENERATE(false, true);
    const std::string octets = manyOctets(12U << 20U);
    const auto send = [](SessionStart start, const std::string& what) -> Task<void> {
        // Pieces of all sizes, empty ones too.
        const std::string_view all = what;
        const std::vector<std::string_view> pieces{
            all.substr(0, 1), {}, all.substr(1, 100), all.substr(101, 20'000), all.substr(20'101)};
        co_await start.connection.write(pieces);
    };
    RunningServer running([&](SessionStart start) {
        return send(start, octets);
    }, {.implicitTls = tls ? &context : nullptr});
    TestClient client;
    client = running.client();
    const int small = 128 * 1024;
    ::setsockopt(client.descriptor(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (tls) client.startTls();
    std::string got;
    while (got.size() < octets.size())
        got += client.readOctets(std::min<std::size_t>(60'000, octets.size() - got.size()));
    CHECK((got == octets));
    CHECK(client.atEnd());
}
