// quotas.h
//
// The limits that accounts have of their own (RFC 9208), and when a mailbox was last said to be
// full. What an account has in its mailboxes: MailboxesView::usageOf().
//
//     quotas       = accountId -> own storageOctets messages
//     quotaNotices = accountId mailboxId -> saidNs
//
// Which limit is meant where an account has none of its own is a setting, applied when something is
// decided: a change of the setting holds for those accounts at once, and no replay needs it.
// Read side: any thread, as long as its transaction lives.
#pragma once

#include <cstdint>
#include <optional>

#include "journal/base/clock.h"
#include "journal/base/ids.h"
#include "projections/projection.h"

namespace daybook {

inline constexpr std::uint64_t kNoLimit = UINT64_MAX;

// Bits of QuotaSet.own.
inline constexpr std::uint16_t kOwnStorage = 1;
inline constexpr std::uint16_t kOwnMessages = 2;

struct QuotaLimits {
    std::uint64_t storageOctets = kNoLimit;
    std::uint64_t messages = kNoLimit;

    bool operator==(const QuotaLimits&) const = default;
};

// An account's own; nothing: as the setting says.
struct QuotaRow {
    std::optional<std::uint64_t> storageOctets;
    std::optional<std::uint64_t> messages;

    bool operator==(const QuotaRow&) const = default;

    QuotaLimits over(const QuotaLimits& defaults) const {
        return {
            .storageOctets = storageOctets.value_or(defaults.storageOctets),
            .messages = messages.value_or(defaults.messages),
        };
    }
};

class QuotasView {
public:
    QuotasView(const lmdb::Transaction& txn, const ViewTables& tables)
        : txn_(txn), tables_(tables) {}

    QuotaRow quotaOf(AccountId account) const;

    QuotaLimits limitsOf(AccountId account, const QuotaLimits& defaults) const {
        return quotaOf(account).over(defaults);
    }

    // When the last QuotaExceeded of the mailbox was; nothing: never.
    std::optional<TimeNs> lastNotice(AccountId account, MailboxId mailbox) const;

private:
    const lmdb::Transaction& txn_;
    const ViewTables& tables_;
};

extern const Projection kQuotasProjection;

}  // namespace daybook
