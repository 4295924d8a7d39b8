#include "protocols/imap/mailbox_listing.h"

#include <algorithm>

#include "protocols/imap/mailbox_target.h"
#include "protocols/imap/response.h"

namespace daybook::imap {

std::string_view specialUseAttribute(event::SpecialUse use) {
    switch (use) {
        case event::SpecialUse::ALL: return "\\All";
        case event::SpecialUse::ARCHIVE: return "\\Archive";
        case event::SpecialUse::DRAFTS: return "\\Drafts";
        case event::SpecialUse::FLAGGED: return "\\Flagged";
        case event::SpecialUse::JUNK: return "\\Junk";
        case event::SpecialUse::SENT: return "\\Sent";
        case event::SpecialUse::TRASH: return "\\Trash";
        case event::SpecialUse::NONE:
        case event::SpecialUse::INBOX: return "";
    }
    return "";
}

void appendListing(
    std::string& out,
    const Snapshot& views,
    AccountId user,
    const Listing& listing,
    const Dialect& dialect) {
    const std::optional<MailboxTarget> target = findMailbox(views, user, listing.name);
    const std::optional<NamedMailbox> named = ownerOf(views, user, listing.name);
    const bool hasChildren = named && views.mailboxes().hasChildren(named->owner, named->name);
    const std::vector<SubscriptionRow> subscriptions = views.mailboxes().subscriptionsOf(user);
    const bool isSubscribed = std::any_of(
        subscriptions.begin(), subscriptions.end(), [&listing](const SubscriptionRow& row) {
        return row.name == listing.name;
    });
    out += "* LIST (";
    if (isSubscribed) out += "\\Subscribed ";
    if (!target) out += "\\NonExistent ";
    out += hasChildren ? "\\HasChildren" : "\\HasNoChildren";
    if (target && target->row.specialUse != event::SpecialUse::NONE) {
        const std::string_view use = specialUseAttribute(target->row.specialUse);
        if (!use.empty()) out += ' ';
        out += use;
    }
    out += ") \"/\" ";
    appendMailbox(out, listing.name, dialect);
    if (!listing.oldName.empty()) {
        out += " (\"OLDNAME\" (";
        appendMailbox(out, listing.oldName, dialect);
        out += "))";
    }
    out += "\r\n";
}

}  // namespace daybook::imap
