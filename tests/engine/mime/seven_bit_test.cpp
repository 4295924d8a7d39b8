#include "engine/mime/seven_bit.h"

#include <catch2/catch.hpp>

#include "engine/mime/content_fields.h"
#include "engine/mime/decoding.h"
#include "engine/mime/encoding.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/structure.h"
#include "journal/base/ascii.h"
#include "tests/engine/mime/corpus.h"
#include "tests/engine/mime/summary_of.h"

using namespace daybook;
using namespace daybook::mime;
using namespace daybook::test;

namespace {

std::string sevenBit(std::string_view message) {
    const auto result = downgrade(message, Transparency::SevenBit);
    if (!result) FAIL(describe(result.error()));
    CHECK(isAscii(*result));
    return *result;
}

std::optional<DowngradeTrouble> trouble(std::string_view message) {
    const auto result = downgrade(message, Transparency::SevenBit);
    return result ? std::nullopt : std::optional(result.error());
}

// Line ends as SMTP's server lets them through.
std::string asSent(std::string_view octets) {
    std::string result;
    for (std::size_t i = 0; i < octets.size(); ++i) {
        if (octets[i] == '\r' || octets[i] == '\0') continue;
        if (octets[i] == '\n') result += '\r';
        result += octets[i];
    }
    return result;
}

// What a reader sees of the leaves.
std::vector<std::string> contents(std::string_view message) {
    std::vector<std::string> result;
    for (const StructurePart& part : scanStructure(message)) {
        if (part.kind != PartKind::Leaf) continue;
        const auto header = message.substr(part.headerOffset, part.bodyOffset - part.headerOffset);
        const auto encoding = headerField(header, "Content-Transfer-Encoding").value_or("");
        result.push_back(decodeTransfer(
            message.substr(part.bodyOffset, part.bodyEnd - part.bodyOffset), parseToken(encoding)));
    }
    return result;
}

}  // namespace

TEST_CASE("seven bit: a text without MIME becomes MIME", "[mime]") {
    CHECK(
        sevenBit("Subject: x\r\n\r\nGr\xc3\xbc\xc3\x9f"
                 "e an alle\r\n") ==
        "Subject: x\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\nGr=C3=BC=C3=9Fe an alle\r\n");
    CHECK(sevenBit("\r\na caf\xe9, please\r\n").find("charset=unknown-8bit") != std::string::npos);
}

TEST_CASE("seven bit: what is fit already stays octet for octet", "[mime]") {
    const std::string message =
        "Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: 7bit\r\n\r\nplain \x01\r\n";
    CHECK(sevenBit(message) == message);
    CHECK(sevenBit("") == "");
    CHECK(downgrade("A: \xff\r\n\r\n\xff", Transparency::EightBit) == "A: \xff\r\n\r\n\xff");
}

