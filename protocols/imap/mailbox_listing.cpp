#include "protocols/imap/mailbox_listing.h"

#include <algorithm>
#include <array>
#include <utility>

#include "journal/base/ascii.h"
#include "protocols/imap/mailbox_target.h"
#include "protocols/imap/response.h"

namespace daybook::imap {

namespace {

constexpr std::array kUses{
    std::pair{event::SpecialUse::ALL, std::string_view("\\All")},
    std::pair{event::SpecialUse::ARCHIVE, std::string_view("\\Archive")},
    std::pair{event::SpecialUse::DRAFTS, std::string_view("\\Drafts")},
    std::pair{event::SpecialUse::FLAGGED, std::string_view("\\Flagged")},
    std::pair{event::SpecialUse::JUNK, std::string_view("\\Junk")},
    std::pair{event::SpecialUse::SENT, std::string_view("\\Sent")},
    std::pair{event::SpecialUse::TRASH, std::string_view("\\Trash")},
};

}  // namespace

std::string specialUseAttributes(std::uint16_t uses) {
    std::string attributes;
    for (const auto& [use, name] : kUses) {
        if ((uses & specialUseBit(use)) == 0) continue;
        if (!attributes.empty()) attributes += ' ';
        attributes += name;
    }
    return attributes;
}

std::optional<std::uint16_t> parseSpecialUse(std::string_view attribute) {
    for (const auto& [use, name] : kUses) {
        if (equalsIgnoreCase(name, attribute)) return specialUseBit(use);
    }
    return std::nullopt;
}

void appendListing(
    std::string& out,
    const Snapshot& views,
    AccountId user,
    const Listing& listing,
    const Dialect& dialect) {
    const std::optional<MailboxTarget> target = findMailbox(views, user, listing.name);
    const bool hasChildren = hasVisibleChildren(views, user, listing.name);
    const std::vector<SubscriptionRow> subscriptions = views.mailboxes().subscriptionsOf(user);
    const bool isSubscribed = std::any_of(
        subscriptions.begin(), subscriptions.end(), [&listing](const SubscriptionRow& row) {
        return row.name == listing.name;
    });
    out += "* LIST (";
    if (isSubscribed) out += "\\Subscribed ";
    if (!target) out += "\\NonExistent ";
    out += hasChildren ? "\\HasChildren" : "\\HasNoChildren";
    // Somebody else's Drafts are not this user's.
    if (target && target->owner == user) {
        const std::string uses = specialUseAttributes(target->row.specialUses);
        if (!uses.empty()) out += ' ' + uses;
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
