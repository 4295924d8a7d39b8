// address.h
//
// Addresses as Daybook compares them: local part and domain in lower case, the domain as A-labels
// (RFC 5891, libidn2), quoted local parts unquoted when that changes nothing. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace daybook {

struct Address {
    std::string localPart;  // normalized
    std::string domain;     // normalized; may be an address literal "[192.0.2.1]"

    // "local@domain", the local part quoted where it must be.
    std::string text() const;

    bool operator==(const Address&) const = default;
};

// A Mailbox of RFC 5321 §4.1.2 (with RFC 6531's UTF-8), without angle brackets. Nothing: malformed.
std::optional<Address> parseAddress(std::string_view text);
// A domain name alone: lower case, A-labels. Nothing: malformed.
std::optional<std::string> normalizeDomain(std::string_view text);

// "alice+lists" -> "alice" and "lists"; without "+" (or with nothing before it) no detail.
struct PlusAddress {
    std::string user;
    std::string detail;
};

PlusAddress splitPlus(std::string_view localPart);

}  // namespace daybook
