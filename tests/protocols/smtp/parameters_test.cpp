// The parameters of MAIL and RCPT: wrong forms first, boundaries, then the good ones.

#include "protocols/smtp/parameters.h"

#include <catch2/catch.hpp>
#include <string>

namespace daybook::smtp {

namespace {

MailParameters mail(std::string_view parameters, const MailOffer& offer = kEveryMailParameter) {
    const std::string arguments = "FROM:<a@example.org> " + std::string(parameters);
    return parseMailParameters(parseMail(arguments).parameters, offer);
}

RecipientOptions rcpt(std::string_view parameters) {
    return parseRcptParameters(
        parseRcpt("TO:<a@example.org> " + std::string(parameters)).parameters);
}

template <class Function>
int codeOf(Function function) {
    try {
        function();
        return 250;
    } catch (const Reject& reject) {
        return reject.answer().code;
    }
}

int codeOfMail(std::string_view parameters, const MailOffer& offer = kEveryMailParameter) {
    return codeOf([&] { mail(parameters, offer); });
}

int codeOfRcpt(std::string_view parameters) {
    return codeOf([&] { rcpt(parameters); });
}

constexpr TimeNs kNewYear = 1'798'761'600 * kSecondNs;  // 2027-01-01T00:00:00Z

}  // namespace

TEST_CASE("smtp parameters: bad values of MAIL's get 501", "[smtp]") {
    for (const std::string_view wrong : {
             "RET",
             "RET=ALL",
             "RET=FULL RET=FULL",
             "RET=FULL,HDRS",
             "ENVID",
             "ENVID=a+",
             "ENVID=a+2",
             "ENVID=a+2b",
             "ENVID=a+0A",
             "ENVID=a+FF",
             "REQUIRETLS=YES",
             "BY",
             "BY=60",
             "BY=60;",
             "BY=60;X",
             "BY=60;RTT",
             "BY=60;TR",
             "BY=;R",
             "BY=+-1;N",
             "BY=1234567890;N",
             "BY=0;R",
             "BY=-1;R",
             "BY=x;N",
             "BY=60;R;T",
             "HOLDFOR",
             "HOLDFOR=0",
             "HOLDFOR=01",
             "HOLDFOR=-1",
             "HOLDFOR=1234567890",
             "HOLDFOR=1h",
             "HOLDFOR=1 HOLDUNTIL=2027-01-01T00:00:00Z",
             "HOLDFOR=1 HOLDFOR=2",
             "HOLDUNTIL",
             "HOLDUNTIL=2027-01-01",
             "HOLDUNTIL=2027-01-01T00:00:00",
             "HOLDUNTIL=2027-02-29T00:00:00Z",
             "HOLDUNTIL=2027-01-01T24:00:00Z",
             "HOLDUNTIL=2027-01-01T00:60:00Z",
             "HOLDUNTIL=2027-01-01T00:00:00+01:00",
             "HOLDUNTIL=2027-01-01T00:00:00.Z",
             "HOLDUNTIL=2027-01-01T00:00:00.5",
             "HOLDUNTIL=2027-13-01T00:00:00Z",
             "HOLDUNTIL=9999-01-01T00:00:00Z",
             "HOLDUNTIL=20270101T000000Z00000",
             "HOLDUNTIL=1969-12-31T23:59:59Z",
             "MT-PRIORITY",
             "MT-PRIORITY=10",
             "MT-PRIORITY=-0",
             "MT-PRIORITY=+1",
             "MT-PRIORITY=--1",
             "MT-PRIORITY=-",
             "MT-PRIORITY=a",
             "MT-PRIORITY=01",
             "MT-PRIORITY=1 MT-PRIORITY=1",
         }) {
        INFO(wrong);
        CHECK(codeOfMail(wrong) == 501);
    }
    CHECK(codeOfMail("ENVID=" + std::string(101, 'a')) == 501);
    CHECK(codeOfMail("ENVID=" + std::string(100, 'a')) == 250);
}

TEST_CASE("smtp parameters: what the session does not offer gets 555", "[smtp]") {
    for (const std::string_view parameter : {
             "AUTH=<>",
             "REQUIRETLS",
             "BY=60;R",
             "HOLDFOR=1",
             "HOLDUNTIL=2027-01-01T00:00:00Z",
             "MT-PRIORITY=1",
         }) {
        INFO(parameter);
        CHECK(codeOfMail(parameter, MailOffer{}) == 555);
        CHECK(codeOfMail(parameter) == 250);
    }
    CHECK(codeOfMail("NOTIFY=NEVER") == 555);
    CHECK(codeOfRcpt("RET=FULL") == 555);
    CHECK(codeOfRcpt("SIZE=1") == 555);
}

TEST_CASE("smtp parameters: MAIL's say what they say", "[smtp]") {
    CHECK(mail("ret=hdrs").ret == event::DsnReturn::HEADERS);
    CHECK(mail("RET=Full").ret == event::DsnReturn::FULL);
    CHECK(mail("").ret == event::DsnReturn::UNSAID);
    CHECK(mail("ENVID=QQ+2B1+3Dx").envelopeId == "QQ+1=x");
    CHECK(mail("REQUIRETLS").requireTls);
    CHECK(mail("BODY=BINARYMIME").body == Body::BinaryMime);
    CHECK(mail("MT-PRIORITY=-9").priority == -9);
    CHECK(mail("MT-PRIORITY=9").priority == 9);
    CHECK(mail("MT-PRIORITY=0").priority == 0);
    CHECK(mail("HOLDFOR=999999999").holdSeconds == 999'999'999);

    const DeliverBy by = mail("BY=120;RT").deliverBy.value();
    CHECK(by.seconds == 120);
    CHECK(by.orReturn);
    CHECK(by.trace);
    const DeliverBy late = mail("by=-999999999;n").deliverBy.value();
    CHECK(late.seconds == -999'999'999);
    CHECK_FALSE(late.orReturn);
    CHECK_FALSE(late.trace);
    CHECK(mail("BY=+1;R").deliverBy.value().seconds == 1);
}

TEST_CASE("smtp parameters: HOLDUNTIL takes RFC 3339 in UTC", "[smtp]") {
    CHECK(mail("HOLDUNTIL=2027-01-01T00:00:00Z").holdUntilNs == kNewYear);
    CHECK(mail("HOLDUNTIL=2027-01-01t00:00:00.999z").holdUntilNs == kNewYear);
    CHECK(mail("HOLDUNTIL=2026-12-31T23:59:60Z").holdUntilNs == kNewYear);
    CHECK(mail("HOLDUNTIL=2027-01-01T00:00:00+00:00").holdUntilNs == kNewYear);
    CHECK(
        mail("HOLDUNTIL=2028-02-29T12:34:56Z").holdUntilNs ==
        kNewYear + ((365 + 59) * 86'400LL + 45'296) * kSecondNs);
}

TEST_CASE("smtp parameters: bad values of RCPT's get 501", "[smtp]") {
    for (const std::string_view wrong : {
             "NOTIFY",
             "NOTIFY=ALWAYS",
             "NOTIFY=NEVER,DELAY",
             "NOTIFY=SUCCESS,",
             "NOTIFY=,SUCCESS",
             "NOTIFY=SUCCESS,,DELAY",
             "NOTIFY=NEVER NOTIFY=NEVER",
             "ORCPT",
             "ORCPT=a",
             "ORCPT=rfc822",
             "ORCPT=rfc822;",
             "ORCPT=;a",
             "ORCPT=rfc 822;a",
             "ORCPT=rfc822;a+",
             "ORCPT=rfc822;a+4g",
             "ORCPT=rfc822;a+0d+0a",
             "ORCPT=rfc822;a+0D+0A",
             "ORCPT=rfc822;m\xc3\xbcller@example.org",
             "ORCPT=utf-8;m\xc3@example.org",
             "ORCPT=rf(c;a",
         }) {
        INFO(wrong);
        CHECK(codeOfRcpt(wrong) == 501);
    }
    CHECK(codeOfRcpt("ORCPT=rfc822;" + std::string(494, 'a')) == 501);
    CHECK(codeOfRcpt("ORCPT=rfc822;" + std::string(493, 'a')) == 250);
}

TEST_CASE("smtp parameters: NOTIFY and ORCPT", "[smtp]") {
    CHECK(rcpt("").notify == 0);
    CHECK(rcpt("NOTIFY=never").notify == 1);
    CHECK(rcpt("NOTIFY=SUCCESS,FAILURE,DELAY").notify == 14);
    CHECK(rcpt("NOTIFY=delay,delay").notify == 8);
    CHECK(rcpt("ORCPT=rfc822;A+2Bb@Example.org").original == "rfc822;A+2Bb@Example.org");
    CHECK(codeOfRcpt("ORCPT=x400;a") == 250);
    CHECK(codeOfRcpt("ORCPT=utf-8;m\xc3\xbcller@example.org NOTIFY=FAILURE") == 250);
    CHECK(codeOfRcpt("ORCPT=utf-8;m\\x{FC}ller@example.org") == 250);
}

}  // namespace daybook::smtp
