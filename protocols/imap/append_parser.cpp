#include "protocols/imap/append_parser.h"

#include <utility>

#include "journal/base/limits.h"

namespace daybook::imap {

std::vector<AppendStep> AppendParser::take(
    std::string_view text, const std::optional<AnnouncedLiteral>& literal) {
    literal_ = literal;
    Arguments arguments(text, false, dialect_);
    Lexer& lexer = arguments.lexer();
    bool more = true;
    while (more) {
        switch (state_) {
            case State::Message: more = message(arguments); break;
            case State::Part: more = part(arguments); break;
            case State::BehindPart:
                state_ = lexer.skip(')') ? State::Message : State::Part;
                if (state_ == State::Part) lexer.space();
                break;
            case State::BehindUtf8:
                lexer.expect(')');
                state_ = State::Message;
                break;
            case State::BehindUtf8Part:
                lexer.expect(')');
                state_ = State::BehindPart;
                break;
        }
    }
    return std::exchange(steps_, {});
}

// append-message = [SP flag-list] [SP date-time] SP (literal / literal8 / "UTF8" ... / "CATENATE"
// ...)
bool AppendParser::message(Arguments& arguments) {
    Lexer& lexer = arguments.lexer();
    if (lexer.atEnd() && !literal_) {
        if (count_ == 0) throw Bad("The message must be a literal");
        steps_.push_back({.kind = AppendStep::Kind::Done});
        return false;
    }
    if (count_ > 0 && messages_ == Messages::One) throw Bad("REPLACE takes one message");
    lexer.space();
    FlagSet flags;
    std::optional<DateTime> date;
    if (lexer.peek() == '(') {
        flags = arguments.flagList();
        lexer.space();
    }
    if (lexer.peek() == '"') {
        date = arguments.dateTime();
        lexer.space();
    }
    if (lexer.atEnd()) {
        begin(std::move(flags), date, false);
        return octets(arguments, State::Message);
    }
    const std::string word = arguments.word();
    lexer.space();
    lexer.expect('(');
    if (word == "UTF8") {
        begin(std::move(flags), date, false);
        return utf8Octets(arguments, State::BehindUtf8);
    }
    if (word != "CATENATE") throw Bad("The message must be a literal");
    begin(std::move(flags), date, true);
    state_ = State::Part;
    return true;
}

void AppendParser::begin(FlagSet flags, std::optional<DateTime> date, bool catenates) {
    if (++count_ > limits::kImapAppendMessagesMax) throw No("LIMIT", "Too many messages at once");
    steps_.push_back({
        .kind = AppendStep::Kind::Begin,
        .flags = std::move(flags),
        .date = date,
        .catenates = catenates,
    });
}

// cat-part = "TEXT" SP literal / "URL" SP astring / "UTF8" SP "(" literal8 ")"
bool AppendParser::part(Arguments& arguments) {
    if (++parts_ > limits::kImapAppendPartsMax) throw No("LIMIT", "Too many parts");
    Lexer& lexer = arguments.lexer();
    const std::string word = arguments.word();
    lexer.space();
    if (word == "TEXT") return octets(arguments, State::BehindPart);
    if (word == "UTF8") {
        lexer.expect('(');
        return utf8Octets(arguments, State::BehindUtf8Part);
    }
    if (word != "URL") throw Bad("TEXT or URL was expected");
    state_ = State::BehindPart;
    if (lexer.atEnd()) {
        if (!literal_) throw Bad("A URL was expected");
        steps_.push_back({.kind = AppendStep::Kind::UrlOctets});
        return false;
    }
    steps_.push_back({.kind = AppendStep::Kind::Url, .url = lexer.astring()});
    return true;
}

bool AppendParser::octets(Arguments& arguments, State next) {
    if (!arguments.lexer().atEnd() || !literal_) throw Bad("The message must be a literal");
    steps_.push_back({.kind = AppendStep::Kind::Octets});
    state_ = next;
    return false;
}

bool AppendParser::utf8Octets(Arguments& arguments, State next) {
    if (!literal_ || !literal_->binary) throw Bad("UTF8 takes a literal8");
    return octets(arguments, next);
}

}  // namespace daybook::imap
