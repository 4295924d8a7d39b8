#include "engine/runtime/server.h"

#include <Poco/Net/StreamSocketImpl.h>
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/runtime/listener.h"
#include "engine/runtime/nursery.h"
#include "engine/runtime/proxy_header.h"
#include "journal/base/limits.h"

namespace daybook {

namespace {

struct Session {
    Session(Reactor& reactor, Descriptor socket)
        : connection(reactor, owned(std::move(socket))), stopping(reactor) {}

    static Poco::Net::StreamSocket owned(Descriptor socket) {
        // POCO counts its references, and closes it with the last one.
        return {new Poco::Net::StreamSocketImpl(socket.release())};
    }

    Connection connection;
    Signal stopping;
};

void logEnd(const Log& log, const std::string& listener, const std::exception_ptr& failure) {
    if (!failure) return;
    try {
        std::rethrow_exception(failure);
    } catch (const Disconnected& ended) {
        log.debug("session.disconnected", {{"listener", listener}, {"reason", ended.what()}});
    } catch (const TimedOut& ended) {
        log.debug("session.timed-out", {{"listener", listener}, {"reason", ended.what()}});
    } catch (const ProxyHeaderMalformed& wrong) {
        log.warning("session.proxy-header", {{"listener", listener}, {"reason", wrong.what()}});
    } catch (const std::exception& failed) {
        log.error("session.failed", {{"listener", listener}, {"reason", failed.what()}});
    } catch (...) {
        log.error("session.failed", {{"listener", listener}, {"reason", "unknown"}});
    }
}

// One reactor, its thread and the sessions on it. All but `reactor` only on that thread.
struct Lane {
    explicit Lane(const Log& log)
        : nursery(reactor, [&log](const std::exception_ptr& failure) {
              logEnd(log, "none", failure);
          }) {}

    Reactor reactor;
    Nursery nursery;
    std::list<Session> sessions;
    bool stopping = false;
    bool closing = false;
    std::thread thread;
};

}  // namespace

class Server::Implementation {
public:
    Implementation(std::size_t reactors, const Log& log) : log_(log) {
        DAYBOOK_ASSERT(reactors > 0);
        for (std::size_t i = 0; i < reactors; ++i)
            lanes_.push_back(std::make_unique<Lane>(log));
    }

    ~Implementation() {
        for (const auto& lane : lanes_) {
            if (!lane->thread.joinable()) continue;
            lane->reactor.stop();
            lane->thread.join();
        }
    }

    void start();
    void stop(std::chrono::milliseconds patience);

    Lane& nextLane() { return *lanes_[nextLane_.fetch_add(1) % lanes_.size()]; }

    // Something that stop() waits for: an accept loop or a session.
    void began() {
        const std::lock_guard lock(mutex_);
        ++running_;
    }

    void ended() {
        const std::lock_guard lock(mutex_);
        if (--running_ == 0) allEnded_.notify_all();
    }

    Task<void> accept(Lane& lane, Listener& listener);
    Task<void> runSession(Lane& lane, Listener& listener, Descriptor socket, std::string origin);
    static Task<void> serve(Listener& listener, Session& session, std::string& origin);
    static Task<void> serveProxied(Listener& listener, Session& session, std::string& origin);
    static Task<void> serveClient(Listener& listener, SessionStart start);
    static Task<void> serveTls(Listener& listener, SessionStart start);

    const Log& log_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<std::pair<Listener*, Lane*>> accepting_;
    std::atomic<std::size_t> nextLane_ = 0;
    std::atomic<std::size_t> sessions_ = 0;
    bool started_ = false;

