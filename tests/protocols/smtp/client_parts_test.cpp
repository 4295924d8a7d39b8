// The client's pure parts: replies, what EHLO offers, envelope commands, dots.
#include <catch2/catch.hpp>

#include "protocols/smtp/client_data.h"
#include "protocols/smtp/client_envelope.h"
#include "protocols/smtp/client_hello.h"
#include "protocols/smtp/client_replies.h"

using namespace daybook;
using namespace daybook::smtp;

namespace {

ServerReply parsed(std::string_view octets) {
    ReplyParser parser;
    REQUIRE(parser.take(octets) == octets.size());
    REQUIRE(parser.isComplete());
    return parser.finish();
}

// What RFC 5321 §4.5.2 and §2.3.8 ask for, one octet after the other.
std::string asData(std::string_view message) {
    std::string out;
    bool atLineStart = true;
    for (std::size_t i = 0; i < message.size(); ++i) {
        const char c = message[i];
        if (c == '\r' || c == '\n') {
            if (c == '\r' && i + 1 < message.size() && message[i + 1] == '\n') ++i;
            out += "\r\n";
            atLineStart = true;
            continue;
        }
        if (atLineStart && c == '.') out += '.';
        out += c;
        atLineStart = false;
    }
    if (!atLineStart) out += "\r\n";
    return out + ".\r\n";
}

std::string streamed(std::string_view message, std::size_t pieceOctets, std::size_t viewsMax) {
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < message.size(); at += pieceOctets)
        pieces.push_back(message.substr(at, pieceOctets));
    DataStream stream(pieces);
    std::vector<std::string_view> batch;
    std::string out;
    bool more = true;
    while (more) {
        more = stream.next(batch, viewsMax);
        for (const std::string_view view : batch)
            out += view;
    }
    return out;
}

HelloFacts offering(const std::string& keywords) {
    return parseHelloReply(parsed("250-mx.example.org hello\r\n" + keywords), "220 hi");
}

OutboundMessage smallMessage() {
    OutboundMessage message;
    message.reversePath = "a@example.org";
    message.octets = 1234;
    return message;
}

std::uint32_t refusalOf(const OutboundMessage& message, const HelloFacts& facts) {
    const auto reply = unsendable(message, facts);
    return reply ? reply->enhancedCode : 0;
}

}  // namespace

TEST_CASE("smtp client: a reply is its lines and one code", "[smtp]") {
    const ServerReply one = parsed("250 ok\r\n");
    CHECK(one.code == 250);
    CHECK(one.lines == std::vector<std::string>{"ok"});
    CHECK(parsed("250\r\n").lines == std::vector<std::string>{""});
    CHECK(parsed("220-a\n220 b\n").lines == std::vector<std::string>{"a", "b"});
    CHECK(parsed("220 \x01\xC3\xA9\tx\r\n").lines == std::vector<std::string>{"??? x"});
    ReplyParser parser;
    CHECK(parser.take("250 first\r\n250 second\r\n") == 11);
    CHECK(parser.finish().lines == std::vector<std::string>{"first"});
}

TEST_CASE("smtp client: what is no reply is refused", "[smtp]") {
    const std::string bad = GENERATE(
        "hello\r\n",
        "\r\n",
        "25\r\n",
        "250x\r\n",
        "199 a\r\n",
        "600 a\r\n",
        "000 a\r\n",
        "-50 a\r\n",
        "250-a\r\n550 b\r\n",
        "\x16\x03\x01\x02\n");
    ReplyParser parser;
    CHECK_THROWS_AS(parser.take(bad), ReplyViolation);
}

TEST_CASE("smtp client: replies have limits", "[smtp]") {
    ReplyParser longLine;
    CHECK_NOTHROW(longLine.take("250 " + std::string(kReplyLineOctetsMax - 4, 'x')));
    CHECK_THROWS_AS(longLine.take("x"), ReplyViolation);
    ReplyParser manyLines;
    for (std::size_t i = 0; i < kReplyLinesMax; ++i)
        manyLines.take("250-x\r\n");
    CHECK_THROWS_AS(manyLines.take("250 x\r\n"), ReplyViolation);
    std::string octets;
    for (int i = 0; i < 20; ++i)
        octets += "550-" + std::string(500, 'x') + "\r\n";
    CHECK(remoteReply(parsed(octets + "550 end\r\n")).text.size() == kReplyTextOctetsMax);
}

