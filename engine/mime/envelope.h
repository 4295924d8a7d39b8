// envelope.h
//
// ENVELOPE's value from a message's header: RFC 9051 §7.5.2, RFC 3501 §7.4.2. Texts are as sent,
// unfolded, not decoded. Several fields of one kind count as one list for addresses, so that a
// second From cannot hide; of other fields the first counts. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace daybook::mime {

// Appends the parenthesized list.
void appendEnvelope(std::string& out, std::string_view header);

}  // namespace daybook::mime
