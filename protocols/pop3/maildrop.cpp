#include "protocols/pop3/maildrop.h"

#include <limits>

#include "journal/base/assert.h"

namespace daybook::pop3 {

std::optional<Maildrop> Maildrop::open(const Views& views, AccountId account) {
    const Snapshot snapshot = views.snapshot();
    const std::optional<MailboxRow> inbox = snapshot.mailboxes().find(account, "INBOX");
    if (!inbox) return std::nullopt;
    Maildrop drop(inbox->id, inbox->uidValidity);
    drop.messages_.reserve(inbox->messages);
    const auto take = [&drop](const MessageRow& row) {
        drop.messages_.push_back({.octets = row.octets, .uid = row.uid});
        drop.octets_ += row.octets;
        return true;
    };
    constexpr Uid kLast(std::numeric_limits<std::uint32_t>::max());
    snapshot.messages().forEach(inbox->id, Uid(1), kLast, take);
    return drop;
}

const Maildrop::Message* Maildrop::find(std::uint64_t number) const {
    if (number == 0 || number > messages_.size()) return nullptr;
    const Message& message = messages_[number - 1];
    return message.deleted ? nullptr : &message;
}

void Maildrop::markDeleted(std::uint64_t number) {
    DAYBOOK_ASSERT(find(number) != nullptr);
    Message& message = messages_[number - 1];
    message.deleted = true;
    ++deletedCount_;
    octets_ -= message.octets;
}

void Maildrop::unmarkAll() {
    for (Message& message : messages_) {
        if (message.deleted) octets_ += message.octets;
        message.deleted = false;
    }
    deletedCount_ = 0;
}

std::string Maildrop::uniqueId(const Message& message) const {
    return std::to_string(uidValidity_.number()) + "." + std::to_string(message.uid.number());
}

UidRanges Maildrop::deleted() const {
    UidRanges ranges;
    bool goesOn = false;  // the message before was deleted too
    for (const Message& message : messages_) {
        if (!message.deleted) {
            goesOn = false;
        } else if (goesOn) {
            ranges.back().second = message.uid;
        } else {
            ranges.emplace_back(message.uid, message.uid);
            goesOn = true;
        }
    }
    return ranges;
}

}  // namespace daybook::pop3
