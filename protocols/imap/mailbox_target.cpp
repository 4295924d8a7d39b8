#include "protocols/imap/mailbox_target.h"

namespace daybook::imap {

std::optional<NamedMailbox> ownerOf(
    const Snapshot& /*views*/, AccountId user, std::string_view name) {
    return NamedMailbox{.owner = user, .name = std::string(name)};
}

std::optional<MailboxTarget> findMailbox(
    const Snapshot& views, AccountId user, std::string_view name) {
    const std::optional<NamedMailbox> named = ownerOf(views, user, name);
    if (!named) return std::nullopt;
    std::optional<MailboxRow> row = views.mailboxes().find(named->owner, named->name);
    if (!row) return std::nullopt;
    return MailboxTarget{.owner = named->owner, .row = *std::move(row)};
}

std::vector<MailboxTarget> visibleMailboxes(const Snapshot& views, AccountId user) {
    std::vector<MailboxTarget> targets;
    for (MailboxRow& row : views.mailboxes().mailboxesOf(user))
        targets.push_back({.owner = user, .row = std::move(row)});
    return targets;
}

}  // namespace daybook::imap
