// utf7.h
//
// Mailbox names on the wire: IMAP's modified UTF-7 (RFC 3501 §5.1.3) to UTF-8 and back. Pure; any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace daybook::imap {

// Nothing: 8-bit or control characters, broken base64, unpaired surrogates, or not the one
// canonical spelling (RFC 3501 §5.1.3 forbids shifts for characters that stand for themselves).
std::optional<std::string> fromUtf7(std::string_view name);

// Requires: well-formed UTF-8.
std::string toUtf7(std::string_view utf8);

}  // namespace daybook::imap
