// list_request.h
//
// What a LIST command asks for: basic (RFC 3501 §6.3.8) or extended (RFC 5258, RFC 9051 §6.3.9),
// with SPECIAL-USE (RFC 6154), STATUS (RFC 5819), MYRIGHTS (RFC 8440) and METADATA (RFC 9590). One
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocols/imap/grammar.h"
#include "protocols/imap/list_pattern.h"

namespace daybook::imap {

struct ListRequest {
    // In any of the three ways; a basic one may ask for the delimiter alone.
    bool extended = false;
    bool asksDelimiter = false;
    std::vector<ListPattern> patterns;  // a name matches one of them

    // Selection.
    bool subscribed = false;
    bool specialUse = false;
    bool recursive = false;

    // Returned.
    bool returnsSubscribed = false;
    bool returnsChildren = false;
    bool returnsRights = false;
    std::vector<std::string> statusItems;
    std::vector<std::string> annotations;  // lower case

    bool selects() const { return subscribed || specialUse; }

    bool matches(std::string_view name) const;
};

// From the SP behind "LIST" to the end. Throws Bad.
ListRequest parseList(Arguments& arguments);

}  // namespace daybook::imap
