// session_parts.h
//
// What the session and its handlers pass to each other: names of what they work with, and what a
// search or a FETCH came to. Values; the session's reactor.
#pragma once

#include <cstddef>
#include <vector>

#include "journal/base/ids.h"

namespace daybook::imap {

class OpenedMailboxes;
class RecentClaims;
struct AppendStep;
struct AppendWork;
struct FetchItems;
struct BlobRange;
struct LargeDecoding;
struct LargeOctets;
struct StoreReport;
struct SearchKey;
struct ListRequest;

// What SEARCH found; `damaged`: messages that could not be read.
struct SearchResult {
    std::vector<Uid> uids;
    ModSeq greatest;
    std::size_t damaged = 0;
};

// What a FETCH could not give.
struct FetchTrouble {
    std::size_t damaged = 0;
    std::size_t missing = 0;       // gone without a trace
    bool unknownEncoding = false;  // RFC 3516 §4.3
};

// RFC 3501 §7.4.1: no EXPUNGE while FETCH, STORE and SEARCH speak of message numbers.
enum class Expunges { Held, Told };

}  // namespace daybook::imap
