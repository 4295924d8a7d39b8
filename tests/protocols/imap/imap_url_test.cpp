#include "protocols/imap/imap_url.h"

#include <catch2/catch.hpp>

using namespace daybook::imap;

TEST_CASE("imap url: those of messages and of their parts", "[imap]") {
    const auto whole = parseImapUrl("/INBOX;UIDVALIDITY=385759045/;UID=20");
    REQUIRE(whole);
    CHECK(whole->mailbox == "INBOX");
    CHECK(whole->uidValidity == 385'759'045);
    CHECK(whole->uid == 20);
    CHECK(whole->section.empty());
    CHECK_FALSE(whole->partial);

    const auto part = parseImapUrl("Sent%20Mail/2026/;uid=1/;section=1.MIME/;partial=3.4");
    REQUIRE(part);
    CHECK(part->mailbox == "Sent Mail/2026");
    CHECK(part->section == "1.MIME");
    REQUIRE(part->partial);
    CHECK(part->partial->first == 3);
    CHECK(part->partial->count == 4);

    const auto fields = parseImapUrl("/%C3%A9/;UID=7/;SECTION=HEADER.FIELDS%20(DATE%20TO)");
    REQUIRE(fields);
    CHECK(fields->mailbox == "\xC3\xA9");
    CHECK(fields->section == "HEADER.FIELDS (DATE TO)");
    CHECK(parseImapUrl(";UID=7/;PARTIAL=9")->partial->count == 0);
    CHECK(parseImapUrl(";UID=7")->mailbox.empty());
}

TEST_CASE("imap url: everything else is none", "[imap]") {
    for (const char* const text :
         {"",
          "/",
          "/INBOX",
          "/INBOX/;UID=",
          "/INBOX/;UID=0",
          "/INBOX/;UID=4294967296",
          "/INBOX/;UID=1;URLAUTH=anonymous",
          "/INBOX/;UID=1/;SECTION=",
          "/INBOX/;UID=1/;PARTIAL=",
          "/INBOX/;UID=1/;PARTIAL=1.0",
          "/INBOX/;UID=1/;PARTIAL=x",
          "/INBOX;UIDVALIDITY=0/;UID=1",
          ";UIDVALIDITY=1/;UID=1",
          "/;UID=1",
          "/IN BOX/;UID=1",
          "/IN%0/;UID=1",
          "/IN%00X/;UID=1",
          "/IN%FFX/;UID=1",
          "/INBOX?SUBJECT x",
          "//host/INBOX/;UID=1",
          "imap://host/INBOX/;UID=1",
          "http://host/INBOX/;UID=1"}) {
        CAPTURE(text);
        CHECK_FALSE(parseImapUrl(text));
    }
}
