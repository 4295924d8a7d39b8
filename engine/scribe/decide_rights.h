// decide_rights.h
//
// What whoever asks may do in a mailbox (RFC 4314): its owner, the operator and the server
// everything, another account what was granted to it. Who may not even know of a mailbox is told
// that there is none (RFC 4314 §6). Pure; thread: scribe. Only for the decide_*.cpp files.
#pragma once

#include "engine/scribe/decide.h"

namespace daybook {

// Another account than `account` asks.
bool isForeign(const Origin& origin, AccountId account);
// The same, with the actor that the account's events name: a delegate, where it is another account.
Origin actingIn(const Origin& origin, AccountId account);

std::uint16_t rightsIn(
    const Deciding& deciding, const Origin& origin, AccountId account, MailboxId mailbox);

// Refusals: NoSuchMailbox for who may not look it up, else NotPermitted.
Outcome<Done> requireRights(std::uint16_t rights, std::uint16_t needed);

// The mailbox, if all of `needed` is granted. Refusals: as mailboxOrRefuse(), and NotPermitted.
Outcome<MailboxRow> mailboxFor(
    const Deciding& deciding,
    const Origin& origin,
    AccountId account,
    MailboxId mailbox,
    std::uint16_t needed);

// RFC 4314 §4: which flags may be set and removed: "s" \Seen, "t" \Deleted, "w" all others.
std::uint16_t systemFlagsUnder(std::uint16_t rights);

inline bool mayWriteKeywords(std::uint16_t rights) { return (rights & kMayWriteFlags) != 0; }

}  // namespace daybook
