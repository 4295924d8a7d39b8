#include "engine/runtime/connection.h"

#include <Poco/Net/IPAddress.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/SocketAddress.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "engine/runtime/deflate.h"
#include "engine/runtime/piece_cursor.h"
#include "engine/runtime/readiness.h"
#include "engine/runtime/signal.h"
#include "engine/runtime/tls_context.h"
#include "engine/runtime/tls_stream.h"
#include "journal/base/limits.h"

namespace daybook {

namespace {

// One for each thread, used between two waits only: a connection that waits holds no buffer.
constexpr std::size_t kScratchOctets = 16'384;
thread_local std::array<char, kScratchOctets> scratch;

constexpr std::size_t kPiecesPerCall = 64;
// A peer that sends faster than we read must not starve the others of its reactor.
constexpr int kFillsBeforeYield = 64;
constexpr int kDrainsAtClose = 16;

// The next record's octets: one piece as it lies, or several gathered in the scratch buffer. The
// same call gives the same octets again, as SSL_write asks for.
std::string_view nextRecord(const PieceCursor& cursor) {
    const std::string_view first = cursor.current();
    if (first.size() >= kScratchOctets) return first.substr(0, kScratchOctets);
    if (cursor.piecesLeft() == 1) return first;
    std::size_t filled = 0;
    for (std::size_t i = 0; i < cursor.piecesLeft() && filled < kScratchOctets; ++i) {
        filled += cursor.piece(i).copy(scratch.data() + filled, kScratchOctets - filled);
    }
    return {scratch.data(), filled};
}

}  // namespace

class Connection::Implementation {
public:
    Implementation(Reactor& reactor, const Poco::Net::StreamSocket& socket)
        : socket_(socket), watched_(reactor, socket_.impl()->sockfd()) {
        socket_.setBlocking(false);
        noteAddresses();
    }

    // Reads once into `incoming_`. Never waits.
    Progress receive();
    // Sends what goes at once: Done when all is sent.
    Progress send(PieceCursor& cursor);

    void requireOpen() const {
        if (watched_.closed) throw Disconnected("closed");
    }

    // What to wait for, after Progress said so.
    static Want wanted(Progress progress) {
        return progress == Progress::WantWrite ? Want::Write : Want::Read;
    }

    // An idle session holds no buffer.
    void releaseEmptyBuffer() {
        if (consumed_ != incoming_.size()) return;
        consumed_ = 0;
        std::string().swap(incoming_);
    }

    void take(std::string_view octets) {
        octetsIn_ += octets.size();
        if (deflate_) {
            deflate_->feed(octets);
            return;
        }
        dropConsumed();
        incoming_ += octets;
        filled_ += octets.size();
    }

    void dropConsumed() {
        incoming_.erase(0, consumed_);
        consumed_ = 0;
    }

    // What the pieces are on the wire.
    std::string packed(std::span<const std::string_view> pieces);

    void close();

    Poco::Net::StreamSocket socket_;
    Watched watched_;
    std::unique_ptr<TlsStream> tls_;
    std::unique_ptr<DeflateLayer> deflate_;
    std::string incoming_;
    std::size_t consumed_ = 0;
    std::uint64_t filled_ = 0;  // all that ever came into `incoming_`
    std::uint64_t octetsIn_ = 0;
    std::uint64_t octetsOut_ = 0;
    int fillsWithoutWait_ = 0;
    std::size_t mostPerRead_ = kScratchOctets;
    bool ended_ = false;
    std::uint16_t peerPort_ = 0;
    std::uint16_t localPort_ = 0;
    bool peerIsLoopback_ = true;
    std::string peerIp_ = "unix";

private:
    void noteAddresses();

