// tls_stream.h
//
// One side of one TLS connection: an SSL* on a non-blocking socket; which side, its context has
// set. Never waits: says what it waits for. Every call clears OpenSSL's error queue of this thread
// first, so that no connection pays for another's failure. For the files of this folder. Thread:
// its reactor's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/tls_client.h"

struct ssl_st;

namespace daybook {

struct TlsInfo;

// What one attempt to read or write came to. Broken: see failure.
enum class Progress : std::uint8_t { Done, WantRead, WantWrite, Ended, Broken };

struct Transfer {
    Progress progress;
    std::size_t octets = 0;
};

class TlsStream {
public:
    // Takes over the SSL. Requires: it outlives the socket's use, not the socket.
    TlsStream(ssl_st* ssl, int descriptor);

    // Done, or what it waits for, or Broken.
    Progress handshake();
    Transfer read(std::span<char> space);
    // After WantWrite or WantRead the same octets again, at least as many.
    Transfer write(std::string_view octets);
    // Sends close_notify if that can be done at once.
    void close();

    // Octets have been taken from the socket and not been read.
    bool hasPending() const;

    TlsInfo info() const;
    std::optional<std::string> channelBinding() const;
    std::string serverName() const;
    // Client side: what became of the demand.
    TlsOutcome outcome(Handshake handshake) const;
    // See Connection::clientNames().
    std::vector<std::string> clientNames() const;

    // Why it is Broken. Not for peers.
    const std::string& failure() const { return failure_; }

private:
    struct Free {
        void operator()(ssl_st* ssl) const;
    };

    Progress progressOf(int result);

    std::unique_ptr<ssl_st, Free> ssl_;
    std::string failure_;
};

}  // namespace daybook