    std::mutex mutex_;
    std::condition_variable allEnded_;
    std::size_t running_ = 0;  // under mutex_
};

void Server::Implementation::start() {
    DAYBOOK_ASSERT(!started_);
    started_ = true;
    for (const auto& lane : lanes_) {
        lane->thread = std::thread([reactor = &lane->reactor] { reactor->run(); });
    }
    for (const auto& listener : listeners_) {
        began();
        Lane& lane = nextLane();
        accepting_.emplace_back(listener.get(), &lane);
        lane.reactor.post([this, &lane, listener = listener.get()] {
            lane.nursery.start(accept(lane, *listener));
        });
    }
}

Task<void> Server::Implementation::accept(Lane& lane, Listener& listener) {
    const auto start = [this, &listener](Descriptor socket, std::string origin) {
        Lane& target = nextLane();
        began();
        target.reactor.post([this,
                             &target,
                             &listener,
                             taken = std::move(socket),
                             from = std::move(origin)]() mutable {
            target.nursery.start(runSession(target, listener, std::move(taken), std::move(from)));
        });
    };
    std::exception_ptr failure;
    try {
        co_await listener.accept(lane.reactor, start);
    } catch (...) {
        failure = std::current_exception();
    }
    logEnd(log_, listener.options().name, failure);
    ended();
}

Task<void> Server::Implementation::runSession(
    Lane& lane, Listener& listener, Descriptor socket, std::string origin) {
    ++sessions_;
    std::exception_ptr failure;
    try {
        lane.sessions.emplace_front(lane.reactor, std::move(socket));
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) {
        const auto session = lane.sessions.begin();
        if (lane.stopping) session->stopping.raise();
        if (lane.closing) session->connection.close();
        try {
            co_await serve(listener, *session, origin);
        } catch (...) {
            failure = std::current_exception();
        }
        lane.sessions.erase(session);
    }
    logEnd(log_, listener.options().name, failure);
    listener.leave(origin);
    --sessions_;
    ended();
}

Task<void> Server::Implementation::serve(
    Listener& listener, Session& session, std::string& origin) {
    if (listener.options().proxyFrom.contains(session.connection.peerIp())) {
        return serveProxied(listener, session, origin);
    }
    return serveClient(listener, {.connection = session.connection, .stopping = session.stopping});
}

// No coroutine: one frame less for each plain session.
Task<void> Server::Implementation::serveClient(Listener& listener, SessionStart start) {
    if (listener.options().implicitTls == nullptr) return listener.session()(start);
    return serveTls(listener, start);
}

// The proxy's header, then the session for whom it speaks. `origin`: whom the connection counts
// for, from then on. Nothing is said to a proxy that does not begin so: it is set up wrongly, or
// speaks for a client that tries to.
Task<void> Server::Implementation::serveProxied(
    Listener& listener, Session& session, std::string& origin) {
    Connection& connection = session.connection;
    const Deadline deadline = after(limits::kTlsHandshakeTimeout);
    ProxyHeader header = parseProxyHeader({});
    while (header.octets == 0) {
        const std::size_t count = co_await connection.fill(deadline, header.wanted);
        if (count == 0) throw Disconnected("the proxy ended within its header");
        header = parseProxyHeader(connection.buffered());
    }
    connection.consume(header.octets);
    if (!header.clientIp.empty()) {
        connection.setPeer(header.clientIp, header.clientPort, header.serverPort);
        std::optional<std::string> entered = listener.enterFor(header.clientIp);
        if (!entered) {
            if (listener.options().implicitTls == nullptr) {
                co_await connection.write(listener.options().busyText);
            }
            co_return;
        }
        origin = std::move(*entered);
    }
    co_await serveClient(listener, {.connection = connection, .stopping = session.stopping});
}

Task<void> Server::Implementation::serveTls(Listener& listener, SessionStart start) {
    co_await start.connection.startTls(*listener.options().implicitTls);
    co_await listener.session()(start);
}

void Server::Implementation::stop(std::chrono::milliseconds patience) {
    if (!started_) return;
    for (const auto& owned : lanes_) {
        Lane* const lane = owned.get();
        lane->reactor.post([lane] {
            lane->stopping = true;
            for (Session& session : lane->sessions)
                session.stopping.raise();
        });
    }
    for (const auto& [listener, lane] : accepting_) {
        lane->reactor.post([listener] { listener->close(); });
    }
    std::unique_lock lock(mutex_);
    const auto none = [this] { return running_ == 0; };
    if (allEnded_.wait_for(lock, patience, none)) return;
    log_.warning("server.closes-sessions", {{"count", std::to_string(sessions_.load())}});
    lock.unlock();
    for (const auto& owned : lanes_) {
        Lane* const lane = owned.get();
        lane->reactor.post([lane] {
            lane->closing = true;
            for (Session& session : lane->sessions)
                session.connection.close();
        });
    }
    lock.lock();
    allEnded_.wait(lock, none);
}

Server::Server(std::size_t reactors, const Log& log)
    : implementation_(std::make_unique<Implementation>(reactors, log)) {}

Server::~Server() {
    // No patience: who wants any has called stop().
    stop(std::chrono::milliseconds(0));
}

std::uint16_t Server::listen(const ListenerOptions& options, SessionFunction session) {
    DAYBOOK_ASSERT(!implementation_->started_);
    implementation_->listeners_.push_back(
        std::make_unique<Listener>(options, std::move(session), implementation_->log_));
    return implementation_->listeners_.back()->port();
}

void Server::start() { implementation_->start(); }

void Server::stop(std::chrono::milliseconds patience) { implementation_->stop(patience); }

std::size_t Server::sessionCount() const { return implementation_->sessions_.load(); }

Reactor& Server::anyReactor() { return implementation_->nextLane().reactor; }

}  // namespace daybook
