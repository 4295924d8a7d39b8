// fuzz_seven_bit.cpp
//
// Any octets as a message for a peer without 8BITMIME: the result is 7-bit, keeps its header's
// other fields, and is fit already when it is tried again; for one without BINARYMIME it never
// grows bits. Any octets as DSN parameters: what is taken is printable and comes back the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/mime/decoding.h"
#include "engine/mime/encoding.h"
#include "engine/mime/seven_bit.h"
#include "engine/mime/xtext.h"
#include "journal/base/ascii.h"

using namespace daybook;
using namespace daybook::mime;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void checkDowngrade(std::string_view message) {
    const auto sevenBit = downgrade(message, Transparency::SevenBit);
    if (!sevenBit) {
        require(*describe(sevenBit.error()) != '\0');
    } else {
        require(isAscii(*sevenBit));
        const auto again = downgrade(*sevenBit, Transparency::SevenBit);
        require(again && *again == *sevenBit);
    }
    const auto eightBit = downgrade(message, Transparency::EightBit);
    require(!eightBit || !isAscii(message) || isAscii(*eightBit));
}

void checkEncodings(std::string_view octets) {
    const std::string quoted = encodeQuotedPrintable(octets);
    require(isAscii(quoted) && (quoted.empty() || hasProperLines(quoted)));
    require(decodeTransfer(quoted, "quoted-printable") == octets);
    require(decodeTransfer(encodeBase64Lines(octets), "base64") == octets);
    require(decodeXtext(encodeXtext(octets)) == octets);
    const std::string header = encodeHeaderText(octets);
    require(isAscii(header) && header.find_first_of("\r\n") == std::string::npos);
}

void checkParameters(std::string_view value) {
    const auto id = parseEnvelopeId(value);
    require(!id || (isAscii(*id) && parseEnvelopeId(encodeXtext(*id)).value_or(*id) == *id));
    const auto recipient = parseOriginalRecipient(value);
    if (!recipient) return;
    require(isUtf8(recipient->address));
    require(recipient->address.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    const std::string sevenBit = sevenBitOriginalRecipient(value);
    require(isAscii(sevenBit));
    if (sevenBit.size() <= 500) require(parseOriginalRecipient(sevenBit).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    checkDowngrade(input);
    checkEncodings(input.substr(0, 2'000));
    checkParameters(input.substr(0, 600));
    return 0;
}
