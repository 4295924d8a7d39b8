// connection.h
//
// One TCP or unix-socket connection, plain or TLS, read and written by a coroutine with limits and
// deadlines. Holds no buffer while it waits for a silent peer. The socket, its address and options
// are POCO's; TLS is an SSL* of our own made from the TlsContext (LIBRARIES A3).
//
// Thread: its reactor's; one coroutine reads and writes it. Ends: Disconnected when the peer is
// gone (also by a TLS or socket error), TimedOut when a deadline passed.
#pragma once

#include <Poco/Net/StreamSocket.h>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/reactor.h"
#include "engine/runtime/task.h"

namespace daybook {

class TlsClientContext;
class TlsContext;
class TlsStream;
class Signal;
enum class Handshake : std::uint8_t;
struct TlsDemand;
struct TlsOutcome;

class Disconnected : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class TimedOut : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// What is known of the TLS of a connection; version 0: none.
struct TlsInfo {
    std::uint16_t version = 0;  // as on the wire, 0x0304 is TLS 1.3
    std::uint16_t cipher = 0;   // as on the wire
    std::string versionName;    // "TLSv1.3"
    std::string cipherName;     // "TLS_AES_256_GCM_SHA384"
    int cipherBits = 0;
};

// What ended a wait.
enum class Wake { Readable, Signalled, TimedOut };

class Connection {
public:
    // Takes over the socket (POCO counts references; keep none): non-blocking, TCP_NODELAY,
    // registered with the reactor.
    Connection(Reactor& reactor, const Poco::Net::StreamSocket& socket);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // The octets that arrived and were not consumed. Valid until the next co_await or consume().
    std::string_view buffered() const;
    void consume(std::size_t count);

    // Waits for octets and appends them to buffered(), at most 16 KiB a call. Returns how many; 0:
    // the peer has ended its side. Throws Disconnected, TimedOut.
    Task<std::size_t> fill(Deadline deadline);
    // The same, before TLS: at most `most` octets leave the socket, so that the handshake finds the
    // rest there.
    Task<std::size_t> fill(Deadline deadline, std::size_t most);

    // Waits until there is something to read (or buffered already, or the peer has ended its
    // side), the signal is raised, or the deadline has passed. A raised signal comes first and
    // stays raised: take() it. Throws Disconnected only.
    Task<Wake> wait(Signal& signal, Deadline deadline);
    // The same with two signals; isRaised() says which.
    Task<Wake> wait(Signal& signal, Signal& other, Deadline deadline);

    // Sends everything. Throws Disconnected, TimedOut (limits::kWriteTimeout without progress).
    Task<void> write(std::string_view octets);
    // The same for several pieces, in one go where the socket can.
    Task<void> write(std::span<const std::string_view> pieces);
    // The same, with another patience.
    Task<void> write(std::span<const std::string_view> pieces, std::chrono::milliseconds patience);

    // Server side of TLS. What arrived before is dropped: nothing from before the handshake
    // survives it. Throws Disconnected, TimedOut.
    Task<void> startTls(TlsContext& context);
    // Client side of TLS. A peer that says more in the clear behind its leave to begin is at fault:
    // nothing from before the handshake survives it (CVE-2021-38371). Returns what came of the
    // demand, also when the peer went away or took too long; after a fault, close(). Throws
    // Disconnected when close() was called.
    Task<TlsOutcome> startTlsClient(
        const TlsClientContext& context, const TlsDemand& demand, Deadline deadline);

    // From now on both sides speak raw DEFLATE (RFC 4978 §3), below TLS if that comes or is there.
    // What arrived and was not consumed is taken as packed. A peer that breaks the format is
    // Disconnected.
    void startCompression();
    // Ends our side's stream and speaks plainly again, both ways (RFC 8437 §4.1).
    Task<void> stopCompression();
    bool isCompressed() const;
    // Nothing is expected for a while: what compression needs only when something moves is given
    // back.
    void rest();

    bool isTls() const;
    TlsInfo tlsInfo() const;
    // RFC 9266 tls-exporter, 32 octets. Nothing without TLS (or TLS 1.2 without extended master
    // secret).
    std::optional<std::string> channelBinding() const;
    // The name that the client asked for (SNI); empty: none.
    std::string serverName() const;
    // Of a client certificate that the context's authorities vouch for: its rfc822Names, then its
    // subject's UID, as they stand there. Empty: there is none.
    std::vector<std::string> clientNames() const;

    // "192.0.2.1", "2001:db8::1"; "unix" for a unix socket.
    std::string peerIp() const;
    std::uint16_t peerPort() const;
    bool peerIsLoopback() const;
    std::uint16_t localPort() const;

    // A proxy said who the client is and where it connected. `ip` is an IP address.
    void setPeer(std::string ip, std::uint16_t port, std::uint16_t localPort);

    std::uint64_t octetsIn() const;
    std::uint64_t octetsOut() const;

    Reactor& reactor();

    // Sends close_notify and FIN; waits for nothing. Also wakes the coroutine that waits in it,
    // with Disconnected; so ends every later call. Thread: its reactor's.
    void close();

private:
    class Implementation;
    Task<Wake> wait(Signal* signal, Signal* other, Deadline deadline);
    Task<void> sendPacked(
        std::span<const std::string_view> pieces, std::chrono::milliseconds patience);
    Task<void> send(std::span<const std::string_view> pieces, std::chrono::milliseconds patience);
    Task<Handshake> shakeHands(TlsStream& tls, Deadline deadline);

    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
