// access_rights.h
//
// Who may do what in whose mailbox beside its owner, who may do everything (RFC 4314).
//
//     acl       = accountId mailboxId granteeId -> rights
//     aclGrants = granteeId accountId mailboxId -> rights    what is shared with somebody: one scan
//
// The grants of a deleted mailbox or account go with it. Read side: any thread, as long as its
// transaction lives.
#pragma once

#include <cstdint>
#include <vector>

#include "journal/base/ids.h"
#include "projections/projection.h"

namespace daybook {

// Bits of AclChanged, in the order of "lrswipkxtea" (RFC 4314 §2.1).
inline constexpr std::uint16_t kMayLookup = 1;
inline constexpr std::uint16_t kMayRead = 2;
inline constexpr std::uint16_t kMaySetSeen = 4;
inline constexpr std::uint16_t kMayWriteFlags = 8;
inline constexpr std::uint16_t kMayInsert = 16;
inline constexpr std::uint16_t kMayPost = 32;
inline constexpr std::uint16_t kMayCreate = 64;
inline constexpr std::uint16_t kMayDeleteMailbox = 128;
inline constexpr std::uint16_t kMaySetDeleted = 256;
inline constexpr std::uint16_t kMayExpunge = 512;
inline constexpr std::uint16_t kMayAdminister = 1024;
inline constexpr std::uint16_t kAllRights = 2047;

// The grantee that stands for everybody who has an account here ("anyone").
inline constexpr AccountId kAnyone;

struct GrantRow {
    AccountId account;  // whose mailbox
    MailboxId mailbox;
    AccountId grantee;
    std::uint16_t rights = 0;
};

class AccessRightsView {
public:
    AccessRightsView(const lmdb::Transaction& txn, const ViewTables& tables)
        : txn_(txn), tables_(tables) {}

    // What `who` may do: everything in a mailbox of its own, else what was granted to it and to
    // anyone.
    std::uint16_t rightsOf(AccountId who, AccountId account, MailboxId mailbox) const;
    // To that grantee by name; kAnyone: to everybody. 0: nothing.
    std::uint16_t grantedTo(AccountId grantee, AccountId account, MailboxId mailbox) const;
    std::vector<GrantRow> grantsOf(AccountId account, MailboxId mailbox) const;
    // Of all mailboxes of the account.
    std::vector<GrantRow> grantsOf(AccountId account) const;
    // By name.
    std::vector<GrantRow> grantsTo(AccountId grantee) const;
    // The mailboxes of others in which `who` has rights, each once; by account and mailbox.
    std::vector<GrantRow> sharedWith(AccountId who) const;

private:
    const lmdb::Transaction& txn_;
    const ViewTables& tables_;
};

extern const Projection kAccessRightsProjection;

}  // namespace daybook
