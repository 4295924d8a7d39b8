// body_structure.h
//
// BODY's and BODYSTRUCTURE's values from a scanned message: RFC 9051 §7.5.2, RFC 3501 §7.4.2.
// Names are in upper case, values as sent: continuations and charsets of parameters (RFC 2231) are
// left to the client, as IMAP4rev1's clients expect. A leaf whose type needs parts that it does not
// have is TEXT/PLAIN. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/mime/structure.h"

namespace daybook::mime {

struct BodyTexts {
    std::string body;
    std::string bodyStructure;
};

// Nothing if it would be longer than limits::kMimeBodyTextOctetsMax.
// Requires: `parts` is scanStructure(message) or one leaf.
std::optional<BodyTexts> describeBody(
    std::string_view message, const std::vector<StructurePart>& parts);

}  // namespace daybook::mime
