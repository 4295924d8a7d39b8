// Quotas, mailboxes and what is shared: the operator's part of Administration.

#include <algorithm>
#include <fmt/format.h>

#include "engine/control/administration.h"
#include "journal/base/ascii.h"

namespace daybook {

namespace {

Origin operatorOrigin() { return Origin{.actor = event::Actor::ADMIN}; }

}  // namespace

std::vector<DefaultFolder> foldersOf(const FolderConfig& folders) {
    std::vector<DefaultFolder> made{
        {.name = folders.drafts, .use = event::SpecialUse::DRAFTS},
        {.name = folders.sent, .use = event::SpecialUse::SENT},
        {.name = folders.junk, .use = event::SpecialUse::JUNK},
        {.name = folders.trash, .use = event::SpecialUse::TRASH},
        {.name = folders.archive, .use = event::SpecialUse::ARCHIVE},
    };
    std::erase_if(made, [](const DefaultFolder& folder) { return folder.name.empty(); });
    return made;
}

Outcome<Done> LocalAdministration::setQuota(const std::string& login, const QuotaRow& quota) {
    const Outcome<AccountId> account = accountNamed(login);
    if (!account) return std::unexpected(account.error());
    return parts_.scribe.submitAndWait(
        SetQuota{.origin = operatorOrigin(), .account = *account, .quota = quota});
}

Outcome<Done> LocalAdministration::createMailbox(
    const std::string& login, const std::string& name, std::uint16_t specialUses) {
    const Outcome<AccountId> account = accountNamed(login);
    if (!account) return std::unexpected(account.error());
    CreateMailbox command{
        .origin = operatorOrigin(),
        .account = *account,
        .name = name,
        .specialUses = specialUses,
        .newIds = {},
    };
    const auto levels = std::ranges::count(name, kHierarchyDelimiter) + 1;
    for (auto level = levels; level > 0; --level) {
        command.newIds.push_back(parts_.random.id<MailboxId>());
    }
    const Outcome<CreateMailbox::Answer> created = parts_.scribe.submitAndWait(std::move(command));
    if (!created) return std::unexpected(created.error());
    return parts_.scribe.submitAndWait(Subscribe{
        .origin = operatorOrigin(),
        .account = *account,
        .name = name,
        .newId = parts_.random.number(),
    });
}

Outcome<Done> LocalAdministration::setAcl(
    const std::string& login,
    const std::string& mailbox,
    const std::string& grantee,
    std::uint16_t rights) {
    const Outcome<AccountId> account = accountNamed(login);
    if (!account) return std::unexpected(account.error());
    AccountId who = kAnyone;
    if (!equalsIgnoreCase(grantee, "anyone")) {
        const Outcome<AccountId> named = accountNamed(grantee);
        if (!named) return std::unexpected(named.error());
        who = *named;
    }
    const auto row = parts_.scribe.views().snapshot().mailboxes().find(*account, mailbox);
    if (!row) return refuse(RefusalReason::NoSuchMailbox, mailbox);
    const Outcome<SetAcl::Answer> set = parts_.scribe.submitAndWait(SetAcl{
        .origin = operatorOrigin(),
        .account = *account,
        .mailbox = row->id,
        .grantee = who,
        .rights = rights,
    });
    if (!set) return std::unexpected(set.error());
    return Done{};
}

}  // namespace daybook
