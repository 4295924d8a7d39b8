// lexer.h
//
// A command's octets to tokens: atoms, quoted strings, literals (RFC 3501 §9). The text holds
// literals inline, as they came: "{5}" CRLF and five octets. Throws Bad. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocols/imap/errors.h"

namespace daybook::imap {

// ATOM-CHAR: any CHAR except atom-specials.
bool isAtomChar(char c);

class Lexer {
public:
    // `text` outlives the lexer. `utf8`: quoted strings must be in UTF-8 (RFC 9755 §3, RFC 9051
    // §9); else any octets are taken and whoever uses them judges.
    explicit Lexer(std::string_view text, bool utf8 = false) : text_(text), utf8_(utf8) {}

    bool atEnd() const { return position_ == text_.size(); }

    // NUL at the end (NUL is in no token).
    char peek() const { return atEnd() ? '\0' : text_[position_]; }

    // Takes `c` if it is next.
    bool skip(char c);
    void expect(char c);

    void space() { expect(' '); }

    // What is left.
    std::string_view rest() const { return text_.substr(position_); }

    void skipOctets(std::size_t count) { position_ += count; }

    // 1*ATOM-CHAR
    std::string_view atom();
    // 1*<any of `extra` / ATOM-CHAR>
    std::string_view atomWith(std::string_view extra);
    // quoted / literal
    std::string string();
    // 1*ASTRING-CHAR / string
    std::string astring();
    // list-mailbox = 1*list-char / string
    std::string listMailbox();
    // Digits, at most `max`.
    std::uint64_t number(std::uint64_t max);

private:
    std::string quoted();
    std::string literal();

    std::string_view text_;
    std::size_t position_ = 0;
    bool utf8_ = false;
};

}  // namespace daybook::imap
