// transport.h
//
// How the courier hands mail to another host, without knowing the protocol: connect, send any
// number of messages, say goodbye. protocols/smtp/client implements it. Thread: the courier's
// reactor; one coroutine uses a session at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/connection.h"
#include "engine/runtime/task.h"
#include "engine/runtime/tls_client.h"
#include "engine/scribe/command.h"

namespace daybook {

// What the remote said, or what we say of it where it said nothing.
struct RemoteReply {
    std::uint16_t code = 0;          // SMTP; 0: there was no answer
    std::uint32_t enhancedCode = 0;  // class << 16 | subject << 8 | detail; 0: none was given
    std::string text;                // "550 5.1.1 No such user", its lines joined by blanks; 2 KiB

    bool isPositive() const { return code >= 200 && code < 300; }

    bool isPermanent() const { return code >= 500; }
};

enum class TlsMode : std::uint8_t {
    Never,          // loopback test hosts and LMTP; by configuration alone
    Opportunistic,  // STARTTLS where offered; without it, or when it fails, again in the clear
    Required,       // STARTTLS or nothing
    Implicit,       // TLS first (465)
};

struct SmartHostLogin {
    std::string user;
    std::string password;
};

struct ConnectRequest {
    std::string hostName;  // for the log, SNI is in `demand`
    std::string ip;
    std::uint16_t port = 25;
    std::string sourceIp;  // of the same family; empty: the system chooses
    std::string helo;
    TlsMode tls = TlsMode::Opportunistic;
    TlsDemand demand;
    std::optional<SmartHostLogin> login;
    bool lmtp = false;
};

// What EHLO offered, and what the connection is.
struct PeerFacts {
    std::string greeting;  // of the 220, for the log
    std::string name;      // as it calls itself
    bool extended = false;
    bool pipelining = false;
    bool eightBitMime = false;
    bool smtpUtf8 = false;
    bool chunking = false;
    bool binaryMime = false;
    bool dsn = false;
    bool requireTls = false;
    bool deliverBy = false;
    bool priorities = false;            // MT-PRIORITY
    std::uint64_t octetsMax = 0;        // SIZE; 0: not said
    std::uint32_t recipientsMax = 0;    // LIMITS RCPTMAX (RFC 9422); 0: not said
    std::uint32_t transactionsMax = 0;  // LIMITS MAILMAX; 0: not said
    TlsInfo tls;                        // version 0: in the clear
    bool tlsVerified = false;           // the demand's check was not None, and was met
    // Opportunistic TLS failed so, and we went on in the clear.
    TlsFault tlsFault = TlsFault::None;
};

enum class ConnectStage : std::uint8_t { Connect, Greeting, Hello, StartTls, Login };

// There is no session.
struct ConnectTrouble {
    ConnectStage stage = ConnectStage::Connect;
    RemoteReply reply;  // code 0: refused, timed out, broken off; the text says which
    TlsFault tlsFault = TlsFault::None;
};

struct OutboundRecipient {
    std::string forwardPath;        // without angle brackets
    std::uint16_t notify = 0;       // kNotify... bits
    std::string originalRecipient;  // ORCPT as it is sent: "rfc822;a@b"; empty: none
};

struct OutboundMessage {
    std::string reversePath;  // empty: null
    std::vector<OutboundRecipient> recipients;
    std::string envelopeId;                           // ENVID, decoded; empty: none
    event::DsnReturn ret = event::DsnReturn::UNSAID;  // RET
    // The octets in order, CRLF line ends, not dot-stuffed. They live until send() returns.
    std::vector<std::string_view> pieces;
    std::uint64_t octets = 0;
    bool eightBit = false;  // there are octets above 127
    bool binary = false;    // BINARYMIME: goes out by BDAT only
    bool smtpUtf8 = false;  // addresses or header fields need it
    bool requireTls = false;
    std::optional<std::int64_t> deliverBySeconds;
    bool deliverByNotify = false;  // DELIVERBY mode N; else R
    bool deliverByTrace = false;   // DELIVERBY with T
    std::optional<int> priority;   // MT-PRIORITY
};

enum class SendState : std::uint8_t {
    Relayed,   // the final reply was positive
    Refused,   // a reply was negative, 4yz or 5yz: the message was not taken
    NotTried,  // nothing of it was sent, or it cannot be sent to this peer (see reply, which is
               // ours)
    Broken,    // the connection ended before the message's end was sent: not taken
    Unknown,   // it ended after: nobody knows whether it was taken
};

struct RecipientResult {
    SendState state = SendState::NotTried;
    RemoteReply reply;  // to its RCPT, or to the end of the data
};

// One connection that is ready for mail.
class TransportSession {
public:
    virtual ~TransportSession() = default;
    virtual const PeerFacts& peer() const = 0;
    // One transaction. Results are parallel to the message's recipients. Never throws for what the
    // peer does. RSET is said where a transaction was left open.
    virtual Task<std::vector<RecipientResult>> send(const OutboundMessage& message) = 0;
    // Another message may be sent.
    virtual bool isUsable() const = 0;
    // QUIT, and its answer for a moment; best effort.
    virtual Task<void> close() = 0;
    // Ends a wait of send() or close() at once, as a broken connection does. Same thread.
    virtual void abort() = 0;
};

class Transport {
public:
    struct Connected {
        std::unique_ptr<TransportSession> session;  // nullptr: see trouble
        ConnectTrouble trouble;
    };

    virtual ~Transport() = default;
    // Connects, greets, starts TLS, logs in. Never throws for what the peer does.
    virtual Task<Connected> connect(const ConnectRequest& request) = 0;
    // Ends every connect() that runs, and each later one, with trouble at once. Same thread.
    virtual void abortAll() = 0;
};

}  // namespace daybook
