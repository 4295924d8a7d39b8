#include "protocols/imap/opened_mailboxes.h"

#include <algorithm>

namespace daybook::imap {

namespace {

// With holes everywhere some 100 KiB each, mostly next to nothing.
constexpr std::size_t kMailboxesMax = 256;

// The first message from `from` on without \Seen.
std::uint32_t unseenFrom(const Snapshot& views, MailboxId mailbox, std::uint32_t from) {
    std::uint32_t uid = 0;
    views.messages().forEach(mailbox, Uid(from), Uid(UINT32_MAX), [&uid](const MessageRow& row) {
        if ((row.systemFlags & kSeen) != 0) return true;
        uid = row.uid.number();
        return false;
    });
    return uid;
}

std::shared_ptr<OpenedMailbox> openedAnew(const Snapshot& views, const MailboxRow& row) {
    auto mailbox = std::make_shared<OpenedMailbox>();
    mailbox->modSeq = row.highestModSeq;
    views.messages().forEachUid(
        row.id, [&mailbox](Uid uid) { mailbox->numbers.append(uid.number()); });
    if (row.unseen > 0) mailbox->firstUnseen = unseenFrom(views, row.id, 1);
    return mailbox;
}

std::shared_ptr<OpenedMailbox> broughtUpToDate(
    const Snapshot& views, const MailboxRow& row, const OpenedMailbox& before) {
    auto mailbox = std::make_shared<OpenedMailbox>(before);
    std::vector<std::uint32_t> added;
    std::vector<std::uint32_t> gone;
    std::uint32_t unseen = UINT32_MAX;  // of what changed
    bool isFirstTouched = false;
    views.messages().changedSince(row.id, before.modSeq, [&](const Change& change) {
        const std::uint32_t uid = change.uid.number();
        const bool known = before.numbers.numberOf(uid).has_value();
        isFirstTouched = isFirstTouched || uid == before.firstUnseen;
        if (change.expunged) {
            if (known) gone.push_back(uid);
            return;
        }
        if (!known) added.push_back(uid);
        if (uid >= unseen) return;
        const std::optional<MessageRow> message = views.messages().message(row.id, change.uid);
        if (message && (message->systemFlags & kSeen) == 0) unseen = uid;
    });
    std::sort(gone.begin(), gone.end());
    std::sort(added.begin(), added.end());
    mailbox->numbers.remove(gone);
    for (const std::uint32_t uid : added)
        mailbox->numbers.append(uid);
    mailbox->modSeq = row.highestModSeq;
    // Below the first one nothing is unseen but what changed.
    if (isFirstTouched) mailbox->firstUnseen = unseenFrom(views, row.id, before.firstUnseen);
    const bool isBefore = mailbox->firstUnseen == 0 || unseen < mailbox->firstUnseen;
    if (unseen != UINT32_MAX && isBefore) mailbox->firstUnseen = unseen;
    return mailbox;
}

}  // namespace

std::shared_ptr<const OpenedMailbox> OpenedMailboxes::open(
    const Snapshot& views, const MailboxRow& row) {
    const std::shared_ptr<const OpenedMailbox> known = find(row.id);
    if (known && known->modSeq == row.highestModSeq) return known;
    // Somebody with a later snapshot was here before: that is of no use to us.
    if (known && known->modSeq > row.highestModSeq) return openedAnew(views, row);
    std::shared_ptr<const OpenedMailbox> mailbox =
        known ? broughtUpToDate(views, row, *known) : openedAnew(views, row);
    keep(row.id, mailbox);
    return mailbox;
}

std::shared_ptr<const OpenedMailbox> OpenedMailboxes::find(MailboxId id) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) return nullptr;
    found->second.used = ++uses_;
    return found->second.mailbox;
}

void OpenedMailboxes::keep(MailboxId id, std::shared_ptr<const OpenedMailbox> mailbox) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[id];
    entry.used = ++uses_;
    if (!entry.mailbox || entry.mailbox->modSeq < mailbox->modSeq)
        entry.mailbox = std::move(mailbox);
    if (entries_.size() <= kMailboxesMax) return;
    const auto oldest =
        std::ranges::min_element(entries_, {}, [](const auto& each) { return each.second.used; });
    entries_.erase(oldest);
}

}  // namespace daybook::imap
