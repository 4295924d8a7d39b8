// object_id.h
//
// Object ids as text and back: MAILBOXID, EMAILID, THREADID (RFC 8474 §7). The first letter says
// what it names, so that two kinds never share a text (RFC 8474 §4.1 and §5). Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace daybook::imap {

enum class ObjectKind : char { Mailbox = 'F', Email = 'M', Thread = 'T' };

// objectid = 1*255(ALPHA / DIGIT / "_" / "-")
std::string objectIdText(ObjectKind kind, std::uint64_t number);
// What SEARCH names (RFC 8474 §6). Nothing: no id of that kind that we ever gave.
std::optional<std::uint64_t> parseObjectId(ObjectKind kind, std::string_view text);

}  // namespace daybook::imap
