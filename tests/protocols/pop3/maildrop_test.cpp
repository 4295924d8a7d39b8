// Maildrops: frozen, exclusive, deleted from at QUIT alone, and what is on record of reading them.

#include <catch2/catch.hpp>
#include <string>

#include "journal/kind.h"
#include "tests/support/mail_house.h"

namespace daybook::test {

namespace {

constexpr std::string_view kAlice = "alice@example.org";

TestClient loggedIn(MailHouse& house) {
    TestClient client = house.client(Door::Pop3);
    client.send("USER alice@example.org\r\nPASS correct horse\r\n");
    client.readLine();
    client.readLine();
    const std::string answer = client.readLine();
    if (!answer.starts_with("+OK ")) throw ClientFailed("not logged in: " + answer);
    return client;
}

std::string ask(TestClient& client, const std::string& command) {
    client.send(command + "\r\n");
    return client.readLine();
}

}  // namespace

TEST_CASE("pop3: a maildrop has one session; the second is told and ended", "[pop3]") {
    MailHouse house;
    TestClient first = loggedIn(house);
    TestClient second = house.client(Door::Pop3);
    second.readLine();
    ask(second, "USER alice@example.org");
    CHECK(ask(second, "PASS correct horse").starts_with("-ERR [IN-USE] "));
    CHECK(second.atEnd());
    CHECK(ask(first, "QUIT").starts_with("+OK"));
    CHECK(first.atEnd());
    TestClient third = loggedIn(house);
    CHECK(ask(third, "STAT") == "+OK 0 0");
}

TEST_CASE("pop3: deletions happen at QUIT, and not when the client goes away", "[pop3]") {
    MailHouse house;
    house.deliver(kAlice, "Subject: a\r\n\r\n");
    house.deliver(kAlice, "Subject: b\r\n\r\n");
    house.deliver(kAlice, "Subject: c\r\n\r\n");
    {
        TestClient client = loggedIn(house);
        CHECK(ask(client, "DELE 1").starts_with("+OK"));
        client.halfClose();
        client.readToEnd();
    }
    CHECK(house.inbox(kAlice).size() == 3);
    TestClient client = loggedIn(house);
    ask(client, "DELE 1");
    ask(client, "DELE 3");
    CHECK(house.inbox(kAlice).size() == 3);
    CHECK(ask(client, "QUIT").starts_with("+OK"));
    const std::vector<std::string> left = house.inbox(kAlice);
    REQUIRE(left.size() == 1);
    CHECK(left[0].ends_with("Subject: b\r\n\r\n"));
    CHECK(house.count(Kind::Expunged) == 1);
}

TEST_CASE("pop3: the maildrop is what it was at login", "[pop3]") {
    MailHouse house;
    house.deliver(kAlice, "Subject: a\r\n\r\nfirst\r\n");
    TestClient client = loggedIn(house);
    house.deliver(kAlice, "Subject: b\r\n\r\n");
    CHECK(ask(client, "STAT").starts_with("+OK 1 "));
    house.emptyInbox(kAlice);
    CHECK(ask(client, "STAT").starts_with("+OK 1 "));
    // Expunged by somebody else, and still served.
    CHECK(ask(client, "RETR 1").starts_with("+OK "));
    CHECK(client.readUntil("\r\n.\r\n").ends_with("first\r\n.\r\n"));
    ask(client, "DELE 1");
    CHECK(ask(client, "QUIT").starts_with("+OK"));
}

TEST_CASE(
    "pop3: reading is on record before the message leaves, and what was read after", "[pop3]") {
    MailHouse house;
    house.deliver(kAlice, "Subject: a\r\n\r\nfirst\r\n");
    TestClient client = loggedIn(house);
    ask(client, "LIST 1");
    CHECK(house.count(Kind::AccessOpened) == 0);
    CHECK(ask(client, "TOP 1 0").starts_with("+OK"));
    CHECK(house.count(Kind::AccessOpened) == 1);
    client.readUntil("\r\n.\r\n");
    CHECK(ask(client, "RETR 1").starts_with("+OK"));
    client.readUntil("\r\n.\r\n");
    ask(client, "QUIT");
    client.readToEnd();
    CHECK(house.count(Kind::AccessOpened) == 1);
    CHECK(house.count(Kind::Fetched) == 1);
}

TEST_CASE("pop3: an erased message is an error, never garbage", "[pop3]") {
    MailHouse house;
    house.deliver(kAlice, "Subject: a\r\n\r\nfirst\r\n");
    house.deliver(kAlice, "Subject: b\r\n\r\nsecond\r\n");
    TestClient client = loggedIn(house);
    house.eraseLast(kAlice);
    CHECK(ask(client, "RETR 2").starts_with("-ERR [SYS/PERM] "));
    CHECK(ask(client, "TOP 2 1").starts_with("-ERR [SYS/PERM] "));
    CHECK(ask(client, "RETR 1").starts_with("+OK "));
}

TEST_CASE("pop3: a large message comes as it is stored", "[pop3]") {
    MailHouse house;
    std::string body;
    for (int i = 0; i < 60'000; ++i) {
        body += i % 3 == 0 ? ".line " : "line ";
        body += std::to_string(i) + "\r\n";
    }
    house.deliver(kAlice, "Subject: a\r\n\r\n" + body);
    TestClient client = loggedIn(house);
    CHECK(ask(client, "RETR 1").starts_with("+OK "));
    std::string text;
    for (std::string line = client.readLine(); line != "."; line = client.readLine()) {
        text += line.substr(line.starts_with('.') ? 1 : 0) + "\r\n";
    }
    CHECK(text == house.inbox(kAlice).at(0));
    CHECK(ask(client, "LIST 1") == "+OK 1 " + std::to_string(text.size()));
}

TEST_CASE("pop3: nonsense without end is ended", "[pop3]") {
    MailHouse house;
    TestClient client = house.client(Door::Pop3);
    client.readLine();
    client.send(std::string(13'000, 'x') + "\r\n");
    CHECK(client.readLine() == "-ERR Line too long");
    for (int i = 0; i < 20; ++i) {
        client.send("BOGUS\r\n");
    }
    CHECK(
        client.readUntil("closing the connection\r\n").find("-ERR [SYS/PERM]") !=
        std::string::npos);
    CHECK(client.atEnd());
}

TEST_CASE("pop3: an idle session is told when the server stops", "[pop3]") {
    MailHouse house;
    TestClient client = loggedIn(house);
    house.beginStop();
    CHECK(client.readLine().starts_with("-ERR [SYS/TEMP] "));
    CHECK(client.atEnd());
}

}  // namespace daybook::test
