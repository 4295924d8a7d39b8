// decoding.h
//
// GMime behind a small door: encoded words, addresses, dates, transfer encodings, charsets. Input
// of any kind is taken; what cannot be read is left as it is or left out, as each function says.
// initialize() once per process before anything else of this folder that decodes. Thread: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace daybook::mime {

// Thread-safe and idempotent.
void initialize();

// Well-formed UTF-8 without NUL: what is not becomes U+FFFD.
std::string cleanText(std::string_view text);

// RFC 2047: encoded words and raw 8-bit octets to UTF-8. Never fails.
std::string decodeHeaderText(std::string_view raw);

struct ParsedDate {
    std::int64_t ns = 0;  // UTC
    std::int16_t zoneMinutes = 0;
};

// RFC 5322 §3.3, with the obsolete forms. Nothing if unreadable.
std::optional<ParsedDate> parseDate(std::string_view text);

// Undoes a Content-Transfer-Encoding (7bit, 8bit, binary, base64, quoted-printable, uuencode).
std::string decodeTransfer(std::string_view encoded, std::string_view encoding);

// The same piece by piece, for parts that are too large to be held. Copies go on where the
// original stands. One thread.
class TransferDecoder {
public:
    // `encoding`: a token as a Content-Transfer-Encoding has it; empty: 7bit. Nothing: not known.
    static std::optional<TransferDecoder> make(std::string_view encoding);

    // The octets come out as they go in.
    bool isIdentity() const { return kind_ == Kind::Identity; }

    // Appends what `encoded` gives.
    void step(std::string_view encoded, std::string& into);
    // Appends what was held back.
    void finish(std::string& into);

private:
    enum class Kind { Identity, Base64, QuotedPrintable, Uuencode };

    explicit TransferDecoder(Kind kind) : kind_(kind) {}

    void decode(std::string_view encoded, std::string& into, bool last);

    Kind kind_;
    // The decoder's state: octets held back, and which.
    std::uint32_t saved_ = 0;
    int state_ = 0;
    bool begun_ = false;  // uuencode: the line "begin 644 name" is past
    std::string line_;    // what came before it is known whole
};

// To UTF-8; what cannot be converted becomes U+FFFD. Unknown charsets are read as Latin-1.
std::string toUtf8(std::string_view octets, std::string_view charset);

// For SEARCH: lower case by Unicode's simple case folding, so that a substring search of two folded
// texts finds what i;unicode-casemap (RFC 5051) would for common scripts.
std::string foldCase(std::string_view utf8);

// Of the libraries that all this rests on: another one may read the same octets otherwise.
std::string decodingVersion();

}  // namespace daybook::mime
