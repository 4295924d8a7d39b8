// preview.h
//
// The first words of a message as a client's list shows them (RFC 8970 §3): which part they come
// from, and the plain text of it. Needs the beginning of that part alone. Never fails. Call
// initialize() of decoding.h once before. Pure; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/mime/leaf_fields.h"
#include "journal/schema/summary.capnp.h"

namespace daybook::mime {

inline constexpr std::size_t kPreviewCharactersMax = 200;
// So much of a part is looked at; of text/html much of the beginning is no text.
inline constexpr std::size_t kPreviewTextOctets = 8'192;
inline constexpr std::size_t kPreviewHtmlOctets = 65'536;

struct PreviewPart {
    unsigned index = 0;  // among the summary's parts
    LeafFields fields;
};

// The first leaf that is plain text, else the first that is HTML; no attachment, nothing encrypted.
// `headerOf` gives the octets of a part's header. Nothing: there is none.
std::optional<PreviewPart> previewPart(
    const summary::Summary::Reader& summary, const std::function<std::string(unsigned)>& headerOf);

// Plain text on one line, UTF-8, at most kPreviewCharactersMax characters. `beginning`: of the
// part's body, as it is encoded.
std::string previewText(std::string_view beginning, const LeafFields& fields);

}  // namespace daybook::mime
