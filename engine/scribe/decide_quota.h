// decide_quota.h
//
// What a decision does about quotas: the room that is left in each account while a command is
// decided, and QuotaExceeded, at most once a mailbox and hour. Pure; thread: scribe. Only for the
// decide_*.cpp files.
#pragma once

#include <map>

#include "engine/scribe/decide_parts.h"

namespace daybook {

class QuotaRooms {
public:
    explicit QuotaRooms(const Deciding& deciding) : deciding_(deciding) {}

    // Lives as long as this.
    QuotaRoom& of(AccountId account);

private:
    const Deciding& deciding_;
    std::map<AccountId, QuotaRoom> rooms_;
};

// On record, unless that was said within the hour.
void addQuotaExceeded(
    Events& events,
    const Origin& origin,
    const Deciding& deciding,
    const MailboxRow& mailbox,
    const QuotaExcess& excess);

// A refusal with QuotaExceeded, if so much more does not fit.
Outcome<Done> requireRoom(
    const Deciding& deciding,
    Events& events,
    const Origin& origin,
    const MailboxRow& mailbox,
    std::uint64_t octets,
    std::uint64_t messages);

}  // namespace daybook
