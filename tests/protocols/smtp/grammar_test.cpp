// The wire grammar: wrong forms first, boundaries, then the good ones.

#include "protocols/smtp/grammar.h"

#include <catch2/catch.hpp>
#include <string>

#include "protocols/smtp/parameters.h"

namespace daybook::smtp {

namespace {

int codeOfMail(std::string_view arguments) {
    try {
        const PathAndParameters mail = parseMail(arguments);
        parseMailParameters(mail.parameters, kEveryMailParameter);
        return 250;
    } catch (const Reject& reject) {
        return reject.answer().code;
    }
}

int codeOfRcpt(std::string_view arguments) {
    try {
        parseRcptParameters(parseRcpt(arguments).parameters);
        return 250;
    } catch (const Reject& reject) {
        return reject.answer().code;
    }
}

}  // namespace

TEST_CASE("smtp grammar: a command line holds no bare CR, no bare LF and no NUL", "[smtp]") {
    CHECK_THROWS_AS(parseCommandLine("NOOP\rQUIT"), Reject);
    CHECK_THROWS_AS(parseCommandLine("NOOP\nQUIT"), Reject);
    CHECK_THROWS_AS(parseCommandLine(std::string_view("NOOP\0", 5)), Reject);
    const CommandLine line = parseCommandLine("MAIL  FROM:<a@b.c> \t ");
    CHECK(line.verb == "MAIL");
    CHECK(line.arguments == "FROM:<a@b.c>");
    CHECK(parseCommandLine("").verb.empty());
    CHECK(parseCommandLine("quit").arguments.empty());
}

TEST_CASE("smtp grammar: malformed reverse-paths are refused", "[smtp]") {
    for (const std::string_view wrong : {
             "",
             "<a@example.org>",
             "FROM",
             "FROM:",
             "FROM:a@example.org",
             "FROM:<a@example.org",
             "FROM:a@example.org>",
             "FROM:<a@example.org>SIZE=1",
             "FROM:<@example.org:>",
             "FROM:<@relay.example>",
             "FROM:<a>",
             "FROM:<a@>",
             "FROM:<@>",
             "FROM:<a b@example.org>",
             "FROM:<a@example.org> =1",
             "FROM:<a@example.org> -SIZE=1",
             "FROM:<a@example.org> SIZE=",
             "FROM:<a@example.org> SIZE=a",
             "FROM:<a@example.org> SIZE=-1",
             "FROM:<a@example.org> SIZE=99999999999999999999",
             "FROM:<a@example.org> SIZE",
             "FROM:<a@example.org> SIZE=1 size=2",
             "FROM:<a@example.org> BODY=BINARY",
             "FROM:<a@example.org> BODY",
             "FROM:<a@example.org> SMTPUTF8=1",
             "FROM:<a@example.org> AUTH=",
             "FROM:<a@example.org> AUTH=+",
             "FROM:<a@example.org> AUTH=+3d",
             "FROM:<a@example.org> AUTH=a=b",
             "FROM:<\xff@example.org>",
         }) {
        INFO(wrong);
        CHECK(codeOfMail(wrong) == 501);
    }
    CHECK(codeOfMail("FROM:<" + std::string(65, 'a') + "@" + std::string(260, 'b') + ">") == 501);
}

TEST_CASE("smtp grammar: parameters that are not offered get 555", "[smtp]") {
    CHECK(codeOfMail("FROM:<a@example.org> NOTIFY=NEVER") == 555);
    CHECK(codeOfMail("FROM:<a@example.org> X") == 555);
    const std::vector<Parameter> auth{{.keyword = "AUTH", .value = "<>"}};
    CHECK_THROWS_AS(parseMailParameters(auth, MailOffer{}), Reject);
}

TEST_CASE("smtp grammar: good reverse-paths", "[smtp]") {
    CHECK(parseMail("FROM:<>").path.empty());
    CHECK(parseMail("from: <a@example.org>").path == "a@example.org");
    CHECK(parseMail("FROM:<@r1.example,@r2.example:a@example.org>").path == "a@example.org");
    CHECK(parseMail("FROM:<\"a>b\"@example.org> SIZE=1").path == "\"a>b\"@example.org");
    CHECK(parseMail("FROM:<a@[192.0.2.1]>").path == "a@[192.0.2.1]");
    CHECK(codeOfMail("FROM:<a@example.org>  SIZE=1  BODY=8bitmime SMTPUTF8 AUTH=a+3Db") == 250);
    const PathAndParameters mail = parseMail("FROM:<a@example.org> size=77 BODY=8BITMIME");
    const MailParameters parameters = parseMailParameters(mail.parameters, MailOffer{});
    CHECK(parameters.octets == 77);
    CHECK(parameters.body == Body::EightBitMime);
    CHECK_FALSE(parameters.smtpUtf8);
}

TEST_CASE("smtp grammar: forward-paths", "[smtp]") {
    CHECK(codeOfRcpt("TO:<>") == 501);
    CHECK(codeOfRcpt("TO:<a>") == 501);
    CHECK(codeOfRcpt("FROM:<a@example.org>") == 501);
    CHECK(codeOfRcpt("TO:<a@example.org>,<b@example.org>") == 501);
    CHECK(parseRcpt("TO:<Postmaster>").path == "Postmaster");
    CHECK(parseRcpt("TO:<@r.example:a@example.org>").path == "a@example.org");
    CHECK(parseRcpt("TO:<a@example.org> NOTIFY=NEVER").parameters.size() == 1);
}

TEST_CASE("smtp grammar: BDAT", "[smtp]") {
    CHECK_FALSE(parseBdat(""));
    CHECK_FALSE(parseBdat("LAST"));
    CHECK_FALSE(parseBdat("-1"));
    CHECK_FALSE(parseBdat("1 FIRST"));
    CHECK_FALSE(parseBdat("1 LAST LAST"));
    CHECK_FALSE(parseBdat("18446744073709551616"));
    CHECK(parseBdat("0 last")->last);
    CHECK(parseBdat("12")->octets == 12);
    CHECK_FALSE(parseBdat("12")->last);
}

TEST_CASE("smtp grammar: hello and AUTH take words", "[smtp]") {
    CHECK_THROWS_AS(parseHello(""), Reject);
    CHECK_THROWS_AS(parseHello("a b"), Reject);
    CHECK_THROWS_AS(parseHello("a\tb"), Reject);
    CHECK_THROWS_AS(parseHello(std::string(256, 'a')), Reject);
    CHECK(parseHello("[IPv6:2001:db8::1]") == "[IPv6:2001:db8::1]");
    CHECK_THROWS_AS(parseAuth(""), Reject);
    CHECK_THROWS_AS(parseAuth("PLAIN a b"), Reject);
    CHECK_FALSE(parseAuth("PLAIN").initialResponse);
    CHECK(parseAuth("PLAIN =").initialResponse == "=");
}

TEST_CASE("smtp reply: lines, codes and what events keep of them", "[smtp]") {
    Reply answer = reply(250, "", "first");
    answer.lines.emplace_back("second");
    CHECK(answer.octets() == "250-first\r\n250 second\r\n");
    CHECK(answer.packedEnhancedCode() == 0);
    CHECK(reply(550, "5.7.1", "No").octets() == "550 5.7.1 No\r\n");
    CHECK(reply(550, "5.7.12", "No").packedEnhancedCode() == ((5U << 16U) | (7U << 8U) | 12U));
    Reply several = reply(250, "2.0.0", "Ok");
    several.more.push_back(reply(550, "5.1.1", "Gone"));
    CHECK(several.octets() == "250 2.0.0 Ok\r\n550 5.1.1 Gone\r\n");
}

}  // namespace daybook::smtp
