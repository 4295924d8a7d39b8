// What is delivered is what was sent, octet for octet, and what is on record of it.

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "journal/kind.h"
#include "tests/support/mail_house.h"

namespace daybook::test {

namespace {

std::string stuffed(std::string_view message) {
    std::string wire;
    bool lineStart = true;
    for (const char octet : message) {
        if (lineStart && octet == '.') wire += '.';
        wire += octet;
        lineStart = octet == '\n';
    }
    return wire + ".\r\n";
}

// Lines of every length and beginning, from a fixed seed.
std::string manyLines(std::size_t octets) {
    std::mt19937 dice(1);
    std::string text = "Subject: many lines\r\n\r\n";
    while (text.size() < octets) {
        const std::string_view alphabet = "..ab \xc3\xa9=";
        const std::size_t length = dice() % 90;
        for (std::size_t i = 0; i < length; ++i) {
            text += alphabet[dice() % alphabet.size()];
        }
        text += "\r\n";
    }
    return text;
}

void envelope(TestClient& client) {
    client.send("EHLO x\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<alice@example.org>\r\n");
    client.readUntil("250 2.1.5 Ok\r\n");
}

std::string sendByData(MailHouse& house, const std::string& message) {
    TestClient client = house.client(Door::Mx);
    envelope(client);
    client.send("DATA\r\n");
    client.readLine();
    client.send(stuffed(message));
    return client.readLine();
}

std::string sendByBdat(MailHouse& house, const std::string& message, std::size_t chunk) {
    TestClient client = house.client(Door::Mx);
    envelope(client);
    std::string answer;
    for (std::size_t from = 0; from <= message.size(); from += chunk) {
        const std::string piece = message.substr(from, chunk);
        const bool last = from + chunk > message.size();
        client.send("BDAT " + std::to_string(piece.size()) + (last ? " LAST\r\n" : "\r\n"));
        client.send(piece);
        answer = client.readLine();
    }
    return answer;
}

}  // namespace

TEST_CASE("smtp: messages arrive octet for octet, by DATA and in chunks", "[smtp]") {
    MailHouse house;
    std::vector<std::string> messages = {
        "",
        "\r\n",
        ".\r\n",
        "..\r\n...\r\n",
        "Subject: a\r\n\r\n.\r\n..a\r\n\r\n.b.\r\n",
        "Subject: eight bit\r\n\r\n\xff\xfe caf\xc3\xa9\r\n",
        "Subject: long\r\n\r\n" + std::string(100'000, '.') + "\r\n",
        manyLines(20'000),
        manyLines(300'000),
    };
    std::size_t delivered = 0;
    for (const std::string& message : messages) {
        REQUIRE(sendByData(house, message).starts_with("250 2.0.0 Ok: recorded as "));
        REQUIRE(sendByBdat(house, message, 777).starts_with("250 2.0.0 Ok: recorded as "));
        delivered += 2;
        const std::vector<std::string> inbox = house.inbox("alice@example.org");
        REQUIRE(inbox.size() == delivered);
        for (std::size_t i = delivered - 2; i < delivered; ++i) {
            CHECK(inbox[i].size() > message.size());
            CHECK(inbox[i].ends_with(message));
            CHECK(inbox[i].starts_with("Return-Path: <a@example.net>\r\n"));
        }
    }
}

TEST_CASE("smtp: thirty million octets arrive as they were sent", "[smtp]") {
    MailHouse house;
    const std::string message = manyLines(30'000'000);
    REQUIRE(sendByData(house, message).starts_with("250 "));
    const std::vector<std::string> inbox = house.inbox("alice@example.org");
    REQUIRE(inbox.size() == 1);
    CHECK(inbox[0].ends_with(message));
}

TEST_CASE("smtp: the 250 names the message that Received and Delivered-To speak of", "[smtp]") {
    MailHouse house;
    const std::string answer = sendByData(house, "Subject: x\r\n\r\n");
    const std::string id = answer.substr(std::string("250 2.0.0 Ok: recorded as ").size());
    CHECK(id.size() == 16);
    const std::string message = house.inbox("alice@example.org").at(0);
    CHECK(message.find(id) != std::string::npos);
    CHECK(message.find("with ESMTP") != std::string::npos);
    CHECK(message.find("Delivered-To: alice@example.org\r\n") != std::string::npos);
}

TEST_CASE("smtp: submission completes the header and says how it came", "[smtp]") {
    MailHouse house;
    TestClient client = house.client(Door::Submission);
    client.send("EHLO x\r\nSTARTTLS\r\n");
    client.readUntil("220 2.0.0 Go ahead\r\n");
    client.startTls();
    // "\0alice@example.org\0correct horse"
    client.send("EHLO x\r\nAUTH PLAIN AGFsaWNlQGV4YW1wbGUub3JnAGNvcnJlY3QgaG9yc2U=\r\n");
    client.readUntil("235 2.7.0 Authenticated\r\n");
    client.send("MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n");
    client.readUntil("354 ");
    client.readLine();
    client.send("Subject: x\r\n\r\nhello\r\n.\r\n");
    CHECK(client.readLine().starts_with("250 2.0.0 Ok: recorded as "));
    const std::string message = house.inbox("bob@example.org").at(0);
    CHECK(message.find("with ESMTPSA") != std::string::npos);
    CHECK(message.find("\r\nDate: ") != std::string::npos);
    CHECK(message.find("\r\nMessage-ID: <") != std::string::npos);
}

TEST_CASE("smtp: refusals and sessions that did something are on record", "[smtp]") {
    MailHouse house;
    {
        TestClient client = house.client(Door::Mx);
        client.send("EHLO x\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<nobody@example.org>\r\n");
        client.readUntil("550 5.1.1 ");
        client.readLine();
        client.send("QUIT\r\n");
        client.readToEnd();
    }
    CHECK(house.count(Kind::Rejected) == 1);
    CHECK(house.count(Kind::SessionOpened) == 0);
    REQUIRE(sendByData(house, "Subject: x\r\n\r\n").starts_with("250 "));
    CHECK(house.count(Kind::Received) == 1);
    CHECK(house.count(Kind::SessionOpened) == 1);
}

TEST_CASE("smtp: after another XCLIENT the session is nobody's again", "[smtp]") {
    MailHouseOptions options;
    options.policy.xclientFrom.add("127.0.0.0/8");
    MailHouse house(options);
    TestClient client = house.client(Door::Mx);
    client.readUntil("220 ");
    client.readLine();
    const auto send = [&] {
        envelope(client);
        client.send("DATA\r\n");
        client.readLine();
        client.send("Subject: x\r\n\r\n.\r\n");
        REQUIRE(client.readLine().starts_with("250 2.0.0 Ok: recorded as "));
    };
    client.send("XCLIENT ADDR=192.0.2.7 LOGIN=alice@example.org\r\n");
    REQUIRE(client.readLine().starts_with("220 "));
    SECTION("said without LOGIN") {
        client.send("XCLIENT ADDR=192.0.2.8\r\n");
        REQUIRE(client.readLine().starts_with("220 "));
    }
    SECTION("said with a LOGIN that nobody has") {
        client.send("XCLIENT ADDR=192.0.2.8 LOGIN=nobody@example.org\r\n");
        REQUIRE(client.readLine().starts_with("550 5.7.0 "));
    }
    SECTION("STARTTLS forgets, too") {
        client.send("EHLO x\r\nSTARTTLS\r\n");
        client.readUntil("220 2.0.0 Go ahead\r\n");
        client.startTls();
    }
    send();
    const std::vector<Origin> received = house.origins(Kind::Received);
    REQUIRE(received.size() == 1);
    CHECK(received[0].actor == event::Actor::REMOTE_MTA);
    CHECK_FALSE(received[0].actorId);
    // Alice's session was opened by her login and is over; the message came in another.
    const std::vector<Origin> opened = house.origins(Kind::SessionOpened);
    REQUIRE(opened.size() == 2);
    CHECK(opened[0].actor == event::Actor::OWNER);
    CHECK(opened[0].session != received[0].session);
    CHECK(opened[1].session == received[0].session);
    const std::vector<Origin> closed = house.origins(Kind::SessionClosed);
    REQUIRE(closed.size() == 1);
    CHECK(closed[0].session == opened[0].session);
}

TEST_CASE("smtp: a proxy that speaks for others is not counted, its clients are", "[smtp]") {
    MailHouseOptions options;
    options.policy.xclientFrom.add("127.0.0.0/8");
    options.rates = RateConfig{.addressConnectionsPerMinute = 1, .exemptLoopback = false};
    MailHouse house(options);
    for (const bool isFirst : {true, false}) {
        TestClient client = house.client(Door::Mx);
        REQUIRE(client.readLine().starts_with("220 "));
        client.send("XCLIENT ADDR=192.0.2.7\r\n");
        CHECK(client.readLine().starts_with(isFirst ? "220 " : "421 4.7.1 Too many connections"));
    }
}

TEST_CASE("lmtp: a recipient that went away after RCPT is refused by itself", "[smtp]") {
    MailHouse house;
    TestClient client = house.client(Door::Lmtp);
    client.send(
        "LHLO x\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<alice@example.org>\r\n"
        "RCPT TO:<bob@example.org>\r\nDATA\r\n");
    client.readUntil("354 ");
    client.readLine();
    house.removeAccount("alice@example.org");
    client.send("Subject: x\r\n\r\n.\r\n");
    CHECK(client.readLine().starts_with("550 5."));
    CHECK(client.readLine().starts_with("250 2.0.0 Ok: recorded as "));
    CHECK(house.inbox("bob@example.org").size() == 1);
}

}  // namespace daybook::test
