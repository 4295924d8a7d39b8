// fetch_items.h
//
// What FETCH may ask, as a value: parsed from fetch-att of RFC 3501 §9 (MODSEQ: RFC 7162 §3.1.4,
// BINARY: RFC 3516 §7, PREVIEW: RFC 8970 §6, EMAILID and THREADID: RFC 8474 §7, SAVEDATE: RFC 8514
// §4.2), and fetch-modifier (PARTIAL: RFC 9394 §4). Says what of it is an access (DESIGN 3.4).
// Throws Bad. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/mime/parts.h"
#include "engine/scribe/access_record.h"
#include "protocols/imap/grammar.h"
#include "protocols/imap/message_numbers.h"

namespace daybook::imap {

// BODY[...]; BINARY[...], decoded; BINARY.SIZE[...], how much that is.
enum class BodyForm { AsStored, Decoded, DecodedSize };

struct BodyItem {
    BodyForm form = BodyForm::AsStored;
    mime::Section section;
    bool peek = false;

    struct Partial {
        std::uint32_t first = 0;
        std::uint32_t count = 0;

        bool operator==(const Partial&) const = default;
    };

    std::optional<Partial> partial;
    // As the response names it: "BODY[HEADER.FIELDS (DATE)]<0>".
    std::string label;
    // What the journal keeps of it; octets are set for each message.
    ReadNote note;
};

struct FetchItems {
    bool flags = false;
    bool internalDate = false;
    bool size = false;
    bool envelope = false;
    bool body = false;
    bool bodyStructure = false;
    bool uid = false;
    bool modSeq = false;
    bool emailId = false;
    bool threadId = false;
    bool saveDate = false;
    bool preview = false;
    // Each label once.
    std::vector<BodyItem> bodies;

    // Waited for before the first octet leaves. A size is no access.
    bool readsBodies() const;

    bool marksSeen() const;

    bool needsSummary() const {
        return envelope || body || bodyStructure || preview || !bodies.empty();
    }
};

// BODY.PEEK[`spec`] with that partial: what a URL names. RFC 5092 §11.
BodyItem bodyItemFor(const std::string& spec, const std::optional<BodyItem::Partial>& partial);

// "ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")"
FetchItems parseFetchItems(Arguments& arguments);

// partial-range: positions from 1 among the messages of the set, from its end if `fromEnd`.
struct PartialRange {
    std::uint32_t first = 0;
    std::uint32_t last = 0;  // never below `first`
    bool fromEnd = false;
};

// "1:500" / "-1:-500". RFC 9394 §4.
PartialRange parsePartialRange(Lexer& lexer);
// Those of the messages that stand in the range.
std::vector<Run> partOf(const std::vector<Run>& runs, const PartialRange& range);

struct FetchModifiers {
    std::optional<ModSeq> changedSince;
    std::optional<PartialRange> partial;
    bool vanished = false;  // RFC 7162 §3.2.6
};

// [SP "(" fetch-modifier *(SP fetch-modifier) ")"], each once, in any order.
FetchModifiers parseFetchModifiers(Arguments& arguments);

}  // namespace daybook::imap
