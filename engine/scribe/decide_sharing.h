// decide_sharing.h
//
// Grants and special uses, for decisions that change them on the way. Pure; thread: scribe. Only
// for the decide_*.cpp files.
#pragma once

#include <vector>

#include "engine/scribe/decide_parts.h"

namespace daybook {

void addAclChanged(
    Events& events, const Origin& origin, const GrantRow& grant, std::uint16_t before);

// Refusal: SpecialUseRefused, for what no folder can be (\All, \Flagged; RFC 6154 §5.3).
Outcome<std::uint16_t> checkedSpecialUses(std::uint16_t uses);

// An account has each special use once (RFC 6154 §3 lets it move, and RFC 8621 §2 wants it so):
// other mailboxes of the account lose it. Returns which did.
std::vector<MailboxId> takeSpecialUses(
    const Deciding& deciding,
    Events& events,
    const Origin& origin,
    AccountId account,
    MailboxId except,
    std::uint16_t uses);

}  // namespace daybook
