#include "engine/scribe/quota_room.h"

namespace daybook {

QuotaRoom::QuotaRoom(
    const MailboxesView& mailboxes,
    const QuotasView& quotas,
    AccountId account,
    const QuotaLimits& defaults)
    : limits_(quotas.limitsOf(account, defaults)) {
    if (limits_ != QuotaLimits()) usage_ = mailboxes.usageOf(account);
}

std::optional<QuotaExcess> QuotaRoom::excess(std::uint64_t octets, std::uint64_t messages) const {
    // No sum of ours comes near 2^64, a limit may.
    const auto isOver = [](std::uint64_t used, std::uint64_t more, std::uint64_t limit) {
        return used > limit || more > limit - used;
    };
    if (isOver(usage_.octets, octets, limits_.storageOctets)) {
        return QuotaExcess{
            .resource = event::QuotaResource::STORAGE,
            .used = usage_.octets,
            .limit = limits_.storageOctets,
        };
    }
    if (isOver(usage_.messages, messages, limits_.messages)) {
        return QuotaExcess{
            .resource = event::QuotaResource::MESSAGES,
            .used = usage_.messages,
            .limit = limits_.messages,
        };
    }
    return std::nullopt;
}

}  // namespace daybook