    // Returns whether there was something.
    bool unpack();
    Progress receiveOnce();
    Progress receivePlain();
    Progress receiveTls();
    Progress sendPlain(PieceCursor& cursor);
    Progress sendTls(PieceCursor& cursor);
    // Notes that the socket is not ready; turns a broken TLS into an exception.
    Progress noted(Progress progress);
};

Progress Connection::Implementation::receive() {
    for (;;) {
        if (deflate_ && unpack()) return Progress::Done;
        if (ended_) return Progress::Ended;
        const Progress progress = receiveOnce();
        // Packed octets need not make a whole plain one.
        if (progress != Progress::Done || !deflate_) return progress;
    }
}

Progress Connection::Implementation::receiveOnce() {
    const Progress progress = tls_ ? receiveTls() : receivePlain();
    if (progress == Progress::Ended) ended_ = true;
    return progress;
}

bool Connection::Implementation::unpack() {
    if (!deflate_->hasInput()) return false;
    dropConsumed();
    try {
        const std::size_t octets = deflate_->unpack(incoming_);
        filled_ += octets;
        return octets > 0;
    } catch (const InvalidDeflate& broken) {
        throw Disconnected(broken.what());
    }
}

std::string Connection::Implementation::packed(std::span<const std::string_view> pieces) {
    std::string octets;
    for (const std::string_view each : pieces)
        deflate_->pack(each, octets);
    deflate_->flush(octets);
    return octets;
}

Progress Connection::Implementation::receivePlain() {
    while (watched_.readReady) {
        const ssize_t count = ::recv(watched_.descriptor, scratch.data(), mostPerRead_, 0);
        if (count == 0) return Progress::Ended;
        if (count > 0) {
            const auto octets = static_cast<std::size_t>(count);
            // A short read has emptied the socket; unless the peer's end came already: then there
            // is no further edge, and the end is still to be read.
            if (octets < mostPerRead_ && !watched_.hangup) watched_.readReady = false;
            take({scratch.data(), octets});
            return Progress::Done;
        }
        if (errno == EAGAIN) watched_.readReady = false;
        if (errno != EAGAIN && errno != EINTR) throw Disconnected(std::strerror(errno));
    }
    return Progress::WantRead;
}

Progress Connection::Implementation::receiveTls() {
    if (!watched_.readReady && !tls_->hasPending()) return Progress::WantRead;
    const Transfer transfer = tls_->read(scratch);
    if (transfer.progress == Progress::Done) take({scratch.data(), transfer.octets});
    return noted(transfer.progress);
}

Progress Connection::Implementation::send(PieceCursor& cursor) {
    while (!cursor.atEnd()) {
        const Progress progress = tls_ ? sendTls(cursor) : sendPlain(cursor);
        if (progress != Progress::Done) return progress;
    }
    return Progress::Done;
}

Progress Connection::Implementation::sendPlain(PieceCursor& cursor) {
    if (!watched_.writeReady) return Progress::WantWrite;
    std::array<iovec, kPiecesPerCall> vectors;  // NOLINT: filled below
    const std::size_t count = std::min(cursor.piecesLeft(), vectors.size());
    for (std::size_t i = 0; i < count; ++i) {
        const std::string_view piece = cursor.piece(i);
        vectors[i] = {.iov_base = const_cast<char*>(piece.data()), .iov_len = piece.size()};
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(watched_.descriptor, &message, MSG_NOSIGNAL);
    if (sent >= 0) {
        octetsOut_ += static_cast<std::size_t>(sent);
        cursor.advance(static_cast<std::size_t>(sent));
        return Progress::Done;
    }
    if (errno == EINTR) return Progress::Done;
    if (errno != EAGAIN) throw Disconnected(std::strerror(errno));
    watched_.writeReady = false;
    return Progress::WantWrite;
}

Progress Connection::Implementation::sendTls(PieceCursor& cursor) {
    const Transfer transfer = tls_->write(nextRecord(cursor));
    if (transfer.progress == Progress::Done) {
        octetsOut_ += transfer.octets;
        cursor.advance(transfer.octets);
    }
    if (transfer.progress == Progress::Ended) throw Disconnected("TLS: the peer has ended");
    return noted(transfer.progress);
}

Progress Connection::Implementation::noted(Progress progress) {
    if (progress == Progress::WantRead) watched_.readReady = false;
    if (progress == Progress::WantWrite) watched_.writeReady = false;
    if (progress == Progress::Broken) throw Disconnected("TLS: " + tls_->failure());
    return progress;
}

void Connection::Implementation::close() {
    if (watched_.closed) return;
    if (tls_) tls_->close();
    ::shutdown(watched_.descriptor, SHUT_WR);
    // Octets that nobody reads would make the kernel send a RST, which can overtake our last
    // words.
    for (int i = 0; i < kDrainsAtClose; ++i) {
        if (::recv(watched_.descriptor, scratch.data(), scratch.size(), 0) <= 0) break;
    }
    watched_.close();
}

void Connection::Implementation::noteAddresses() {
    try {
        const Poco::Net::SocketAddress local = socket_.address();
        if (local.family() == Poco::Net::AddressFamily::UNIX_LOCAL) return;
        const Poco::Net::SocketAddress peer = socket_.peerAddress();
        socket_.setNoDelay(true);
        localPort_ = local.port();
        peerPort_ = peer.port();
        peerIp_ = peer.host().toString();
        peerIsLoopback_ = peer.host().isLoopback();
    } catch (const Poco::Exception& failure) {
        // It was reset before we looked.
        throw Disconnected(failure.displayText());
    }
}

Connection::Connection(Reactor& reactor, const Poco::Net::StreamSocket& socket)
    : implementation_(std::make_unique<Implementation>(reactor, socket)) {}

Connection::~Connection() { implementation_->close(); }

std::string_view Connection::buffered() const {
    return std::string_view(implementation_->incoming_).substr(implementation_->consumed_);
}

void Connection::consume(std::size_t count) {
    DAYBOOK_ASSERT(count <= buffered().size());
    implementation_->consumed_ += count;
}

void Connection::setPeer(std::string ip, std::uint16_t port, std::uint16_t localPort) {
    Implementation& self = *implementation_;
    self.peerIsLoopback_ = Poco::Net::IPAddress(ip).isLoopback();
    self.peerIp_ = std::move(ip);
    self.peerPort_ = port;
    self.localPort_ = localPort;
}

Task<std::size_t> Connection::fill(Deadline deadline) {
    Implementation& self = *implementation_;
    const std::uint64_t before = self.filled_;
    for (;;) {
        self.requireOpen();
        const Progress progress = self.receive();
        if (progress == Progress::Ended) co_return 0;
        if (progress == Progress::Done) break;
        self.releaseEmptyBuffer();
        self.fillsWithoutWait_ = 0;
        const WakeReason reason =
            co_await Readiness(self.watched_, Implementation::wanted(progress), deadline);
        if (reason == WakeReason::TimedOut) throw TimedOut("nothing came in time");
    }
    if (++self.fillsWithoutWait_ == kFillsBeforeYield) {
        self.fillsWithoutWait_ = 0;
        co_await reactor().yield();
        self.requireOpen();
    }
    co_return self.filled_ - before;
}

Task<std::size_t> Connection::fill(Deadline deadline, std::size_t most) {
    implementation_->mostPerRead_ = std::min(most, kScratchOctets);
    const std::size_t filled = co_await fill(deadline);
    implementation_->mostPerRead_ = kScratchOctets;
    co_return filled;
}

Task<Wake> Connection::wait(Signal& signal, Deadline deadline) {
    return wait(&signal, nullptr, deadline);
}

Task<Wake> Connection::wait(Signal& signal, Signal& other, Deadline deadline) {
    return wait(&signal, &other, deadline);
}

Task<Wake> Connection::wait(Signal* signal, Signal* other, Deadline deadline) {
    Implementation& self = *implementation_;
    for (;;) {
        self.requireOpen();
        if (signal->isRaised() || (other != nullptr && other->isRaised())) {
            co_return Wake::Signalled;
        }
        if (!buffered().empty()) co_return Wake::Readable;
        const Progress progress = self.receive();
        if (progress == Progress::Done || progress == Progress::Ended) co_return Wake::Readable;
        self.releaseEmptyBuffer();
        const WakeReason reason = co_await Readiness(
            self.watched_, Implementation::wanted(progress), deadline, signal, other);
        if (reason == WakeReason::TimedOut) co_return Wake::TimedOut;
    }
}

Task<void> Connection::write(std::string_view octets) {
    const std::array<std::string_view, 1> pieces{octets};
    co_await write(std::span<const std::string_view>(pieces));
}

Task<void> Connection::write(std::span<const std::string_view> pieces) {
    return write(pieces, limits::kWriteTimeout);
}

Task<void> Connection::write(
    std::span<const std::string_view> pieces, std::chrono::milliseconds patience) {
    return isCompressed() ? sendPacked(pieces, patience) : send(pieces, patience);
}

Task<void> Connection::sendPacked(
    std::span<const std::string_view> pieces, std::chrono::milliseconds patience) {
    implementation_->requireOpen();
    const std::string packed = implementation_->packed(pieces);
    const std::array<std::string_view, 1> whole{packed};
    co_await send(std::span<const std::string_view>(whole), patience);
}

Task<void> Connection::send(
    std::span<const std::string_view> pieces, std::chrono::milliseconds patience) {
    Implementation& self = *implementation_;
    PieceCursor cursor(pieces);
    Deadline deadline = kNoDeadline;
    for (;;) {
        self.requireOpen();
        const std::uint64_t before = self.octetsOut_;
        const Progress progress = self.send(cursor);
        if (progress == Progress::Done) co_return;
        if (self.octetsOut_ != before || deadline == kNoDeadline) {
            deadline = after(patience);
        }
        const WakeReason reason =
            co_await Readiness(self.watched_, Implementation::wanted(progress), deadline);
        if (reason == WakeReason::TimedOut) throw TimedOut("the peer takes nothing");
    }
}

Task<void> Connection::startTls(TlsContext& context) {
    Implementation& self = *implementation_;
    self.requireOpen();
    DAYBOOK_ASSERT(!self.tls_);
    self.consumed_ = self.incoming_.size();
    self.releaseEmptyBuffer();
    auto tls = std::make_unique<TlsStream>(context.makeServerSsl(), self.watched_.descriptor);
    const Handshake handshake = co_await shakeHands(*tls, after(limits::kTlsHandshakeTimeout));
    if (handshake == Handshake::Failed) throw Disconnected("TLS: " + tls->failure());
    self.tls_ = std::move(tls);
}

Task<TlsOutcome> Connection::startTlsClient(
    const TlsClientContext& context, const TlsDemand& demand, Deadline deadline) {
    Implementation& self = *implementation_;
    self.requireOpen();
    DAYBOOK_ASSERT(!self.tls_);
    if (!buffered().empty()) {
        co_return TlsOutcome{
            .fault = TlsFault::HandshakeFailed,
            .verified = false,
            .why = "octets in the clear before the handshake",
        };
    }
    auto tls = std::make_unique<TlsStream>(context.makeClientSsl(demand), self.watched_.descriptor);
    Handshake handshake = Handshake::Failed;
    bool late = false;
    try {
        handshake = co_await shakeHands(*tls, deadline);
    } catch (const TimedOut&) {
        late = true;
    }
    TlsOutcome outcome = tls->outcome(handshake);
    if (late) outcome.why = "the handshake took too long";
    if (outcome.fault == TlsFault::None) self.tls_ = std::move(tls);
    co_return outcome;
}

Task<Handshake> Connection::shakeHands(TlsStream& tls, Deadline deadline) {
    Implementation& self = *implementation_;
    for (;;) {
        self.requireOpen();
        const Progress progress = tls.handshake();
        if (progress == Progress::Done) co_return Handshake::Done;
        if (progress == Progress::Broken || progress == Progress::Ended) {
            co_return Handshake::Failed;
        }
        const Want want = Implementation::wanted(progress);
        (want == Want::Read ? self.watched_.readReady : self.watched_.writeReady) = false;
        const WakeReason reason = co_await Readiness(self.watched_, want, deadline);
        if (reason == WakeReason::TimedOut) throw TimedOut("the TLS handshake took too long");
    }
}

void Connection::startCompression() {
    Implementation& self = *implementation_;
    DAYBOOK_ASSERT(!self.deflate_);
    self.deflate_ = std::make_unique<DeflateLayer>();
    self.deflate_->feed(buffered());
    self.consumed_ = self.incoming_.size();
    self.releaseEmptyBuffer();
}

Task<void> Connection::stopCompression() {
    Implementation& self = *implementation_;
    DAYBOOK_ASSERT(self.deflate_);
    std::string end;
    self.deflate_->finish(end);
    self.dropConsumed();
    self.incoming_ += self.deflate_->takeInput();
    self.deflate_.reset();
    co_await write(end);
}

bool Connection::isCompressed() const { return implementation_->deflate_ != nullptr; }

void Connection::rest() {
    if (implementation_->deflate_) implementation_->deflate_->rest();
}

bool Connection::isTls() const { return implementation_->tls_ != nullptr; }

TlsInfo Connection::tlsInfo() const { return isTls() ? implementation_->tls_->info() : TlsInfo{}; }

std::optional<std::string> Connection::channelBinding() const {
    if (!isTls()) return {};
    return implementation_->tls_->channelBinding();
}

std::string Connection::serverName() const {
    return isTls() ? implementation_->tls_->serverName() : std::string();
}

std::vector<std::string> Connection::clientNames() const {
    return implementation_->tls_ ? implementation_->tls_->clientNames()
                                 : std::vector<std::string>();
}

std::string Connection::peerIp() const { return implementation_->peerIp_; }

std::uint16_t Connection::peerPort() const { return implementation_->peerPort_; }

bool Connection::peerIsLoopback() const { return implementation_->peerIsLoopback_; }

std::uint16_t Connection::localPort() const { return implementation_->localPort_; }

std::uint64_t Connection::octetsIn() const { return implementation_->octetsIn_; }

std::uint64_t Connection::octetsOut() const { return implementation_->octetsOut_; }

Reactor& Connection::reactor() { return implementation_->watched_.reactor; }

void Connection::close() { implementation_->close(); }

}  // namespace daybook
