// mailboxes.h
//
// The mailboxes of every account: names, UIDVALIDITY, special use, subscriptions; UIDNEXT,
// HIGHESTMODSEQ and counts are read from mailbox_totals.h.
//
//     mailboxes         = accountId mailboxId -> uidValidity specialUses createdNs name
//     mailboxNames      = accountId name -> mailboxId
//     lastUidValidities = accountId -> the greatest UIDVALIDITY that the account ever had
//     subscriptions     = accountId subscriptionId -> name
//
// Names are whole paths in UTF-8 (NFC as they came), '/' between levels; INBOX is "INBOX" whatever
// case it was asked for in. A parent need not be a mailbox: LIST then shows it as \NonExistent.
// Read side: any thread, as long as its transaction lives.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/clock.h"
#include "journal/base/ids.h"
#include "journal/schema/event.capnp.h"
#include "projections/projection.h"

namespace daybook {

inline constexpr char kHierarchyDelimiter = '/';

// Bits of MailboxRow::specialUses and of the events.
constexpr std::uint16_t specialUseBit(event::SpecialUse use) {
    if (use == event::SpecialUse::NONE) return 0;
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(use));
}

struct MailboxRow {
    AccountId account;
    MailboxId id;
    UidValidity uidValidity;
    Uid uidNext;
    ModSeq highestModSeq;
    std::uint32_t messages = 0;
    std::uint32_t unseen = 0;
    std::uint32_t deletedMessages = 0;  // with \Deleted
    std::uint64_t octets = 0;
    std::uint16_t specialUses = 0;  // bits, see specialUseBit()
    TimeNs createdNs = 0;
    std::string name;
};

struct SubscriptionRow {
    std::uint64_t id = 0;
    std::string name;
};

// What the messages of all mailboxes of an account come to.
struct AccountUsage {
    std::uint64_t octets = 0;
    std::uint64_t messages = 0;
};

class MailboxesView {
public:
    MailboxesView(const lmdb::Transaction& txn, const ViewTables& tables)
        : txn_(txn), tables_(tables) {}

    std::optional<MailboxRow> mailbox(AccountId account, MailboxId id) const;
    // "inbox" in any case finds INBOX.
    std::optional<MailboxRow> find(AccountId account, std::string_view name) const;
    // In order of name (octets).
    std::vector<MailboxRow> mailboxesOf(AccountId account) const;
    bool hasChildren(AccountId account, std::string_view name) const;
    std::vector<SubscriptionRow> subscriptionsOf(AccountId account) const;
    AccountUsage usageOf(AccountId account) const;
    // The greatest UIDVALIDITY that the account ever had; zero: none.
    UidValidity lastUidValidity(AccountId account) const;

private:
    const lmdb::Transaction& txn_;
    const ViewTables& tables_;
};

// "INBOX" for any case of it, also as the first level ("inbox/a" -> "INBOX/a"); else as it is.
std::string canonicalMailboxName(std::string_view name);

extern const Projection kMailboxesProjection;

}  // namespace daybook
