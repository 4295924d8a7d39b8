// searchable_text.h
//
// What SEARCH looks at, decoded and folded (mime::foldCase): the one definition, for the scan of a
// message and for the index of engine/search alike, so that both answer the same. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "journal/schema/summary.capnp.h"

namespace daybook::mime {

struct SearchableText {
    std::string text;
    bool whole = true;  // false: cut at `octetsMax`
};

// A line for each field: "name: value" LF, unfolded (RFC 5322 §2.2.3), encoded words decoded
// (RFC 2047). What TEXT looks at beside the body, and HEADER, FROM, TO ... alone.
SearchableText searchableHeader(std::string_view header, std::size_t octetsMax);

// Whether a field of that name (any case; empty: any field) has `needle` in its value; an empty
// needle asks for the field alone. With an empty name, whether the text has it anywhere.
bool headerHolds(
    std::string_view searchableHeader, std::string_view field, std::string_view needle);

// Decoded text of all text/* parts, and the header fields of embedded messages.
SearchableText searchableBody(
    std::string_view message, const summary::Summary::Reader& summary, std::size_t octetsMax);

// Changes whenever the functions above might give another text for the same octets: their own
// version and those of the libraries that decode and fold.
std::string searchableVersion();

}  // namespace daybook::mime
