#include "protocols/imap/session.h"

namespace daybook::imap {

// CAPABILITY. RFC 3501 §6.1.1.
Task<Reply> Session::capability(Arguments& arguments) {
    arguments.end();
    out_ += "* CAPABILITY " + capabilities() + "\r\n";
    co_return ok("That is what there is");
}

// NOOP. RFC 3501 §6.1.2. The news are told after every command.
Task<Reply> Session::noop(Arguments& arguments) {
    arguments.end();
    co_return ok("Done nothing");
}

// LOGOUT. RFC 3501 §6.1.3.
Task<Reply> Session::logout(Arguments& arguments) {
    arguments.end();
    out_ += "* BYE Until next time\r\n";
    co_return Reply{.text = "Logged out", .then = Then::Close};
}

// ID. RFC 2971 §3.1: id_params_list = "(" #(string SP nstring) ")" / nil
Task<Reply> Session::id(Arguments& arguments) {
    constexpr std::size_t kPairsMax = 30;
    constexpr std::size_t kClientOctetsMax = 255;
    arguments.space();
    Lexer& lexer = arguments.lexer();
    std::string client;
    std::size_t pairs = 0;
    if (lexer.skip('(')) {
        while (!lexer.skip(')')) {
            if (pairs > 0) lexer.space();
            if (++pairs > kPairsMax) throw Bad("More than 30 fields");
            const std::string field = lexer.string();
            lexer.space();
            const bool quoted = lexer.peek() == '"' || lexer.peek() == '{';
            if (!quoted && arguments.word() != "NIL") throw Bad("A string or NIL was expected");
            if (!quoted) continue;
            client += client.empty() ? "" : " ";
            client += field + '=' + lexer.string();
        }
    } else if (arguments.word() != "NIL") {
        throw Bad("A list or NIL was expected");
    }
    arguments.end();
    client.resize(std::min(client.size(), kClientOctetsMax));
    session_.setClient(std::move(client));
    out_ += "* ID (\"name\" \"Daybook\")\r\n";
    co_return ok("Pleased to meet you");
}

}  // namespace daybook::imap
