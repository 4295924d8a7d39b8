// The PROXY protocol: wrong headers first, cut at every place, then through real sockets.

#include "engine/runtime/proxy_header.h"

#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "tests/support/running_server.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string binary(unsigned command, unsigned family, std::string_view addresses) {
    std::string header(kSignature);
    header += static_cast<char>(command);
    header += static_cast<char>(family);
    header += static_cast<char>(addresses.size() >> 8U);
    header += static_cast<char>(addresses.size() & 255U);
    return header.append(addresses);
}

constexpr std::string_view kTcp4("\xc0\x00\x02\x07\x7f\x00\x00\x01\x30\x39\x00\x19", 12);

const std::string kTcp6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x07" +
                          std::string(16, '\1') + std::string("\x30\x39\x03\xe1", 4);

// Octets are asked for as parseProxyHeader() wants them, one at a time.
ProxyHeader fed(std::string_view octets) {
    for (std::size_t count = 0; count <= octets.size(); ++count) {
        const ProxyHeader header = parseProxyHeader(octets.substr(0, count));
        if (header.octets > 0) {
            CHECK(header.octets == count);
            return header;
        }
        CHECK(header.wanted > 0);
        // What is wanted is never more than what the header has.
        CHECK(count + header.wanted <= octets.size());
    }
    return {};
}

// Says who it thinks the client is, and what came first.
Task<void> tell(SessionStart start) {
    Connection& connection = start.connection;
    const std::size_t count = co_await connection.fill(after(std::chrono::seconds(10)));
    const std::string text = connection.peerIp() + " " + std::to_string(connection.peerPort()) +
                             " " + std::to_string(connection.localPort()) +
                             (connection.peerIsLoopback() ? " loopback " : " far ") +
                             std::string(connection.buffered().substr(0, count)) + "\r\n";
    co_await connection.write(text);
}

// Until the client says something.
Task<void> stay(SessionStart start) {
    co_await start.connection.write("in\r\n");
    co_await start.connection.fill(after(std::chrono::seconds(10)));
}

ListenerOptions behindProxy() {
    ListenerOptions options;
    options.proxyFrom.add("127.0.0.0/8");
    options.connectionsPerAddressMax = 2;
    options.busyText = "421 busy\r\n";
    return options;
}

}  // namespace

