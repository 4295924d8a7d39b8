#include "protocols/imap/lexer.h"

#include "journal/base/ascii.h"

namespace daybook::imap {

// atom-specials = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
bool isAtomChar(char c) {
    if (c <= 0x20 || c >= 0x7f) return false;  // also what is above ASCII: char is signed here
    return std::string_view("(){%*\"\\]").find(c) == std::string_view::npos;
}

bool Lexer::skip(char c) {
    if (atEnd() || text_[position_] != c) return false;
    ++position_;
    return true;
}

void Lexer::expect(char c) {
    if (skip(c)) return;
    if (atEnd()) throw Bad("Something is missing at the end of the command");
    throw Bad(c == ' ' ? "A space was expected" : std::string("Expected ") + c);
}

std::string_view Lexer::atom() { return atomWith({}); }

std::string_view Lexer::atomWith(std::string_view extra) {
    std::size_t end = position_;
    while (end < text_.size() &&
           (isAtomChar(text_[end]) || extra.find(text_[end]) != std::string_view::npos)) {
        ++end;
    }
    if (end == position_) throw Bad("A word was expected");
    const std::string_view word = text_.substr(position_, end - position_);
    position_ = end;
    return word;
}

std::string Lexer::string() {
    if (peek() == '"') return quoted();
    if (peek() == '{') return literal();
    throw Bad("A string was expected");
}

std::string Lexer::astring() {
    if (peek() == '"' || peek() == '{') return string();
    return std::string(atomWith("]"));
}

std::string Lexer::listMailbox() {
    if (peek() == '"' || peek() == '{') return string();
    return std::string(atomWith("%*]"));
}

std::uint64_t Lexer::number(std::uint64_t max) {
    std::size_t end = position_;
    while (end < text_.size() && isDigit(text_[end]))
        ++end;
    const auto value = parseNumber(text_.substr(position_, end - position_), max);
    if (!value) throw Bad("A number was expected, or it is too large");
    position_ = end;
    return *value;
}

// quoted = DQUOTE *QUOTED-CHAR DQUOTE. Octets above ASCII are taken: who uses the string judges
// its charset.
std::string Lexer::quoted() {
    expect('"');
    std::string value;
    while (!skip('"')) {
        if (atEnd()) throw Bad("A quoted string has no end");
        char c = text_[position_++];
        if (c == '\\') {
            c = peek();
            if (c != '"' && c != '\\') throw Bad("Only \\\" and \\\\ may be escaped");
            ++position_;
        } else if (c == '\r' || c == '\n' || c == '\0') {
            throw Bad("A quoted string must be on one line");
        }
        value += c;
    }
    if (utf8_ && !isUtf8(value)) throw Bad("A quoted string must be in UTF-8");
    return value;
}

// literal = "{" number ["+"] "}" CRLF *CHAR8. LITERAL+: RFC 7888 §4.
std::string Lexer::literal() {
    expect('{');
    const std::uint64_t count = number(UINT32_MAX);
    skip('+');
    expect('}');
    expect('\r');
    expect('\n');
    if (text_.size() - position_ < count) throw Bad("A literal is cut short");
    const std::string_view value = text_.substr(position_, count);
    if (value.find('\0') != std::string_view::npos) throw Bad("A literal holds a NUL");
    position_ += count;
    return std::string(value);
}

}  // namespace daybook::imap
