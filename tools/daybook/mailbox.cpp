// mailbox list, mailbox show: the mailboxes and messages views, read directly.

#include <fmt/format.h>

#include "journal/base/encoding.h"
#include "journal/record.h"
#include "journal/schema/summary.capnp.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

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

}  // namespace

int mailboxList(Context& context, const std::string& login) {
    const Snapshot snapshot = context.views().snapshot();
    const AccountRow account = accountOrFail(snapshot, login);
    TextTable table({"mailbox", "messages", "unseen", "size", "uidvalidity", "uidnext", "modseq"});
    for (const MailboxRow& mailbox : snapshot.mailboxes().mailboxesOf(account.id)) {
        table.add({
            printable(mailbox.name),
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
    const Snapshot snapshot = context.views().snapshot();
    const AccountRow account = accountOrFail(snapshot, login);
    const std::optional<MailboxRow> mailbox = snapshot.mailboxes().find(account.id, name);
    if (!mailbox) {
        throw CommandFailed(fmt::format(
            "{} has no mailbox {}; `daybook mailbox list {}` shows them", login, name, login));
    }
    TextTable table({"uid", "received", "size", "flags", "message", "subject"});
    const MessagesView messages = snapshot.messages();
    messages.forEach(mailbox->id, Uid(1), Uid(UINT32_MAX), [&](const MessageRow& message) {
        table.add({
            std::to_string(message.uid.number()),
            timeText(message.internalDateNs),
            humanSize(message.octets),
            flagsText(snapshot.accounts(), account.id, message),
            idText(message.message.number()),
            subjectOf(snapshot, message),
        });
        return true;
    });
    table.print(context.json());
    return kDone;
}

}  // namespace daybook
