#include "protocols/smtp/session.h"

#include <array>
#include <fmt/format.h>

#include "journal/base/ascii.h"
#include "journal/base/encoding.h"
#include "journal/base/limits.h"
#include "protocols/smtp/command_table.h"
#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

namespace {

// Replies of a pipelined group are gathered up to this; what a peer does not read it pays for.
constexpr std::size_t kPendingOctetsMax = 16'384;

SessionFacts sessionFacts(const Connection& connection, event::Protocol protocol) {
    const TlsInfo tls = connection.tlsInfo();
    return {
        .protocol = protocol,
        .ip = connection.peerIp(),
        .peerPort = connection.peerPort(),
        .localPort = connection.localPort(),
        .tls = {.version = tls.version, .cipher = tls.cipher},
    };
}

// Somebody's browser, or somebody who makes it speak SMTP: no dialogue comes of it.
bool isHttp(std::string_view verb) {
    constexpr std::array<std::string_view, 6> kMethods = {
        "GET", "POST", "PUT", "HEAD", "CONNECT", "OPTIONS"};
    for (const std::string_view method : kMethods) {
        if (equalsIgnoreCase(verb, method)) return true;
    }
    return false;
}

Task<void> serve(
    const Services& services, Role role, const ListenerConfig& policy, SessionStart start) {
    Dialogue dialogue(services, role, policy, start);
    co_await dialogue.run();
}

}  // namespace

SessionFunction sessionFunction(const Services& services, Role role, const ListenerConfig& policy) {
    return [&services, role, &policy](SessionStart start) {
        return serve(services, role, policy, start);
    };
}

Dialogue::Dialogue(
    const Services& services, Role role, const ListenerConfig& policy, const SessionStart& start)
    : services_(services),
      role_(role),
      facts_(factsOf(role)),
      policy_(policy),
      connection_(start.connection),
      stopping_(start.stopping),
      lines_(connection_),
      record_(
          services.scribe,
          services.random,
          sessionFacts(start.connection, factsOf(role).protocol)) {}

Task<void> Dialogue::run() {
    event::CloseReason reason = event::CloseReason::SERVER_FAULT;
    std::string trouble;
    try {
        reason = co_await converse();
    } catch (const Disconnected&) {
        reason = event::CloseReason::PEER_GONE;
    } catch (const TimedOut&) {
        reason = event::CloseReason::TIMEOUT;
    } catch (const std::exception& error) {
        trouble = error.what();
    }
    if (reason == event::CloseReason::TIMEOUT && !writing_) {
        co_await lastWords(421, "4.4.2", "Timeout; closing the connection");
    }
    if (reason == event::CloseReason::SERVER_FAULT) {
        services_.log.error(
            "smtp.session_failed", {{"session", idText(record_.id().number())}, {"why", trouble}});
        co_await lastWords(421, "4.3.0", "The server has an internal problem; try again later");
    }
    record_.close(reason, connection_.octetsIn(), connection_.octetsOut());
}

// Best effort: the session ends anyway.
Task<void> Dialogue::lastWords(int code, std::string_view enhancedCode, std::string_view text) {
    pending_ += reply(code, enhancedCode, text).octets();
    try {
        co_await flush();
    } catch (const std::exception& error) {
        services_.log.debug("smtp.last_words_unheard", {{"why", error.what()}});
    }
}

Task<event::CloseReason> Dialogue::converse() {
    if (const std::optional<Reply> refused = tooManyConnections()) {
        recordRefusal(event::Stage::CONNECT, *refused, {});
        co_await lastWords(refused->code, refused->enhancedCode, refused->lines.front());
        co_return event::CloseReason::ERRORS;
    }
    pending_ = fmt::format("220 {} {}\r\n", services_.config.hostname, facts_.greeting);
    for (;;) {
        const bool goOn = co_await awaitCommand();
        if (!goOn) {
            co_await lastWords(421, "4.3.2", "The server is stopping; try again later");
            co_return event::CloseReason::SERVER_STOPPED;
        }
        std::string line;
        bool tooLong = false;
        try {
            line = co_await lines_.readLine(
                limits::kSmtpCommandOctetsMax, after(limits::kSmtpCommandTimeout));
        } catch (const LineTooLong&) {
            tooLong = true;
        }
        Reply answer = reply(500, "5.5.2", "Line too long");
        if (!tooLong) answer = co_await execute(line);
        record_.countCommand();
        pending_ += answer.octets();
        count(answer, std::string_view(line).substr(0, 4));
        if (errors_ > limits::kSmtpErrorsMax) {
            co_await lastWords(421, "4.7.0", "Too many errors; closing the connection");
            co_return event::CloseReason::ERRORS;
        }
        if (answer.after == AfterReply::GoOn) continue;
        co_await flush();
        co_return answer.isError() || answer.code == 421 ? event::CloseReason::ERRORS
                                                         : event::CloseReason::QUIT;
    }
}

