// client.h
//
// The SMTP client (RFC 5321 §3.1 to §3.8), and the LMTP client (RFC 2033), behind the courier's
// Transport: connects, greets, starts TLS (RFC 3207), logs in (RFC 4954).
//
// Opportunistic TLS that fails is tried again by connect() itself, over a new connection: first
// without the demand's check, if only that failed, then in the clear. PeerFacts has the first
// fault. Required TLS that fails is trouble of stage StartTls, also when STARTTLS was not offered.
// A STARTTLS that is refused counts as not offered.
// Thread: a reactor's; a session stays on the one that connected it.
#pragma once

#include <set>

#include "engine/delivery/transport.h"
#include "engine/runtime/tls_client.h"
#include "protocols/smtp/client_dialogue.h"

namespace daybook::smtp {

class ClientTransport final : public Transport {
public:
    // The context outlives it.
    explicit ClientTransport(const TlsClientContext& tls, const ClientTimeouts& timeouts = {});
    ~ClientTransport() override;
    ClientTransport(const ClientTransport&) = delete;
    ClientTransport& operator=(const ClientTransport&) = delete;

    // The request lives until the task is done.
    Task<Connected> connect(const ConnectRequest& request) override;
    void abortAll() override;

private:
    class Opening;

    const TlsClientContext& tls_;
    const ClientTimeouts timeouts_;
    std::set<Opening*> openings_;
    bool aborted_ = false;
};

}  // namespace daybook::smtp
