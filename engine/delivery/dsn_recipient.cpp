#include "engine/delivery/dsn_recipient.h"

#include "journal/base/enhanced_code.h"

namespace daybook {

namespace {

// RFC 3463: what the row's last answer was, or what its end means where nobody answered.
std::uint32_t statusOf(const DeliveryRow& row, event::DsnAction action) {
    constexpr std::uint32_t kDelivered = enhanced(2, 1, 5);
    constexpr std::uint32_t kRelayed = enhanced(2, 0, 0);
    constexpr std::uint32_t kExpired = enhanced(5, 4, 7);
    constexpr std::uint32_t kRemoved = enhanced(5, 7, 0);
    constexpr std::uint32_t kPermanent = enhanced(5, 0, 0);
    constexpr std::uint32_t kLater = enhanced(4, 0, 0);
    switch (action) {
        case event::DsnAction::DELIVERED: return kDelivered;
        case event::DsnAction::RELAYED:
        case event::DsnAction::EXPANDED: return kRelayed;
        case event::DsnAction::DELAYED: return row.enhancedCode != 0 ? row.enhancedCode : kLater;
        case event::DsnAction::FAILED: break;
    }
    if (row.state == DeliveryState::Expired) return kExpired;
    if (row.state == DeliveryState::Removed) return kRemoved;
    return row.enhancedCode != 0 ? row.enhancedCode : kPermanent;
}

}  // namespace

DsnRecipient dsnRecipient(const DeliveryRow& row, event::DsnAction action) {
    DsnRecipient recipient{
        .finalRecipient = row.forwardPath,
        .originalRecipient = row.original,
        .action = action,
        .enhancedCode = statusOf(row, action),
        .remoteMta = row.host,
        .diagnostic = row.text,
    };
    if (row.tries != 0) recipient.lastAttemptNs = row.lastNs;
    if (action == event::DsnAction::DELAYED) recipient.willRetryUntilNs = row.expiresNs;
    return recipient;
}

}  // namespace daybook
