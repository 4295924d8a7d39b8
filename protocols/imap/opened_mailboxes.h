// opened_mailboxes.h
//
// What a SELECT finds out about a mailbox, kept for the next one: the message numbers and the first
// message without \Seen. Brought up to date by what changed since, so that opening a mailbox again
// costs what changed and not its size. At most some hundred mailboxes, those opened lately. Lives
// as long as the server. Thread: any.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "projections/views.h"
#include "protocols/imap/message_numbers.h"

namespace daybook::imap {

struct OpenedMailbox {
    ModSeq modSeq;  // as of which it is
    MessageNumbers numbers;
    std::uint32_t firstUnseen = 0;  // UID; zero: there is none
};

class OpenedMailboxes {
public:
    // As `views` has it; `row` is from there.
    std::shared_ptr<const OpenedMailbox> open(const Snapshot& views, const MailboxRow& row);

private:
    struct Entry {
        std::shared_ptr<const OpenedMailbox> mailbox;
        std::uint64_t used = 0;
    };

    std::shared_ptr<const OpenedMailbox> find(MailboxId id);
    void keep(MailboxId id, std::shared_ptr<const OpenedMailbox> mailbox);

    std::mutex mutex_;
    std::unordered_map<MailboxId, Entry> entries_;
    std::uint64_t uses_ = 0;
};

}  // namespace daybook::imap
