// scram_server.h
//
// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, RFC 5802 and RFC 7677: the door to libgsasl. One context
// for all exchanges; no mechanism but these two is ever started. Thread: any reactor; an exchange
// belongs to one.
#pragma once

#include <memory>

#include "engine/authentication/authenticator.h"

struct Gsasl;

namespace daybook {

enum class ChannelBinding { No, Required };

class ScramServer {
public:
    // Throws std::runtime_error if libgsasl cannot be used.
    ScramServer();

    // `authenticator` outlives the exchange.
    std::unique_ptr<SaslExchange> begin(
        Authenticator::Implementation& authenticator,
        const AuthenticationPeer& peer,
        ChannelBinding binding);

private:
    struct Free {
        void operator()(Gsasl* context) const;
    };

    std::unique_ptr<Gsasl, Free> context_;
};

}  // namespace daybook
