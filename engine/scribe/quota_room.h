// quota_room.h
//
// Whether so much more fits into an account (RFC 9208): what it has, what it may have. For
// decisions, for RCPT, which says it before the message is sent, and for who shows it. The usage is
// summed only where there is a limit. Values; one thread.
#pragma once

#include <cstdint>
#include <optional>

#include "journal/base/refusal.h"
#include "journal/schema/event.capnp.h"
#include "projections/mailboxes.h"
#include "projections/quotas.h"

namespace daybook {

// Settings that decisions follow.
struct QuotaPolicy {
    // Of accounts that have no limits of their own.
    QuotaLimits limits{};
    // Mail for a full account is refused for good (552 5.2.2), not for now (452 4.2.2).
    bool refusesForGood = false;

    RefusalReason refusal() const {
        return refusesForGood ? RefusalReason::OverQuota : RefusalReason::MailboxFull;
    }
};

// The first resource that would be exceeded.
struct QuotaExcess {
    event::QuotaResource resource = event::QuotaResource::STORAGE;
    std::uint64_t used = 0;
    std::uint64_t limit = 0;
};

class QuotaRoom {
public:
    QuotaRoom(
        const MailboxesView& mailboxes,
        const QuotasView& quotas,
        AccountId account,
        const QuotaLimits& defaults);

    // Nothing: so much more fits.
    std::optional<QuotaExcess> excess(std::uint64_t octets, std::uint64_t messages = 1) const;

    // So much more is there from now on.
    void take(std::uint64_t octets, std::uint64_t messages = 1) {
        usage_.octets += octets;
        usage_.messages += messages;
    }

private:
    QuotaLimits limits_;
    AccountUsage usage_;
};

}  // namespace daybook
