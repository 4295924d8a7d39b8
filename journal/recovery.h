// recovery.h
//
// Puts the content log in order after a stop that may have been unclean: what lies behind the
// committed ends and is named by no event was never acknowledged and is reclaimed. Writes nothing
// to the environment: the next commit notes the new ends. Doing it twice changes nothing.
#pragma once

#include <cstdint>

#include "journal/journal.h"

namespace daybook {

struct RecoveryReport {
    std::uint64_t scanned = 0;    // records behind the ends
    std::uint64_t reclaimed = 0;  // of them, named by no event
    std::uint64_t missing = 0;    // named by an event, but not found: for verify to report
};

// Before anything is appended. Throws JournalUnusable, lmdb::Error, ContentError.
RecoveryReport recover(
    lmdb::Environment& environment, const Journal::Tables& tables, ContentLog& content);

}  // namespace daybook
