// mailbox create, mailbox acl: new folders, and who else may use them.

#include <fmt/format.h>

#include "journal/base/encoding.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/output.h"
#include "tools/daybook/rights_text.h"

namespace daybook {

namespace {

int finish(const Outcome<Done>& done, const std::string& text) {
    if (!done) {
        sayNote(sayRefusal(done.error()));
        return kRefused;
    }
    say(text);
    return kDone;
}

}  // namespace

int mailboxCreate(Context& context, const MailboxOptions& options) {
    unsigned uses = 0;
    for (const std::string& text : options.specialUses) {
        const std::optional<std::uint16_t> use = parseSpecialUse(text);
        if (!use) {
            throw UsageError(fmt::format(
                "'{}' is no special use; write archive, drafts, junk, sent or trash", text));
        }
        uses |= *use;
    }
    const Outcome<Done> done = context.administration().createMailbox(
        options.login, options.mailbox, static_cast<std::uint16_t>(uses));
    return finish(done, fmt::format("{} of {} is made", options.mailbox, options.login));
}

int mailboxAcl(Context& context, const MailboxOptions& options) {
    const Snapshot snapshot = context.views().snapshot();
    const std::optional<AccountRow> account = snapshot.accounts().findLogin(options.login);
    const auto mailbox =
        account ? snapshot.mailboxes().find(account->id, options.mailbox) : std::nullopt;
    if (!mailbox) {
        throw CommandFailed(fmt::format(
            "{} has no mailbox {}; `daybook mailbox list {}` shows them",
            options.login,
            options.mailbox,
            options.login));
    }
    TextTable table({"who", "rights"});
    table.add({printable(account->login), rightsText(kAllRights)});
    for (const GrantRow& grant : snapshot.accessRights().grantsOf(account->id, mailbox->id)) {
        const auto row = snapshot.accounts().account(grant.grantee);
        std::string who = "anyone";
        if (grant.grantee != kAnyone) {
            who =
                row && !row->login.empty() ? printable(row->login) : idText(grant.grantee.number());
        }
        table.add({std::move(who), rightsText(grant.rights)});
    }
    table.print(context.json());
    return kDone;
}

int mailboxSetAcl(Context& context, const MailboxOptions& options) {
    const bool isNone = options.rights == "none";
    const std::optional<std::uint16_t> rights = parseRights(isNone ? "" : options.rights);
    if (!rights) {
        throw UsageError(fmt::format(
            "'{}' are no rights; write letters of lrswipkxtea (RFC 4314), or none",
            options.rights));
    }
    const Outcome<Done> done =
        context.administration().setAcl(options.login, options.mailbox, options.grantee, *rights);
    return finish(
        done,
        *rights == 0 ? fmt::format("{} may do nothing in {}", options.grantee, options.mailbox)
                     : fmt::format(
                           "{} has the rights {} in {}",
                           options.grantee,
                           rightsText(*rights),
                           options.mailbox));
}

}  // namespace daybook
