// The lexer, and the grammar of what follows a command's name.

#include "protocols/imap/grammar.h"

#include <catch2/catch.hpp>

#include "engine/mime/decoding.h"
#include "projections/messages.h"
#include "protocols/imap/fetch_items.h"
#include "protocols/imap/search_program.h"

namespace daybook::imap {

namespace {

Arguments of(std::string_view text) { return Arguments(text, false); }

FetchItems fetchItems(std::string_view text) {
    Arguments arguments = of(text);
    FetchItems items = parseFetchItems(arguments);
    arguments.end();
    return items;
}

SearchKey searchOf(std::string_view text, std::uint32_t messages = 9) {
    SelectedMailbox mailbox;
    for (std::uint32_t uid = 1; uid <= messages; ++uid)
        mailbox.numbers.append(uid * 10);
    Arguments arguments = of(text);
    return parseSearch(arguments, mailbox);
}

}  // namespace

TEST_CASE("lexer: broken tokens", "[imap]") {
    for (const std::string& text : std::vector<std::string>{
             "",
             "(",
             "\"abc",
             "\"a\\b\"",
             "\"a\r\"",
             "{3}\r\nab",
             "{3\r\nabc",
             "{x}\r\nabc",
             "{3}abc",
             std::string("{1}\r\n\0", 6),
             std::string("\"\0\"", 3),
             "{99999999999}\r\n"}) {
        INFO(text);
        CHECK_THROWS_AS(Lexer(text).astring(), Bad);
    }
}

TEST_CASE("lexer: atoms, quoted strings, literals", "[imap]") {
    CHECK(Lexer("abc def").astring() == "abc");
    CHECK(Lexer("a]b").astring() == "a]b");
    CHECK(Lexer("\"a \\\"b\\\\\"").astring() == "a \"b\\");
    CHECK(Lexer("\"\"").astring().empty());
    CHECK(Lexer("{3}\r\na\rb").astring() == "a\rb");
    CHECK(Lexer("{0+}\r\n").astring().empty());
    CHECK(Lexer("%a*").listMailbox() == "%a*");
    CHECK(isAtomChar('}'));
    CHECK_FALSE(isAtomChar('{'));
    CHECK_FALSE(isAtomChar('\xc3'));
}

TEST_CASE("grammar: mailbox names", "[imap]") {
    CHECK_THROWS_AS(of("\"caf\xc3\xa9\"").mailbox(), No);
    CHECK_THROWS_AS(of("&Jjo").mailbox(), No);
    CHECK(of("inBox").mailbox() == "INBOX");
    CHECK(of("&Jjo-!").mailbox() == "\u263a!");
}

TEST_CASE("grammar: flags", "[imap]") {
    CHECK_THROWS_AS(of("(\\Recent)").flagList(), Bad);
    CHECK_THROWS_AS(of("(\\Foo)").flagList(), Bad);
    CHECK_THROWS_AS(of("(\\Seen").flagList(), Bad);
    CHECK_THROWS_AS(of("( )").flagList(), Bad);
    CHECK_THROWS_AS(of("\\Seen").flagList(), Bad);
    const FlagSet flags = of("(\\seen $Foo \\DELETED bar)").flagList();
    CHECK(flags.system == (kSeen | kDeleted));
    CHECK(flags.keywords == std::vector<std::string>{"$Foo", "bar"});
    CHECK(of("()").flagList().system == 0);
    CHECK_THROWS_AS(of("FLAGS").flagChange(), Bad);
    CHECK_THROWS_AS(of("FLAG (\\Seen)").flagChange(), Bad);
    const FlagChange change = of("-flags.silent \\Seen a").flagChange();
    CHECK(change.edit == FlagEdit::Remove);
    CHECK(change.silent);
    CHECK(change.flags.keywords == std::vector<std::string>{"a"});
}

TEST_CASE("grammar: dates", "[imap]") {
    for (const char* text :
         {"1-Foo-2026", "31-Feb-2026", "1-Feb-26", "0-Jan-2026", "1Feb2026", "-1-Feb-2026"}) {
        INFO(text);
        CHECK_THROWS_AS(of(text).date(), Bad);
    }
    CHECK(of("1-Jan-1970").date() == 0);
    CHECK(of("\"29-feb-2024\"").date() == 19782);
    for (const char* text :
         {"\"1-Jan-1970 00:00:00 +0000\"",
          "\"01-Jan-1970 00:00:00\"",
          "\"01-Jan-1970 24:00:00 +0000\"",
          "\"01-Jan-1970 00:00:00 0000\"",
          "\"01-Jan-1500 00:00:00 +0000\"",
          "01-Jan-1970"}) {
        INFO(text);
        CHECK_THROWS_AS(of(text).dateTime(), Bad);
    }
    const DateTime date = of("\" 1-Jan-1970 01:30:05 +0130\"").dateTime();
    CHECK(date.timeNs == 5 * kSecondNs);
    CHECK(date.zoneMinutes == 90);
    CHECK(of("\"31-Dec-1969 23:00:00 -0100\"").dateTime().timeNs == 0);
}

TEST_CASE("fetch items: what is refused", "[imap]") {
    for (const char* text :
         {"",
          "()",
          "(FLAGS",
          "FLAGS)",
          "FOO",
          "BODY[",
          "BODY[0]",
          "BODY[1.]",
          "BODY[MIME]",
          "BODY[1.FOO]",
          "BODY[HEADER.FIELDS]",
          "BODY[HEADER.FIELDS ()]",
          "BODY[]<1>",
          "BODY[]<1.0>",
          "BODY[]<.1>",
          "(ALL)",
          "RFC822.PEEK",
          "BODY.PEEK",
          "BODY[TEXT.1]",
          "BODY[]<0.99999999999>",
          "BINARY[1.TEXT]",
          "(FLAGS  UID)"}) {
        INFO(text);
        CHECK_THROWS_AS(fetchItems(text), Bad);
    }
    std::string deep = "BODY[1";
    for (int i = 0; i < 100; ++i)
        deep += ".1";
    CHECK_THROWS_AS(fetchItems(deep + "]"), Bad);
}

TEST_CASE("fetch items: macros, sections, partial", "[imap]") {
    CHECK(fetchItems("all").envelope);
    CHECK_FALSE(fetchItems("FAST").envelope);
    CHECK(fetchItems("FULL").body);
    CHECK(fetchItems("(FLAGS UID MODSEQ)").modSeq);
    CHECK_FALSE(fetchItems("BODY").readsBodies());
    CHECK(fetchItems("BODY[]").marksSeen());
    CHECK_FALSE(fetchItems("BODY.PEEK[]").marksSeen());
    CHECK_FALSE(fetchItems("RFC822.HEADER").marksSeen());
    CHECK(fetchItems("RFC822.TEXT").marksSeen());
    const FetchItems items =
        fetchItems("(BODY.PEEK[1.2.HEADER.FIELDS.NOT (a \"b c\")]<5.10> BODY[3.MIME])");
    REQUIRE(items.bodies.size() == 2);
    const BodyItem& body = items.bodies.front();
    CHECK(body.label == "BODY[1.2.HEADER.FIELDS.NOT (a \"b c\")]<5>");
    CHECK(body.section.path == std::vector<std::uint32_t>{1, 2});
    CHECK(body.section.text == mime::SectionText::HeaderFieldsNot);
    CHECK(body.partial->count == 10);
    CHECK(body.note.section == "1.2.HEADER.FIELDS.NOT");
    CHECK(items.bodies.back().label == "BODY[3.MIME]");
}

TEST_CASE("search: what is refused", "[imap]") {
    for (const char* text :
         {"",
          "FOO",
          "(ALL",
          "ALL)",
          "OR ALL",
          "NOT",
          "10",
          "1:10",
          "UID",
          "SUBJECT",
          "BEFORE x",
          "LARGER x",
          "HEADER a",
          "ALL  ALL",
          "()",
          "MODSEQ x",
          "SUBJECT \"\xff\"",
          "CHARSET US-ASCII SUBJECT \"\xc3\xa9\""}) {
        INFO(text);
        CHECK_THROWS_AS(searchOf(text), Bad);
    }
    CHECK_THROWS_AS(searchOf("CHARSET X-FOO ALL"), No);
    std::string deep;
    for (int i = 0; i < 10'000; ++i)
        deep += "(";
    CHECK_THROWS_AS(searchOf(deep + "ALL"), Bad);
    deep.clear();
    for (int i = 0; i < 5'000; ++i)
        deep += "NOT ";
    CHECK_THROWS_AS(searchOf(deep + "ALL"), Bad);
    std::string wide = "ALL";
    for (int i = 0; i < 2'000; ++i)
        wide += " ALL";
    CHECK_THROWS_AS(searchOf(wide), Bad);
}

TEST_CASE("search: cheap keys are asked first", "[imap]") {
    const SearchKey program = searchOf("TEXT a SUBJECT b UNSEEN 2:3");
    REQUIRE(program.kind == SearchKind::And);
    CHECK(program.children[0].kind == SearchKind::Uids);
    CHECK(program.children[0].uids == NumberRanges{{20, 20}, {30, 30}});
    CHECK(program.children[1].kind == SearchKind::NoFlag);
    CHECK(program.children[3].kind == SearchKind::Text);
    CHECK(program.readsBodies());
    CHECK(candidates(program) == &program.children[0].uids);
    CHECK(searchOf("OR TEXT a SEEN").children[0].kind == SearchKind::Flag);
    CHECK_FALSE(searchOf("NOT HEADER Foo \"\"").readsBodies());
    CHECK(searchOf("CHARSET ISO-8859-1 SUBJECT \"\xc9\"").text == mime::foldCase("\u00e9"));
    CHECK(searchOf("MODSEQ \"/flags/\\\\draft\" all 620162338").number == 620162338);
    CHECK(searchOf("*", 0).uids.empty());
}

}  // namespace daybook::imap
