#include "journal/base/limits.h"
#include "protocols/imap/append_work.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// The literal is read, and what stands behind it is not.
constexpr AnnouncedLiteral kRestOfCommand{.octets = 0, .synchronizing = false, .binary = false};

// resp-code-apnd = "APPENDUID" SP nz-number SP append-uid: as many UIDs as messages (RFC 4315 §3,
// RFC 3502).
std::string appendUidCode(const Reception::Appended& appended) {
    const std::uint32_t first = appended.uid.number();
    const auto count = static_cast<std::uint32_t>(appended.messages.size());
    std::string code = "APPENDUID ";
    appendNumber(code, appended.uidValidity.number());
    code += ' ';
    appendNumber(code, first);
    if (count > 1) {
        code += ':';
        appendNumber(code, first + count - 1);
    }
    return code;
}

}  // namespace

// APPEND. RFC 3501 §6.3.11. MULTIAPPEND: RFC 3502. CATENATE: RFC 4469. literal8: RFC 3516 §4.4.
Task<Reply> Session::append(Arguments& arguments) {
    // append = "APPEND" SP mailbox 1*append-message
    arguments.space();
    const std::string name = arguments.mailbox();
    const std::string text(arguments.lexer().rest());
    Reply reply = co_await appendMessages(name, text, std::nullopt);
    co_return reply;
}

// REPLACE and UID REPLACE. RFC 8508 §3.
Task<Reply> Session::replace(Arguments& arguments) {
    // replace = "REPLACE" SP seq-number SP mailbox append-message
    arguments.space();
    const SequenceSet set = arguments.sequenceSet();
    arguments.space();
    const std::string name = arguments.mailbox();
    const std::string text(arguments.lexer().rest());
    requireWritable();
    const std::vector<Run> runs = selected().runsOf(set, arguments.byUid());
    if (runs.size() > 1 || (!runs.empty() && runs.front().count() > 1)) {
        throw Bad("REPLACE takes one message");
    }
    if (runs.empty()) throw No("NONEXISTENT", "No such message");
    const ReplacedMessage replaced{
        .account = selected().owner,
        .mailbox = selected().id,
        .uid = Uid(runs.front().first),
    };
    Reply reply = co_await appendMessages(name, text, replaced);
    co_return reply;
}

// `text`: what stands behind the mailbox, up to the first literal.
Task<Reply> Session::appendMessages(
    std::string mailbox, std::string text, std::optional<ReplacedMessage> replaces) {
    AppendWork work(
        replaces ? AppendParser::Messages::One : AppendParser::Messages::Many,
        dialect_,
        services_.config.directory / "run" / "spool",
        services_.config.messageOctetsMax);
    std::vector<AppendStep> steps = work.parser.take(text, message_);
    const std::optional<MailboxTarget> target =
        findMailbox(services_.views.snapshot(), account(), mailbox);
    if (!target) co_return no("TRYCREATE", "No such mailbox");
    work.appending.account = target->owner;
    work.appending.mailbox = target->row.id;
    work.appending.replaces = replaces;
    co_await flush();
    bool more = co_await takeSteps(work, std::move(steps));
    while (more) {
        const CommandText next = co_await reader_.readOn(commandDeadline());
        message_ = next.message;
        if (!next.problem.empty()) throw Bad(next.problem);
        more = co_await takeSteps(work, work.parser.take(next.text, message_));
    }
    Reply reply = co_await finishAppend(work);
    co_return reply;
}

// Returns whether the command goes on.
Task<bool> Session::takeSteps(AppendWork& work, std::vector<AppendStep> steps) {
    for (AppendStep& step : steps) {
        switch (step.kind) {
            case AppendStep::Kind::Begin:
                work.begin(step);
                // RFC 3502 §6.3.11: what is known to be empty is not asked for.
                if (!step.catenates && message_ && message_->octets == 0) work.end();
                break;
            case AppendStep::Kind::Url: co_await catenate(work, std::move(step.url)); break;
            case AppendStep::Kind::Octets: co_await takeOctets(work); break;
            case AppendStep::Kind::UrlOctets: {
                std::string url = co_await takeUrl();
                co_await catenate(work, std::move(url));
                break;
            }
            case AppendStep::Kind::Done: work.end(); co_return false;
        }
    }
    co_return true;
}

Task<void> Session::takeOctets(AppendWork& work) {
    const AnnouncedLiteral announced = *message_;
    work.expect(announced.octets);
    message_ = kRestOfCommand;
    // A sink that throws would leave the rest of the message to be read as commands.
    const auto sink = [&work, mayHoldNul = announced.binary](std::string_view octets) {
        work.take(octets, mayHoldNul);
    };
    co_await reader_.readAnnounced(announced, sink);
    work.check();
}

// A URL may be a literal as any other astring.
Task<std::string> Session::takeUrl() {
    const AnnouncedLiteral announced = *message_;
    if (announced.octets > limits::kImapLiteralOctetsMax) throw Bad("The literal is too long");
    message_ = kRestOfCommand;
    std::string url;
    const auto sink = [&url](std::string_view octets) { url += octets; };
    co_await reader_.readAnnounced(announced, sink);
    co_return url;
}

Task<Reply> Session::finishAppend(AppendWork& work) {
    const bool isReplacing = work.appending.replaces.has_value();
    const Outcome<Reception::Appended> appended =
        co_await services_.reception.append(session_, std::move(work.appending), work.spool);
    if (!appended && appended.error().reason == RefusalReason::NoSuchMailbox) {
        co_return no("TRYCREATE", "No such mailbox");
    }
    if (!appended) co_return no(appended.error());
    if (!isReplacing) co_return ok(appendUidCode(*appended), "Appended");
    // RFC 8508 §4.3: before the EXPUNGE, not after it.
    out_ += "* OK [" + appendUidCode(*appended) + "] Replacement ready\r\n";
    Reply reply = ok("Replaced");
    reply.expunged = true;
    co_return reply;
}

}  // namespace daybook::imap
