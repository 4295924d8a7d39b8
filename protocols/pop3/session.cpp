#include "protocols/pop3/session.h"

#include <utility>

#include "journal/base/encoding.h"
#include "journal/base/limits.h"
#include "protocols/common/refusal_table.h"
#include "protocols/pop3/command_table.h"
#include "protocols/pop3/dialogue.h"

namespace daybook::pop3 {

namespace {

constexpr std::size_t kErrorsMax = 20;
// Replies of a pipelined group are gathered up to this (RFC 2449 §6.6).
constexpr std::size_t kPendingOctetsMax = 16'384;

SessionFacts sessionFacts(const Connection& connection) {
    const TlsInfo tls = connection.tlsInfo();
    return {
        .protocol = event::Protocol::POP3,
        .ip = connection.peerIp(),
        .peerPort = connection.peerPort(),
        .localPort = connection.localPort(),
        .tls = {.version = tls.version, .cipher = tls.cipher},
    };
}

Task<void> serve(const Services& services, MaildropLocks& locks, SessionStart start) {
    Dialogue dialogue(services, locks, start);
    co_await dialogue.run();
}

}  // namespace

SessionFunction sessionFunction(const Services& services, MaildropLocks& locks) {
    return [&services, &locks](SessionStart start) { return serve(services, locks, start); };
}

Reply ok(std::string_view text) { return {.octets = "+OK " + std::string(text) + "\r\n"}; }

Reply err(std::string_view code, std::string_view text) {
    std::string line = "-ERR ";
    if (!code.empty()) line.append("[").append(code).append("] ");
    line.append(text).append("\r\n");
    return {.ok = false, .octets = std::move(line)};
}

Reply err(const Refusal& refusal) {
    return {.ok = false, .octets = pop3Err(refusal.reason) + "\r\n"};
}

Dialogue::Dialogue(const Services& services, MaildropLocks& locks, const SessionStart& start)
    : services_(services),
      locks_(locks),
      connection_(start.connection),
      stopping_(start.stopping),
      lines_(connection_),
      record_(services.scribe, services.random, sessionFacts(start.connection)) {}

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
    if (reason == event::CloseReason::SERVER_FAULT) {
        services_.log.error(
            "pop3.session_failed", {{"session", idText(record_.id().number())}, {"why", trouble}});
    }
    // What was read is on record before the session's end is. A session that did not say QUIT
    // deletes nothing: RFC 1939 §3 and §6.
    login_.reset();
    record_.close(reason, connection_.octetsIn(), connection_.octetsOut());
}

Task<void> Dialogue::lastWords(Reply last) {
    pending_ += last.octets;
    try {
        co_await flush();
    } catch (const std::exception& error) {
        services_.log.debug("pop3.last_words_unheard", {{"why", error.what()}});
    }
}

Task<event::CloseReason> Dialogue::converse() {
    pending_ = ok(services_.config.hostname + " POP3 Daybook").octets;
    for (;;) {
        const bool goOn = co_await awaitCommand();
        if (!goOn) {
            co_await lastWords(err("SYS/TEMP", "The server is stopping; try again later"));
            co_return event::CloseReason::SERVER_STOPPED;
        }
        const std::size_t limit =
            login_ ? limits::kPop3LineOctetsMax : limits::kPop3SaslLineOctetsMax;
        std::string line;
        bool tooLong = false;
        try {
            line = co_await lines_.readLine(limit, after(limits::kPop3Timeout));
        } catch (const LineTooLong&) {
            tooLong = true;
        }
        Reply answer = err("", "Line too long");
        if (!tooLong) answer = co_await execute(line);
        record_.countCommand();
        pending_ += answer.octets;
        errors_ = answer.ok ? 0 : errors_ + 1;
        if (errors_ > kErrorsMax) {
            co_await lastWords(err("SYS/PERM", "Too many errors; closing the connection"));
            co_return event::CloseReason::ERRORS;
        }
        if (answer.after == AfterReply::GoOn) continue;
        co_await flush();
        co_return answer.ok ? event::CloseReason::QUIT : event::CloseReason::ERRORS;
    }
}

// Waits for the next command; the replies so far go out first, in one write, unless the next
// command is here already. False: the server stops.
Task<bool> Dialogue::awaitCommand() {
    if (stopping_.isRaised()) co_return false;
    if (login_) login_->access->flushIfDue();
    const bool lineIsHere = connection_.buffered().find("\r\n") != std::string_view::npos;
    if (lineIsHere && pending_.size() < kPendingOctetsMax) co_return true;
    co_await flush();
    if (lineIsHere) co_return true;
    const Wake wake = co_await connection_.wait(stopping_, after(limits::kPop3Timeout));
    if (wake == Wake::TimedOut) throw TimedOut("no command came");
    co_return wake == Wake::Readable;
}

Task<void> Dialogue::flush() {
    if (pending_.empty()) co_return;
    const std::string octets = std::exchange(pending_, {});
    co_await connection_.write(octets);
}

Task<Reply> Dialogue::execute(std::string_view line) {
    constexpr std::string_view kForbidden("\r\n\0", 3);
    if (line.find_first_of(kForbidden) != std::string_view::npos) {
        co_return err("", "A command ends with CR LF and holds neither, nor NUL");
    }
    const std::size_t blank = line.find(' ');
    const std::string_view verb = line.substr(0, blank);
    const std::string_view arguments =
        blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1);
    const CommandRow* const row = findCommand(verb);
    // PASS must come right after USER.
    const std::string userName = std::exchange(userName_, {});
    if (row == nullptr) co_return err("", "Unknown command");
    const States state = login_ ? kTransaction : kAuthorization;
    if ((row->states & state) == 0) {
        co_return err("", login_ ? "Logged in already" : "Log in first");
    }
    if (row->arguments == Arguments::None && !arguments.empty()) {
        co_return err("", "No arguments here");
    }
    if (row->arguments == Arguments::Some && arguments.empty()) {
        co_return err("", "An argument is missing");
    }
    if (row->handler == &Dialogue::pass) userName_ = userName;
    const Reply answer = co_await (this->*row->handler)(arguments);
    co_return answer;
}

}  // namespace daybook::pop3
