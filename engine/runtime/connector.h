// connector.h
//
// Opens TCP connections to an IP address: never blocks, gives up at a deadline, and says why it did
// not get through. Resolves no names. The connection belongs to the reactor that it was opened on.
// Thread: a reactor's.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "engine/runtime/connection.h"
#include "engine/runtime/task.h"

namespace daybook {

struct ConnectTarget {
    std::string ip;  // "192.0.2.1", "2001:db8::1"
    std::uint16_t port = 0;
    std::string sourceIp;  // of the same family; empty: the system chooses
};

enum class ConnectFault : std::uint8_t {
    Refused,      // nobody listens there, or the peer hung up at once
    Unreachable,  // no way there, by the network's or our own word
    TimedOut,
    BadAddress,  // an address is none, or the source is not ours or of another family
};

struct ConnectFailure {
    ConnectFault fault = ConnectFault::Unreachable;
    std::string why;  // "192.0.2.1 port 25: Connection refused"
};

using ConnectOutcome = std::expected<std::unique_ptr<Connection>, ConnectFailure>;

// Throws std::system_error when this process can have no socket (descriptors, memory).
// `stop`, when raised, ends the wait.
Task<ConnectOutcome> openConnection(
    Reactor& reactor, ConnectTarget target, Deadline deadline, Signal* stop = nullptr);

}  // namespace daybook
