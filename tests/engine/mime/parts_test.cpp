#include "engine/mime/parts.h"

#include <catch2/catch.hpp>

#include "engine/mime/decoding.h"
#include "tests/engine/mime/summary_of.h"

using namespace daybook;
using namespace daybook::mime;
using namespace daybook::test;

namespace {

// RFC 9051 §6.4.5.1 has this tree.
const std::string kTree = withCrlf(R"(Subject: tree
Content-Type: multipart/mixed; boundary=outer

preamble
--outer
X: 1

one
--outer
Content-Type: application/octet-stream
X: 2

two

--outer
Content-Type: message/rfc822
X: 3

Subject: three
Content-Type: multipart/mixed; boundary=outer2

--outer2
X: 3.1

three one
--outer2
Content-Type: image/png

three two
--outer2--
--outer
Content-Type: multipart/mixed; boundary=outer3
X: 4

--outer3
Content-Type: image/gif
X: 4.1

four one
--outer3
Content-Type: message/rfc822
X: 4.2

Subject: four two

four two one
--outer3--
--outer--
epilogue
)");

std::string partOf(const std::string& message, const Section& section) {
    SummaryOf summary(message);
    const auto extent = extentOf(summary.root(), section);
    if (!extent) return "nothing";
    return message.substr(extent->begin, extent->end - extent->begin);
}

std::string part(const Section& section) { return partOf(kTree, section); }

}  // namespace

TEST_CASE("parts: the sections of a nested message", "[mime]") {
    CHECK(part({}) == kTree);
    CHECK(part({.text = SectionText::Header}).ends_with("boundary=outer\r\n\r\n"));
    CHECK(part({.text = SectionText::Text}).starts_with("preamble\r\n"));
    CHECK(part({.text = SectionText::Text}).ends_with("epilogue\r\n"));
    CHECK(part({.path = {1}}) == "one");
    CHECK(part({.path = {1}, .text = SectionText::Mime}) == "X: 1\r\n\r\n");
    CHECK(part({.path = {2}}) == "two\r\n");
    CHECK(part({.path = {3}}).starts_with("Subject: three\r\n"));
    CHECK(part({.path = {3}, .text = SectionText::Mime}).ends_with("X: 3\r\n\r\n"));
    CHECK(part({.path = {3}, .text = SectionText::Header}).starts_with("Subject: three\r\n"));
    CHECK(part({.path = {3}, .text = SectionText::HeaderFields}).ends_with("outer2\r\n\r\n"));
    CHECK(part({.path = {3}, .text = SectionText::Text}).starts_with("--outer2\r\nX: 3.1"));
    CHECK(part({.path = {3}, .text = SectionText::Text}).ends_with("--outer2--"));
    CHECK(part({.path = {3, 1}}) == "three one");
    CHECK(part({.path = {3, 2}}) == "three two");
    CHECK(part({.path = {4}, .text = SectionText::Mime}).ends_with("X: 4\r\n\r\n"));
    CHECK(part({.path = {4, 1}, .text = SectionText::Mime}).ends_with("X: 4.1\r\n\r\n"));
    CHECK(part({.path = {4, 2}, .text = SectionText::Header}) == "Subject: four two\r\n\r\n");
    CHECK(part({.path = {4, 2}, .text = SectionText::Text}) == "four two one");
    CHECK(part({.path = {4, 2, 1}}) == "four two one");
}

TEST_CASE("parts: what is not there is nothing", "[mime]") {
    CHECK(part({.text = SectionText::Mime}) == "nothing");
    CHECK(part({.path = {0}}) == "nothing");
    CHECK(part({.path = {5}}) == "nothing");
    CHECK(part({.path = {1, 1}}) == "nothing");
    CHECK(part({.path = {1}, .text = SectionText::Header}) == "nothing");
    CHECK(part({.path = {1}, .text = SectionText::Text}) == "nothing");
    CHECK(part({.path = {3, 3}}) == "nothing");
    CHECK(part({.path = {4}, .text = SectionText::Text}) == "nothing");
    CHECK(part({.path = {4, 2, 2}}) == "nothing");
    CHECK(part({.path = {4, 2, 1, 1}}) == "nothing");
}

TEST_CASE("parts: a message that is no multipart is its own part 1", "[mime]") {
    const std::string message = "Subject: x\r\n\r\nbody";
    CHECK(partOf(message, {.path = {1}}) == "body");
    CHECK(partOf(message, {.path = {1}, .text = SectionText::Mime}) == "Subject: x\r\n\r\n");
    CHECK(partOf(message, {.path = {2}}) == "nothing");
    const std::string forward = "Content-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\nbody";
    CHECK(partOf(forward, {.path = {1}}) == "Subject: y\r\n\r\nbody");
    CHECK(partOf(forward, {.path = {1}, .text = SectionText::Header}) == "Subject: y\r\n\r\n");
    CHECK(partOf(forward, {.path = {1, 1}}) == "body");
    CHECK(partOf("", {}).empty());
    CHECK(partOf("", {.path = {1}}).empty());
}

TEST_CASE("parts: header fields are filtered by name, the empty line stays", "[mime]") {
    const std::string header = "To: a\r\nsubject: b\r\n c\r\nTO : d\r\njunk\r\nDate: e\r\n\r\n";
    CHECK(filterHeader(header, {"to"}, false) == "To: a\r\nTO : d\r\n\r\n");
    CHECK(
        filterHeader(header, {"SUBJECT", "DATE"}, false) == "subject: b\r\n c\r\nDate: e\r\n\r\n");
    CHECK(filterHeader(header, {"To", "Date"}, true) == "subject: b\r\n c\r\n\r\n");
    CHECK(filterHeader(header, {"X"}, false) == "\r\n");
    CHECK(filterHeader("To: a\r\n", {"To"}, false) == "To: a\r\n");
    CHECK(filterHeader("\r\n", {"To"}, false) == "\r\n");
    CHECK(filterHeader("To: a\n\n", {"Cc"}, false) == "\n");
}

TEST_CASE("parts: SEARCH sees decoded, folded text and embedded headers", "[mime]") {
    const std::string message = withCrlf(
        "Subject: outer\nContent-Type: multipart/mixed; boundary=b\n\npreamble\n"
        "--b\nContent-Type: text/plain; charset=iso-8859-1\n"
        "Content-Transfer-Encoding: quoted-printable\n\nGR=DCSSE=\n N\n"
        "--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n"
        "PGI+SMOkPC9iPg==\n"
        "--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\naGlkZGVu\n"
        "--b\nContent-Type: message/rfc822\n\nSubject: =?utf-8?q?INNER?=\n\nRaw\n--b--\n");
    SummaryOf summary(message);
    const std::string text = searchableText(message, summary.root(), 1'000'000);
    CHECK(text.find(foldCase("gr\xC3\xBCsse n")) != std::string::npos);
    CHECK(text.find(foldCase("<B>H\xC3\xA4</B>")) != std::string::npos);
    CHECK(text.find("subject: inner") != std::string::npos);
    CHECK(text.find("raw") != std::string::npos);
    CHECK(text.find("hidden") == std::string::npos);
    CHECK(text.find("preamble") == std::string::npos);
    CHECK(text.find("outer") == std::string::npos);
    CHECK(searchableText(message, summary.root(), 4) == text.substr(0, 3));
}
