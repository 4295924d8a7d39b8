#include <fmt/format.h>
#include <utility>

#include "journal/base/ascii.h"
#include "journal/base/limits.h"
#include "protocols/common/authentication_exchange.h"
#include "protocols/pop3/command_table.h"
#include "protocols/pop3/dialogue.h"

namespace daybook::pop3 {

AuthenticationPeer Dialogue::authenticationPeer(event::Mechanism passwordMechanism) {
    return {
        .session = record_,
        .isTls = connection_.isTls(),
        .isLoopback = connection_.peerIsLoopback(),
        .channelBinding = connection_.channelBinding(),
        .certificateNames = connection_.clientNames(),
        .passwordMechanism = passwordMechanism,
    };
}

// CAPA. RFC 2449 §5.
Task<Reply> Dialogue::capa(std::string_view) {
    co_return Reply{.octets = "+OK Capabilities follow\r\n" + capabilities(*this) + ".\r\n"};
}

// STLS. RFC 2595 §4. Nothing from before it survives.
Task<Reply> Dialogue::stls(std::string_view) {
    if (connection_.isTls()) co_return err("", "TLS is on already");
    if (services_.tls == nullptr) co_return err("", "TLS is not offered here");
    pending_ += ok("Go ahead").octets;
    co_await flush();
    co_await connection_.startTls(*services_.tls);
    const TlsInfo tls = connection_.tlsInfo();
    record_.setTls({.version = tls.version, .cipher = tls.cipher});
    co_return Reply{};  // the client speaks next
}

// USER. RFC 1939 §7. Says nothing about whether the name exists.
Task<Reply> Dialogue::user(std::string_view arguments) {
    const AuthenticationPeer peer = authenticationPeer(event::Mechanism::POP3_USER);
    if (!services_.authenticator.allowsPlaintext(peer)) {
        co_return err(Refusal{.reason = RefusalReason::EncryptionRequired, .detail = {}});
    }
    userName_ = trimmed(arguments);
    co_return ok("Now the password");
}

// PASS. RFC 1939 §7: the password is the rest of the line, blanks included.
Task<Reply> Dialogue::pass(std::string_view arguments) {
    std::string name = std::exchange(userName_, {});
    if (name.empty()) co_return err("", "Say USER first");
    const AuthenticationPeer peer = authenticationPeer(event::Mechanism::POP3_USER);
    const Outcome<Identity> who = co_await services_.authenticator.checkPassword(
        peer, std::move(name), std::string(arguments));
    if (!who) co_return err(who.error());
    Reply reply = co_await openMaildrop(*who);
    co_return reply;
}

// AUTH. RFC 5034 §4. Without an argument, as old clients say it, it lists the mechanisms.
Task<Reply> Dialogue::auth(std::string_view arguments) {
    const AuthenticationPeer peer = authenticationPeer(event::Mechanism::PLAIN);
    if (trimmed(arguments).empty()) {
        std::string lines = "+OK Mechanisms follow\r\n";
        for (const std::string& name : services_.authenticator.mechanisms(peer)) {
            lines.append(name).append("\r\n");
        }
        co_return Reply{.octets = lines + ".\r\n"};
    }
    const std::size_t blank = arguments.find(' ');
    std::string mechanism(arguments.substr(0, blank));
    std::optional<std::string> initialResponse;
    if (blank != std::string_view::npos) initialResponse = trimmed(arguments.substr(blank));
    co_await flush();
    const AuthenticationResult result = co_await exchangeAuthentication(
        connection_,
        lines_,
        services_.authenticator,
        peer,
        {
            .challengePrefix = "+ ",
            .lineOctetsMax = limits::kPop3SaslLineOctetsMax,
            .patience = limits::kPop3Timeout,
        },
        std::move(mechanism),
        std::move(initialResponse));
    if (!result) {
        switch (result.error()) {
            case AuthenticationTrouble::Cancelled: co_return err("", "Authentication cancelled");
            case AuthenticationTrouble::Malformed: co_return err("", "Not valid base64");
            case AuthenticationTrouble::TooLong: co_return err("", "Response too long");
        }
    }
    const Outcome<Identity>& who = *result;
    if (who) {
        Reply reply = co_await openMaildrop(*who);
        co_return reply;
    }
    if (who.error().reason != RefusalReason::InvalidArgument) co_return err(who.error());
    co_return err("", "This mechanism is not offered here");
}

// RFC 1939 §4: exclusive. The session ends when it cannot be had, which §4 permits.
Task<Reply> Dialogue::openMaildrop(Identity identity) {
    std::optional<MaildropLocks::Lock> lock = locks_.lock(identity.account);
    if (lock && !services_.scribe.viewsShowAll()) co_await services_.scribe.submit(SeeViews{});
    std::optional<Maildrop> maildrop;
    if (lock) maildrop = Maildrop::open(services_.views, identity.account);
    if (!lock || !maildrop) {
        const RefusalReason reason =
            lock ? RefusalReason::NoSuchMailbox : RefusalReason::MaildropInUse;
        Reply refused = err(Refusal{.reason = reason, .detail = {}});
        refused.after = AfterReply::Close;
        co_return refused;
    }
    const MailboxId mailbox = maildrop->mailbox();
    login_ = std::make_unique<Login>(Login{
        .lock = std::move(*lock),
        .identity = identity,
        .maildrop = std::move(*maildrop),
        .access = std::make_unique<AccessRecord>(
            services_.scribe,
            services_.clock,
            record_,
            event::Protocol::POP3,
            identity.account,
            mailbox),
    });
    co_return ok(fmt::format(
        "{} messages ({} octets)", login_->maildrop.count(), login_->maildrop.octets()));
}

}  // namespace daybook::pop3
