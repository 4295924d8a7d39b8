// What a server meets that nobody should send.

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/mail_house.h"

namespace daybook::test {

namespace {

constexpr std::string_view kEnvelope =
    "EHLO x\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<alice@example.org>\r\n";

// Says EHLO, MAIL and RCPT; hears everything up to RCPT's reply.
TestClient withEnvelope(MailHouse& house) {
    TestClient client = house.client(Door::Mx);
    client.send(kEnvelope);
    client.readUntil("250 2.1.5 Ok\r\n");
    return client;
}

TestClient inData(MailHouse& house) {
    TestClient client = withEnvelope(house);
    client.send("DATA\r\n");
    client.readLine();
    return client;
}

}  // namespace

TEST_CASE("smtp: an over-long command line is thrown away, and the dialogue goes on", "[smtp]") {
    MailHouse house;
    TestClient client = house.client(Door::Mx);
    client.readLine();
    client.send("NOOP " + std::string(12'288 - 5, 'x') + "\r\n");
    CHECK(client.readLine() == "250 2.0.0 Ok");
    client.send("NOOP " + std::string(12'288 - 4, 'x') + "\r\nNOOP\r\n");
    CHECK(client.readLine() == "500 5.5.2 Line too long");
    CHECK(client.readLine() == "250 2.0.0 Ok");
    client.send(std::string(1'000'000, 'x') + "\r\nNOOP\r\n");
    CHECK(client.readLine() == "500 5.5.2 Line too long");
    CHECK(client.readLine() == "250 2.0.0 Ok");
}

TEST_CASE("smtp: one octet at a time is understood", "[smtp]") {
    MailHouse house;
    TestClient client = house.client(Door::Mx);
    const std::string dialogue =
        std::string(kEnvelope) + "DATA\r\nSubject: x\r\n\r\n..\r\n.dot\r\n.\r\nQUIT\r\n";
    for (const char octet : dialogue) {
        client.send(std::string(1, octet));
    }
    CHECK(client.readToEnd().find("250 2.0.0 Ok: recorded as ") != std::string::npos);
    const std::vector<std::string> inbox = house.inbox("alice@example.org");
    REQUIRE(inbox.size() == 1);
    CHECK(inbox[0].ends_with("Subject: x\r\n\r\n.\r\ndot\r\n"));
}

TEST_CASE("smtp: a peer that ends within a message delivers nothing", "[smtp]") {
    MailHouse house;
    TestClient client = inData(house);
    client.send("Subject: half\r\n\r\na line\r\n");
    client.halfClose();
    CHECK(client.readToEnd().empty());
    TestClient chunked = withEnvelope(house);
    chunked.send("BDAT 100 LAST\r\nnot a hundred");
    chunked.halfClose();
    CHECK(chunked.readToEnd().empty());
    TestClient gone = inData(house);
    gone.send("Subject: half\r\n\r\na line\r\n.\r");
    gone.reset();
    TestClient last = house.client(Door::Mx);
    last.send("QUIT\r\n");
    last.readToEnd();
    CHECK(house.inbox("alice@example.org").empty());
}

TEST_CASE("smtp: a flood of nonsense ends with 421", "[smtp]") {
    MailHouse house;
    TestClient client = house.client(Door::Mx);
    client.readLine();
    for (int i = 0; i < 20; ++i) {
        client.send("BOGUS\r\n");
        CHECK(client.readLine() == "500 5.5.1 Unknown command");
    }
    client.send("BOGUS\r\n");
    CHECK(client.readLine() == "500 5.5.1 Unknown command");
    CHECK(client.readLine() == "421 4.7.0 Too many errors; closing the connection");
    CHECK(client.atEnd());
}

TEST_CASE("smtp: the 1,001st recipient gets 452, the others their message", "[smtp]") {
    MailHouse house;
    TestClient client = house.client(Door::Mx);
    client.send("EHLO x\r\nMAIL FROM:<a@example.net>\r\n");
    client.readUntil("250 2.1.0 Ok\r\n");
    for (int i = 0; i < 1'000; ++i) {
        client.send("RCPT TO:<alice+" + std::to_string(i) + "@example.org>\r\n");
        CHECK(client.readLine() == "250 2.1.5 Ok");
    }
    client.send("RCPT TO:<bob@example.org>\r\n");
    CHECK(client.readLine().starts_with("452 4.5.3 "));
    client.send("DATA\r\n");
    client.readLine();
    client.send("Subject: x\r\n\r\n.\r\n");
    CHECK(client.readLine().starts_with("250 2.0.0 Ok: recorded as "));
    CHECK(house.inbox("alice@example.org").size() == 1);
    CHECK(house.inbox("bob@example.org").empty());
}

TEST_CASE("smtp: a message above the limit is read to its end and refused", "[smtp]") {
    MailHouse house({.messageOctetsMax = 10'000});
    TestClient client = inData(house);
    const std::string line(98, 'x');
    for (int i = 0; i < 101; ++i) {
        client.send(line + "\r\n");
    }
    client.send(".\r\n");
    CHECK(client.readLine().starts_with("552 5.3.4 "));
    client.send("MAIL FROM:<a@example.net> SIZE=10001\r\n");
    CHECK(client.readLine().starts_with("552 5.3.4 "));
    client.send("MAIL FROM:<a@example.net> SIZE=10000\r\n");
    CHECK(client.readLine().starts_with("250 "));
    CHECK(house.inbox("alice@example.org").empty());
}

TEST_CASE("smtp: who sends without end is cut off", "[smtp]") {
    MailHouse house({.messageOctetsMax = 10'000});
    TestClient client = inData(house);
    client.send(std::string(60'000, 'x'));
    CHECK(client.readLine().starts_with("552 5.3.4 "));
    client.reset();
    TestClient chunked = withEnvelope(house);
    chunked.send("BDAT 18446744073709551615 LAST\r\n");
    CHECK(chunked.readLine().starts_with("552 5.3.4 "));
    CHECK(chunked.atEnd());
}

TEST_CASE("smtp: smuggled messages stay within the one that carries them", "[smtp]") {
    MailHouse house;
    for (const std::string_view end :
         {"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\n.\r"}) {
        TestClient client = inData(house);
        const std::string message = "Subject: a\r\n\r\nbody" + std::string(end) +
                                    "MAIL FROM:<evil@example.net>\r\n"
                                    "RCPT TO:<bob@example.org>\r\n"
                                    "DATA\r\nSubject: b\r\n\r\nsmuggled\r\n.\r\n";
        client.send(message);
        CHECK(client.readLine().starts_with("554 5.6.0 "));
        client.send("NOOP\r\n");
        CHECK(client.readLine() == "250 2.0.0 Ok");
        CHECK(house.inbox("alice@example.org").empty());
        CHECK(house.inbox("bob@example.org").empty());
    }
}

TEST_CASE("smtp: an over-long SASL response is refused, and the dialogue goes on", "[smtp]") {
    MailHouse house;
    TestClient client = house.client(Door::Submission);
    client.send("EHLO x\r\nAUTH PLAIN\r\n");
    client.readUntil("334 \r\n");
    client.send(std::string(13'000, 'A') + "\r\n");
    CHECK(client.readLine() == "500 5.5.6 Response too long");
    client.send("NOOP\r\n");
    CHECK(client.readLine() == "250 2.0.0 Ok");
}

TEST_CASE("smtp: an idle session is told when the server stops", "[smtp]") {
    MailHouse house;
    TestClient client = house.client(Door::Mx);
    client.readLine();
    house.beginStop();
    CHECK(client.readLine() == "421 4.3.2 The server is stopping; try again later");
    CHECK(client.atEnd());
}

TEST_CASE("smtp: a message that is on its way when the server stops is delivered", "[smtp]") {
    MailHouse house;
    TestClient client = inData(house);
    TestClient idle = house.client(Door::Mx);
    idle.readLine();
    house.beginStop();
    CHECK(idle.readLine().starts_with("421 "));
    client.send("Subject: x\r\n\r\n.\r\n");
    CHECK(client.readLine().starts_with("250 2.0.0 Ok: recorded as "));
    CHECK(client.readLine().starts_with("421 4.3.2 "));
    CHECK(house.inbox("alice@example.org").size() == 1);
}

}  // namespace daybook::test
