// xtext.h
//
// The values of SMTP's DSN parameters: xtext (RFC 3461 §4), ENVID (§4.4), ORCPT (§4.2) with the
// UTF-8 address type (RFC 6533 §3). What is relayed or journaled is ORCPT's value as it came
// (§5.2.1 d); what a report shows is decoded. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace daybook::mime {

// Whatever the octets.
std::string encodeXtext(std::string_view octets);
// Nothing if a character is not allowed or a "+" is not followed by two upper-case hexadecimal
// digits. The result may be empty and may have any octets.
std::optional<std::string> decodeXtext(std::string_view text);

// ENVID's value, decoded. Nothing (501): no xtext, empty, longer than 100 characters, or it hides
// what is not printable ASCII.
std::optional<std::string> parseEnvelopeId(std::string_view value);

struct OriginalRecipient {
    std::string type;     // as written: "rfc822", "utf-8"
    std::string address;  // decoded: printable ASCII, or of type utf-8 UTF-8 without controls

    bool operator==(const OriginalRecipient&) const = default;
};

// ORCPT's value. Nothing (501): no "addr-type;xtext", empty, longer than 500 characters, or it
// hides what is not printable. 8-bit UTF-8 passes for type utf-8: without SMTPUTF8, refuse it
// before.
std::optional<OriginalRecipient> parseOriginalRecipient(std::string_view value);

// ORCPT's value for an address of ours: "rfc822;" and xtext or, if it is not ASCII, "utf-8;" and
// the form of 7 bits, that any peer with DSN takes. Requires: isUtf8(address).
std::string originalRecipientValue(std::string_view address);
// An ORCPT value that was taken, for a peer without SMTPUTF8: 8-bit characters become "\x{FC}".
std::string sevenBitOriginalRecipient(std::string_view value);

// The 7-bit form of a UTF-8 address (RFC 6533 §3, utf-8-addr-xtext), without a type.
// Requires: isUtf8(address).
std::string encodeUnitext(std::string_view address);
// Its inverse, which takes 8-bit UTF-8 too. Nothing: it is not of that form (RFC 6533 §3).
std::optional<std::string> decodeUnitext(std::string_view text);

}  // namespace daybook::mime
