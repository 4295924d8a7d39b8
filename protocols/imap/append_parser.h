// append_parser.h
//
// What follows the mailbox of APPEND and REPLACE, as it comes: text up to a literal, then (when
// somebody else has read that) more text, to the end of the command (RFC 3501 §6.3.11; several
// messages: RFC 3502; CATENATE: RFC 4469 §5; literal8: RFC 3516 §7; UTF8: RFC 6855 §4). Flags and
// dates are judged before the literal behind them is asked for. Reads nothing. Throws Bad and No.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/imap/grammar.h"

namespace daybook::imap {

// What is to be done next.
struct AppendStep {
    enum class Kind {
        Begin,      // a message, with `flags` and `date`
        Url,        // `url` goes into it
        Octets,     // the literal that is announced goes into it
        UrlOctets,  // the literal that is announced is a URL
        Done,       // the command is over
    };

    Kind kind = Kind::Done;
    FlagSet flags{};
    std::optional<DateTime> date{};
    bool catenates = false;  // Begin: of parts, which may be empty
    std::string url{};
};

class AppendParser {
public:
    enum class Messages { One, Many };

    AppendParser(Messages messages, const Dialect& dialect)
        : messages_(messages), dialect_(dialect) {}

    // `text`: up to the literal that is announced behind it, or to the end of the command.
    std::vector<AppendStep> take(
        std::string_view text, const std::optional<AnnouncedLiteral>& literal);

private:
    enum class State { Message, Part, BehindPart, BehindUtf8, BehindUtf8Part };

    // Each returns whether there is more to be parsed in the text.
    bool message(Arguments& arguments);
    bool part(Arguments& arguments);
    bool octets(Arguments& arguments, State next);
    bool utf8Octets(Arguments& arguments, State next);
    void begin(FlagSet flags, std::optional<DateTime> date, bool catenates);

    Messages messages_;
    Dialect dialect_;
    State state_ = State::Message;
    std::size_t count_ = 0;
    std::size_t parts_ = 0;
    // Of take().
    std::optional<AnnouncedLiteral> literal_;
    std::vector<AppendStep> steps_;
};

}  // namespace daybook::imap
