#include <fmt/format.h>

#include "protocols/smtp/command_table.h"
#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

// RSET. RFC 5321 §4.1.1.5.
Task<Reply> Dialogue::rset(std::string_view) {
    transaction_.reset();
    co_return reply(250, "2.0.0", "Ok");
}

// NOOP. RFC 5321 §4.1.1.9: a parameter is ignored.
Task<Reply> Dialogue::noop(std::string_view) { co_return reply(250, "2.0.0", "Ok"); }

// VRFY. RFC 5321 §3.5.3 and §7.3: strangers are told nothing.
Task<Reply> Dialogue::vrfy(std::string_view arguments) {
    if (arguments.empty()) badArguments("Say VRFY and an address");
    co_return reply(252, "2.5.0", "Send a message to find out");
}

// EXPN. RFC 5321 §3.5.2 and §7.3.
Task<Reply> Dialogue::expn(std::string_view) {
    co_return reply(502, "5.5.1", "Lists are not expanded here");
}

// HELP. RFC 5321 §4.1.1.8.
Task<Reply> Dialogue::help(std::string_view) {
    std::string verbs;
    for (const CommandRow& row : commandTable()) {
        if ((row.roles & facts_.bit) != 0) verbs.append(" ").append(row.verb);
    }
    Reply answer = reply(214, "2.0.0", "Commands:" + verbs);
    answer.lines.emplace_back("RFC 5321 says what they do");
    co_return answer;
}

// QUIT. RFC 5321 §4.1.1.10.
Task<Reply> Dialogue::quit(std::string_view) { co_return closing(reply(221, "2.0.0", "Goodbye")); }

}  // namespace daybook::smtp
