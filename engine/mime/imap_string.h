// imap_string.h
//
// Writes strings as IMAP's grammar has them in answers (RFC 9051 §9, RFC 3501 §9): quoted where
// every client can read that, a literal for 8-bit octets, line ends and long texts. Never a NUL:
// it becomes "?". Appends to `out`. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace daybook::mime {

void appendString(std::string& out, std::string_view text);
void appendNil(std::string& out);
// NIL for nothing.
void appendNstring(std::string& out, const std::optional<std::string>& text);

}  // namespace daybook::mime
