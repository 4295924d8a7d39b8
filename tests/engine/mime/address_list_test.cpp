#include "engine/mime/address_list.h"

#include <catch2/catch.hpp>

using namespace daybook::mime;

namespace {

// name|route|mailbox|host for each; a group as "{name" and "}".
std::string shown(std::string_view value) {
    std::string result;
    for (const ListedAddress& address : parseAddressList(value)) {
        if (!result.empty()) result += ", ";
        switch (address.kind) {
            case ListedAddress::Kind::GroupStart: result += "{" + address.mailbox; break;
            case ListedAddress::Kind::GroupEnd: result += "}"; break;
            case ListedAddress::Kind::Mailbox:
                result += address.name.value_or("-") + "|" + address.route.value_or("-") + "|" +
                          address.mailbox + "|" + address.host;
                break;
        }
    }
    return result;
}

struct Example {
    const char* value;
    const char* expected;
};

}  // namespace

TEST_CASE("address_list: the examples of RFC 5322, appendix A", "[mime]") {
    const Example example = GENERATE(values<Example>({
        {"John Doe <jdoe@machine.example>", "John Doe|-|jdoe|machine.example"},
        {"\"Joe Q. Public\" <john.q.public@example.com>",
         "Joe Q. Public|-|john.q.public|example.com"},
        {"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
         "Mary Smith|-|mary|x.test, -|-|jdoe|example.org, Who?|-|one|y.test"},
        {"<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
         "-|-|boss|nil.test, Giant; \"Big\" Box|-|sysservices|example.net"},
        {"A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
         "{A Group, Ed Jones|-|c|a.test, -|-|joe|where.test, John|-|jdoe|one.test, }"},
        {"Undisclosed recipients:;", "{Undisclosed recipients, }"},
        {"(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;",
         "{Hidden recipients, }"},
        {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
         "Pete|-|pete|silly.test"},
        {"A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
         "         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the "
         "group)",
         "{A Group, Chris Jones|-|c|public.example, -|-|joe|example.org, John|-|jdoe|one.test, }"},
        {"Joe Q. Public <john.q.public@example.com>", "Joe Q. Public|-|john.q.public|example.com"},
        {"Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
         "Mary Smith|@node.test|mary|example.net, -|-|jdoe|test.example"},
    }));
    CHECK(shown(example.value) == example.expected);
}

TEST_CASE("address_list: obsolete and sloppy forms", "[mime]") {
    const Example example = GENERATE(values<Example>({
        {"", ""},
        {" , ,, ", ""},
        {"user@host (Real (nested) Name)", "Real (nested) Name|-|user|host"},
        {"<@a.example,@b.example:c@d.example>", "-|@a.example,@b.example|c|d.example"},
        {"<,@a.example , , @b.example:c@d.example>", "-|@a.example,@b.example|c|d.example"},
        {"=?utf-8?q?J=C3=B6rg?= <j@x.example>", "=?utf-8?q?J=C3=B6rg?=|-|j|x.example"},
        {"J\xC3\xB6rg <j@x.example>", "J\xC3\xB6rg|-|j|x.example"},
        {"\"john doe\"@x.example", "-|-|john doe|x.example"},
        {"john . doe @ x . example", "-|-|john.doe|x.example"},
        {"a@[192.0.2.1]", "-|-|a|[192.0.2.1]"},
        {"a@[IPv6:2001:db8::1], b@c", "-|-|a|[IPv6:2001:db8::1], -|-|b|c"},
        {"me@x.example <me@x.example>", "me@x.example|-|me|x.example"},
        {"postmaster", "-|-|postmaster|"},
        {"<>", "-|-||"},
        {"Name <postmaster>", "Name|-|postmaster|"},
        {"<@host>", "-|-||host"},
        {"a@x; b@y", "-|-|a|x, -|-|b|y"},
        {"one:a@x", "{one, -|-|a|x, }"},
        {"one:two:a@x;", "{one, }, {two, -|-|a|x, }"},
        {"a@b@c, d@e", "-|-|a|b, -|-|d|e"},
        {"\"open <a@b>, c@d", "-|-|open <a@b>, c@d|"},
        {"(open <a@b>", ""},
        {"Name <a@b", "Name|-|a|b"},
        {"a@", "-|-|a|"},
        {"@", "-|-||"},
        {">>> a@b", "-|-|a|b"},
        {"[list] a <b@c>", "[list] a|-|b|c"},
        {"\"\" <a@b>", "-|-|a|b"},
    }));
    CHECK(shown(example.value) == example.expected);
}

TEST_CASE("address_list: long nonsense is read in linear time", "[mime]") {
    for (const char* piece : {"(", "<", "\"", "a@b <", ":", "@", "[", "a.", "<@a,", "\\", ")"}) {
        std::string value;
        while (value.size() < 1'000'000) {
            value += piece;
        }
        CHECK(parseAddressList(value).size() <= value.size());
    }
}
