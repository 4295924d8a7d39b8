#include "protocols/imap/run_cursor.h"

namespace daybook::imap {

RunCursor::RunCursor(std::vector<Run> runs) : runs_(std::move(runs)) {
    if (!runs_.empty()) next_ = runs_.front().first;
}

void RunCursor::visit(const Snapshot& views, MailboxId mailbox, const Visit& visit) {
    bool more = true;
    while (more && !done()) {
        const Run& run = runs_[index_];
        const auto take = [&](const MessageRow& row) {
            while (more && next_ < row.uid.number())
                more = visitGone(views, mailbox, visit);
            if (!more) return false;
            const auto uid = static_cast<std::uint32_t>(next_++);
            more = visit(run.number + (uid - run.first), row, true);
            return more;
        };
        views.messages().forEach(
            mailbox, Uid(static_cast<std::uint32_t>(next_)), Uid(run.last), take);
        while (more && next_ <= run.last)
            more = visitGone(views, mailbox, visit);
        if (next_ <= run.last) return;
        if (++index_ < runs_.size()) next_ = runs_[index_].first;
    }
}

bool RunCursor::visitGone(const Snapshot& views, MailboxId mailbox, const Visit& visit) {
    const auto uid = static_cast<std::uint32_t>(next_++);
    const Run& run = runs_[index_];
    const std::optional<MessageRow> row = views.messages().tombstone(mailbox, Uid(uid));
    if (!row) {
        ++missing_;
        return true;
    }
    return visit(run.number + (uid - run.first), *row, false);
}

}  // namespace daybook::imap