TEST_CASE("smtp client: a reply is told in one line, with its status", "[smtp]") {
    const RemoteReply reply = remoteReply(parsed("550-5.1.1 No such\r\n550 5.1.1 user\r\n"));
    CHECK(reply.text == "550 5.1.1 No such user");
    CHECK(reply.enhancedCode == enhanced(5, 1, 1));
    CHECK(remoteReply(parsed("450 4.7.30 x\r\n")).enhancedCode == enhanced(4, 7, 30));
    // A status of another class says nothing.
    CHECK(remoteReply(parsed("550 4.1.1 x\r\n")).enhancedCode == 0);
    CHECK(remoteReply(parsed("250 5.1\r\n")).enhancedCode == 0);
    CHECK(remoteReply(parsed("250 2.1.5x\r\n")).enhancedCode == 0);
    CHECK(ourReply(550, enhanced(5, 7, 30), "no").text == "550 5.7.30 no");
}

TEST_CASE("smtp client: takes what EHLO offers", "[smtp]") {
    const HelloFacts facts = offering(
        "250-SIZE 1000\r\n250-pipelining\r\n250-8BITMIME\r\n250-LIMITS RCPTMAX=20 MAILMAX=5 X=1\r\n"
        "250-AUTH PLAIN login\r\n250-DELIVERBY 60\r\n250-CHUNKING\r\n250 BINARYMIME\r\n");
    CHECK(facts.peer.name == "mx.example.org");
    CHECK(facts.peer.greeting == "220 hi");
    CHECK(facts.peer.octetsMax == 1000);
    CHECK(facts.peer.pipelining);
    CHECK(facts.peer.eightBitMime);
    CHECK(facts.peer.binaryMime);
    CHECK(facts.peer.recipientsMax == 20);
    CHECK(facts.peer.transactionsMax == 5);
    CHECK(facts.deliverBySecondsMin == 60);
    CHECK(facts.mechanisms == std::vector<std::string>{"PLAIN", "LOGIN"});
    CHECK_FALSE(facts.startTls);
    CHECK_FALSE(facts.peer.dsn);
    // BINARYMIME is nothing without CHUNKING; bad values are not there.
    const HelloFacts odd =
        offering("250-BINARYMIME\r\n250-SIZE x\r\n250-LIMITS RCPTMAX=-1 MAILMAX\r\n250 \r\n");
    CHECK_FALSE(odd.peer.binaryMime);
    CHECK(odd.size);
    CHECK(odd.peer.octetsMax == 0);
    CHECK(odd.peer.recipientsMax == 0);
}

TEST_CASE("smtp client: sends the parameters that are offered, and no others", "[smtp]") {
    OutboundMessage message = smallMessage();
    message.envelopeId = "id+1 x=";
    message.ret = event::DsnReturn::HEADERS;
    message.eightBit = true;
    message.smtpUtf8 = true;
    message.deliverBySeconds = 120;
    message.priority = -3;
    message.requireTls = true;
    const HelloFacts all = offering(
        "250-SIZE\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-REQUIRETLS\r\n"
        "250-DELIVERBY\r\n250 MT-PRIORITY\r\n");
    CHECK(
        mailCommand(message, all) ==
        "MAIL FROM:<a@example.org> SIZE=1234 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=id+2B1+20x+3D "
        "REQUIRETLS BY=120;R MT-PRIORITY=-3\r\n");
    const HelloFacts none = offering("250 HELP\r\n");
    message.smtpUtf8 = message.requireTls = false;
    CHECK(mailCommand(message, none) == "MAIL FROM:<a@example.org>\r\n");
    const OutboundRecipient recipient{
        .forwardPath = "b@example.net",
        .notify = kNotifySuccess | kNotifyDelay,
        .originalRecipient = "rfc822;c@example.com",
    };
    CHECK(
        rcptCommand(recipient, message, all) ==
        "RCPT TO:<b@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@example.com\r\n");
    CHECK(rcptCommand(recipient, message, none) == "RCPT TO:<b@example.net>\r\n");
}

TEST_CASE("smtp client: 8-bit characters in ORCPT go only into an SMTPUTF8 transaction", "[smtp]") {
    OutboundMessage message = smallMessage();
    const HelloFacts both = offering("250-SMTPUTF8\r\n250 DSN\r\n");
    const OutboundRecipient recipient{
        .forwardPath = "b@example.net",
        .originalRecipient = "utf-8;j\xc3\xbcrgen@example.com",
    };
    CHECK(
        rcptCommand(recipient, message, both) ==
        "RCPT TO:<b@example.net> ORCPT=utf-8;j\\x{FC}rgen@example.com\r\n");
    message.smtpUtf8 = true;
    CHECK(
        rcptCommand(recipient, message, both) ==
        "RCPT TO:<b@example.net> ORCPT=utf-8;j\xc3\xbcrgen@example.com\r\n");
}

