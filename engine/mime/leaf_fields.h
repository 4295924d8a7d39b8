// leaf_fields.h
//
// What a part's header says of how its body is to be read: type, charset, transfer encoding. Pure;
// any thread.
#pragma once

#include <string>
#include <string_view>

#include "engine/mime/content_fields.h"

namespace daybook::mime {

struct LeafFields {
    ContentType type;
    std::string encoding;     // upper case; empty: not said
    std::string disposition;  // upper case; empty: not said

    // A leaf that only fails to be a multipart or a message is text, as BODYSTRUCTURE says.
    bool isText() const {
        return type.type.empty() || type.type == "TEXT" || type.type == "MULTIPART" ||
               type.isMessage();
    }

    bool isHtml() const { return type.is("TEXT", "HTML"); }

    // Empty: not said.
    std::string_view charset() const;
};

// Of several fields of a name the first counts.
LeafFields leafFields(std::string_view header);

}  // namespace daybook::mime
