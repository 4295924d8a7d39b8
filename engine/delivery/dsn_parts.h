// dsn_parts.h
//
// What dsn.cpp puts together: the words for people, the returned message, and the ways to make safe
// what strangers said. For the files of this folder. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "engine/delivery/dsn.h"

namespace daybook {

// One line of UTF-8, at most `octetsMax` and never half a character: line ends and tabs become
// blanks, other controls and marks that turn the direction of writing "?".
std::string safeText(std::string_view said, std::size_t octetsMax);
// The same with "?" for all that is not ASCII.
std::string safeAscii(std::string_view said, std::size_t octetsMax);

// `text` in lines of at most 76 octets, broken at blanks (longer words: at 200), each after
// `indent`, ended with CRLF. Requires: one line.
std::string wrapped(std::string_view text, std::string_view indent);

// The first field of that name in the original's header, decoded and safe; empty: none.
std::string originalField(std::string_view header, std::string_view name);

enum class ReturnedKind : std::uint8_t { Message, Header };

// The third part: header fields, the empty line, octets that end with CRLF.
struct ReturnedPart {
    ReturnedKind kind = ReturnedKind::Header;
    std::string octets;
};

// `eightBit`: the report has UTF-8 anyway.
ReturnedPart returnedPart(const DsnReport& report, bool eightBit);

// The first part's text, UTF-8, CRLF.
std::string dsnPlainWords(
    const DsnReport& report, std::string_view originalHeader, ReturnedKind returned);
// For the Subject field: UTF-8, one line.
std::string dsnSubject(const DsnReport& report, std::string_view originalHeader);

// The status that the report gives, of the class that the action allows.
std::uint32_t dsnStatus(const DsnRecipient& recipient);

// The worst that happened, for the subject and the first sentence.
event::DsnAction worstAction(const DsnReport& report);

}  // namespace daybook
