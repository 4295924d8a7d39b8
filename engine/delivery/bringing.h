// bringing.h
//
// What messages are made of, read before they are copied into another account (CopyMessages::
// brought): a decision reads no journal. The blob is shared, its octets are not touched. Thread:
// any.
#pragma once

#include "engine/scribe/command.h"
#include "journal/base/random.h"
#include "journal/journal.h"
#include "projections/views.h"

namespace daybook {

// Those that are there, ascending. Refusals: Overloaded (too many at once), NoSuchMessage (the
// content of one is erased).
Outcome<std::vector<BroughtMessage>> bring(
    const Journal& journal,
    const Snapshot& views,
    MailboxId from,
    const UidRanges& uids,
    Random& random);

}  // namespace daybook
