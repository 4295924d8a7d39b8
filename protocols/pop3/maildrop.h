// maildrop.h
//
// INBOX as it was at login: message numbers from 1, sizes and UIDs, and which are marked deleted
// (RFC 1939 §5). Other sessions' changes do not show; deletions happen at QUIT alone, and not here.
// Thread: the session's reactor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/scribe/command.h"
#include "journal/base/ids.h"
#include "projections/views.h"

namespace daybook::pop3 {

class Maildrop {
public:
    struct Message {
        std::uint64_t octets = 0;
        Uid uid;
        bool deleted = false;
    };

    // Nothing: the account has no INBOX.
    static std::optional<Maildrop> open(const Views& views, AccountId account);

    MailboxId mailbox() const { return mailbox_; }

    // All of them, deleted ones too; the first is number 1.
    const std::vector<Message>& messages() const { return messages_; }

    // Nullptr: no such number, or marked deleted.
    const Message* find(std::uint64_t number) const;
    void markDeleted(std::uint64_t number);
    void unmarkAll();

    std::size_t count() const { return messages_.size() - deletedCount_; }

    std::uint64_t octets() const { return octets_; }

    // "UIDVALIDITY.UID": stays when the number does not.
    std::string uniqueId(const Message& message) const;

    UidRanges deleted() const;

private:
    Maildrop(MailboxId mailbox, UidValidity uidValidity)
        : mailbox_(mailbox), uidValidity_(uidValidity) {}

    MailboxId mailbox_;
    UidValidity uidValidity_;
    std::vector<Message> messages_;
    std::size_t deletedCount_ = 0;
    std::uint64_t octets_ = 0;  // of those not deleted
};

}  // namespace daybook::pop3
