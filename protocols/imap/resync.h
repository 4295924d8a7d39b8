// resync.h
//
// What a client missed while it was away (RFC 7162 §3.2.5 and §3.2.6): the arguments of SELECT's
// QRESYNC, and which UIDs vanished. The cost is that of what changed, not of the mailbox. Throws
// Bad. One thread.
#pragma once

#include <optional>

#include "protocols/imap/grammar.h"
#include "protocols/imap/selected_mailbox.h"

namespace daybook::imap {

// SELECT (QRESYNC (uidvalidity mod-sequence-value [known-uids] [seq-match-data]))
struct QuickResync {
    UidValidity uidValidity;
    ModSeq since;
    std::optional<NumberRanges> knownUids;  // none: all
    // Message numbers and the UIDs that the client has for them, as many of each.
    NumberRanges matchNumbers;
    NumberRanges matchUids;
};

// From after "QRESYNC".
QuickResync parseQuickResync(Arguments& arguments);

// The greatest UID of the pairs that still fit: of expunges up to it the client knows. Zero: none.
std::uint32_t greatestMatch(const MessageNumbers& numbers, const QuickResync& known);

// What was expunged after `since`, greater than `above`, among `known` (none: all): as ranges,
// which may take in UIDs that never were. Nothing that the client still numbers is among them.
NumberRanges vanishedSince(
    const Snapshot& views,
    const SelectedMailbox& mailbox,
    ModSeq since,
    const std::optional<NumberRanges>& known,
    std::uint32_t above);

// "* VANISHED (EARLIER) 1:3,7"; nothing if there is nothing to tell.
void appendVanishedEarlier(std::string& out, const NumberRanges& uids);

}  // namespace daybook::imap
