#include <algorithm>
#include <fmt/format.h>

#include "journal/base/ascii.h"
#include "protocols/smtp/command_table.h"
#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

namespace {

std::string_view withoutAngles(std::string_view text) {
    if (text.size() < 2 || !text.starts_with('<') || !text.ends_with('>')) return text;
    return text.substr(1, text.size() - 2);
}

}  // namespace

// RSET. RFC 5321 §4.1.1.5.
Task<Reply> Dialogue::rset(std::string_view) {
    transaction_.reset();
    co_return reply(250, "2.0.0", "Ok");
}

// NOOP. RFC 5321 §4.1.1.9: a parameter is ignored.
Task<Reply> Dialogue::noop(std::string_view) { co_return reply(250, "2.0.0", "Ok"); }

// VRFY. RFC 5321 §3.5 and §7.3: strangers are told nothing; users what they could find out by
// sending. The argument may stand in angle brackets.
Task<Reply> Dialogue::vrfy(std::string_view arguments) {
    if (arguments.empty()) badArguments("Say VRFY and an address");
    if (!identity_) co_return reply(252, "2.5.0", "Send a message to find out");
    const std::string_view address = withoutAngles(arguments);
    const Outcome<std::vector<Recipient>> found = services_.directory.resolve(address);
    if (found) co_return reply(250, "2.1.5", fmt::format("<{}>", printable(address)));
    if (found.error().reason == RefusalReason::InvalidArgument) {
        co_return reply(553, "5.1.3", "Say the whole address");
    }
    // RFC 5321 §3.5.3: what is relayed cannot be verified here.
    if (found.error().reason == RefusalReason::RelayDenied) {
        co_return reply(252, "2.5.0", "Not an address of this server; send a message to find out");
    }
    co_return reply(found.error());
}

// EXPN. RFC 5321 §3.5.2 and §7.3: users are told who gets the mail of an alias.
Task<Reply> Dialogue::expn(std::string_view arguments) {
    if (!identity_) co_return reply(502, "5.5.1", "Lists are not expanded here");
    if (arguments.empty()) badArguments("Say EXPN and an address");
    const Outcome<std::vector<Recipient>> found =
        services_.directory.resolve(withoutAngles(arguments));
    if (!found) co_return reply(found.error());
    Reply answer{.code = 250, .enhancedCode = "2.1.5", .lines = {}};
    const Snapshot snapshot = services_.views.snapshot();
    for (const Recipient& recipient : *found) {
        const std::optional<AccountRow> account = snapshot.accounts().account(recipient.account);
        if (account) answer.lines.push_back(fmt::format("<{}>", account->login));
    }
    if (answer.lines.empty()) co_return reply(550, "5.1.1", "Nobody gets that mail");
    co_return answer;
}

// ETRN. RFC 1985 §5.3: mail waits for nobody who could fetch it so; the queue runs by itself.
Task<Reply> Dialogue::etrn(std::string_view arguments) {
    if (arguments.empty()) badArguments("Say ETRN and a domain");
    co_return reply(502, "5.5.1", "Mail is sent when it is due; nothing to start");
}

// HELP. RFC 5321 §4.1.1.8. With a command: where it is described.
Task<Reply> Dialogue::help(std::string_view arguments) {
    std::string verbs;
    for (const CommandRow& row : commandTable()) {
        const bool offered = (row.needs & kWhereOffered) == 0 || offersAuthentication();
        const bool trusted = (row.needs & kTrustedProxy) == 0 || mayXclient();
        if ((row.roles & facts_.bit) == 0 || !offered || !trusted) continue;
        verbs.append(" ").append(row.verb);
        if (!equalsIgnoreCase(arguments, row.verb)) continue;
        co_return reply(214, "2.0.0", fmt::format("{}: {} says what it does", row.verb, row.rfc));
    }
    if (!arguments.empty()) co_return reply(504, "5.5.4", "No such command; HELP names them all");
    Reply answer = reply(214, "2.0.0", "Commands:" + verbs);
    answer.lines.emplace_back("RFC 5321 says what they do");
    co_return answer;
}

// QUIT. RFC 5321 §4.1.1.10.
Task<Reply> Dialogue::quit(std::string_view) { co_return closing(reply(221, "2.0.0", "Goodbye")); }

}  // namespace daybook::smtp
