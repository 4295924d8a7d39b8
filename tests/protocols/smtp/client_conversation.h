// client_conversation.h
//
// Our SMTP client against a peer: one connection, any number of messages, QUIT; what it said of
// each. The peer is a script of a test, or a server.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/nursery.h"
#include "protocols/smtp/client.h"
#include "tests/support/test_listener.h"

namespace daybook::test {

struct Heard {
    ConnectTrouble trouble;
    bool connected = false;
    PeerFacts peer;
    std::vector<std::vector<RecipientResult>> results;  // of each message
    bool usable = false;                                // after the last
};

inline Task<void> converse(
    Transport& transport,
    const ConnectRequest& request,
    const std::vector<OutboundMessage>& messages,
    Heard& heard) {
    Transport::Connected connected = co_await transport.connect(request);
    heard.trouble = connected.trouble;
    heard.connected = connected.session != nullptr;
    if (!heard.connected) co_return;
    TransportSession& session = *connected.session;
    heard.peer = session.peer();
    for (const OutboundMessage& message : messages) {
        std::vector<RecipientResult> results = co_await session.send(message);
        heard.results.push_back(std::move(results));
    }
    heard.usable = session.isUsable();
    co_await session.close();
}

inline Heard conversation(
    const TlsClientContext& tls,
    const ConnectRequest& request,
    const std::vector<OutboundMessage>& messages,
    const smtp::ClientTimeouts& timeouts = {}) {
    smtp::ClientTransport transport(tls, timeouts);
    Reactor reactor;
    Heard heard;
    runUntilDone(reactor, converse(transport, request, messages, heard));
    return heard;
}

inline ConnectRequest requestTo(std::uint16_t port, TlsMode mode = TlsMode::Never) {
    ConnectRequest request;
    request.hostName = "mx.example.org";
    request.ip = "127.0.0.1";
    request.port = port;
    request.helo = "client.example";
    request.tls = mode;
    request.demand.serverName = "mx.example.org";
    return request;
}

// The text outlives the message.
inline OutboundMessage messageTo(
    const std::vector<std::string>& recipients, std::string_view text) {
    OutboundMessage message;
    message.reversePath = "sender@example.net";
    for (const std::string& recipient : recipients)
        message.recipients.push_back({.forwardPath = recipient, .notify = 0});
    message.pieces = {text};
    message.octets = text.size();
    return message;
}

}  // namespace daybook::test
