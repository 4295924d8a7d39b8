// summary_text.h
//
// ENVELOPE, BODY and BODYSTRUCTURE as they were made at arrival (summary.capnp), for the dialect
// that the client speaks: strings with octets above ASCII go out quoted in UTF-8 to who speaks it
// (RFC 9755 §3, RFC 9051 §9), and as encoded words (RFC 2047) to who does not (RFC 6855 §7). Pure;
// any thread.
#pragma once

#include <string>
#include <string_view>

#include "protocols/imap/dialect.h"

namespace daybook::imap {

// `stored`: well-formed, with such strings as literals.
void appendSummaryText(std::string& out, std::string_view stored, const Dialect& dialect);

}  // namespace daybook::imap