TEST_CASE("smtp client: a deadline goes on with its trace, or its delay is asked for", "[smtp]") {
    OutboundMessage message = smallMessage();
    message.deliverBySeconds = 120;
    message.deliverByTrace = true;
    const HelloFacts keeps = offering("250-DSN\r\n250 DELIVERBY\r\n");
    const HelloFacts keepsNot = offering("250 DSN\r\n");
    CHECK(mailCommand(message, keeps) == "MAIL FROM:<a@example.org> BY=120;RT\r\n");
    message.deliverByNotify = true;
    CHECK(mailCommand(message, keeps) == "MAIL FROM:<a@example.org> BY=120;NT\r\n");
    CHECK(mailCommand(message, keepsNot) == "MAIL FROM:<a@example.org>\r\n");

    const auto notify = [&](std::uint16_t said, const HelloFacts& facts) {
        const std::string line =
            rcptCommand({.forwardPath = "b@x", .notify = said}, message, facts);
        return line.substr(std::string("RCPT TO:<b@x>").size());
    };
    CHECK(notify(0, keeps) == "\r\n");
    CHECK(notify(0, keepsNot) == " NOTIFY=FAILURE,DELAY\r\n");
    CHECK(notify(kNotifySuccess, keepsNot) == " NOTIFY=SUCCESS,DELAY\r\n");
    CHECK(notify(kNotifyNever, keepsNot) == " NOTIFY=NEVER\r\n");
    message.deliverByNotify = false;
    CHECK(notify(0, keepsNot) == "\r\n");
}

TEST_CASE("smtp client: knows what a peer cannot take", "[smtp]") {
    const HelloFacts none = offering("250-SIZE 1233\r\n250 HELP\r\n");
    const HelloFacts plain = offering("250 HELP\r\n");
    OutboundMessage message = smallMessage();
    CHECK(refusalOf(message, plain) == 0);
    CHECK(refusalOf(message, none) == enhanced(5, 3, 4));
    message.eightBit = true;
    CHECK(refusalOf(message, plain) == enhanced(5, 6, 3));
    CHECK(refusalOf(message, offering("250 8BITMIME\r\n")) == 0);
    message.binary = true;
    CHECK(refusalOf(message, offering("250 8BITMIME\r\n")) == enhanced(5, 6, 3));
    CHECK(refusalOf(message, offering("250-CHUNKING\r\n250 BINARYMIME\r\n")) == 0);
    message = smallMessage();
    message.smtpUtf8 = true;
    CHECK(refusalOf(message, plain) == enhanced(5, 6, 7));
    message = smallMessage();
    message.requireTls = true;
    HelloFacts careful = offering("250 REQUIRETLS\r\n");
    CHECK(refusalOf(message, careful) == enhanced(5, 7, 30));
    careful.peer.tlsVerified = true;
    CHECK(refusalOf(message, careful) == 0);
    message = smallMessage();
    message.deliverBySeconds = 30;
    CHECK(refusalOf(message, plain) == enhanced(5, 3, 3));
    CHECK(refusalOf(message, offering("250 DELIVERBY 31\r\n")) == enhanced(5, 3, 3));
    CHECK(refusalOf(message, offering("250 DELIVERBY 30\r\n")) == 0);
    message.deliverByNotify = true;
    CHECK(refusalOf(message, plain) == 0);
    message = smallMessage();
    message.reversePath = "a@example.org>\r\nRCPT TO:<evil@example.org";
    CHECK(refusalOf(message, plain) == enhanced(5, 1, 7));
    const auto evil = unsendable({.forwardPath = "b\n@example.org"}, smallMessage());
    REQUIRE(evil.has_value());
    CHECK(evil->enhancedCode == enhanced(5, 1, 3));
}

TEST_CASE("smtp client: dots are doubled and every line ends with CRLF", "[smtp]") {
    const std::string message = GENERATE(
        "",
        ".",
        "..",
        "a",
        "a\r\n",
        "a\r\n.\r\nb\r\n",
        "a\r\n.",
        ".a\r\n..b\r\n...\r\n",
        "a\n.\nb\n",
        "a\r.\rb\r",
        "a\r\r\n.\n\r.",
        "\r\n",
        "\n.\r\n",
        "a\n.\r\n");
    const std::size_t pieceOctets = GENERATE(1U, 2U, 3U, 100U);
    const std::size_t viewsMax = GENERATE(1U, 2U, 1000U);
    CAPTURE(message, pieceOctets, viewsMax);
    CHECK(streamed(message, pieceOctets, viewsMax) == asData(message));
}

TEST_CASE("smtp client: ordinary text is not cut into views", "[smtp]") {
    const std::string message = "Subject: x\r\n\r\nline\r\nline\r\n";
    const std::vector<std::string_view> pieces{message};
    DataStream stream(pieces);
    std::vector<std::string_view> batch;
    CHECK_FALSE(stream.next(batch, 10));
    REQUIRE(batch.size() == 2);
    CHECK(batch.front().data() == message.data());
}
