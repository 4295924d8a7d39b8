#include "tests/bench/bench_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace daybook::bench {

namespace {

constexpr std::size_t kReadOctets = std::size_t{256} << 10U;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

sockaddr_in loopback(unsigned lastOctet, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(0x7f000000U + lastOctet);
    return address;
}

SSL_CTX* context() {
    static SSL_CTX* const shared = [] {
        SSL_CTX* const made = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
        return made;
    }();
    return shared;
}

// What was read is not kept: each thread has one buffer for all of its clients.
std::string& scratch() {
    static thread_local std::string octets(kReadOctets, '\0');
    return octets;
}

}  // namespace

struct BenchClient::Tls {
    SSL* ssl = SSL_new(context());

    Tls() = default;
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    ~Tls() { SSL_free(ssl); }
};

BenchClient::BenchClient(std::uint16_t port, bool tls, unsigned source) {
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) fail("no socket: raise the limit of open files");
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(descriptor_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const sockaddr_in from = loopback(source, 0);
    const sockaddr_in to = loopback(1, port);
    if (::bind(descriptor_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
        ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
        fail(fmt::format("cannot connect: {}", std::strerror(errno)));
    }
    if (tls) handshake();
}

BenchClient::~BenchClient() {
    tls_.reset();
    if (descriptor_ >= 0) ::close(descriptor_);
}

BenchClient::BenchClient(BenchClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      tls_(std::move(other.tls_)),
      buffer_(std::move(other.buffer_)),
      tag_(other.tag_) {}

void BenchClient::handshake() {
    tls_ = std::make_unique<Tls>();
    SSL_set_fd(tls_->ssl, descriptor_);
    if (SSL_connect(tls_->ssl) != 1) fail("the TLS handshake failed");
}

void BenchClient::send(std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t count =
            tls_ ? SSL_write(tls_->ssl, octets.data(), static_cast<int>(octets.size()))
                 : ::send(descriptor_, octets.data(), octets.size(), MSG_NOSIGNAL);
        if (count <= 0) fail("the server does not take octets any more");
        octets.remove_prefix(static_cast<std::size_t>(count));
    }
}

std::string_view BenchClient::receiveRaw() {
    std::string& octets = scratch();
    const ssize_t count = tls_ ? SSL_read(tls_->ssl, octets.data(), static_cast<int>(kReadOctets))
                               : ::recv(descriptor_, octets.data(), kReadOctets, 0);
    if (count <= 0) fail("the server ended the connection");
    return {octets.data(), static_cast<std::size_t>(count)};
}

void BenchClient::receive() { buffer_ += receiveRaw(); }

std::string BenchClient::readLine() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos)
        receive();
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    // A client that waits keeps no buffer.
    if (buffer_.empty()) buffer_ = std::string();
    return line;
}

void BenchClient::expect(std::string_view wanted) {
    std::string line = readLine();
    while (line.size() > 3 && line[3] == '-' && line.starts_with(wanted))
        line = readLine();
    if (!line.starts_with(wanted)) fail(fmt::format("wanted {}, got {}", wanted, line));
}

// Reads up to the line that begins with `prefix`, within or behind what nobody looks at.
std::uint64_t BenchClient::readUntilLine(std::string_view prefix, std::string& line) {
    const std::string wanted = "\r\n" + std::string(prefix);
    std::uint64_t octets = 0;
    std::string window = "\r\n" + buffer_;
    buffer_.clear();
    while (true) {
        const std::size_t at = window.find(wanted);
        const std::size_t end =
            at == std::string::npos ? at : window.find("\r\n", at + wanted.size());
        if (end != std::string::npos) {
            line = window.substr(at + 2, end - at - 2);
            octets += end;
            buffer_ = window.substr(end + 2);
            return octets;
        }
        const std::size_t keep = at == std::string::npos ? wanted.size() : window.size() - at;
        if (window.size() > keep) {
            octets += window.size() - keep;
            window.erase(0, window.size() - keep);
        }
        receive();
        window += buffer_;
        buffer_.clear();
    }
}

std::uint64_t BenchClient::command(std::string_view text) {
    const std::string tag = fmt::format("a{} ", ++tag_);
    send(tag + std::string(text) + "\r\n");
    std::string line;
    const std::uint64_t octets = readUntilLine(tag, line);
    if (!line.starts_with(tag + "OK")) fail(line);
    return octets;
}

std::uint64_t BenchClient::bulk(std::string_view text) {
    constexpr std::size_t kLineMax = 1'024;
    const std::string tag = fmt::format("bulk-answer-{} ", ++tag_);
    send(tag + std::string(text) + "\r\n");
    std::uint64_t octets = 0;
    std::string end = "\r\n";
    while (true) {
        const std::string_view piece = receiveRaw();
        octets += piece.size();
        end += piece.substr(piece.size() - std::min(piece.size(), kLineMax));
        end.erase(0, end.size() - std::min(end.size(), kLineMax));
        if (!end.ends_with("\r\n")) continue;
        const std::size_t before = end.rfind("\r\n", end.size() - 3);
        if (before == std::string::npos) continue;
        const std::string_view line = std::string_view(end).substr(before + 2);
        if (!line.starts_with(tag)) continue;
        if (!line.starts_with(tag + "OK")) fail(std::string(line));
        return octets;
    }
}

std::string BenchClient::ask(std::string_view text) {
    const std::string tag = fmt::format("a{} ", ++tag_);
    send(tag + std::string(text) + "\r\n");
    std::string answer;
    while (true) {
        std::string line = readLine();
        const bool last = line.starts_with(tag);
        if (last && !line.starts_with(tag + "OK")) fail(line);
        answer += line + "\r\n";
        if (last) return answer;
    }
}

std::uint64_t BenchClient::readDotted() {
    std::string line;
    return readUntilLine(".", line);
}

}  // namespace daybook::bench
