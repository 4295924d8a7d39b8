// scram_server.h
//
// SCRAM-SHA-256, SCRAM-SHA-256-PLUS and SCRAM-SHA-1, RFC 5802 and RFC 7677: the door to libgsasl.
// One context for all exchanges; no mechanism but these is ever started. Thread: any reactor; an
// exchange belongs to one.
#pragma once

#include <memory>

#include "engine/authentication/authenticator.h"

struct Gsasl;

namespace daybook {

class ScramServer {
public:
    // Throws std::runtime_error if libgsasl cannot be used.
    ScramServer();

    // `authenticator` outlives the exchange.
    std::unique_ptr<SaslExchange> begin(
        Authenticator::Implementation& authenticator,
        const AuthenticationPeer& peer,
        event::Mechanism mechanism);

private:
    struct Free {
        void operator()(Gsasl* context) const;
    };

    std::unique_ptr<Gsasl, Free> context_;
};

}  // namespace daybook
