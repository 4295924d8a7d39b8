// mailbox_target.h
//
// Whose mailbox a name speaks of, as the user sees the tree: a name of the user's own, or under
// "Other Users/LOGIN/" one that its owner shares (RFC 2342 §5, RFC 4314). The one way from a name
// on the wire to a mailbox. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/outcome.h"
#include "projections/views.h"

namespace daybook::imap {

// A name within the tree of the account that owns it; there need not be such a mailbox.
struct NamedMailbox {
    AccountId owner;
    std::string name;
};

// Nothing: there is no such account, or it is none of the user's business.
std::optional<NamedMailbox> ownerOf(const Snapshot& views, AccountId user, std::string_view name);

struct MailboxTarget {
    AccountId owner;
    MailboxRow row;
    // The user's; never none.
    std::uint16_t rights = kAllRights;
};

// Nothing: there is no such mailbox, or the user may not know of it.
std::optional<MailboxTarget> findMailbox(
    const Snapshot& views, AccountId user, std::string_view name);

// The same, with all of `needed`. Refusals: NoSuchMailbox, also for who may not know of it (RFC
// 4314 §6); NotPermitted.
Outcome<MailboxTarget> targetFor(
    const Snapshot& views, AccountId user, std::string_view name, std::uint16_t needed);

// As the user sees a mailbox of `owner`: "Other Users/alice@example.org/INBOX".
std::string nameSeen(const Snapshot& views, AccountId user, AccountId owner, std::string_view name);

// A mailbox below that name that the user may know of.
bool hasVisibleChildren(const Snapshot& views, AccountId user, std::string_view name);

// Every mailbox that the user may know of, by the name that the user sees (row.name).
// In order of it.
std::vector<MailboxTarget> visibleMailboxes(const Snapshot& views, AccountId user);

}  // namespace daybook::imap
