// mailbox list, mailbox show: the mailboxes and messages views, read directly.

#include <fmt/format.h>

#include "journal/base/encoding.h"
#include "journal/record.h"
#include "journal/schema/summary.capnp.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/output.h"
#include "tools/daybook/rights_text.h"

namespace daybook {

namespace {

constexpr std::size_t kMessagesPerSlice = 1'000;

AccountRow accountOrFail(const Snapshot& snapshot, const std::string& login) {
    std::optional<AccountRow> account = snapshot.accounts().findLogin(login);
    if (!account) {
        throw CommandFailed(
            fmt::format("no account is named {}; `daybook account list` shows them", login));
    }
    return std::move(*account);
}

std::string flagsText(const AccountsView& accounts, AccountId account, const MessageRow& message) {
    std::string text;
    const auto add = [&](std::string_view flag) {
        if (!text.empty()) text += ' ';
        text += flag;
    };
    if ((message.systemFlags & kSeen) != 0) add("\\Seen");
    if ((message.systemFlags & kAnswered) != 0) add("\\Answered");
    if ((message.systemFlags & kFlagged) != 0) add("\\Flagged");
    if ((message.systemFlags & kDeleted) != 0) add("\\Deleted");
    if ((message.systemFlags & kDraft) != 0) add("\\Draft");
    for (const KeywordId keyword : message.keywords) {
        add(accounts.keywordName(account, keyword).value_or("?"));
    }
    return text.empty() ? "-" : printable(text);
}

std::string subjectOf(const Snapshot& snapshot, const MessageRow& message) {
    const auto octets = snapshot.summaries().summary(message.storedSeq);
    if (!octets) return "(erased)";
    FlatMessage summary(*octets);
    const capnp::Text::Reader subject = summary.root<summary::Summary>().getSubject();
    return printable({subject.begin(), subject.size()});
}

// A slice, from a snapshot of its own, so that none is held while a reader of the output waits.
// Returns the UID to go on with; none: it was the last slice.
Uid addMessages(
    TextTable& table, const Views& views, AccountId account, MailboxId mailbox, Uid first) {
    const Snapshot snapshot = views.snapshot();
    Uid next;
    std::size_t count = 0;
    const auto add = [&](const MessageRow& message) {
        if (++count > kMessagesPerSlice) {
            next = message.uid;
            return false;
        }
        table.add({
            std::to_string(message.uid.number()),
            timeText(message.internalDateNs),
            humanSize(message.octets),
            flagsText(snapshot.accounts(), account, message),
            idText(message.message.number()),
            subjectOf(snapshot, message),
        });
        return true;
    };
    snapshot.messages().forEach(mailbox, first, Uid(UINT32_MAX), add);
    return next;
}

}  // namespace

int mailboxList(Context& context, const std::string& login) {
    const Snapshot snapshot = context.views().snapshot();
    const AccountRow account = accountOrFail(snapshot, login);
    TextTable table(
        {"mailbox", "use", "messages", "unseen", "size", "uidvalidity", "uidnext", "modseq"});
    for (const MailboxRow& mailbox : snapshot.mailboxes().mailboxesOf(account.id)) {
        table.add({
            printable(mailbox.name),
            specialUsesText(mailbox.specialUses),
            std::to_string(mailbox.messages),
            std::to_string(mailbox.unseen),
            humanSize(mailbox.octets),
            std::to_string(mailbox.uidValidity.number()),
            std::to_string(mailbox.uidNext.number()),
            std::to_string(mailbox.highestModSeq.number()),
        });
    }
    table.print(context.json());
    return kDone;
}

int mailboxShow(Context& context, const std::string& login, const std::string& name) {
    AccountId account;
    MailboxId mailbox;
    {
        const Snapshot snapshot = context.views().snapshot();
        account = accountOrFail(snapshot, login).id;
        const std::optional<MailboxRow> row = snapshot.mailboxes().find(account, name);
        if (!row) {
            throw CommandFailed(fmt::format(
                "{} has no mailbox {}; `daybook mailbox list {}` shows them", login, name, login));
        }
        mailbox = row->id;
    }
    TextTable table({"uid", "received", "size", "flags", "message", "subject"});
    Uid next(1);
    while (next) {
        next = addMessages(table, context.views(), account, mailbox, next);
        if (next) table.flush(context.json());
    }
    table.print(context.json());
    return kDone;
}

}  // namespace daybook
