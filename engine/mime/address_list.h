// address_list.h
//
// The address fields of RFC 5322 §3.4 as ENVELOPE needs them: display names stay as sent (RFC 2047
// words and 8-bit octets are not decoded), quoting and comments are taken off. Takes the obsolete
// forms of §4.4 (source routes, empty elements, blanks around dots) and much that is no address.
// At most limits::kMimeAddressesMax addresses, marks of groups among them.
// GMime's parser decodes display names and drops routes, so it is no help here. Never fails, in
// linear time. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace daybook::mime {

struct ListedAddress {
    enum class Kind { Mailbox, GroupStart, GroupEnd };

    Kind kind = Kind::Mailbox;
    std::optional<std::string> name;   // display name, or else a comment
    std::optional<std::string> route;  // "@a.example,@b.example"
    std::string mailbox;               // local part, or the name of a group
    std::string host;                  // empty if it is missing
};

// `value` as in HeaderField::value or unfolded. Every group that starts ends.
std::vector<ListedAddress> parseAddressList(std::string_view value);

}  // namespace daybook::mime
