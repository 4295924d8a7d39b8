// annotations.h
//
// Annotations of mailboxes and of the server as a user sees them (RFC 5464): the /shared ones, the
// user's own /private ones, and /private/specialuse, which is the mailbox's special use (RFC 6154
// §4). Any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/imap/dialect.h"
#include "protocols/imap/mailbox_target.h"

namespace daybook::imap {

inline constexpr std::string_view kSpecialUseEntry = "/private/specialuse";

// In lower case. Throws Bad for what is no entry name (RFC 5464 §3.2).
std::string checkedAnnotationName(std::string_view name);

// By name. Without a target: of the server and the account.
std::map<std::string, std::string> annotationsFor(
    const Snapshot& views, AccountId user, const std::optional<MailboxTarget>& target);

// RFC 5464 §3.3: "l" and one of "r", "s", "w", "i", "p".
bool seesAnnotations(std::uint16_t rights);

// '* METADATA "INBOX" (/shared/comment "x" /private/comment NIL)'; nothing when there is no entry.
struct Annotation {
    std::string name;
    std::optional<std::string> value;  // none: NIL
};

void appendAnnotations(
    std::string& out,
    std::string_view mailbox,
    const std::vector<Annotation>& annotations,
    const Dialect& dialect);

}  // namespace daybook::imap
