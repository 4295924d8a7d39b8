// Mailbox names on the wire, and the patterns of LIST.

#include <catch2/catch.hpp>

#include "journal/base/ascii.h"
#include "protocols/imap/errors.h"
#include "protocols/imap/list_pattern.h"
#include "protocols/imap/utf7.h"

namespace daybook::imap {

TEST_CASE("utf7: what is no mailbox name", "[imap]") {
    for (const char* name :
         {"&",
          "&Jjo",
          "&Jjo!-",
          "a&",
          "caf\xc3\xa9",
          "&AGEAYg-",
          "&2AA-",
          "&3AA-",
          "&JjoA-",
          "&Jjp-",
          "\t",
          "\x7f",
          "&,-",
          "&U,BTFw-&ZeVnLIqe-",
          "&AAAAAA-&-&"}) {
        INFO(name);
        CHECK_FALSE(fromUtf7(name));
    }
}

TEST_CASE("utf7: the examples of RFC 3501", "[imap]") {
    CHECK(
        fromUtf7("~peter/mail/&U,BTFw-/&ZeVnLIqe-") ==
        "~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e");
    CHECK(
        toUtf7("~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e") == "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
    CHECK(fromUtf7("&Jjo-!") == "\u263a!");
    CHECK(fromUtf7("&U,BTF2XlZyyKng-") == "\u53f0\u5317\u65e5\u672c\u8a9e");
}

TEST_CASE("utf7: there and back", "[imap]") {
    for (const char* name :
         {"",
          "INBOX",
          "a&b",
          "&",
          "&&",
          "Entw\u00fcrfe",
          "\u00fc",
          "\U0001f600",
          "a\U0001f600b\u00e9",
          "\u007f\u0080",
          "tab\there"}) {
        INFO(name);
        const std::string wire = toUtf7(name);
        CHECK(isAscii(wire));
        CHECK(fromUtf7(wire) == name);
    }
}

TEST_CASE("list patterns: * goes everywhere, % stays on its level", "[imap]") {
    CHECK(ListPattern("*").matches("a/b/c"));
    CHECK(ListPattern("%").matches("a"));
    CHECK_FALSE(ListPattern("%").matches("a/b"));
    CHECK(ListPattern("a/%").matches("a/b"));
    CHECK_FALSE(ListPattern("a/%").matches("a/b/c"));
    CHECK(ListPattern("a*c").matches("a/b/c"));
    CHECK(ListPattern("%/%").matches("a/b"));
    CHECK(ListPattern("a%").matches("a"));
    CHECK_FALSE(ListPattern("a").matches("A"));
    CHECK_FALSE(ListPattern("").matches("a"));
}

TEST_CASE("list patterns: INBOX in any case, and nothing else", "[imap]") {
    CHECK(ListPattern("inbox").matches("INBOX"));
    CHECK(ListPattern("inb%").matches("INBOX"));
    CHECK_FALSE(ListPattern("trash").matches("Trash"));
}

TEST_CASE("list patterns: a hostile one costs no more than its length", "[imap]") {
    std::string pattern;
    for (int i = 0; i < 500; ++i)
        pattern += "*a%b";
    const std::string name(1'000, 'a');
    CHECK_FALSE(ListPattern(pattern).matches(name));
    CHECK_THROWS_AS(ListPattern(std::string(3'000, 'a')), Bad);
    CHECK_NOTHROW(ListPattern(std::string(60'000, '*')));
}

}  // namespace daybook::imap
