#include "engine/delivery/dsn_recipient.h"

namespace daybook {

namespace {

// RFC 3463: what the row's last answer was, or what its end means where nobody answered.
std::uint32_t statusOf(const DeliveryRow& row, DsnAction action) {
    constexpr std::uint32_t kDelivered = 0x020105;
    constexpr std::uint32_t kRelayed = 0x020000;
    constexpr std::uint32_t kExpired = 0x050407;
    constexpr std::uint32_t kRemoved = 0x050700;
    constexpr std::uint32_t kPermanent = 5U << 16U;
    constexpr std::uint32_t kLater = 4U << 16U;
    switch (action) {
        case DsnAction::Delivered: return kDelivered;
        case DsnAction::Relayed:
        case DsnAction::Expanded: return kRelayed;
        case DsnAction::Delayed: return row.enhancedCode != 0 ? row.enhancedCode : kLater;
        case DsnAction::Failed: break;
    }
    if (row.state == DeliveryState::Expired) return kExpired;
    if (row.state == DeliveryState::Removed) return kRemoved;
    return row.enhancedCode != 0 ? row.enhancedCode : kPermanent;
}

}  // namespace

DsnRecipient dsnRecipient(const DeliveryRow& row, DsnAction action) {
    DsnRecipient recipient{
        .finalRecipient = row.forwardPath,
        .originalRecipient = row.original,
        .action = action,
        .enhancedCode = statusOf(row, action),
        .remoteMta = row.host,
        .diagnostic = row.text,
    };
    if (row.tries != 0) recipient.lastAttemptNs = row.lastNs;
    if (action == DsnAction::Delayed) recipient.willRetryUntilNs = row.expiresNs;
    return recipient;
}

}  // namespace daybook
