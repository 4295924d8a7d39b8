// mailbox_name.h
//
// Which names a mailbox may have, and the levels that a name is made of. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "journal/base/outcome.h"

namespace daybook {

// Canonical ("inbox" -> "INBOX"), a trailing delimiter dropped (RFC 9051 §6.3.4). Refusal:
// MailboxNameInvalid: empty, too long or deep, empty levels, control characters, not UTF-8,
// wildcards, or below the reserved top level "Past" (DESIGN 3.5).
Outcome<std::string> checkedMailboxName(std::string_view name);

// "a/b/c" -> "a", "a/b", "a/b/c".
std::vector<std::string> levelsOf(std::string_view name);

// The top level under which a user sees what others share: "Other Users/alice@example.org/INBOX".
inline constexpr std::string_view kOthersLevel = "Other Users";
// That level or below it, in any case.
bool isOthersName(std::string_view name);

bool isBelow(std::string_view name, std::string_view parent);

}  // namespace daybook