// Waits for the next command. The replies so far go out first, in one write, unless the next
// command is here already: RFC 2920 §3.2. False: the server stops.
Task<bool> Dialogue::awaitCommand() {
    if (stopping_.isRaised()) co_return false;
    const bool lineIsHere = connection_.buffered().find("\r\n") != std::string_view::npos;
    if (lineIsHere && pending_.size() < kPendingOctetsMax) co_return true;
    co_await flush();
    if (lineIsHere) co_return true;
    const Wake wake = co_await connection_.wait(stopping_, after(limits::kSmtpCommandTimeout));
    if (wake == Wake::TimedOut) throw TimedOut("no command came");
    co_return wake == Wake::Readable;
}

Task<void> Dialogue::flush() {
    if (pending_.empty()) co_return;
    const std::string octets = std::exchange(pending_, {});
    writing_ = true;
    co_await connection_.write(octets);
    writing_ = false;
}

Task<Reply> Dialogue::execute(std::string_view line) {
    try {
        const CommandLine command = parseCommandLine(line);
        const CommandRow* const row = findCommand(command.verb, facts_);
        if (row == nullptr) co_return unknownCommand(command.verb);
        const std::optional<Reply> refused = notNow(*row, command.arguments);
        if (refused && (row->needs & kBringsOctets) != 0) {
            const Reply answer = co_await discardChunk(command.arguments, *refused);
            co_return answer;
        }
        if (refused) co_return *refused;
        const Reply answer = co_await (this->*row->handler)(command.arguments);
        co_return answer;
    } catch (const Reject& reject) {
        co_return reject.answer();
    }
}

// In the order in which a client can mend it.
std::optional<Reply> Dialogue::notNow(const CommandRow& row, std::string_view arguments) const {
    if ((row.needs & kWhereOffered) != 0 && !offersAuthentication()) {
        return unknownCommand(row.verb);
    }
    if ((row.needs & kTrustedProxy) != 0 && !mayXclient()) {
        return reply(550, "5.7.0", "Not for you");
    }
    if ((row.needs & kNoArguments) != 0 && !arguments.empty()) {
        return reply(501, "5.5.4", std::string(row.verb) + " takes no arguments");
    }
    if ((row.needs & kHello) != 0 && helo_.empty()) {
        return reply(503, "5.5.1", fmt::format("Say {} first", facts_.helloCommand));
    }
    const bool stranger = requiresAuthentication() && !identity_ && !isTrustedRelay();
    if ((row.needs & kAuthentication) != 0 && stranger) {
        return reply(530, "5.7.0", "Authentication required");
    }
    if ((row.needs & kTransaction) != 0 && !transaction_) {
        return reply(503, "5.5.1", "Say MAIL first");
    }
    if ((row.needs & kNoTransaction) != 0 && transaction_) {
        return reply(503, "5.5.1", "Not within a mail transaction; RSET ends it");
    }
    return std::nullopt;
}

Reply Dialogue::unknownCommand(std::string_view verb) const {
    if (isHttp(verb)) return closing(reply(421, "4.7.0", "This is not an HTTP server"));
    return reply(500, "5.5.1", "Unknown command");
}

// The error budget. Refused recipients count where strangers speak (harvesting), and not where a
// mail server of our own hands over a list (LMTP).
void Dialogue::count(const Reply& answer, std::string_view verb) {
    if (!answer.isError()) return;
    if (facts_.repliesPerRecipient && equalsIgnoreCase(verb, "RCPT")) return;
    ++errors_;
}

void Dialogue::forget(SessionFacts facts) {
    record_.beginAgain(
        services_.random, std::move(facts), connection_.octetsIn(), connection_.octetsOut());
    helo_.clear();
    extended_ = false;
    identity_.reset();
    transaction_.reset();
}

void Dialogue::recordRefusal(
    event::Stage stage, const Reply& answer, const std::string& forwardPath) {
    const RecordRejection rejection{
        .origin = record_.origin(),
        .protocol = facts_.protocol,
        .stage = stage,
        .smtpCode = static_cast<std::uint16_t>(answer.code),
        .enhancedCode = answer.packedEnhancedCode(),
        .temporary = answer.code < 500,
        .reversePath = transaction_ ? transaction_->reversePath : std::string(),
        .forwardPath = forwardPath,
        .helo = helo_,
        .ip = record_.facts().ip,
        .text = answer.lines.empty() ? std::string() : answer.lines.front(),
    };
    if (identity_) {
        services_.scribe.note(rejection);
    } else {
        services_.strangers.rejected(rejection);
    }
}

}  // namespace daybook::smtp
