// test_client.h
//
// A blocking client of any line protocol for tests: plain or TLS, IPv4, IPv6 or a unix socket; or,
// from a TestListener, the server that our own clients talk to.
// Every call gives up after ten seconds with ClientFailed, so that a broken server fails a test
// instead of hanging it. Never checks certificates: it says what it got. Thread: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct ssl_st;

namespace daybook::test {

// Refused, timed out, ended, or TLS failed: says which.
class ClientFailed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class TestClient {
public:
    TestClient();
    ~TestClient();
    TestClient(TestClient&& other) noexcept;
    TestClient& operator=(TestClient&& other) noexcept;

    // Connects to an IP address, or to a unix socket if `host` begins with '/'.
    void connect(const std::string& host, std::uint16_t port);

    // TLS from now on. `serverName`: sent as SNI unless empty. `versionMax`: 0, or as on the wire
    // (0x0303 for TLS 1.2).
    void startTls(const std::string& serverName = {}, std::uint16_t versionMax = 0);

    // Takes over an accepted socket.
    void adopt(int descriptor);
    // The server side of TLS from now on, with a chain and a key in PEM. `versionMax`: as above.
    void acceptTls(
        const std::string& chainFile, const std::string& keyFile, std::uint16_t versionMax = 0);
    // What the client asked for by SNI.
    std::string serverName() const;
    // In the next startTls(): PEM files.
    void useCertificate(const std::string& chain, const std::string& key);

    void send(std::string_view octets);

    // Returns the line without CRLF. Throws ClientFailed if the server ends or is silent before.
    std::string readLine();
    // Reads up to and with `end`.
    std::string readUntil(std::string_view end);
    std::string readOctets(std::size_t count);
    // Reads until the server ends its side.
    std::string readToEnd();
    // True if the server has ended its side (waits for octets or the end; octets are kept).
    bool atEnd();

    // Ends our side (close_notify and FIN); reading goes on.
    void halfClose();
    void close();
    // Closes with a RST.
    void reset();

    // RFC 9266 tls-exporter, 32 octets.
    std::string channelBinding() const;
    // The first DNS name of the server's certificate.
    std::string certificateName() const;
    std::string tlsVersion() const;

    int descriptor() const;

private:
    struct Implementation;
    void shakeHands(int (*handshake)(ssl_st* ssl));
    // Reads what is there; false at the end.
    bool receive();

    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook::test
