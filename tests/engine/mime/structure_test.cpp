#include "engine/mime/structure.h"

#include <catch2/catch.hpp>

#include "journal/base/limits.h"
#include "tests/engine/mime/summary_check.h"
#include "tests/engine/mime/summary_of.h"

using namespace daybook;
using namespace daybook::mime;
using namespace daybook::test;

namespace {

// The leaves' bodies, in brackets; checks on the way what must hold of every summary.
std::string leavesOf(const std::string& message) {
    checkSummary(message);
    std::string result;
    for (const StructurePart& part : scanStructure(message)) {
        if (part.kind != PartKind::Leaf) continue;
        result += "[" + message.substr(part.bodyOffset, part.bodyEnd - part.bodyOffset) + "]";
    }
    return result;
}

const std::string kMixed = "Content-Type: multipart/mixed; boundary=";

}  // namespace

TEST_CASE("structure: RFC 2046's example, with implicit and explicit types", "[mime]") {
    // RFC 2046 §5.1.1
    const std::string message = withCrlf(
        "From: Nathaniel Borenstein <nsb@bellcore.com>\n"
        "MIME-Version: 1.0\n"
        "Content-type: multipart/mixed; boundary=\"simple boundary\"\n\n"
        "This is the preamble.  It is to be ignored.\n"
        "--simple boundary\n\n"
        "This is implicitly typed plain US-ASCII text.\nIt does NOT end with a linebreak.\n"
        "--simple boundary\n"
        "Content-type: text/plain; charset=us-ascii\n\n"
        "This is explicitly typed plain US-ASCII text.\nIt DOES end with a linebreak.\n\n"
        "--simple boundary--\n\n"
        "This is the epilogue.  It is also to be ignored.\n");
    CHECK(
        leavesOf(message) ==
        "[This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.]"
        "[This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n]");
    const auto parts = scanStructure(message);
    REQUIRE(parts.size() == 3);
    CHECK(parts[1].lines == 1);
    CHECK(parts[2].lines == 2);
    CHECK(parts[2].number == 2);
}

TEST_CASE(
    "structure: boundaries that begin with each other are not taken for each other", "[mime]") {
    const std::string message = withCrlf(
        kMixed + "foo\n\n--foo\n" + kMixed +
        "foobar\n\n--foobar\n\n1\n--foobarbar\n--foo bar\n"
        "--foobar\n\n2\n--foobar--\n--foo\n\n3\n--foo--\n");
    CHECK(leavesOf(message) == "[1\r\n--foobarbar\r\n--foo bar][2][3]");
}

TEST_CASE("structure: blanks behind a boundary are padding", "[mime]") {
    CHECK(leavesOf(withCrlf(kMixed + "b\n\n--b \t\n\n1\n--b-- \t \nend\n")) == "[1]");
    CHECK(
        leavesOf(withCrlf(kMixed + "b\n\n--b\n\n1\n --b\n--b -- \n--b--x\n")) ==
        "[1\r\n --b\r\n--b -- \r\n--b--x\r\n]");
}

TEST_CASE("structure: an outer boundary ends all that is inside", "[mime]") {
    const std::string message = withCrlf(
        kMixed + "a\n\n--a\n" + kMixed + "b\n\n--b\nContent-Type: message/rfc822\n\n" + kMixed +
        "c\n\n--c\n\n1\n--a\n\n2\n--b\n--a--\n--a\n3\n");
    CHECK(leavesOf(message) == "[1][2\r\n--b]");
    const auto parts = scanStructure(message);
    REQUIRE(parts.size() == 6);
    CHECK(parts[1].bodyEnd == parts[4].bodyEnd);
}

TEST_CASE("structure: truncated at every octet it stays well formed", "[mime]") {
    const std::string message = withCrlf(
        kMixed +
        "a\n\npre\n--a\nContent-Type: multipart/digest; boundary=b\n\n--b\n\n"
        "Subject: x\n\nbody\n--b--\n--a\n\n--a\nX: y\n--a--\n");
    for (std::size_t length = 0; length <= message.size(); ++length) {
        CHECK_NOTHROW(checkSummary(std::string_view(message).substr(0, length)));
    }
}

