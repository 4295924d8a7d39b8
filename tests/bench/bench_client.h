// bench_client.h
//
// A blocking client that costs as little as it can: one large buffer for many, TLS if asked for,
// no timeouts (the load's own deadline is the test runner's). Throws std::runtime_error when the
// server refuses or ends. Thread: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace daybook::bench {

class BenchClient {
public:
    // Connects to 127.0.0.1. `source`: the last octet of the loopback address to come from, so that
    // local ports do not run out.
    BenchClient(std::uint16_t port, bool tls, unsigned source = 1);
    ~BenchClient();
    BenchClient(BenchClient&& other) noexcept;
    BenchClient& operator=(BenchClient&&) = delete;

    void send(std::string_view octets);
    // Without CRLF.
    std::string readLine();
    // Reads SMTP's or POP3's next answer; throws unless it begins with `wanted`. SMTP's
    // continuation lines are skipped.
    void expect(std::string_view wanted);
    // Sends an IMAP command and reads up to its tagged answer, which must be OK. Octets read.
    std::uint64_t command(std::string_view text);
    // The same for one command alone whose answer is large: looks at the ends of what comes only,
    // so that it costs little more than taking the octets from the kernel. Requires: nothing else
    // under way, no octets of the answer that look like its end.
    std::uint64_t bulk(std::string_view text);
    // The whole answer, the tagged line included.
    std::string ask(std::string_view text);
    // Reads POP3's multi-line answer up to the first line that begins with a dot: the messages of
    // these benchmarks have no other. Octets read.
    std::uint64_t readDotted();

    int descriptor() const { return descriptor_; }

    bool hasBuffered() const { return !buffer_.empty(); }

private:
    struct Tls;

    void handshake();
    // Appends to the buffer.
    void receive();
    // Without the buffer. Octets that came.
    std::string_view receiveRaw();
    std::uint64_t readUntilLine(std::string_view prefix, std::string& line);

    int descriptor_ = -1;
    std::unique_ptr<Tls> tls_;
    std::string buffer_;
    unsigned tag_ = 0;
};

}  // namespace daybook::bench
