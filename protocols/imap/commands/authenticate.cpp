#include "journal/base/limits.h"
#include "protocols/common/authentication_exchange.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

// LOGIN. RFC 3501 §6.2.3. Not without TLS: RFC 2595 §3.2 (PRIVACYREQUIRED: RFC 5530 §3).
Task<Reply> Session::login(Arguments& arguments) {
    arguments.space();
    const std::string name = arguments.astring();
    arguments.space();
    const std::string password = arguments.astring();
    arguments.end();
    const AuthenticationPeer who = peer();
    if (!services_.authenticator.allowsPlaintext(who)) {
        co_return no("PRIVACYREQUIRED", "Not without TLS");
    }
    const Outcome<Identity> identity =
        co_await services_.authenticator.checkPassword(who, name, password);
    if (!identity) co_return no(identity.error());
    co_return loggedIn();
}

// AUTHENTICATE. RFC 3501 §6.2.2. Initial response: RFC 4959 §3.
Task<Reply> Session::authenticate(Arguments& arguments) {
    // authenticate = "AUTHENTICATE" SP auth-type [SP (base64 / "=")]
    arguments.space();
    const std::string mechanism = arguments.word();
    std::optional<std::string> initial;
    if (arguments.optionalSpace()) initial = arguments.lexer().atomWith("=");
    arguments.end();
    co_await flush();
    const AuthenticationPeer who = peer();
    const AuthenticationDialogue dialogue{
        .challengePrefix = "+ ",
        .lineOctetsMax = limits::kImapLineOctetsMax,
        .patience = limits::kImapLoginTimeout,
    };
    const AuthenticationResult result = co_await exchangeAuthentication(
        connection_, lines_, services_.authenticator, who, dialogue, mechanism, initial);
    if (result && *result) co_return loggedIn();
    if (result) {
        const Refusal& refusal = result->error();
        if (refusal.reason == RefusalReason::InvalidArgument) {
            co_return no("CANNOT", "That mechanism is not offered here");
        }
        co_return no(refusal);
    }
    switch (result.error()) {
        case AuthenticationTrouble::Cancelled: throw Bad("Given up, as you wish");
        case AuthenticationTrouble::Malformed: throw Bad("Malformed base64");
        case AuthenticationTrouble::TooLong: throw Bad("The line is too long");
    }
    throw Bad("Authentication failed");
}

Reply Session::loggedIn() {
    accountWatch_ = services_.hub.watchAccount(account(), news_);
    errors_ = 0;
    return ok("CAPABILITY " + capabilities(), "Logged in");
}

}  // namespace daybook::imap
