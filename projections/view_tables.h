// view_tables.h
//
// Every table of the views environment, by the view that owns it. Keys and values as grammar are in
// each view's header, their coding in table.h; numbers in keys are big-endian, so that an ordered
// scan is in number order (but tables marked I are integer-keyed, native). All rows are
// rebuildable: a change of a row's layout raises the projection's version and nothing else.
#pragma once

#include <span>

#include "journal/lmdb.h"

namespace daybook {

struct ViewTables {
    lmdb::Table meta;  // name of a projection -> version, appliedSeq, root; "journal" -> journalId

    // accounts
    lmdb::Table domains;
    lmdb::Table domainNames;
    lmdb::Table accounts;
    lmdb::Table logins;
    lmdb::Table addresses;
    lmdb::Table addressNames;
    lmdb::Table credentials;
    lmdb::Table delegations;
    lmdb::Table keywords;
    lmdb::Table keywordNames;
    lmdb::Table dkimKeys;

    // mailboxes
    lmdb::Table mailboxes;
    lmdb::Table mailboxNames;
    lmdb::Table lastUidValidities;
    lmdb::Table subscriptions;

    // messages
    lmdb::Table messages;
    lmdb::Table mailboxTotals;
    lmdb::Table changes;     // by mailbox and MODSEQ
    lmdb::Table tombstones;  // expunged, kept until Purged

    // summaries
    lmdb::Table summaries;  // I: by seq of Stored
    lmdb::Table threads;    // by account and message id

    // histories
    lmdb::Table historyByMessage;
    lmdb::Table historyByAccount;
    lmdb::Table historyByMailbox;
    lmdb::Table historyBySession;

    // deliveries
    lmdb::Table outbound;
    lmdb::Table deliveries;
    lmdb::Table deliveriesDue;
    lmdb::Table deliveryReports;
    lmdb::Table deliveriesByAddress;
    lmdb::Table sentByMessageId;
    lmdb::Table deliveryCounts;
    lmdb::Table destinations;
    lmdb::Table destinationNames;
    lmdb::Table suppressions;
    lmdb::Table suppressionNames;
    lmdb::Table tlsCounts;
    lmdb::Table tlsFaults;

    // access rights
    lmdb::Table acl;
    lmdb::Table aclGrants;

    // quotas
    lmdb::Table quotas;
    lmdb::Table quotaNotices;

    // metadata
    lmdb::Table metadata;

    // access: AccessOpened without its last Fetched
    lmdb::Table openAccess;  // I: by seq of AccessOpened
};

struct ViewTableSpec {
    const char* name;
    lmdb::Table ViewTables::* member;
    bool integerKeys = false;
};

// Each table once, `meta` first.
std::span<const ViewTableSpec> allViewTables();
const ViewTableSpec& specOf(lmdb::Table ViewTables::* member);

}  // namespace daybook
