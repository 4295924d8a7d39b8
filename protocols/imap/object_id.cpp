#include "protocols/imap/object_id.h"

#include "journal/base/encoding.h"

namespace daybook::imap {

std::string objectIdText(ObjectKind kind, std::uint64_t number) {
    return static_cast<char>(kind) + idText(number);
}

std::optional<std::uint64_t> parseObjectId(ObjectKind kind, std::string_view text) {
    if (text.empty() || text.front() != static_cast<char>(kind)) return std::nullopt;
    const auto number = parseIdText(text.substr(1));
    // Ids are compared octet by octet: capitals are another id.
    if (!number || idText(*number) != text.substr(1)) return std::nullopt;
    return number;
}

}  // namespace daybook::imap
