// decoding.h
//
// GMime behind a small door: encoded words, addresses, dates, transfer encodings, charsets. Input
// of any kind is taken; what cannot be read is left as it is or left out, as each function says.
// initialize() once per process before anything else of this folder that decodes. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace daybook::mime {

// Thread-safe and idempotent.
void initialize();

// Well-formed UTF-8 without NUL: what is not becomes U+FFFD.
std::string cleanText(std::string_view text);

// RFC 2047: encoded words and raw 8-bit octets to UTF-8. Never fails.
std::string decodeHeaderText(std::string_view raw);

struct ParsedDate {
    std::int64_t ns = 0;  // UTC
    std::int16_t zoneMinutes = 0;
};

// RFC 5322 §3.3, with the obsolete forms. Nothing if unreadable.
std::optional<ParsedDate> parseDate(std::string_view text);

// Undoes a Content-Transfer-Encoding (7bit, 8bit, binary, base64, quoted-printable, uuencode).
std::string decodeTransfer(std::string_view encoded, std::string_view encoding);

// To UTF-8; what cannot be converted becomes U+FFFD. Unknown charsets are read as Latin-1.
std::string toUtf8(std::string_view octets, std::string_view charset);

// For SEARCH: lower case by Unicode's simple case folding, so that a substring search of two folded
// texts finds what i;unicode-casemap (RFC 5051) would for common scripts.
std::string foldCase(std::string_view utf8);

// Of the libraries that all this rests on: another one may read the same octets otherwise.
std::string decodingVersion();

}  // namespace daybook::mime
