#include "engine/mime/body_structure.h"

#include <catch2/catch.hpp>

#include "journal/base/limits.h"
#include "tests/engine/mime/summary_of.h"

using namespace daybook;
using namespace daybook::test;

TEST_CASE("body_structure: a message without a word about itself is US-ASCII text", "[mime]") {
    SummaryOf summary(withCrlf("Subject: x\n\none\ntwo\n"));
    CHECK(summary.body() == R"(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 10 2))");
    CHECK(
        summary.bodyStructure() ==
        R"(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 10 2 NIL NIL NIL NIL))");
}

TEST_CASE("body_structure: RFC 9051's two-part example", "[mime]") {
    std::string text;
    for (int i = 0; i < 23; ++i) {
        text += "0123456789\n";
    }
    const std::string message = withCrlf(
        "Content-Type: multipart/mixed; boundary=\"b\"\n\npreamble\n--b\n\n" + text +
        "\n--b\n"
        "Content-Type: text/plain; name=\"cc.diff\"\n"
        "Content-ID: <960723163407.20117h@cac.washington.edu>\n"
        "Content-Description: Compiler diff\n"
        "Content-Transfer-Encoding: base64\n\nabcd\n--b--\nepilogue\n");
    CHECK(
        SummaryOf(message).body() ==
        R"((("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 276 23))"
        R"(("TEXT" "PLAIN" ("NAME" "cc.diff" "CHARSET" "US-ASCII") )"
        R"("<960723163407.20117h@cac.washington.edu>" "Compiler diff" "BASE64" 4 0) "MIXED"))");
}

TEST_CASE("body_structure: extension data in the order of the standard", "[mime]") {
    const std::string message = withCrlf(
        "Content-Type: multipart/related; boundary=b; type=\"text/html\"\n"
        "Content-Language: de, en-GB\n\n"
        "--b\n"
        "Content-Type: image/png; name*0*=utf-8''a%20; name*1=b.png\n"
        "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\n"
        "Content-Disposition: attachment; filename=a b.png; size=3\n"
        "Content-Language: fr\n"
        "Content-Location: http://x.example/a.png\n\n"
        "xyz\n--b--\n");
    CHECK(
        SummaryOf(message).bodyStructure() ==
        R"((("IMAGE" "PNG" ("NAME*0*" "utf-8''a%20" "NAME*1" "b.png") NIL NIL "7BIT" 3 )"
        R"("Q2hlY2sgSW50ZWdyaXR5IQ==" ("ATTACHMENT" ("FILENAME" "a b.png" "SIZE" "3")) )"
        R"(("fr") "http://x.example/a.png") "RELATED" ("BOUNDARY" "b" "TYPE" "text/html") )"
        R"(NIL ("de" "en-GB") NIL))");
}

TEST_CASE(
    "body_structure: an embedded message has its envelope, its body and its lines", "[mime]") {
    const std::string message = withCrlf(
        "Content-Type: message/rfc822\n\n"
        "Subject: inner\nContent-Type: text/html; charset=utf-8\n\none\ntwo\n");
    CHECK(
        SummaryOf(message).body() ==
        R"(("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 68 )"
        R"((NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) )"
        R"(("TEXT" "HTML" ("CHARSET" "utf-8") NIL NIL "7BIT" 10 2) 5))");
    const std::string digest =
        withCrlf("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: 1\n\nx\n--b--\n");
    CHECK(
        SummaryOf(digest).body() ==
        R"((("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 15 )"
        R"((NIL "1" NIL NIL NIL NIL NIL NIL NIL NIL) )"
        R"(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1 0) 2) "DIGEST"))");
}

TEST_CASE("body_structure: what lacks its parts is plain text", "[mime]") {
    const char* const plain = R"(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" )";
    const auto bodyOf = [](std::string_view text) { return SummaryOf(withCrlf(text)).body(); };
    CHECK(bodyOf("") == plain + std::string("0 0)"));
    CHECK(bodyOf("Subject: header only\n") == plain + std::string("0 0)"));
    CHECK(bodyOf("no header\n\nx") == plain + std::string("1 0)"));
    CHECK(bodyOf("Content-Type: multipart/mixed\n\nx\n") == plain + std::string("3 1)"));
    CHECK(
        bodyOf("Content-Type: multipart/mixed; boundary=\"\"\n\nx\n") ==
        plain + std::string("3 1)"));
    CHECK(
        bodyOf("Content-Type: multipart/mixed; boundary=b\n\nx\n--b--\n") ==
        plain + std::string("10 2)"));
    CHECK(bodyOf("Content-Type: message/rfc822\n") == plain + std::string("0 0)"));
    CHECK(bodyOf("Content-Type: nonsense\n\nx") == plain + std::string("1 0)"));
    CHECK(bodyOf("Content-Type: /x\n\nx") == plain + std::string("1 0)"));
}
