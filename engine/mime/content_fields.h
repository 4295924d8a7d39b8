// content_fields.h
//
// The structured Content-* fields of RFC 2045 §5 and RFC 2183: a value, then parameters. Lenient:
// comments and stray blanks are passed over, parameter values stay as sent (RFC 2231 and RFC 2047
// codes too). Never fails, in linear time. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace daybook::mime {

using Parameters = std::vector<std::pair<std::string, std::string>>;

// First parameter of that name, any case; null: not there.
const std::string* findParameter(const Parameters& parameters, std::string_view name);

struct ContentType {
    // Upper case. Empty: absent or unreadable, so RFC 2045 §5.2's default holds.
    std::string type;
    std::string subtype;
    Parameters parameters;  // names in upper case, values unquoted

    bool is(std::string_view wantedType, std::string_view wantedSubtype) const {
        return type == wantedType && subtype == wantedSubtype;
    }

    bool isMessage() const { return is("MESSAGE", "RFC822") || is("MESSAGE", "GLOBAL"); }
};

// `value` as in HeaderField::value or unfolded.
ContentType parseContentType(std::string_view value);

struct ContentDisposition {
    std::string type;  // upper case; empty: none
    Parameters parameters;
};

ContentDisposition parseContentDisposition(std::string_view value);

// The first token, upper case, as a Content-Transfer-Encoding has; empty: none.
std::string parseToken(std::string_view value);

// RFC 3282: the tags of a Content-Language.
std::vector<std::string> parseLanguages(std::string_view value);

}  // namespace daybook::mime
