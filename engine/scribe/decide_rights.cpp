#include "engine/scribe/decide_rights.h"

#include "engine/scribe/decide_parts.h"

namespace daybook {

bool isForeign(const Origin& origin, AccountId account) {
    const bool isAccount =
        origin.actor == event::Actor::OWNER || origin.actor == event::Actor::DELEGATE;
    return isAccount && origin.actorId && origin.actorId != account;
}

Origin actingIn(const Origin& origin, AccountId account) {
    Origin acting = origin;
    if (isForeign(origin, account)) acting.actor = event::Actor::DELEGATE;
    return acting;
}

std::uint16_t rightsIn(
    const Deciding& deciding, const Origin& origin, AccountId account, MailboxId mailbox) {
    if (!isForeign(origin, account)) return kAllRights;
    return deciding.views.accessRights().rightsOf(origin.actorId, account, mailbox);
}

Outcome<Done> requireRights(std::uint16_t rights, std::uint16_t needed) {
    if (rights == 0) return refuse(RefusalReason::NoSuchMailbox);
    if ((rights & needed) == needed) return Done{};
    const bool isKnown = (rights & (kMayLookup | kMayRead)) != 0;
    return refuse(isKnown ? RefusalReason::NotPermitted : RefusalReason::NoSuchMailbox);
}

Outcome<MailboxRow> mailboxFor(
    const Deciding& deciding,
    const Origin& origin,
    AccountId account,
    MailboxId mailbox,
    std::uint16_t needed) {
    Outcome<MailboxRow> row = mailboxOrRefuse(deciding, account, mailbox);
    if (!row) return row;
    const Outcome<Done> permitted =
        requireRights(rightsIn(deciding, origin, account, mailbox), needed);
    if (!permitted) return std::unexpected(permitted.error());
    return row;
}

std::uint16_t systemFlagsUnder(std::uint16_t rights) {
    unsigned flags = 0;
    if ((rights & kMaySetSeen) != 0) flags |= kSeen;
    if ((rights & kMaySetDeleted) != 0) flags |= kDeleted;
    if ((rights & kMayWriteFlags) != 0) flags |= kAnswered | kFlagged | kDraft;
    return static_cast<std::uint16_t>(flags);
}

}  // namespace daybook
