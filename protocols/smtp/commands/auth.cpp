#include "journal/base/limits.h"
#include "protocols/common/authentication_exchange.h"
#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

namespace {

// RFC 4954 §4 and §6.
Reply replyTo(AuthenticationTrouble trouble) {
    switch (trouble) {
        case AuthenticationTrouble::Cancelled:
            return reply(501, "5.7.0", "Authentication cancelled");
        case AuthenticationTrouble::Malformed: return reply(501, "5.5.2", "Not valid base64");
        case AuthenticationTrouble::TooLong: return reply(500, "5.5.6", "Response too long");
    }
    DAYBOOK_ASSERT(false);
}

Reply replyTo(const Refusal& refusal) {
    switch (refusal.reason) {
        case RefusalReason::InvalidArgument:
            return reply(504, "5.5.4", "This mechanism is not offered here");
        case RefusalReason::EncryptionRequired:
            return reply(538, "5.7.11", "This mechanism needs TLS; say STARTTLS first");
        case RefusalReason::AuthenticationFailed:
            return reply(535, "5.7.8", "Wrong name or password");
        case RefusalReason::AuthenticationTooOften:
            return reply(454, "4.7.0", "Too many failures from here; try again later");
        case RefusalReason::AccountDisabled:
            return reply(525, "5.7.13", "The account may not log in now");
        default: return reply(refusal);
    }
}

}  // namespace

AuthenticationPeer Dialogue::authenticationPeer() {
    return {
        .session = record_,
        .isTls = connection_.isTls(),
        // Also after XCLIENT: the client's address, not the proxy's.
        .isLoopback = networkOf(record_.facts().ip).empty(),
        .channelBinding = connection_.channelBinding(),
        .certificateNames = connection_.clientNames(),
        .passwordMechanism = event::Mechanism::PLAIN,
    };
}

// AUTH. RFC 4954 §4.
Task<Reply> Dialogue::auth(std::string_view arguments) {
    AuthArguments wanted = parseAuth(arguments);
    if (identity_) co_return reply(503, "5.5.1", "Authenticated already");
    co_await flush();
    const AuthenticationPeer peer = authenticationPeer();
    const AuthenticationResult result = co_await exchangeAuthentication(
        connection_,
        lines_,
        services_.authenticator,
        peer,
        {
            .challengePrefix = "334 ",
            .lineOctetsMax = limits::kSmtpCommandOctetsMax,
            .patience = limits::kSmtpCommandTimeout,
        },
        std::move(wanted.mechanism),
        std::move(wanted.initialResponse));
    if (!result) co_return replyTo(result.error());
    const Outcome<Identity>& who = *result;
    if (!who) co_return replyTo(who.error());
    identity_ = *who;
    co_return reply(235, "2.7.0", "Authenticated");
}

}  // namespace daybook::smtp