TEST_CASE("structure: parts without a header, without a body, without anything", "[mime]") {
    CHECK(
        leavesOf(withCrlf(kMixed + "b\n\n--b\n\n--b\nX: y\n\n--b\nX: y\n--b\n--b--\n")) ==
        "[][][][]");
    CHECK(leavesOf(withCrlf(kMixed + "b\n\n--b\n\n\n--b--")) == "[]");
    CHECK(leavesOf(withCrlf(kMixed + "b\n\n--b\n\n\n\n--b--")) == "[\r\n]");
    CHECK(leavesOf(withCrlf(kMixed + "b\n\n--b")) == "[]");
}

TEST_CASE("structure: line ends of all sorts", "[mime]") {
    CHECK(leavesOf(kMixed + "b\n\n--b\n\none\ntwo\n--b\n\nthree\n--b--\n") == "[one\ntwo][three]");
    CHECK(leavesOf(kMixed + "b\r\n\n--b\n\r\none\r\n\n--b--\r\n") == "[one\r\n]");
    const std::string bare = kMixed + "b\r\r--b\r\rone\r--b--\r";
    CHECK(leavesOf(bare) == "[]");
    CHECK(leavesOf("A: b\r\n\r\none\rtwo\r") == "[one\rtwo\r]");
}

TEST_CASE("structure: NULs and 8-bit octets are octets like others", "[mime]") {
    using namespace std::string_literals;
    CHECK(leavesOf("Subject: \0\xFF\r\n\r\n\0\0\n"s) == "[\0\0\n]"s);
    CHECK(
        leavesOf(kMixed + "\"b\xC3\xA4\"\r\n\r\n--b\xC3\xA4\r\n\r\n\xFF\r\n--b\xC3\xA4--\r\n") ==
        "[\xFF]");
    CHECK_NOTHROW(checkSummary("\0"s));
}

TEST_CASE("structure: nesting has a limit", "[mime]") {
    std::string messages;
    std::string multiparts;
    for (int i = 0; i < 100'000; ++i) {
        messages += "Content-Type: message/rfc822\r\n\r\n";
        multiparts += kMixed + std::to_string(i) + "\r\n\r\n--" + std::to_string(i) + "\r\n";
    }
    CHECK(scanStructure(messages).size() == limits::kMimeDepthMax);
    CHECK(scanStructure(multiparts).size() == limits::kMimeDepthMax);
    CHECK_NOTHROW(checkSummary(messages));
    CHECK_NOTHROW(checkSummary(multiparts));
}

TEST_CASE("structure: the number of parts has a limit", "[mime]") {
    std::string message = kMixed + "b\r\n\r\n";
    for (int i = 0; i < 100'000; ++i) {
        message += "--b\r\n\r\nx\r\n";
    }
    message += "--b--\r\n";
    const auto parts = scanStructure(message);
    CHECK(parts.size() == limits::kMimePartsMax);
    CHECK(parts.back().bodyEnd == message.size());
    CHECK_NOTHROW(checkSummary(message));
}

TEST_CASE("structure: a header of 200,000 fields is read once and in time", "[mime]") {
    std::string header;
    for (int i = 0; i < 200'000; ++i) {
        header += "To: a@b, c:;\r\n";
    }
    header += "Subject: too late\r\n\r\n";
    CHECK_NOTHROW(checkSummary(header + "body"));
    CHECK(SummaryOf(header).root().getSubject().size() == 0);
    CHECK_NOTHROW(checkSummary("Subject: " + std::string(3'000'000, '\\') + "\r\n\r\n"));
    CHECK_NOTHROW(checkSummary("To: " + std::string(3'000'000, ':') + "\r\n\r\n"));
}

TEST_CASE("structure: a description that would be too long is given up for plain text", "[mime]") {
    std::string message = kMixed + "b\r\n\r\n";
    const std::string description = "Content-Description: " + std::string(100'000, '"') + "\r\n";
    for (int i = 0; i < 200; ++i) {
        message += "--b\r\n" + description + "\r\nx\r\n";
    }
    CHECK_NOTHROW(checkSummary(message));
    CHECK(SummaryOf(message).root().getParts().size() == 1);
    CHECK(SummaryOf(message).body().starts_with("(\"TEXT\" \"PLAIN\""));
}

TEST_CASE("structure: encoded words without end are decoded in time", "[mime]") {
    for (const char* piece :
         {"=?", "=?a?q?", "=?utf-8?q?=?= ", "=?utf-8?b?w6Q=?= ", "?=", "=?x\t"}) {
        std::string subject;
        while (subject.size() < 900'000) {
            subject += piece;
        }
        CHECK_NOTHROW(checkSummary("Subject: " + subject + "\r\n\r\n"));
    }
}
