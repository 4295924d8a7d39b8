#include "engine/mime/xtext.h"

#include <catch2/catch.hpp>

using namespace daybook::mime;

TEST_CASE("xtext: every octet comes back", "[mime]") {
    std::string octets;
    for (int c = 0; c < 256; ++c) {
        octets += static_cast<char>(c);
    }
    const std::string text = encodeXtext(octets);
    for (const char c : text) {
        CHECK((c >= '!' && c <= '~' && c != '='));
    }
    CHECK(decodeXtext(text) == octets);
    CHECK(encodeXtext("a+b=c d@example.org") == "a+2Bb+3Dc+20d@example.org");
    CHECK(decodeXtext("") == "");
}

TEST_CASE("xtext: what RFC 3461 §4 does not allow is refused", "[mime]") {
    for (const char* text :
         {"+", "a+", "+4", "+4g", "+2b", "a=b", "a b", "a\tb", "\x7f", "\xc3\xbc", "+-1", "++41"}) {
        INFO(text);
        CHECK_FALSE(decodeXtext(text));
    }
}

TEST_CASE("envelope ids: printable, of 1 to 100 characters", "[mime]") {
    CHECK(parseEnvelopeId("QQ314159") == "QQ314159");
    CHECK(parseEnvelopeId("a+2Bb+20c") == "a+b c");
    CHECK(parseEnvelopeId(std::string(100, 'x')));
    CHECK_FALSE(parseEnvelopeId(std::string(101, 'x')));
    for (const char* value : {"", "a+0D+0Ab", "+00", "+7F", "+C3+BC", "+1B[2J", "a=b"}) {
        INFO(value);
        CHECK_FALSE(parseEnvelopeId(value));
    }
}

TEST_CASE("original recipients: a type and an address", "[mime]") {
    CHECK(
        parseOriginalRecipient("rfc822;Bob@Example.COM") ==
        OriginalRecipient{.type = "rfc822", .address = "Bob@Example.COM"});
    CHECK(
        parseOriginalRecipient("RFC822;lists+2Bbob+3Dx@example.org") ==
        OriginalRecipient{.type = "RFC822", .address = "lists+bob=x@example.org"});
    // RFC 3461 §4.2: the address need not conform to its type's syntax.
    CHECK(parseOriginalRecipient("x400;/C=+3D;") == std::nullopt);
    CHECK(
        parseOriginalRecipient("x400;/S+3DBob;/C+3DDE") ==
        OriginalRecipient{.type = "x400", .address = "/S=Bob;/C=DE"});
    CHECK(parseOriginalRecipient("rfc822;" + std::string(493, 'x')));
    CHECK_FALSE(parseOriginalRecipient("rfc822;" + std::string(494, 'x')));
    for (const char* value :
         {"",
          "rfc822",
          "rfc822;",
          ";a@b",
          "rfc 822;a@b",
          "r@c;a@b",
          "rfc822;a+0Db",
          "rfc822;a b",
          "rfc822;a+00",
          "rfc822;\xc3\xbc@b",
          "utf-8;a b",
          "utf-8;\xc3@b",
          "utf-8;a\rb",
          "utf-8;a=b"}) {
        INFO(value);
        CHECK_FALSE(parseOriginalRecipient(value));
    }
}

TEST_CASE("original recipients: the three forms of the UTF-8 address type", "[mime]") {
    const OriginalRecipient expected{.type = "utf-8", .address = "j\xc3\xbcrgen@example.org"};
    CHECK(parseOriginalRecipient("utf-8;j\\x{FC}rgen@example.org") == expected);
    CHECK(parseOriginalRecipient("utf-8;j\\x{fc}rgen@example.org") == expected);
    CHECK(parseOriginalRecipient("utf-8;j\xc3\xbcrgen@example.org") == expected);
    CHECK(parseOriginalRecipient("utf-8;\\x{1F4EC}\\x{2B}a@x")->address == "\xf0\x9f\x93\xac+a@x");
    // No unitext: copied as it is. RFC 6533 §3
    for (const char* text :
         {"a\\x{D800}@x",
          "a\\x{110000}@x",
          "a\\x{0A}@x",
          "a\\x{9B}@x",
          "a\\x{}@x",
          "a\\x{41",
          "a\\y@x",
          "a+41@x",
          "a\\x{0000041}@x",
          "a\\x{4}@x"}) {
        INFO(text);
        CHECK(parseOriginalRecipient(std::string("utf-8;") + text)->address == text);
    }
}

TEST_CASE("original recipients: written so that every peer with DSN takes them", "[mime]") {
    CHECK(originalRecipientValue("a+b@example.org") == "rfc822;a+2Bb@example.org");
    CHECK(
        originalRecipientValue("j\xc3\xbcrgen+x=1@\xf0\x9f\x93\xac.example") ==
        "utf-8;j\\x{FC}rgen\\x{2B}x\\x{3D}1@\\x{1F4EC}.example");
    for (const char* address :
         {"a+b@example.org", "\"a b\\\\\"@x", "\xe4\xb8\xad\\=+@\xc3\xbc.de"}) {
        INFO(address);
        CHECK(parseOriginalRecipient(originalRecipientValue(address))->address == address);
    }
    CHECK(sevenBitOriginalRecipient("utf-8;\xc3\xbc\\x{2B}@x") == "utf-8;\\x{FC}\\x{2B}@x");
    CHECK(sevenBitOriginalRecipient("rfc822;a+2Bb@x") == "rfc822;a+2Bb@x");
}
