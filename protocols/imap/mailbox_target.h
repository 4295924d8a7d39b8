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
};

// Nothing: there is no such mailbox, or the user may not know of it.
std::optional<MailboxTarget> findMailbox(
    const Snapshot& views, AccountId user, std::string_view name);

// Every mailbox that the user may know of, by the name that the user sees (row.name).
std::vector<MailboxTarget> visibleMailboxes(const Snapshot& views, AccountId user);

}  // namespace daybook::imap
