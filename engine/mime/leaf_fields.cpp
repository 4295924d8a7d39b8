#include "engine/mime/leaf_fields.h"

#include "engine/mime/header_fields.h"
#include "journal/base/ascii.h"

namespace daybook::mime {

std::string_view LeafFields::charset() const {
    const std::string* const value = findParameter(type.parameters, "CHARSET");
    return value == nullptr ? std::string_view() : std::string_view(*value);
}

LeafFields leafFields(std::string_view header) {
    LeafFields result;
    HeaderFieldCursor cursor(header);
    HeaderField field;
    while (cursor.next(field)) {
        if (result.type.type.empty() && equalsIgnoreCase(field.name, "Content-Type")) {
            result.type = parseContentType(field.value);
        } else if (
            result.encoding.empty() && equalsIgnoreCase(field.name, "Content-Transfer-Encoding")) {
            result.encoding = parseToken(field.value);
        } else if (
            result.disposition.empty() && equalsIgnoreCase(field.name, "Content-Disposition")) {
            result.disposition = parseContentDisposition(field.value).type;
        }
    }
    return result;
}

}  // namespace daybook::mime
