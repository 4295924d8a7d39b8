// rights_text.h
//
// Rights and special uses as people write them: "lrswi" (RFC 4314 §2.1), "\Sent" (RFC 6154 §2).
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace daybook {

std::string rightsText(std::uint16_t rights);
// Nothing: a letter that is none.
std::optional<std::uint16_t> parseRights(std::string_view text);

// With spaces between; empty: none.
std::string specialUsesText(std::uint16_t uses);
// "sent", "\Sent": one bit; nothing: there is no such use.
std::optional<std::uint16_t> parseSpecialUse(std::string_view text);

}  // namespace daybook
