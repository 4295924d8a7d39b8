#include "engine/directory/address.h"

#include <catch2/catch.hpp>

using namespace daybook;

namespace {

std::string normalized(std::string_view text) {
    const std::optional<Address> address = parseAddress(text);
    return address ? address->text() : "malformed";
}

}  // namespace

TEST_CASE("address: what RFC 5321 §4.1.2 does not allow is malformed", "[engine]") {
    for (const std::string_view text : {
             "",
             "@",
             "alice",
             "alice@",
             "@example.org",
             "alice@@example.org",
             "alice@bob@example.org",
             ".alice@example.org",
             "alice.@example.org",
             "al..ice@example.org",
             "al ice@example.org",
             "alice @example.org",
             " alice@example.org",
             "alice@example.org ",
             "<alice@example.org>",
             "alice@exa mple.org",
             "alice@.example.org",
             "alice@example.org.",
             "alice@example..org",
             "alice@-example.org",
             "alice@example-.org",
             "alice@exam_ple.org",
             "alice,bob@example.org",
             "alice@example.org,bob@example.org",
             "alice(comment)@example.org",
             "alice@example.org\r\nRCPT TO:<bob@example.org>",
             "al\tice@example.org",
             "\"alice@example.org",
             "\"alice\"bob@example.org",
             "\"alice\\",
             "\"al\"ice\"@example.org",
             "\"al\x01ice\"@example.org",
             "alice@[192.0.2.1",
             "alice@192.0.2.1]",
             "alice@[192.0.2.256]",
             "alice@[192.0.2]",
             "alice@[]",
             "alice@[2001:db8::1]",
             "alice@[IPv6:192.0.2.1]",
             "alice@[IPv6:2001:db8::1::2]",
             "alice@[X400:x]",
             "\xff\xfe@example.org",
             "al\xc3@example.org",
             "alice@ex\xc2\x80mple.org",
             "al\xc2\x9bice@example.org",
         }) {
        INFO("text: " << text);
        CHECK_FALSE(parseAddress(text));
    }
    using namespace std::string_view_literals;
    CHECK_FALSE(parseAddress("al\0ice@example.org"sv));
    CHECK_FALSE(parseAddress("alice@example\0.org"sv));
    CHECK_FALSE(parseAddress("alice@[192.0.2.1\0]"sv));
}

TEST_CASE("address: the limits of labels, domains and the whole", "[engine]") {
    const std::string label(63, 'a');
    CHECK(parseAddress("x@" + label + ".org"));
    CHECK_FALSE(parseAddress("x@" + label + "a.org"));
    const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
    CHECK(normalizeDomain(longest));
    CHECK_FALSE(normalizeDomain(longest + "a"));

    // Longer than RFC 5321's 64, as VERP makes them.
    CHECK(parseAddress(std::string(200, 'a') + "@example.org"));
    CHECK(parseAddress(std::string(320 - 12, 'a') + "@example.org"));
    CHECK_FALSE(parseAddress(std::string(320 - 11, 'a') + "@example.org"));
    // Escaped again it would be too long for a key of the views.
    CHECK_FALSE(parseAddress("\"" + std::string(300, '"') + "\"@example.org"));
}

TEST_CASE("address: compared in lower case, A-labels and without needless quotes", "[engine]") {
    CHECK(normalized("Alice@Example.ORG") == "alice@example.org");
    CHECK(normalized("alice@localhost") == "alice@localhost");
    CHECK(normalized("a.b+c/d=e@example.org") == "a.b+c/d=e@example.org");
    CHECK(normalized("!#$%&'*+-/=?^_`{|}~@example.org") == "!#$%&'*+-/=?^_`{|}~@example.org");
    CHECK(normalized("\"Alice\"@example.org") == "alice@example.org");
    CHECK(normalized("\"a\\l\\ice\"@example.org") == "alice@example.org");
    CHECK(normalized("\"al ice\"@example.org") == "\"al ice\"@example.org");
    CHECK(normalized("\"al@ice\"@example.org") == "\"al@ice\"@example.org");
    CHECK(normalized("\"al\\\"i\\\\ce\"@example.org") == "\"al\\\"i\\\\ce\"@example.org");
    CHECK(normalized("\".alice\"@example.org") == "\".alice\"@example.org");
    CHECK(normalized("\"\"@example.org") == "\"\"@example.org");
    CHECK(normalized("alice@[192.0.2.1]") == "alice@[192.0.2.1]");
    CHECK(normalized("alice@[ipv6:2001:DB8:0::1]") == "alice@[IPv6:2001:db8::1]");
}

TEST_CASE("address: what is written is read again as the same", "[engine]") {
    for (const std::string_view text :
         {"a@b.org", "\"a b\"@b.org", "\"\\\\\"@b.org", "\"@\"@[IPv6:::1]", "Grün@müller.de"}) {
        const std::optional<Address> once = parseAddress(text);
        REQUIRE(once);
        CHECK(parseAddress(once->text()) == once);
    }
}

TEST_CASE("address: internationalized names, RFC 6531 and RFC 5891", "[engine]") {
    CHECK(normalized("info@MÜLLER.de") == "info@xn--mller-kva.de");
    CHECK(normalized("info@XN--MLLER-KVA.de") == "info@xn--mller-kva.de");
    CHECK(normalized("info@faß.de") == "info@xn--fa-hia.de");  // not transitional: not "fass"
    CHECK(normalized("GRÜN@example.org") == "grün@example.org");
    // One letter, or a letter and a combining mark: the same address.
    CHECK(normalized("gru\xcc\x88n@example.org") == normalized("gr\xc3\xbcn@example.org"));
    CHECK(normalized("用户@例子.测试") == "用户@xn--fsqu00a.xn--0zwm56d");
    CHECK_FALSE(normalizeDomain("exa\xe2\x80\xaemple.org"));  // right-to-left override
    CHECK_FALSE(normalizeDomain("a\xef\xbc\x8f.org"));        // full-width slash
}

TEST_CASE("address: a plus detail needs a user before it", "[engine]") {
    CHECK(splitPlus("alice").user == "alice");
    CHECK(splitPlus("alice").detail.empty());
    CHECK(splitPlus("alice+lists").user == "alice");
    CHECK(splitPlus("alice+lists").detail == "lists");
    CHECK(splitPlus("alice+a+b").detail == "a+b");
    CHECK(splitPlus("alice+").user == "alice");
    CHECK(splitPlus("+lists").user == "+lists");
    CHECK(splitPlus("+lists").detail.empty());
}
