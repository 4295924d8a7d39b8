// test_listener.h
//
// A listening socket on loopback with a free port, and what comes in as a blocking TestClient: a
// peer for our own clients that does exactly what a test says. accept() gives up after ten seconds.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <string>

#include "tests/support/test_client.h"

namespace daybook::test {

class TestListener {
public:
    explicit TestListener(const std::string& address = "127.0.0.1");
    ~TestListener();
    TestListener(const TestListener&) = delete;
    TestListener& operator=(const TestListener&) = delete;

    std::uint16_t port() const { return port_; }

    TestClient accept() const;

    // Accepts one connection on another thread and plays the peer in it. get() rethrows what
    // failed there.
    std::future<void> play(std::function<void(TestClient& peer)> part) const;

private:
    int descriptor_;
    std::uint16_t port_ = 0;
};

}  // namespace daybook::test