TEST_CASE("proxy header: what is none is refused at its first wrong octet", "[runtime]") {
    for (const std::string& wrong : {
             std::string("EHLO x\r\n"),
             std::string("proxy TCP4"),
             std::string("PROXX"),
             std::string("\r\n\r\n\1", 5),
             std::string("\x16\x03\x01"),
             std::string("PROXY TCP5 192.0.2.7 127.0.0.1 1 2\r\n"),
             std::string("PROXY TCP4\r\n   "),
             std::string("PROXY TCP4 192.0.2.7 127.0.0.1 1\r\n"),
             std::string("PROXY TCP4 192.0.2.7 127.0.0.1 1 2 3\r\n"),
             std::string("PROXY TCP4 192.0.2.7 127.0.0.1 1 65536\r\n"),
             std::string("PROXY TCP4 192.0.2.7 127.0.0.1 01 2\r\n"),
             std::string("PROXY TCP4 192.0.2.7 127.0.0.1 -1 2\r\n"),
             std::string("PROXY TCP4 2001:db8::1 ::1 1 2\r\n"),
             std::string("PROXY TCP6 192.0.2.7 127.0.0.1 1 2\r\n"),
             std::string("PROXY TCP4 localhost 127.0.0.1 1 2\r\n"),
             std::string("PROXY TCP4  192.0.2.7 127.0.0.1 1 2\r\n"),
             "PROXY UNKNOWN " + std::string(107, 'x'),
             binary(0x11, 0x11, kTcp4),
             binary(0x22, 0x11, kTcp4),
             binary(0x21, 0x11, "short"),
             binary(0x21, 0x21, kTcp4),
             binary(0x21, 0x11, std::string(4'081, 'x')),
         }) {
        INFO(wrong);
        CHECK_THROWS_AS(parseProxyHeader(wrong), ProxyHeaderMalformed);
    }
}

TEST_CASE("proxy header: version 1", "[runtime]") {
    const ProxyHeader four = fed("PROXY TCP4 192.0.2.7 127.0.0.1 12345 25\r\n");
    CHECK(four.clientIp == "192.0.2.7");
    CHECK(four.clientPort == 12'345);
    CHECK(four.serverPort == 25);
    CHECK(fed("PROXY TCP6 2001:db8::7 ::1 65535 993\r\n").clientIp == "2001:db8::7");
    CHECK(fed("PROXY UNKNOWN\r\n").clientIp.empty());
    CHECK(fed("PROXY UNKNOWN ffff:f...f:ffff 1 2\r\n").clientIp.empty());
}

TEST_CASE("proxy header: version 2", "[runtime]") {
    const ProxyHeader four = fed(binary(0x21, 0x11, kTcp4));
    CHECK(four.clientIp == "192.0.2.7");
    CHECK(four.clientPort == 12'345);
    CHECK(four.serverPort == 25);
    const ProxyHeader six = fed(binary(0x21, 0x21, kTcp6));
    CHECK(six.clientIp == "2001:db8::7");
    CHECK(six.serverPort == 993);
    // With TLVs behind the addresses.
    CHECK(fed(binary(0x21, 0x11, std::string(kTcp4) + "\x04\x00\x01x")).clientIp == "192.0.2.7");
    // LOCAL: a health check. A unix socket: nothing that we could use.
    CHECK(fed(binary(0x20, 0x00, "")).clientIp.empty());
    CHECK(fed(binary(0x20, 0x11, kTcp4)).clientIp.empty());
    CHECK(fed(binary(0x21, 0x31, std::string(216, 'x'))).clientIp.empty());
}

TEST_CASE("proxy header: the session sees the client, not the proxy", "[runtime]") {
    RunningServer server(tell, behindProxy());
    TestClient client = server.client();
    client.send("PROXY TCP4 192.0.2.7 127.0.0.1 12345 25\r\nhello");
    CHECK(client.readLine() == "192.0.2.7 12345 25 far hello");

    TestClient slow = server.client();
    for (const char octet : binary(0x21, 0x21, kTcp6))
        slow.send(std::string(1, octet));
    slow.send("x");
    CHECK(slow.readLine() == "2001:db8::7 12345 993 far x");

    TestClient health = server.client();
    health.send(binary(0x20, 0x00, "") + "x");
    CHECK(health.readLine().starts_with("127.0.0.1 "));
}

TEST_CASE("proxy header: a proxy without a header is not served", "[runtime]") {
    RunningServer server(tell, behindProxy());
    for (const std::string_view wrong : {"EHLO client.example\r\n", "PROXY TCP4 x\r\n      "}) {
        TestClient client = server.client();
        client.send(wrong);
        CHECK(client.readToEnd().empty());
    }
    TestClient silent = server.client();
    silent.send("PROXY TCP4 192.0.2.7");
    silent.halfClose();
    CHECK(silent.readToEnd().empty());
}

TEST_CASE("proxy header: who is no proxy cannot say who it is", "[runtime]") {
    ListenerOptions options;
    options.proxyFrom.add("192.0.2.0/24");
    RunningServer server(tell, options);
    TestClient client = server.client();
    client.send("PROXY TCP4 203.0.113.1 127.0.0.1 1 2\r\n");
    CHECK(client.readLine().starts_with("127.0.0.1 "));
}

TEST_CASE("proxy header: TLS begins behind it, also in the same packet", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    TlsContext tls{{certificate.files()}};
    ListenerOptions options = behindProxy();
    options.implicitTls = &tls;
    RunningServer server(tell, options);
    TestClient client = server.client();
    // The kernel holds the header back for the octets that follow.
    const int on = 1;
    REQUIRE(::setsockopt(client.descriptor(), IPPROTO_TCP, TCP_CORK, &on, sizeof on) == 0);
    client.send(binary(0x21, 0x11, kTcp4));
    client.startTls();
    client.send("hello");
    CHECK(client.readLine() == "192.0.2.7 12345 25 far hello");
}

TEST_CASE("proxy header: the client is counted, and the proxy is not", "[runtime]") {
    RunningServer server(stay, behindProxy());
    const auto connect = [&](const std::string& ip) {
        TestClient client = server.client();
        client.send("PROXY TCP4 " + ip + " 127.0.0.1 1 25\r\n");
        return client;
    };
    TestClient first = connect("192.0.2.7");
    CHECK(first.readLine() == "in");
    TestClient second = connect("192.0.2.7");
    CHECK(second.readLine() == "in");
    TestClient third = connect("192.0.2.7");
    CHECK(third.readToEnd() == "421 busy\r\n");
    TestClient other = connect("192.0.2.8");
    CHECK(other.readLine() == "in");
    first.send("x");
    CHECK(first.readToEnd().empty());
    TestClient fourth = connect("192.0.2.7");
    CHECK(fourth.readLine() == "in");
}
