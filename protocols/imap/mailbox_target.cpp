#include "protocols/imap/mailbox_target.h"

#include <algorithm>

#include "engine/scribe/mailbox_name.h"

namespace daybook::imap {

namespace {

std::string othersPrefix() { return std::string(kOthersLevel) + kHierarchyDelimiter; }

// LOGIN "/" name; a login may hold the delimiter itself.
std::optional<NamedMailbox> namedUnderLogin(const Snapshot& views, std::string_view rest) {
    for (std::size_t at = rest.find(kHierarchyDelimiter); at != std::string_view::npos;
         at = rest.find(kHierarchyDelimiter, at + 1)) {
        const auto account = views.accounts().findLogin(rest.substr(0, at));
        if (!account) continue;
        return NamedMailbox{
            .owner = account->id, .name = canonicalMailboxName(rest.substr(at + 1))};
    }
    return std::nullopt;
}

}  // namespace

std::optional<NamedMailbox> ownerOf(const Snapshot& views, AccountId user, std::string_view name) {
    if (!isOthersName(name)) return NamedMailbox{.owner = user, .name = std::string(name)};
    if (name.size() <= othersPrefix().size()) return std::nullopt;
    std::optional<NamedMailbox> named = namedUnderLogin(views, name.substr(othersPrefix().size()));
    // One's own mailboxes have no second name.
    if (!named || named->owner == user || named->name.empty()) return std::nullopt;
    return named;
}

std::optional<MailboxTarget> findMailbox(
    const Snapshot& views, AccountId user, std::string_view name) {
    const std::optional<NamedMailbox> named = ownerOf(views, user, name);
    if (!named) return std::nullopt;
    std::optional<MailboxRow> row = views.mailboxes().find(named->owner, named->name);
    if (!row) return std::nullopt;
    const std::uint16_t rights = views.accessRights().rightsOf(user, named->owner, row->id);
    if (rights == 0) return std::nullopt;
    return MailboxTarget{.owner = named->owner, .row = *std::move(row), .rights = rights};
}

Outcome<MailboxTarget> targetFor(
    const Snapshot& views, AccountId user, std::string_view name, std::uint16_t needed) {
    std::optional<MailboxTarget> target = findMailbox(views, user, name);
    if (!target) return refuse(RefusalReason::NoSuchMailbox);
    if ((target->rights & needed) == needed) return *std::move(target);
    const bool isKnown = (target->rights & (kMayLookup | kMayRead)) != 0;
    return refuse(isKnown ? RefusalReason::NotPermitted : RefusalReason::NoSuchMailbox);
}

std::string nameSeen(
    const Snapshot& views, AccountId user, AccountId owner, std::string_view name) {
    if (owner == user) return std::string(name);
    const auto account = views.accounts().account(owner);
    const std::string login = account ? account->login : std::string();
    return othersPrefix() + login + kHierarchyDelimiter + std::string(name);
}

bool hasVisibleChildren(const Snapshot& views, AccountId user, std::string_view name) {
    if (!isOthersName(name)) return views.mailboxes().hasChildren(user, name);
    const std::vector<MailboxTarget> visible = visibleMailboxes(views, user);
    return std::ranges::any_of(
        visible, [&](const MailboxTarget& one) { return isBelow(one.row.name, name); });
}

std::vector<MailboxTarget> visibleMailboxes(const Snapshot& views, AccountId user) {
    std::vector<MailboxTarget> targets;
    for (MailboxRow& row : views.mailboxes().mailboxesOf(user))
        targets.push_back({.owner = user, .row = std::move(row)});
    const std::vector<GrantRow> shared = views.accessRights().sharedWith(user);
    for (const GrantRow& grant : shared) {
        if ((grant.rights & kMayLookup) == 0) continue;
        std::optional<MailboxRow> row = views.mailboxes().mailbox(grant.account, grant.mailbox);
        const auto owner = views.accounts().account(grant.account);
        // Erased names can be asked for by nobody.
        if (!row || row->name.empty() || !owner || owner->login.empty()) continue;
        row->name = nameSeen(views, user, grant.account, row->name);
        targets.push_back({.owner = grant.account, .row = *std::move(row), .rights = grant.rights});
    }
    if (!shared.empty()) {
        std::ranges::sort(targets, [](const MailboxTarget& a, const MailboxTarget& b) {
            return a.row.name < b.row.name;
        });
    }
    return targets;
}

}  // namespace daybook::imap
