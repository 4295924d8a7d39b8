// summarize.h
//
// A message's summary (journal/schema/summary.capnp), made once when it arrives: ENVELOPE, BODY and
// BODYSTRUCTURE ready to be sent (RFC 9051 §7.5.2), offsets of every part, what SORT and THREAD
// need. Never fails, whatever the octets; has the limits of limits.h. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace daybook::mime {

// `message`: RFC 5322 octets as they are stored (lines end in CRLF; bare ones are taken as they
// come). Returns the canonical octets of summary::Summary.
std::string summarize(std::string_view message);

}  // namespace daybook::mime
