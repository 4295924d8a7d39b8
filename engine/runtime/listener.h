// listener.h
//
// One bound address: accepts within its limits and hands each connection on. For Server. Thread:
// accept() and close() on one reactor's; leave() from any.
#pragma once

#include <Poco/Net/ServerSocket.h>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "engine/runtime/descriptor.h"
#include "engine/runtime/readiness.h"
#include "engine/runtime/server.h"

namespace daybook {

class Listener {
public:
    // A connection that was let in, and whom it counts for: leave() when it has ended.
    using Start = std::function<void(Descriptor socket, std::string origin)>;

    // Binds and listens. Throws std::runtime_error with address, port and reason.
    Listener(const ListenerOptions& options, SessionFunction session, const Log& log);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    // Accepts until close().
    Task<void> accept(Reactor& reactor, Start start);
    void close();

    // A connection has ended.
    void leave(const std::string& origin);
    // A connection that came through a proxy counts for `ip` from now on, and leaves as what is
    // returned. Nothing: that one has too many.
    std::optional<std::string> enterFor(std::string_view ip);

    const ListenerOptions& options() const { return options_; }

    const SessionFunction& session() const { return session_; }

    std::uint16_t port() const;

private:
    enum class Accepted { One, Nothing, Exhausted };

    void bind();
    void bindUnixSocket();
    Accepted acceptOne(const Start& start);
    Accepted acceptFailed(int error);
    bool enter(const std::string& origin);
    bool isGreedy(const std::string& origin);  // under mutex_
    void logBusy(bool full);
    void turnAway(const Descriptor& socket) const;

    const ListenerOptions options_;
    const SessionFunction session_;
    const Log& log_;
    Poco::Net::ServerSocket socket_;
    std::optional<Watched> watched_;
    bool closed_ = false;
    // Said once until the next connection is let in.
    bool troubleLogged_ = false;

    std::mutex mutex_;
    std::size_t connections_ = 0;                              // under mutex_
    std::unordered_map<std::string, std::size_t> perAddress_;  // under mutex_
};

}  // namespace daybook
