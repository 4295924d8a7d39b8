#include <catch2/catch.hpp>

#include "engine/mime/decoding.h"
#include "engine/mime/encoding.h"

using namespace daybook::mime;

namespace {

std::string inPieces(std::string_view encoded, std::string_view encoding, std::size_t size) {
    initialize();
    TransferDecoder decoder = TransferDecoder::make(encoding).value();
    std::string decoded;
    for (std::size_t at = 0; at < encoded.size(); at += size)
        decoder.step(encoded.substr(at, size), decoded);
    decoder.finish(decoded);
    return decoded;
}

}  // namespace

TEST_CASE("transfer decoder: pieces of any size give what the whole gives", "[mime]") {
    std::string octets;
    for (int i = 0; i < 3'000; ++i)
        octets += static_cast<char>(i * 7 % 251);
    const std::string quoted = encodeQuotedPrintable(octets);
    const std::string base64 = encodeBase64Lines(octets);
    for (const std::size_t size : {1U, 2U, 3U, 5U, 64U, 77U, 4'096U}) {
        CAPTURE(size);
        CHECK(inPieces(base64, "BASE64", size) == octets);
        CHECK(
            inPieces(quoted, "quoted-printable", size) ==
            decodeTransfer(quoted, "quoted-printable"));
        CHECK(inPieces("text\nbegin 644 f\n#86)C\n`\nend\n", "x-uuencode", size) == "abc");
        CHECK(inPieces("no beginning\n", "uuencode", size).empty());
        CHECK(inPieces("YW!Jj", "base64", size) == "abc");
        CHECK(
            inPieces("a=3", "quoted-printable", size) == decodeTransfer("a=3", "quoted-printable"));
        CHECK(inPieces(octets, "8bit", size) == octets);
    }
    CHECK(TransferDecoder::make("")->isIdentity());
    CHECK(TransferDecoder::make("Binary")->isIdentity());
    CHECK_FALSE(TransferDecoder::make("base64")->isIdentity());
    CHECK_FALSE(TransferDecoder::make("x-gzip"));
}
