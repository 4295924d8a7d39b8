// rights.h
//
// Rights as IMAP writes them: "lrswipkxtea", and the virtual "c" and "d" of RFC 2086 (RFC 4314
// §2.1.1): "c" stands for "k" and "x", "d" for "t" and "e". Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/scribe/command.h"
#include "projections/access_rights.h"

namespace daybook::imap {

// With "c" and "d" where any of what they stand for is there. Empty: none.
std::string rightsText(std::uint16_t rights);

// mod-rights = ["+" / "-"] *right
struct RightsChange {
    FlagEdit edit = FlagEdit::Replace;
    std::uint16_t rights = 0;
};

// Throws Bad for what is no right (RFC 4314 §3.1).
RightsChange parseRightsChange(std::string_view text);

// RFC 4314 §4: "s" \Seen, "t" \Deleted, "w" all others.
std::uint16_t systemFlagsUnder(std::uint16_t rights);

// RFC 4314 §5.2: READ-WRITE is for who may insert, expunge or change a flag; all flags are shared.
bool mayChange(std::uint16_t rights);

}  // namespace daybook::imap
