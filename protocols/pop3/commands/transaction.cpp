#include <fmt/format.h>

#include "journal/base/ascii.h"
#include "protocols/pop3/dialogue.h"

namespace daybook::pop3 {

namespace {

Reply noSuchMessage() { return err("", "No such message"); }

// Message numbers are decimal; 0 stands for everything else.
std::uint64_t messageNumber(std::string_view arguments) {
    return parseNumber(trimmed(arguments), UINT32_MAX).value_or(0);
}

}  // namespace

// STAT. RFC 1939 §5.
Task<Reply> Dialogue::stat(std::string_view) {
    co_return ok(fmt::format("{} {}", login_->maildrop.count(), login_->maildrop.octets()));
}

// One line for one message, or for all.
Reply Dialogue::listing(
    std::string_view arguments, std::string_view heading, const Listing& what) const {
    const Maildrop& maildrop = login_->maildrop;
    if (!arguments.empty()) {
        const std::uint64_t number = messageNumber(arguments);
        const Maildrop::Message* const message = maildrop.find(number);
        if (message == nullptr) return noSuchMessage();
        return ok(fmt::format("{} {}", number, what(*message)));
    }
    Reply answer = ok(heading);
    std::uint64_t number = 0;
    for (const Maildrop::Message& message : maildrop.messages()) {
        ++number;
        if (message.deleted) continue;
        fmt::format_to(std::back_inserter(answer.octets), "{} {}\r\n", number, what(message));
    }
    answer.octets += ".\r\n";
    return answer;
}

// LIST. RFC 1939 §5.
Task<Reply> Dialogue::list(std::string_view arguments) {
    const Maildrop& maildrop = login_->maildrop;
    co_return listing(
        arguments,
        fmt::format("{} messages ({} octets)", maildrop.count(), maildrop.octets()),
        [](const Maildrop::Message& message) { return std::to_string(message.octets); });
}

// UIDL. RFC 1939 §7.
Task<Reply> Dialogue::uidl(std::string_view arguments) {
    const Maildrop& maildrop = login_->maildrop;
    co_return listing(arguments, "Unique ids follow", [&](const Maildrop::Message& message) {
        return maildrop.uniqueId(message);
    });
}

// DELE. RFC 1939 §5: a mark; QUIT deletes.
Task<Reply> Dialogue::dele(std::string_view arguments) {
    const std::uint64_t number = messageNumber(arguments);
    if (login_->maildrop.find(number) == nullptr) co_return noSuchMessage();
    login_->maildrop.markDeleted(number);
    co_return ok("Deleted at QUIT");
}

// NOOP. RFC 1939 §5.
Task<Reply> Dialogue::noop(std::string_view) { co_return ok("Nothing done"); }

// RSET. RFC 1939 §5.
Task<Reply> Dialogue::rset(std::string_view) {
    login_->maildrop.unmarkAll();
    co_return ok(fmt::format(
        "{} messages ({} octets)", login_->maildrop.count(), login_->maildrop.octets()));
}

// QUIT. RFC 1939 §6: the UPDATE state. If the messages cannot be removed the client is told, and
// none is.
Task<Reply> Dialogue::quit(std::string_view) {
    if (!login_) co_return Reply{.octets = "+OK Goodbye\r\n", .after = AfterReply::Close};
    login_->access->finish();
    UidRanges deleted = login_->maildrop.deleted();
    if (!deleted.empty()) {
        const Expunge command{
            .origin = record_.origin(),
            .account = login_->identity.account,
            .mailbox = login_->maildrop.mailbox(),
            .uids = std::move(deleted),
            .onlyDeleted = false,
            .reason = event::ExpungeReason::POP3,
        };
        const Outcome<Expunge::Answer> expunged = co_await services_.scribe.submit(command);
        if (!expunged) {
            services_.log.warning(
                "pop3.update_refused", {{"reason", nameOf(expunged.error().reason)}});
            Reply answer = err("SYS/TEMP", "The deleted messages were not removed");
            answer.after = AfterReply::Close;
            co_return answer;
        }
    }
    co_return Reply{.octets = "+OK Goodbye\r\n", .after = AfterReply::Close};
}

}  // namespace daybook::pop3
