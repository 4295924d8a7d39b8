#include "tests/support/test_listener.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace daybook::test {

namespace {

constexpr int kPatienceSeconds = 10;

sockaddr_storage loopback(const std::string& address, socklen_t& size) {
    sockaddr_storage storage{};
    if (address.find(':') != std::string::npos) {
        auto& six = reinterpret_cast<sockaddr_in6&>(storage);
        six.sin6_family = AF_INET6;
        ::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr);
        size = sizeof six;
        return storage;
    }
    auto& four = reinterpret_cast<sockaddr_in&>(storage);
    four.sin_family = AF_INET;
    ::inet_pton(AF_INET, address.c_str(), &four.sin_addr);
    size = sizeof four;
    return storage;
}

[[noreturn]] void fail(const char* what) {
    throw ClientFailed(std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

TestListener::TestListener(const std::string& address) {
    socklen_t size = 0;
    sockaddr_storage storage = loopback(address, size);
    auto* const generic = reinterpret_cast<sockaddr*>(&storage);
    descriptor_ = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) fail("socket");
    const timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::bind(descriptor_, generic, size) != 0) fail("bind");
    if (::listen(descriptor_, 16) != 0) fail("listen");
    if (::getsockname(descriptor_, generic, &size) != 0) fail("getsockname");
    // The port stands at the same place in both families.
    port_ = ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
}

TestListener::~TestListener() { ::close(descriptor_); }

TestClient TestListener::accept() const {
    const int accepted = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0) fail("accept");
    TestClient client;
    client.adopt(accepted);
    return client;
}

std::future<void> TestListener::play(std::function<void(TestClient& peer)> part) const {
    return std::async(std::launch::async, [this, part = std::move(part)] {
        TestClient peer = accept();
        part(peer);
    });
}

}  // namespace daybook::test
