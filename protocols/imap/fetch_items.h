// fetch_items.h
//
// What FETCH may ask, as a value: parsed from fetch-att of RFC 3501 §9 (MODSEQ: RFC 7162 §3.1.4).
// Says what of it is an access (DESIGN 3.4). Throws Bad. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/mime/parts.h"
#include "engine/scribe/access_record.h"
#include "protocols/imap/grammar.h"

namespace daybook::imap {

struct BodyItem {
    mime::Section section;
    bool peek = false;

    struct Partial {
        std::uint32_t first = 0;
        std::uint32_t count = 0;
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
    std::vector<BodyItem> bodies;

    // Waited for before the first octet leaves.
    bool readsBodies() const { return !bodies.empty(); }

    bool marksSeen() const;

    bool needsSummary() const { return envelope || body || bodyStructure || readsBodies(); }
};

// "ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")"
FetchItems parseFetchItems(Arguments& arguments);

}  // namespace daybook::imap
