#include "protocols/imap/append_parser.h"

#include <catch2/catch.hpp>

#include "journal/base/limits.h"

using namespace daybook;
using namespace daybook::imap;

namespace {

using Step = AppendStep::Kind;

std::vector<Step> kindsOf(const std::vector<AppendStep>& steps) {
    std::vector<Step> kinds;
    for (const AppendStep& step : steps)
        kinds.push_back(step.kind);
    return kinds;
}

constexpr AnnouncedLiteral kLiteral{.octets = 5, .synchronizing = true, .binary = false};
constexpr AnnouncedLiteral kBinary{.octets = 5, .synchronizing = true, .binary = true};

}  // namespace

TEST_CASE("append parser: messages one after the other", "[imap]") {
    AppendParser parser(AppendParser::Messages::Many, {});
    auto steps = parser.take(" (\\Seen) \"24-Nov-2026 01:37:58 +0000\" ", kLiteral);
    CHECK(kindsOf(steps) == std::vector{Step::Begin, Step::Octets});
    CHECK(steps[0].flags.system != 0);
    CHECK(steps[0].date);
    CHECK(kindsOf(parser.take(" ", kBinary)) == std::vector{Step::Begin, Step::Octets});
    CHECK(kindsOf(parser.take(" UTF8 (", kBinary)) == std::vector{Step::Begin, Step::Octets});
    CHECK(kindsOf(parser.take(")", std::nullopt)) == std::vector{Step::Done});
}

TEST_CASE("append parser: parts of one message", "[imap]") {
    AppendParser parser(AppendParser::Messages::One, {});
    const auto steps = parser.take(" CATENATE (URL \"a b\" URL c TEXT ", kLiteral);
    CHECK(kindsOf(steps) == std::vector{Step::Begin, Step::Url, Step::Url, Step::Octets});
    CHECK(steps[0].catenates);
    CHECK(steps[1].url == "a b");
    CHECK(kindsOf(parser.take(" URL ", kLiteral)) == std::vector{Step::UrlOctets});
    CHECK(kindsOf(parser.take(" UTF8 (", kBinary)) == std::vector{Step::Octets});
    CHECK(kindsOf(parser.take("))", std::nullopt)) == std::vector{Step::Done});
}

TEST_CASE("append parser: nonsense is BAD before a literal is asked for", "[imap]") {
    for (const char* const text :
         {"",
          "x ",
          " (\\Recent) ",
          " (\\Seen)",
          " \"soon\" ",
          " CATENATE ",
          " CATENATE (TEXT",
          " CATENATE (TEXT x ",
          " CATENATE () ",
          " UTF8 ",
          " UTF8 (",
          " x "}) {
        CAPTURE(text);
        AppendParser parser(AppendParser::Messages::Many, {});
        CHECK_THROWS_AS(parser.take(text, kLiteral), Bad);
    }
    for (const char* const text :
         {"", " ", " CATENATE (URL ", " CATENATE (URL x", " CATENATE ()"}) {
        CAPTURE(text);
        AppendParser parser(AppendParser::Messages::Many, {});
        CHECK_THROWS_AS(parser.take(text, std::nullopt), Bad);
    }
    AppendParser one(AppendParser::Messages::One, {});
    one.take(" ", kLiteral);
    CHECK_THROWS_AS(one.take(" ", kLiteral), Bad);
}

TEST_CASE("append parser: so many messages and no more", "[imap]") {
    AppendParser parser(AppendParser::Messages::Many, {});
    for (std::size_t i = 0; i < limits::kImapAppendMessagesMax; ++i)
        parser.take(" ", kLiteral);
    CHECK_THROWS_AS(parser.take(" ", kLiteral), No);
}
