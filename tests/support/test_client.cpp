#include "tests/support/test_client.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace daybook::test {

namespace {

constexpr int kPatienceSeconds = 10;

struct SslFree {
    void operator()(SSL* ssl) const { ::SSL_free(ssl); }
};

struct SslContextFree {
    void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
};

[[noreturn]] void fail(const std::string& what) {
    throw ClientFailed(what + ": " + std::strerror(errno));
}

void setPatience(int descriptor) {
    const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

int openSocket(int family) {
    const int descriptor = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail("socket");
    setPatience(descriptor);
    const int on = 1;
    if (family != AF_UNIX) ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return descriptor;
}

void connectTo(int descriptor, const void* address, std::size_t size) {
    const auto* const generic = static_cast<const sockaddr*>(address);
    if (::connect(descriptor, generic, static_cast<socklen_t>(size)) != 0) fail("connect");
}

}  // namespace

struct TestClient::Implementation {
    int descriptor = -1;
    std::unique_ptr<SSL_CTX, SslContextFree> context;
    std::unique_ptr<SSL, SslFree> ssl;
    std::string received;
    std::string chain;
    std::string key;
};

TestClient::TestClient() : implementation_(std::make_unique<Implementation>()) {
    // OpenSSL writes without MSG_NOSIGNAL.
    ::signal(SIGPIPE, SIG_IGN);
}

TestClient::~TestClient() {
    if (implementation_) close();
}

TestClient::TestClient(TestClient&& other) noexcept = default;

TestClient& TestClient::operator=(TestClient&& other) noexcept {
    std::swap(implementation_, other.implementation_);
    return *this;
}

void TestClient::connect(const std::string& host, std::uint16_t port) {
    close();
    if (host.starts_with('/')) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        host.copy(address.sun_path, sizeof address.sun_path - 1);
        implementation_->descriptor = openSocket(AF_UNIX);
        connectTo(implementation_->descriptor, &address, sizeof address);
        return;
    }
    if (host.find(':') != std::string::npos) {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(port);
        ::inet_pton(AF_INET6, host.c_str(), &address.sin6_addr);
        implementation_->descriptor = openSocket(AF_INET6);
        connectTo(implementation_->descriptor, &address, sizeof address);
        return;
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    implementation_->descriptor = openSocket(AF_INET);
    connectTo(implementation_->descriptor, &address, sizeof address);
}

void TestClient::startTls(const std::string& serverName, std::uint16_t versionMax) {
    implementation_->context.reset(::SSL_CTX_new(::TLS_client_method()));
    if (versionMax != 0) {
        ::SSL_CTX_set_max_proto_version(implementation_->context.get(), versionMax);
    }
    if (!implementation_->chain.empty()) {
        SSL_CTX* const context = implementation_->context.get();
        ::SSL_CTX_use_certificate_chain_file(context, implementation_->chain.c_str());
        ::SSL_CTX_use_PrivateKey_file(context, implementation_->key.c_str(), SSL_FILETYPE_PEM);
    }
    implementation_->ssl.reset(::SSL_new(implementation_->context.get()));
    SSL* const ssl = implementation_->ssl.get();
    ::SSL_set_fd(ssl, implementation_->descriptor);
    if (!serverName.empty()) {
        SSL_set_tlsext_host_name(ssl, serverName.c_str());
    }
    shakeHands(&::SSL_connect);
}

void TestClient::adopt(int descriptor) {
    close();
    setPatience(descriptor);
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    implementation_->descriptor = descriptor;
}

void TestClient::acceptTls(
    const std::string& chainFile, const std::string& keyFile, std::uint16_t versionMax) {
    implementation_->context.reset(::SSL_CTX_new(::TLS_server_method()));
    SSL_CTX* const context = implementation_->context.get();
    ::SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    if (versionMax != 0) ::SSL_CTX_set_max_proto_version(context, versionMax);
    if (::SSL_CTX_use_certificate_chain_file(context, chainFile.c_str()) != 1 ||
        ::SSL_CTX_use_PrivateKey_file(context, keyFile.c_str(), SSL_FILETYPE_PEM) != 1) {
        throw ClientFailed("cannot use " + chainFile);
    }
    implementation_->ssl.reset(::SSL_new(context));
    ::SSL_set_fd(implementation_->ssl.get(), implementation_->descriptor);
    shakeHands(&::SSL_accept);
}

std::string TestClient::serverName() const {
    const char* const name =
        ::SSL_get_servername(implementation_->ssl.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? std::string() : name;
}

void TestClient::shakeHands(int (*handshake)(SSL* ssl)) {
    ::ERR_clear_error();
    if (handshake(implementation_->ssl.get()) == 1) return;
    std::array<char, 256> text{};
    ::ERR_error_string_n(::ERR_get_error(), text.data(), text.size());
    implementation_->ssl.reset();
    throw ClientFailed(std::string("TLS handshake: ") + text.data());
}

void TestClient::useCertificate(const std::string& chain, const std::string& key) {
    implementation_->chain = chain;
    implementation_->key = key;
}

void TestClient::send(std::string_view octets) {
    while (!octets.empty()) {
        ssize_t sent = 0;
        if (implementation_->ssl) {
            ::ERR_clear_error();
            const std::size_t piece = std::min<std::size_t>(octets.size(), 1U << 20U);
            sent = ::SSL_write(implementation_->ssl.get(), octets.data(), static_cast<int>(piece));
        } else {
            sent = ::send(implementation_->descriptor, octets.data(), octets.size(), MSG_NOSIGNAL);
        }
        if (sent <= 0) fail("send");
        octets.remove_prefix(static_cast<std::size_t>(sent));
    }
}

bool TestClient::receive() {
    std::array<char, 65536> piece{};
    if (implementation_->ssl) {
        ::ERR_clear_error();
        SSL* const ssl = implementation_->ssl.get();
        const int count = ::SSL_read(ssl, piece.data(), static_cast<int>(piece.size()));
        if (count > 0) implementation_->received.append(piece.data(), static_cast<size_t>(count));
        if (count > 0) return true;
        if (::SSL_get_error(ssl, count) == SSL_ERROR_ZERO_RETURN) return false;
        throw ClientFailed("TLS read failed or timed out");
    }
    const ssize_t count = ::recv(implementation_->descriptor, piece.data(), piece.size(), 0);
    if (count < 0) fail("receive");
    implementation_->received.append(piece.data(), static_cast<std::size_t>(count));
    return count > 0;
}

std::string TestClient::readLine() {
    std::string line = readUntil("\r\n");
    line.resize(line.size() - 2);
    return line;
}

std::string TestClient::readUntil(std::string_view end) {
    std::size_t from = 0;
    for (;;) {
        const std::string& received = implementation_->received;
        const std::size_t at = received.find(end, from);
        if (at != std::string::npos) return readOctets(at + end.size());
        from = received.size() < end.size() ? 0 : received.size() - end.size() + 1;
        if (!receive()) throw ClientFailed("the server ended after: " + implementation_->received);
    }
}

std::string TestClient::readOctets(std::size_t count) {
    while (implementation_->received.size() < count) {
        if (!receive()) throw ClientFailed("the server ended after: " + implementation_->received);
    }
    std::string octets = implementation_->received.substr(0, count);
    implementation_->received.erase(0, count);
    return octets;
}

std::string TestClient::readToEnd() {
    while (receive()) {
    }
    return std::exchange(implementation_->received, {});
}

bool TestClient::atEnd() { return implementation_->received.empty() && !receive(); }

void TestClient::halfClose() {
    if (implementation_->ssl) ::SSL_shutdown(implementation_->ssl.get());
    ::shutdown(implementation_->descriptor, SHUT_WR);
}

void TestClient::close() {
    if (implementation_->ssl && implementation_->descriptor >= 0) {
        ::ERR_clear_error();
        ::SSL_shutdown(implementation_->ssl.get());
    }
    implementation_->ssl.reset();
    implementation_->context.reset();
    implementation_->received.clear();
    if (implementation_->descriptor >= 0) ::close(implementation_->descriptor);
    implementation_->descriptor = -1;
}

void TestClient::reset() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(implementation_->descriptor, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(implementation_->descriptor);
    implementation_->descriptor = -1;
}

std::string TestClient::channelBinding() const {
    constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
    std::string octets(32, '\0');
    const int done = ::SSL_export_keying_material(
        implementation_->ssl.get(),
        reinterpret_cast<unsigned char*>(octets.data()),
        octets.size(),
        kLabel.data(),
        kLabel.size(),
        nullptr,
        0,
        0);
    if (done != 1) throw ClientFailed("no channel binding");
    return octets;
}

std::string TestClient::certificateName() const {
    X509* const certificate = ::SSL_get0_peer_certificate(implementation_->ssl.get());
    if (certificate == nullptr) throw ClientFailed("no certificate");
    auto* const names = static_cast<GENERAL_NAMES*>(
        ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    std::string found;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && found.empty(); ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS) continue;
        const auto* const text =
            reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName));
        found.assign(text, static_cast<std::size_t>(::ASN1_STRING_length(name->d.dNSName)));
    }
    ::GENERAL_NAMES_free(names);
    return found;
}

std::string TestClient::tlsVersion() const { return ::SSL_get_version(implementation_->ssl.get()); }

int TestClient::descriptor() const { return implementation_->descriptor; }

}  // namespace daybook::test
