#include "journal/content_log.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

// APPEND. RFC 3501 §6.3.11. APPENDUID: RFC 4315 §3.
Task<Reply> Session::append(Arguments& arguments) {
    // append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP literal
    arguments.space();
    const std::string name = arguments.mailbox();
    arguments.space();
    FlagSet flags;
    std::optional<DateTime> date;
    if (arguments.lexer().peek() == '(') {
        flags = arguments.flagList();
        arguments.space();
    }
    if (arguments.lexer().peek() == '"') {
        date = arguments.dateTime();
        arguments.space();
    }
    arguments.end();
    if (!message_) throw Bad("The message must be a literal");
    const AnnouncedLiteral announced = *message_;
    const std::optional<MailboxTarget> mailbox =
        findMailbox(services_.views.snapshot(), account(), name);
    if (!mailbox) co_return no("TRYCREATE", "No such mailbox");
    if (announced.octets > services_.config.messageOctetsMax) {
        co_return no(Refusal{.reason = RefusalReason::MessageTooLarge, .detail = {}});
    }
    if (announced.octets == 0) co_return no("CANNOT", "The message is empty");

    Spool spool(services_.config.directory / "run" / "spool");
    bool hasNul = false;
    bool diskFailed = false;
    message_.reset();
    co_await flush();
    // A sink that throws would leave the rest of the message to be read as commands.
    const auto sink = [&](std::string_view octets) {
        hasNul = hasNul || octets.find('\0') != std::string_view::npos;
        if (diskFailed || hasNul) return;
        try {
            spool.append(octets);
        } catch (const ContentError&) {
            diskFailed = true;
        }
    };
    co_await reader_.readMessage(announced, sink, commandDeadline());
    if (hasNul) throw Bad("The message holds a NUL");
    if (diskFailed) co_return no(Refusal{.reason = RefusalReason::DiskFull, .detail = {}});

    const std::optional<TimeNs> internalDate = date ? std::optional(date->timeNs) : std::nullopt;
    const Outcome<Reception::Appended> appended = co_await services_.reception.append(
        session_,
        mailbox->owner,
        mailbox->row.id,
        std::move(flags),
        internalDate,
        date ? date->zoneMinutes : std::int16_t{0},
        spool);
    if (!appended && appended.error().reason == RefusalReason::NoSuchMailbox) {
        co_return no("TRYCREATE", "No such mailbox");
    }
    if (!appended) co_return no(appended.error());
    co_return ok(
        "APPENDUID " + std::to_string(appended->uidValidity.number()) + ' ' +
            std::to_string(appended->uid.number()),
        "Appended");
}

}  // namespace daybook::imap
