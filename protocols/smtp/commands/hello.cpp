#include <fmt/format.h>

#include "protocols/smtp/command_table.h"
#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

// A hello ends a transaction as RSET does: RFC 5321 §4.1.4.
void Dialogue::greet(std::string_view arguments, bool extended) {
    helo_ = parseHello(arguments);
    extended_ = extended;
    transaction_.reset();
    record_.setClient(helo_);
}

// EHLO. RFC 5321 §4.1.1.1. LHLO: RFC 2033 §4.1.
Task<Reply> Dialogue::ehlo(std::string_view arguments) {
    greet(arguments, true);
    Reply answer =
        reply(250, "", fmt::format("{} greets {}", services_.config.hostname, record_.facts().ip));
    for (std::string& keyword : keywords(*this))
        answer.lines.push_back(std::move(keyword));
    co_return answer;
}

// HELO. RFC 5321 §4.1.1.1.
Task<Reply> Dialogue::helo(std::string_view arguments) {
    greet(arguments, false);
    co_return reply(250, "", services_.config.hostname);
}

}  // namespace daybook::smtp
