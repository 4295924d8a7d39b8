// seven_bit.h
//
// A message for a peer that takes less than it has: without 8BITMIME every octet must be below 128
// (RFC 6152 §3), without BINARYMIME lines must be lines (RFC 3030 §3). Leaves are encoded anew (RFC
// 2045 §6), composites get another label; every other octet stays as it was, so that boundaries
// and signed content are never touched (RFC 1847 §2.1). Signatures over the whole message (DKIM)
// break: sign after this. Pure; any thread. Call initialize() of decoding.h once before.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace daybook::mime {

enum class Transparency { SevenBit, EightBit };

// Why it cannot be done.
enum class DowngradeTrouble {
    EightBitHeader,   // a header field, of a part too, has 8-bit octets: needs SMTPUTF8
    Signed,           // it would change what a multipart/signed signs
    Composite,        // 8-bit octets in a message/... or multipart/... that may not be encoded
    UnknownEncoding,  // a Content-Transfer-Encoding that is not known, with 8-bit octets
    TooManyParts,
};

// For the operator's eyes, one clause.
const char* describe(DowngradeTrouble trouble);

// The message with its body fit for `target`; if it is fit already, its octets as they are.
std::expected<std::string, DowngradeTrouble> downgrade(
    std::string_view message, Transparency target);

// RFC 6531 §3.4: header fields with octets above 127. Only the first header of `header` is looked
// at: a whole message may be given.
bool needsSmtpUtf8(std::string_view header);

// CRLF line ends only, no NUL, lines of at most 998 octets without the line end (RFC 5322 §2.1.1).
bool hasProperLines(std::string_view octets);

}  // namespace daybook::mime
