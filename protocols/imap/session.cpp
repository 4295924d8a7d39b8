#include "protocols/imap/session.h"

#include <algorithm>

#include "journal/base/ascii.h"
#include "journal/base/limits.h"
#include "protocols/imap/command_table.h"
#include "protocols/imap/opened_mailboxes.h"
#include "protocols/imap/recent_claims.h"

namespace daybook::imap {

namespace {

constexpr std::size_t kOutputOctets = 128U << 10U;
// Access records are due after two minutes, also while the client is silent.
constexpr std::chrono::seconds kLookRound{120};
// Strangers get one literal's worth of memory.
constexpr std::size_t kStrangersTextMax = limits::kImapLineOctetsMax;
constexpr std::size_t kTextMax = 16 * limits::kImapLiteralOctetsMax;

SessionFacts factsOf(const Connection& connection) {
    const TlsInfo tls = connection.tlsInfo();
    return SessionFacts{
        .protocol = event::Protocol::IMAP,
        .ip = connection.peerIp(),
        .peerPort = connection.peerPort(),
        .localPort = connection.localPort(),
        .tls = {.version = tls.version, .cipher = tls.cipher},
    };
}

// tag = 1*<any ASTRING-CHAR except "+">. Empty: there is none.
std::string_view tagOf(std::string_view text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view tag = text.substr(0, end);
    const bool isTag = std::all_of(
        tag.begin(), tag.end(), [](char c) { return c != '+' && (isAtomChar(c) || c == ']'); });
    return isTag ? tag : std::string_view{};
}

bool takesMessages(const CommandRow& row) {
    return row.handler == &Session::append || row.handler == &Session::replace;
}

Task<void> runSession(
    const Services& services,
    RecentClaims& claims,
    std::shared_ptr<OpenedMailboxes> opened,
    SessionStart start) {
    Session session(services, {.claims = claims, .opened = *opened}, start);
    co_await session.run();
}

}  // namespace

SessionFunction sessionFunction(const Services& services, RecentClaims& claims) {
    return [&services, &claims, opened = std::make_shared<OpenedMailboxes>()](SessionStart start) {
        return runSession(services, claims, opened, start);
    };
}

Session::Session(const Services& services, Shared shared, SessionStart start)
    : services_(services),
      claims_(shared.claims),
      opened_(shared.opened),
      connection_(start.connection),
      stopping_(start.stopping),
      news_(start.connection.reactor()),
      lines_(start.connection),
      reader_(start.connection, lines_),
      session_(services.scribe, services.random, factsOf(start.connection)),
      started_(std::chrono::steady_clock::now()) {}

Task<void> Session::run() {
    bool timedOut = false;
    try {
        co_await serve();
    } catch (const Disconnected&) {
        closeReason_ = event::CloseReason::PEER_GONE;
        out_.clear();
    } catch (const TimedOut&) {
        timedOut = true;
    }
    leaveMailbox();
    if (timedOut) bye("Too slow: logged out for inactivity", event::CloseReason::TIMEOUT);
    session_.close(closeReason_, octetsIn(), octetsOut());
    try {
        co_await flush();
    } catch (const Disconnected&) {
        out_.clear();  // It did not wait for the goodbye.
    } catch (const TimedOut&) {
        out_.clear();
    }
}

Task<void> Session::serve() {
    out_ += "* OK [CAPABILITY " + capabilities() + "] " + services_.config.hostname +
            " Daybook ready\r\n";
    while (!ended_) {
        const bool there = co_await waitForCommand();
        if (!there) co_return;
        CommandText command;
        bool tooLong = false;
        try {
            command =
                co_await reader_.read(account() ? kTextMax : kStrangersTextMax, commandDeadline());
        } catch (const LineTooLong&) {
            tooLong = true;
        }
        if (tooLong) command.problem = "The line is too long";
        session_.countCommand();
        std::string tag;
        const Reply reply = co_await execute(tag, command);
        if (ended_) co_return;
        appendReply(out_, tag, reply);
        if (command.hopeless) bye("There is no way to go on", event::CloseReason::ERRORS);
        // Only errors in a row speak of a client that has lost its way.
        if (reply.status == Status::Bad)
            ++errors_;
        else if (account() && reply.status == Status::Ok)
            errors_ = 0;
        if (errors_ >= (account() ? limits::kImapErrorsMax : limits::kImapErrorsBeforeLoginMax)) {
            bye("Too many errors", event::CloseReason::ERRORS);
        }
        if (!ended_) co_await afterReply(reply.then);
        co_await flushIfLarge();
    }
}

// Sends what is due unless the next command is here already. False: the session is over.
Task<bool> Session::waitForCommand() {
    const Deadline deadline = commandDeadline();
    while (true) {
        if (stopping_.take()) {
            bye("The server is stopping", event::CloseReason::SERVER_STOPPED);
            co_return false;
        }
        const std::string_view next = connection_.buffered();
        const std::size_t end = next.find("\r\n");
        const bool whole = end != std::string_view::npos && end > 0 && next[end - 1] != '}';
        if (!whole) co_await flush();
        if (whole || end != std::string_view::npos) co_return true;
        const Deadline round = std::min(deadline, after(kLookRound));
        Wake wake = Wake::TimedOut;
        if (listensAlways()) {
            wake = co_await connection_.wait(news_, stopping_, round);
        } else {
            wake = co_await connection_.wait(stopping_, round);
        }
        if (wake == Wake::Readable) co_return true;
        if (listensAlways() && news_.take()) {
            co_await tellNews(watched_->request().delayed ? Expunges::Held : Expunges::Told);
        }
        if (ended_) co_return false;
        if (wake == Wake::TimedOut) connection_.rest();
        if (isSelected()) selected().access->flushIfDue();
        if (wake == Wake::TimedOut && std::chrono::steady_clock::now() >= deadline) {
            throw TimedOut("no command");
        }
    }
}

Task<Reply> Session::execute(std::string& tag, const CommandText& command) {
    tag = tagOf(command.text);
    tag_ = tag;
    commandBegan_ = std::chrono::steady_clock::now();
    const std::string_view text = command.text;
    std::exception_ptr problem;
    Reply reply;
    message_ = command.message;
    try {
        if (!command.problem.empty()) throw Bad(command.problem);
        if (tag.empty()) throw Bad("A tag was expected");
        if (text.size() == tag.size()) throw Bad("A command was expected");
        reply = co_await dispatch(text.substr(tag.size() + 1), command);
    } catch (const Disconnected&) {
        throw;
    } catch (const TimedOut&) {
        throw;
    } catch (const std::exception&) {
        problem = std::current_exception();
    }
    if (problem) reply = failed(problem);
    if (tag.empty()) tag = "*";
    if (message_ && !message_->synchronizing) {
        if (!account() || message_->octets > limits::kImapSkippedOctetsMax) {
            appendReply(out_, tag, reply);
            bye("There is no way to go on", event::CloseReason::ERRORS);
            co_return reply;
        }
        co_await flush();
        co_await reader_.skipMessage(*message_, commandDeadline());
    }
    message_.reset();
    co_return reply;
}

Task<Reply> Session::dispatch(std::string_view rest, const CommandText& command) {
    Lexer lexer(rest);
    std::string name(lexer.atom());
    byUid_ = equalsIgnoreCase(name, "UID");
    if (byUid_) {
        lexer.space();
        name += ' ';
        name += lexer.atom();
    }
    const CommandRow* const row = findCommand(name);
    if (row == nullptr) throw Bad("There is no such command");
    if (command.message && !takesMessages(*row)) throw Bad("No literal belongs here");
    const std::uint8_t state = !account()     ? kNotAuthenticated
                               : isSelected() ? kSelected
                                              : kAuthenticated;
    if ((row->states & state) == 0) {
        throw Bad(state == kAuthenticated ? "No mailbox is selected" : "Not in this state");
    }
    if (dialect_.uidOnly && (row->flags & (kUsesNumbers | kTakesNumbers)) != 0) {
        throw Bad("UIDREQUIRED", "Message numbers are not allowed once UIDONLY is enabled");
    }
    if (account() && !isAccountActive()) {
        bye("The account is disabled", event::CloseReason::QUIT);
        co_return ok("Over");
    }
    if (isSelected()) selected().access->flushIfDue();
    if ((row->flags & kLooksAnew) != 0 && account() && !services_.scribe.viewsShowAll()) {
        // Refused only when the disk is: then what is shown is what there is.
        co_await services_.scribe.submit(SeeViews{});
    }
    Arguments arguments(lexer.rest(), byUid_, dialect_);
    Reply reply = co_await (this->*row->handler)(arguments);
    if (account() && (row->flags & kTellsNothing) == 0) {
        co_await tellNews((row->flags & kUsesNumbers) != 0 ? Expunges::Held : Expunges::Told);
    }
    // RFC 7162 §3.2.7, RFC 6851 §4.4: only now is everything told up to it.
    if (reply.expunged && dialect_.condstore && isSelected()) {
        reply.code = "HIGHESTMODSEQ " + std::to_string(selected().toldModSeq.number());
    }
    co_return reply;
}

bool Session::isAccountActive() {
    const auto row = services_.views.snapshot().accounts().account(account());
    return row && !row->deleted && row->state == event::AccountState::ACTIVE;
}

// RFC 3501 §7.1: BAD for nonsense, NO for what could not be done.
Reply Session::failed(const std::exception_ptr& problem) {
    try {
        std::rethrow_exception(problem);
    } catch (const Bad& bad) {
        return Reply{.status = Status::Bad, .code = bad.code(), .text = bad.what()};
    } catch (const No& refused) {
        return no(refused.code(), refused.what());
    } catch (const std::exception& broken) {
        services_.log.error("imap.command_failed", {{"what", broken.what()}});
        return no("SERVERBUG", "The server failed; this was not done or not wholly");
    }
}

Task<void> Session::afterReply(Then then) {
    if (then == Then::GoOn) co_return;
    co_await flush();
    if (then == Then::Close) {
        ended_ = true;
        closeReason_ = event::CloseReason::QUIT;
        co_return;
    }
    if (then == Then::Compress) {
        connection_.startCompression();
        co_return;
    }
    if (then == Then::Unauthenticate) {
        co_await forgetUser();
        co_return;
    }
    co_await connection_.startTls(*services_.tls);
    session_.setTls(factsOf(connection_).tls);
}

Task<void> Session::flush() {
    if (out_.empty()) co_return;
    std::string octets;
    octets.swap(out_);
    co_await connection_.write(octets);
    // The buffer is kept while the client is busy, and given back before it is waited for.
    if (octets.capacity() <= kOutputOctets && connection_.buffered().empty() == false) {
        octets.clear();
        out_.swap(octets);
    }
}

Task<void> Session::flushIfLarge() {
    if (out_.size() >= kOutputOctets) co_await flush();
}

Deadline Session::commandDeadline() const {
    if (account()) return after(limits::kImapIdleTimeout);
    // A stranger who keeps talking gets a few rounds, not for ever.
    return std::min(after(limits::kImapLoginTimeout), started_ + 5 * limits::kImapLoginTimeout);
}

void Session::bye(std::string_view text, event::CloseReason reason) {
    if (ended_) return;
    out_ += "* BYE ";
    out_ += text;
    out_ += "\r\n";
    ended_ = true;
    closeReason_ = reason;
}

void Session::requireWritable() {
    if (selected().readOnly) throw No("READ-ONLY", "The mailbox is open for reading only");
}

void Session::leaveMailbox() {
    if (!isSelected()) return;
    mailboxWatch_ = {};
    selected().access->finish();
    selected_.reset();
}

// RFC 7162 §3.1: whoever shows that it knows CONDSTORE is told HIGHESTMODSEQ at once.
void Session::enableCondstore() {
    if (dialect_.condstore) return;
    dialect_.condstore = true;
    if (!isSelected()) return;
    out_ += "* OK [HIGHESTMODSEQ ";
    appendNumber(out_, std::max<std::uint64_t>(selected().toldModSeq.number(), 1));
    out_ += "] Highest\r\n";
}

std::vector<MailboxId> Session::newMailboxIds(std::string_view name) {
    std::vector<MailboxId> ids;
    const auto delimiters = std::count(name.begin(), name.end(), kHierarchyDelimiter);
    const std::size_t levels = 1 + static_cast<std::size_t>(delimiters);
    ids.reserve(levels);
    while (ids.size() < levels) {
        ids.push_back(services_.random.id<MailboxId>());
    }
    return ids;
}

}  // namespace daybook::imap
