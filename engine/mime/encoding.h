// encoding.h
//
// The other way of decoding.h: transfer encodings and encoded words for what is written here. The
// results are 7-bit, with CRLF line ends and short lines. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace daybook::mime {

// RFC 2045 §6.7: CRLF stays a line end, any other CR or LF is an octet. Lines of at most 76.
std::string encodeQuotedPrintable(std::string_view octets);
// RFC 2045 §6.8: lines of 76, the last one ended too.
std::string encodeBase64Lines(std::string_view octets);

// An unstructured header text: as it is if it is ASCII and cannot be read as an encoded word; else
// UTF-8 in encoded words (RFC 2047 §2), a blank between them: fold there. Line ends and other
// controls become "?".
std::string encodeHeaderText(std::string_view utf8);

}  // namespace daybook::mime