TEST_CASE("seven bit: labels change where they stand, all of them", "[mime]") {
    CHECK(
        sevenBit("MIME-Version: 1.0\r\ncontent-transfer-encoding:\r\n 8bit\r\n"
                 "Content-Type: image/png\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                 "\x89PNG\xff\xfe\xfd") ==
        "MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n"
        "Content-Type: image/png\r\n\r\niVBOR//+/Q==\r\n");
}

TEST_CASE("seven bit: a multipart keeps its boundaries, its filler loses 8-bit octets", "[mime]") {
    const std::string message = withCrlf(R"(MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b
Content-Transfer-Encoding: 8bit

vor übrigem
--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

ü
--b
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

Subject: inner

naïve
--b--
danach ü
)");
    CHECK(sevenBit(message) == withCrlf(R"(MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b
Content-Transfer-Encoding: 7bit

vor ??brigem
--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

w7w=

--b
Content-Type: message/rfc822
Content-Transfer-Encoding: 7bit

Subject: inner
Content-Transfer-Encoding: quoted-printable
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

na=C3=AFve
--b--
danach ??
)"));
}

TEST_CASE("seven bit: what must not be touched is not, and a reason is given", "[mime]") {
    CHECK(trouble("Subject: \xc3\xbc\r\n\r\n") == DowngradeTrouble::EightBitHeader);
    CHECK(
        trouble("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                "Content-Disposition: attachment; filename=\xc3\xbc\r\n\r\nx\r\n--b--\r\n") ==
        DowngradeTrouble::EightBitHeader);
    CHECK(
        trouble("Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xc3\xbc\r\n--b--") ==
        DowngradeTrouble::Signed);
    CHECK(
        trouble("Content-Type: message/delivery-status\r\n\r\nA: \xc3\xbc\r\n") ==
        DowngradeTrouble::Composite);
    CHECK(
        trouble("Content-Type: message/rfc822\r\n\r\nA: \xc3\xbc\r\n\r\n") ==
        DowngradeTrouble::EightBitHeader);
    CHECK(
        trouble("Content-Transfer-Encoding: x-uuencode\r\n\r\n\xc3\xbc\r\n") ==
        DowngradeTrouble::UnknownEncoding);
    std::string parts = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    for (int i = 0; i < 10'001; ++i) {
        parts += "--b\r\n\r\n\xff\r\n";
    }
    CHECK(trouble(parts) == DowngradeTrouble::TooManyParts);
}

TEST_CASE("seven bit: signed content with 7-bit octets stays, its neighbour is encoded", "[mime]") {
    const std::string signedPart =
        "Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\nplain\r\n--s\r\n"
        "Content-Type: application/pgp-signature\r\n\r\nsig\r\n--s--\r\n";
    const std::string message = sevenBit(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + signedPart +
        "--b\r\n\r\nfooter \xc3\xbc, and more words\r\n--b--\r\n");
    CHECK(message.find(signedPart) != std::string::npos);
    CHECK(message.find("footer =C3=BC") != std::string::npos);
}

TEST_CASE("seven bit: a message/global with a UTF-8 header is encoded whole", "[mime]") {
    const std::string inner = "Subject: \xc3\xbc\r\n\r\ntext\r\n";
    const std::string message =
        sevenBit("MIME-Version: 1.0\r\nContent-Type: message/global\r\n\r\n" + inner);
    CHECK(message.find("Content-Transfer-Encoding: quoted-printable") != std::string::npos);
    CHECK(decodeTransfer(message.substr(headerOf(message).size()), "quoted-printable") == inner);
}

TEST_CASE("eight bit: binary becomes lines, or base64", "[mime]") {
    const auto eightBit = [](std::string_view body) {
        return *downgrade(
            "MIME-Version: 1.0\r\nContent-Type: application/x\r\n"
            "Content-Transfer-Encoding: binary\r\n\r\n" +
                std::string(body),
            Transparency::EightBit);
    };
    CHECK(eightBit("\xff line\r\n")
              .ends_with("Content-Transfer-Encoding: 8bit\r\n\r\n\xff line\r\n"));
    CHECK(eightBit("line\r\n").ends_with("Content-Transfer-Encoding: 7bit\r\n\r\nline\r\n"));
    CHECK(eightBit(std::string_view("\0\n\r", 3)).ends_with("base64\r\n\r\nAAoN\r\n"));
    CHECK(eightBit(std::string(999, 'x')).find("quoted-printable") != std::string::npos);
    const auto text = downgrade(
        "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
        "Content-Transfer-Encoding: binary\r\n\r\na bare\nline end, in some text",
        Transparency::SevenBit);
    CHECK(text->ends_with("quoted-printable\r\n\r\na bare=0Aline end, in some text"));
}

TEST_CASE("seven bit: every message of the corpus reads the same afterwards", "[mime]") {
    std::size_t changed = 0;
    std::size_t refused = 0;
    for (const CorpusMessage& each : corpusMessages()) {
        INFO(each.name);
        const std::string message = asSent(each.octets);
        const auto result = downgrade(message, Transparency::SevenBit);
        if (!result) {
            ++refused;
            CHECK_FALSE(isAscii(message));
            continue;
        }
        CHECK(isAscii(*result));
        if (isAscii(message) && message.find("binary") == std::string::npos)
            CHECK((*result == message));
        if (*result == message) continue;
        ++changed;
        CHECK((contents(*result) == contents(message)));
        CHECK((downgrade(*result, Transparency::SevenBit) == *result));
    }
    CHECK(changed > 20);
    CHECK(refused > 5);
}

TEST_CASE("quoted-printable: short lines, blanks at ends, nothing that relays change", "[mime]") {
    CHECK(
        encodeQuotedPrintable("a \r\n.b\r\nFrom c\r\n=\t") == "a=20\r\n=2Eb\r\n=46rom c\r\n=3D=09");
    CHECK(encodeQuotedPrintable("a\rb\nc") == "a=0Db=0Ac");
    for (std::size_t length = 70; length < 80; ++length) {
        for (const char* tail : {"", "\xff", " ", "=\r\nx"}) {
            const std::string text = std::string(length, 'x') + tail;
            const std::string encoded = encodeQuotedPrintable(text);
            CHECK(decodeTransfer(encoded, "quoted-printable") == text);
            for (std::size_t at = 0; at < encoded.size();) {
                const std::size_t end = std::min(encoded.find("\r\n", at), encoded.size());
                CHECK(end - at <= 76);
                at = end + 2;
            }
        }
    }
}

TEST_CASE("header text: encoded words only where needed, never half a character", "[mime]") {
    CHECK(encodeHeaderText("plain = text?") == "plain = text?");
    CHECK(encodeHeaderText("a\r\nBcc: b") == "a??Bcc: b");
    CHECK(encodeHeaderText("=?utf-8?q?x?=").starts_with("=?utf-8?B?"));
    std::string text;
    for (int i = 0; i < 60; ++i) {
        text += "a\xc3\xbc\xf0\x9f\x93\xac";
    }
    const std::string encoded = encodeHeaderText(text);
    CHECK(decodeHeaderText(encoded) == text);
    for (std::size_t at = 0; at < encoded.size();) {
        const std::size_t end = std::min(encoded.find(' ', at), encoded.size());
        CHECK(end - at <= 75);
        CHECK(isUtf8(decodeHeaderText(encoded.substr(at, end - at))));
        at = end + 1;
    }
}
