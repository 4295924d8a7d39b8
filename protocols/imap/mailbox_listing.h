// mailbox_listing.h
//
// One mailbox's LIST response, with every attribute that it has now: whether it is there, has
// children, is subscribed, and its special use (RFC 9051 §7.3.1, RFC 5258, RFC 6154). Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "projections/views.h"
#include "protocols/imap/dialect.h"

namespace daybook::imap {

// RFC 6154 §2, with spaces between; `uses` as in MailboxRow. Empty: none.
std::string specialUseAttributes(std::uint16_t uses);
// "\Drafts", any case: its bit; nothing: there is no such attribute.
std::optional<std::uint16_t> parseSpecialUse(std::string_view attribute);

struct Listing {
    std::string_view name;     // as the user sees it; there need not be such a mailbox
    std::string_view oldName;  // before a RENAME (RFC 9051 §6.3.9.7); empty: none
};

void appendListing(
    std::string& out,
    const Snapshot& views,
    AccountId user,
    const Listing& listing,
    const Dialect& dialect);

}  // namespace daybook::imap
