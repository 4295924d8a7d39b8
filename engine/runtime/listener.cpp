#include "engine/runtime/listener.h"

#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace daybook {

namespace {

constexpr int kBacklog = 1024;
// Out of descriptors: what waits in the backlog waits until one is free again.
constexpr std::chrono::milliseconds kExhaustedPause{100};
constexpr int kAcceptsBeforeYield = 64;

bool isUnixPath(const std::string& address) { return address.starts_with('/'); }

// Empty: a unix socket.
std::string ipOf(const sockaddr_storage& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.ss_family == AF_INET) {
        const auto& in = reinterpret_cast<const sockaddr_in&>(address);
        ::inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
    } else if (address.ss_family == AF_INET6) {
        const auto& in = reinterpret_cast<const sockaddr_in6&>(address);
        ::inet_ntop(AF_INET6, &in.sin6_addr, text.data(), text.size());
    }
    return text.data();
}

}  // namespace

Listener::Listener(const ListenerOptions& options, SessionFunction session, const Log& log)
    : options_(options), session_(std::move(session)), log_(log) {
    try {
        bind();
        socket_.listen(kBacklog);
        socket_.setBlocking(false);
    } catch (const Poco::Exception& failure) {
        throw std::runtime_error(fmt::format(
            "cannot listen on {} port {}: {}",
            options_.address,
            options_.port,
            failure.displayText()));
    }
}

Listener::~Listener() { close(); }

void Listener::bind() {
    if (isUnixPath(options_.address)) {
        bindUnixSocket();
        return;
    }
    const Poco::Net::IPAddress ip = Poco::Net::IPAddress::parse(options_.address);
    const Poco::Net::SocketAddress address(ip, options_.port);
    // Never SO_REUSEPORT: a second server would take half of the connections.
    if (ip.family() == Poco::Net::AddressFamily::IPv6) {
        socket_.bind6(address, true, false, true);
    } else {
        socket_.bind(address, true, false);
    }
}

void Listener::bindUnixSocket() {
    const Poco::Net::SocketAddress address(Poco::Net::AddressFamily::UNIX_LOCAL, options_.address);
    struct stat status{};
    if (::lstat(options_.address.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) {
        try {
            Poco::Net::StreamSocket probe(Poco::Net::AddressFamily::UNIX_LOCAL);
            probe.connect(address);
        } catch (const Poco::Exception&) {
            // Nobody listens: a server that is gone left it.
            ::unlink(options_.address.c_str());
        }
    }
    socket_.bind(address, false, false);
    // Before listen(): nobody can connect yet.
    if (::chmod(options_.address.c_str(), 0660) != 0) {
        throw Poco::Net::NetException(std::strerror(errno));
    }
}

std::uint16_t Listener::port() const {
    return isUnixPath(options_.address) ? std::uint16_t{0} : socket_.address().port();
}

Task<void> Listener::accept(Reactor& reactor, Start start) {
    if (closed_) co_return;
    watched_.emplace(reactor, socket_.impl()->sockfd());
    int accepts = 0;
    while (!closed_) {
        const Accepted accepted = acceptOne(start);
        if (accepted == Accepted::Nothing) {
            watched_->readReady = false;
            co_await Readiness(*watched_, Want::Read, kNoDeadline);
        } else if (accepted == Accepted::Exhausted) {
            co_await reactor.sleepUntil(after(kExhaustedPause));
        } else if (++accepts % kAcceptsBeforeYield == 0) {
            co_await reactor.yield();
        }
    }
    watched_.reset();
    socket_.close();
}

void Listener::close() {
    if (closed_) return;
    closed_ = true;
    if (isUnixPath(options_.address)) ::unlink(options_.address.c_str());
    if (watched_) watched_->close();
}

Listener::Accepted Listener::acceptOne(const Start& start) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Descriptor socket(::accept4(
        socket_.impl()->sockfd(),
        reinterpret_cast<sockaddr*>(&address),
        &size,
        SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.number() < 0) return acceptFailed(errno);
    // Whom it counts for; loopback and unix sockets are not counted, nor is a proxy itself.
    const std::string ip = ipOf(address);
    const bool isProxy = options_.proxyFrom.contains(ip) || options_.uncountedFrom.contains(ip);
    std::string origin = isProxy ? std::string() : networkOf(ip);
    if (!enter(origin)) {
        turnAway(socket);
        return Accepted::One;
    }
    troubleLogged_ = false;
    start(std::move(socket), std::move(origin));
    return Accepted::One;
}

Listener::Accepted Listener::acceptFailed(int error) {
    switch (error) {
        case EAGAIN: return Accepted::Nothing;
        case EINTR:
        case ECONNABORTED:
        // accept(2): errors of the network that belong to the one connection.
        case ENETDOWN:
        case EPROTO:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case EOPNOTSUPP:
        case ENETUNREACH: return Accepted::One;
        default: break;
    }
    // EMFILE, ENFILE, ENOBUFS, ENOMEM: the connection stays in the backlog, and epoll would not
    // tell of it again.
    if (!troubleLogged_) {
        log_.warning(
            "listener.exhausted", {{"listener", options_.name}, {"reason", std::strerror(error)}});
    }
    troubleLogged_ = true;
    return Accepted::Exhausted;
}

bool Listener::enter(const std::string& origin) {
    const std::lock_guard lock(mutex_);
    const bool full = connections_ >= options_.connectionsMax;
    if (full || isGreedy(origin)) {
        if (!troubleLogged_) logBusy(full);
        troubleLogged_ = true;
        return false;
    }
    ++connections_;
    if (!origin.empty()) ++perAddress_[origin];
    return true;
}

bool Listener::isGreedy(const std::string& origin) {
    if (origin.empty()) return false;
    const auto found = perAddress_.find(origin);
    return found != perAddress_.end() && found->second >= options_.connectionsPerAddressMax;
}

void Listener::logBusy(bool full) {
    log_.warning(
        "listener.busy", {{"listener", options_.name}, {"limit", full ? "total" : "address"}});
}

std::optional<std::string> Listener::enterFor(std::string_view ip) {
    std::string origin = networkOf(ip);
    const std::lock_guard lock(mutex_);
    if (isGreedy(origin)) {
        logBusy(false);
        return std::nullopt;
    }
    if (!origin.empty()) ++perAddress_[origin];
    return origin;
}

void Listener::leave(const std::string& origin) {
    const std::lock_guard lock(mutex_);
    --connections_;
    if (origin.empty()) return;
    const auto found = perAddress_.find(origin);
    if (--found->second == 0) perAddress_.erase(found);
}

void Listener::turnAway(const Descriptor& socket) const {
    if (options_.busyText.empty() || options_.implicitTls != nullptr) return;
    // The socket is empty: this goes at once or never.
    ::send(
        socket.number(),
        options_.busyText.data(),
        options_.busyText.size(),
        MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket.number(), SHUT_WR);
}

}  // namespace daybook
