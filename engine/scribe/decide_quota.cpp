#include "engine/scribe/decide_quota.h"

#include <fmt/format.h>

namespace daybook {

namespace {

constexpr TimeNs kNoticeEveryNs = 3'600 * kSecondNs;

}  // namespace

QuotaRoom& QuotaRooms::of(AccountId account) {
    const auto found = rooms_.find(account);
    if (found != rooms_.end()) return found->second;
    const QuotaRoom room(
        deciding_.views.mailboxes(), deciding_.views.quotas(), account, deciding_.quota.limits);
    return rooms_.emplace(account, room).first->second;
}

void addQuotaExceeded(
    Events& events,
    const Origin& origin,
    const Deciding& deciding,
    const MailboxRow& mailbox,
    const QuotaExcess& excess) {
    const auto last = deciding.views.quotas().lastNotice(mailbox.account, mailbox.id);
    if (last && deciding.now - *last < kNoticeEveryNs) return;
    Draft& draft = addFor(events, Kind::QuotaExceeded, origin, mailbox.account, mailbox.id);
    auto exceeded = draft.core().initQuotaExceeded();
    exceeded.setResource(excess.resource);
    exceeded.setUsed(excess.used);
    exceeded.setLimit(excess.limit);
}

Outcome<Done> requireRoom(
    const Deciding& deciding,
    Events& events,
    const Origin& origin,
    const MailboxRow& mailbox,
    std::uint64_t octets,
    std::uint64_t messages) {
    const QuotaRoom room(
        deciding.views.mailboxes(),
        deciding.views.quotas(),
        mailbox.account,
        deciding.quota.limits);
    const std::optional<QuotaExcess> excess = room.excess(octets, messages);
    if (!excess) return Done{};
    addQuotaExceeded(events, origin, deciding, mailbox, *excess);
    return refuse(
        deciding.quota.refusal(), fmt::format("{} of {} used", excess->used, excess->limit));
}

}  // namespace daybook
