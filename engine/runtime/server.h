// server.h
//
// The threads that serve: reactors, each with its own thread, and listeners that accept for all of
// them and start a session for each connection in the nursery of one reactor. Stops gracefully:
// stop accepting, tell the sessions, wait, close what is left.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/runtime/address_ranges.h"
#include "engine/runtime/connection.h"
#include "engine/runtime/signal.h"
#include "engine/runtime/tls_context.h"
#include "journal/base/log.h"

namespace daybook {

// What a session is started with. `stopping` is raised when the server stops: finish the command
// that runs, say goodbye, return. The connection is closed when the task ends.
struct SessionStart {
    Connection& connection;
    Signal& stopping;
};

using SessionFunction = std::function<Task<void>(SessionStart)>;

struct ListenerOptions {
    std::string name{};      // "imap": for ports.json and the log
    std::string address{};   // an IP address, or a path that begins with '/' for a unix socket
    std::uint16_t port = 0;  // 0: a free one
    TlsContext* implicitTls = nullptr;  // the handshake comes first
    // Who must begin with the PROXY protocol (proxy_header.h), also before TLS: what it says of the
    // client holds for the connection and for the limit below. A proxy itself is not counted.
    AddressRanges proxyFrom{};
    // Who speaks for many in its own protocol: not counted either.
    AddressRanges uncountedFrom{};
    std::size_t connectionsMax = 10'000;
    // For an IPv4 address or an IPv6 /64; loopback and unix sockets are not counted.
    std::size_t connectionsPerAddressMax = 100;
    // Sent, then closed, when a limit is reached ("421 ..." or "* BYE ..."); not before TLS.
    std::string busyText{};
};

class Server {
public:
    Server(std::size_t reactors, const Log& log);
    // Calls stop() without patience if need be; then ends the threads.
    ~Server();

    // Binds at once (throws with address, port and reason); accepts after start().
    // Returns the port in use (0 for a unix socket).
    std::uint16_t listen(const ListenerOptions& options, SessionFunction session);

    // Starts the threads and accepts.
    void start();
    // Graceful stop: returns when every session has ended, or `patience` has passed and the rest
    // was closed and has ended. The reactors still run, for the tasks that are no sessions: join
    // those next. Thread: none of the reactors'.
    void stop(std::chrono::milliseconds patience);

    std::size_t sessionCount() const;
    // For tasks that are no sessions. Round robin. Thread: any after start().
    Reactor& anyReactor();

    class Implementation;

private:
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
