#include "engine/mime/envelope.h"

#include <catch2/catch.hpp>

#include "journal/base/ascii.h"
#include "tests/engine/mime/summary_of.h"

using namespace daybook;
using namespace daybook::test;
using namespace std::string_literals;

namespace {

std::string envelopeOf(std::string_view header) {
    std::string out;
    mime::appendEnvelope(out, header);
    return out;
}

}  // namespace

TEST_CASE("envelope: RFC 3501's own example", "[mime]") {
    // RFC 3501 §8, the message that is stored there.
    const std::string message = withCrlf(
        "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\n"
        "From: Terry Gray <gray@cac.washington.edu>\n"
        "Subject: IMAP4rev1 WG mtg summary and minutes\n"
        "To: imap@cac.washington.edu\n"
        "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\n"
        "Message-Id: <B27397-0100000@cac.washington.edu>\n"
        "MIME-Version: 1.0\n"
        "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\n\n");
    CHECK(
        SummaryOf(message).envelope() ==
        "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" "
        "\"IMAP4rev1 WG mtg summary and minutes\" "
        "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
        "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
        "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
        "((NIL NIL \"imap\" \"cac.washington.edu\")) "
        "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")"
        "(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL "
        "\"<B27397-0100000@cac.washington.edu>\")");
}

TEST_CASE("envelope: nothing there is NIL, empty is empty", "[mime]") {
    CHECK(envelopeOf("") == "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    CHECK(
        envelopeOf("Subject:\r\nTo:\r\nSender: \r\nFrom: a@b\r\n") ==
        "(NIL \"\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) "
        "NIL NIL NIL NIL NIL)");
}

TEST_CASE("envelope: Sender and Reply-To of their own, groups, routes", "[mime]") {
    CHECK(
        envelopeOf("From: a@b\r\nSender: c@d\r\nReply-To: <@r:e@f>\r\n"
                   "To: g:h@i;\r\nBcc: none:;\r\nIn-Reply-To: <1@x>\r\n <2@x>\r\n") ==
        "(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"c\" \"d\")) ((NIL \"@r\" \"e\" \"f\")) "
        "((NIL NIL \"g\" NIL)(NIL NIL \"h\" \"i\")(NIL NIL NIL NIL)) NIL "
        "((NIL NIL \"none\" NIL)(NIL NIL NIL NIL)) \"<1@x> <2@x>\" NIL)");
}

TEST_CASE("envelope: strings are quoted, or literals where they must be", "[mime]") {
    CHECK(envelopeOf("Subject: a \"b\" \\c\r\n").starts_with("(NIL \"a \\\"b\\\" \\\\c\" NIL"));
    CHECK(envelopeOf("Subject: \xC3\xA4\r\n").starts_with("(NIL {2}\r\n\xC3\xA4 NIL"));
    CHECK(envelopeOf("Subject: a\0b\r\n"s).starts_with("(NIL {3}\r\na?b NIL"));
    CHECK(envelopeOf("Subject: a\r\n b\r\n").starts_with("(NIL \"a b\" NIL"));
    const std::string longText(2'000, 'x');
    CHECK(envelopeOf("Subject: " + longText).starts_with("(NIL {2000}\r\nx"));
}

TEST_CASE("envelope: encoded words stay as they were sent", "[mime]") {
    const std::string envelope =
        envelopeOf("Subject: =?utf-8?b?w6Q=?=\r\nFrom: =?iso-8859-1?q?J=F6rg?= <j@x>\r\n");
    CHECK(envelope.starts_with("(NIL \"=?utf-8?b?w6Q=?=\" ((\"=?iso-8859-1?q?J=F6rg?=\" NIL"));
}

TEST_CASE("envelope: a second From is seen, a second Subject is not", "[mime]") {
    CHECK(envelopeOf("From: a@b\r\nSubject: 1\r\nFROM: c@d\r\nSubject: 2\r\n")
              .starts_with("(NIL \"1\" ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) "));
}

TEST_CASE("summary: what SORT and THREAD need", "[mime]") {
    SummaryOf summary(
        withCrlf("Date: Tue, 24 Nov 2026 03:37:58 +0200\n"
                 "Subject: =?utf-8?q?J=C3=B6rg?= =?utf-8?q?s?= mail\n"
                 "Message-ID: (c) <me@x>\n"
                 "References: <1@x> <2@x>\n <1@x>\n"
                 "In-Reply-To: <3@x> <2@x>\n\nbody\n"));
    const auto root = summary.root();
    CHECK(root.getVersion() == 2);
    CHECK(root.getSentNs() == 1'795'484'278'000'000'000);
    CHECK(root.getSentZoneMinutes() == 120);
    CHECK(root.getSubject() == "J\xC3\xB6rgs mail");
    CHECK(root.getMessageId() == "<me@x>");
    REQUIRE(root.getReferences().size() == 3);
    CHECK(root.getReferences()[0] == "<1@x>");
    CHECK(root.getReferences()[2] == "<3@x>");
}

TEST_CASE("summary: texts are clean UTF-8, unreadable dates are none", "[mime]") {
    SummaryOf summary("Subject: a\0b\xFF\r\nDate: soon\r\nMessage-ID: <\xFE@x>\r\n"s);
    const auto root = summary.root();
    CHECK(root.getSentNs() == 0);
    CHECK(root.getMessageId() == "<\xEF\xBF\xBD@x>");
    CHECK(isUtf8(std::string_view(root.getSubject().cStr())));
    CHECK(root.getSubject().size() > 2);
}
