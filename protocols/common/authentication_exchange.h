// authentication_exchange.h
//
// A SASL exchange (RFC 4422) over any line protocol: AUTHENTICATE of IMAP, AUTH of SMTP (RFC 4954)
// and POP3 (RFC 5034). Base64, initial response, cancelling and limits are here; who somebody is
// decides the Authenticator. Never sends the protocol's final answer: the caller does. Thread: the
// connection's reactor.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>

#include "engine/authentication/authenticator.h"
#include "engine/runtime/connection.h"
#include "protocols/common/line_reader.h"

namespace daybook {

// How the protocol speaks SASL.
struct AuthenticationDialogue {
    std::string challengePrefix;  // "334 " (SMTP) or "+ " (IMAP, POP3); base64 and CRLF follow
    std::size_t lineOctetsMax;    // of a response, without CRLF
    std::chrono::milliseconds patience;  // for each response
};

// Why an exchange ended without an answer from the Authenticator.
enum class AuthenticationTrouble {
    Cancelled,  // the client sent "*"
    Malformed,  // a response is no base64
    TooLong,    // a response is longer than allowed; it was read to its end
};

// Outer: how the dialogue went. Inner: who it is, or why not (AuthenticationFailed,
// AuthenticationTooOften, AccountDisabled, EncryptionRequired; InvalidArgument: the mechanism is
// unknown or not offered here).
using AuthenticationResult = std::expected<Outcome<Identity>, AuthenticationTrouble>;

// Runs one exchange. `initialResponse`: as on the command line, still in base64; "=" is an empty
// one (RFC 4954 §4); nothing: there was none. Replies that are still to be sent must have been
// written before. All references live until the task is done.
// Throws Disconnected, TimedOut.
Task<AuthenticationResult> exchangeAuthentication(
    Connection& connection,
    LineReader& lines,
    Authenticator& authenticator,
    const AuthenticationPeer& peer,
    AuthenticationDialogue dialogue,
    std::string mechanism,
    std::optional<std::string> initialResponse);

}  // namespace daybook
