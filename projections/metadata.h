// metadata.h
//
// Annotations of mailboxes, of accounts and of the server (RFC 5464).
//
//     metadata = accountId mailboxId entryId -> userId name value
//
// Without a mailbox: a /private entry of the account itself, or, without an account too, a /shared
// one of the server. A /private entry belongs to its user, whoever owns the mailbox. Names are in
// lower case and whole: "/private/comment". An erased one has no name and no value. Read side: any
// thread, as long as its transaction lives.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "journal/base/ids.h"
#include "projections/projection.h"

namespace daybook {

struct MetadataRow {
    AccountId account;
    MailboxId mailbox;
    std::uint64_t entry = 0;
    AccountId user;  // none: /shared
    std::string name;
    std::string value;
};

class MetadataView {
public:
    MetadataView(const lmdb::Transaction& txn, const ViewTables& tables)
        : txn_(txn), tables_(tables) {}

    // Everybody's, in order of entry ids.
    std::vector<MetadataRow> entriesOf(AccountId account, MailboxId mailbox) const;
    // The /private entries of `user` in mailboxes of others: a scan of everything.
    std::vector<MetadataRow> entriesElsewhere(AccountId user) const;

private:
    const lmdb::Transaction& txn_;
    const ViewTables& tables_;
};

extern const Projection kMetadataProjection;

}  // namespace daybook
