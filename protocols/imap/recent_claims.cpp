#include "protocols/imap/recent_claims.h"

#include <algorithm>

#include "journal/journal_reader.h"

namespace daybook::imap {

Uid& RecentClaims::entry(const Snapshot& views, MailboxId mailbox) {
    const auto known = unclaimed_.find(mailbox);
    if (known != unclaimed_.end()) return known->second;
    Uid first(1);
    const Seq claimed = views.histories().lastOfMailbox(mailbox, Kind::RecentClaimed);
    if (claimed) {
        JournalReader reader(journal_);
        reader.at(claimed, [&first](const Record& record) {
            const event::Core::Reader core = record.core();
            if (core.isRecentClaimed()) first = Uid(core.getRecentClaimed().getUidNext());
        });
    }
    return unclaimed_.emplace(mailbox, first).first->second;
}

Uid RecentClaims::claim(const Snapshot& views, MailboxId mailbox, Uid uidNext) {
    const std::lock_guard lock(mutex_);
    Uid& unclaimed = entry(views, mailbox);
    const Uid first = std::min(unclaimed, uidNext);
    unclaimed = std::max(unclaimed, uidNext);
    return first;
}

Uid RecentClaims::unclaimed(const Snapshot& views, MailboxId mailbox) {
    const std::lock_guard lock(mutex_);
    return entry(views, mailbox);
}

}  // namespace daybook::imap
