#include "engine/runtime/connector.h"

#include <Poco/Net/IPAddress.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <system_error>

#include "engine/runtime/descriptor.h"
#include "engine/runtime/readiness.h"
#include "engine/runtime/signal.h"

namespace daybook {

namespace {

std::unexpected<ConnectFailure> failed(
    ConnectFault fault, const ConnectTarget& target, std::string_view reason) {
    return std::unexpected(ConnectFailure{
        .fault = fault,
        .why = fmt::format("{} port {}: {}", target.ip, target.port, reason),
    });
}

// What connect(2) and the network said.
std::unexpected<ConnectFailure> failed(int error, const ConnectTarget& target) {
    ConnectFault fault = ConnectFault::Unreachable;
    if (error == ECONNREFUSED || error == ECONNRESET) fault = ConnectFault::Refused;
    if (error == ETIMEDOUT) fault = ConnectFault::TimedOut;
    return failed(fault, target, std::strerror(error));
}

std::optional<Poco::Net::SocketAddress> parseAddress(const std::string& ip, std::uint16_t port) {
    Poco::Net::IPAddress address;
    if (!Poco::Net::IPAddress::tryParse(ip, address)) return {};
    return Poco::Net::SocketAddress(address, port);
}

// Binds the source; 0, or the error.
int bindSource(const Descriptor& socket, const Poco::Net::SocketAddress& source) {
    // The port is chosen at connect(): one source port can serve many destinations.
    const int on = 1;
    ::setsockopt(socket.number(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return ::bind(socket.number(), source.addr(), source.length()) == 0 ? 0 : errno;
}

// A socket that is bound to its source, if one is named.
std::expected<Descriptor, ConnectFailure> openSocket(
    const Poco::Net::SocketAddress& address, const ConnectTarget& target) {
    Descriptor socket(::socket(address.af(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.number() < 0) {
        // A machine without that family.
        if (errno == EAFNOSUPPORT) return failed(errno, target);
        throw std::system_error(errno, std::generic_category(), "a socket to connect with");
    }
    if (target.sourceIp.empty()) return socket;
    const auto source = parseAddress(target.sourceIp, 0);
    if (!source || source->family() != address.family()) {
        return failed(
            ConnectFault::BadAddress,
            target,
            fmt::format("the source \"{}\" is no address of that family", target.sourceIp));
    }
    const int error = bindSource(socket, *source);
    if (error == 0) return socket;
    return failed(
        ConnectFault::BadAddress,
        target,
        fmt::format("from {}: {}", target.sourceIp, std::strerror(error)));
}

// How the attempt stands: 0: connected, EINPROGRESS: it goes on, else why it failed.
int attemptState(const Descriptor& socket) {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    if (error != 0) return error;
    sockaddr_storage peer{};
    socklen_t peerSize = sizeof peer;
    if (::getpeername(socket.number(), reinterpret_cast<sockaddr*>(&peer), &peerSize) == 0) {
        return 0;
    }
    return errno == ENOTCONN ? EINPROGRESS : errno;
}

// Waits for connect(2)'s end: 0, or the error; ETIMEDOUT at the deadline, ECANCELED when told to
// stop.
Task<int> awaitConnected(
    Reactor& reactor, const Descriptor& socket, Deadline deadline, Signal* stop) {
    // Registered after connect(2): before it, epoll would tell of a hangup.
    Watched watched(reactor, socket.number());
    for (;;) {
        watched.writeReady = false;
        const WakeReason reason = co_await Readiness(watched, Want::Write, deadline, stop);
        if (reason == WakeReason::TimedOut) co_return ETIMEDOUT;
        if (reason == WakeReason::Signalled) co_return ECANCELED;
        const int state = attemptState(socket);
        if (state != EINPROGRESS) co_return state;
    }
}

ConnectOutcome wrap(Reactor& reactor, Descriptor socket, const ConnectTarget& target) {
    try {
        // POCO counts its references, and closes it with the last one.
        const Poco::Net::StreamSocket connected(new Poco::Net::StreamSocketImpl(socket.release()));
        return std::make_unique<Connection>(reactor, connected);
    } catch (const Disconnected& reset) {
        return failed(ConnectFault::Refused, target, reset.what());
    }
}

}  // namespace

Task<ConnectOutcome> openConnection(
    Reactor& reactor, ConnectTarget target, Deadline deadline, Signal* stop) {
    const auto address = parseAddress(target.ip, target.port);
    if (!address) co_return failed(ConnectFault::BadAddress, target, "not an IP address");
    auto socket = openSocket(*address, target);
    if (!socket) co_return std::unexpected(socket.error());
    int error = 0;
    if (::connect(socket->number(), address->addr(), address->length()) != 0) error = errno;
    if (error == EINPROGRESS || error == EINTR) {
        error = co_await awaitConnected(reactor, *socket, deadline, stop);
    }
    if (error != 0) co_return failed(error, target);
    co_return wrap(reactor, std::move(*socket), target);
}

}  // namespace daybook
