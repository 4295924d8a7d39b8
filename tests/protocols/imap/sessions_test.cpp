// What several sessions see of each other, and what the journal sees of them.

#include <catch2/catch.hpp>

#include "journal/kind.h"
#include "tests/protocols/imap/imap_client.h"

namespace daybook::test {

namespace {

constexpr const char* kMessage = "From: a@example.net\r\nSubject: hello\r\n\r\nBody\r\n";

// A mailbox of its own with that many messages, and nobody who knows of them.
void fill(ImapClient& client, const std::string& mailbox, int messages) {
    client.command("CREATE " + mailbox);
    for (int i = 0; i < messages; ++i)
        REQUIRE(client.append(mailbox, kMessage).isOk());
}

}  // namespace

TEST_CASE("imap: a change of flags is told to the others, once", "[imap]") {
    MailHouse house;
    ImapClient one(house);
    ImapClient two(house);
    fill(one, "box", 2);
    one.command("SELECT box");
    two.command("SELECT box");
    CHECK(one.command("STORE 1 +FLAGS (\\Flagged)").count("FETCH (FLAGS (\\Flagged") == 1);
    CHECK(one.command("NOOP").untagged.empty());
    CHECK(two.command("NOOP").count("* 1 FETCH (FLAGS (\\Flagged") == 1);
    CHECK(two.command("NOOP").untagged.empty());
    CHECK(one.command("STORE 2 +FLAGS.SILENT ($New)").count("FETCH") == 0);
    const Answered told = two.command("NOOP");
    CHECK(told.count("* FLAGS (") == 1);
    CHECK(told.count("* 2 FETCH (FLAGS ($New") == 1);
}

TEST_CASE("imap: \\Recent goes to one session, and to nobody after a restart", "[imap]") {
    MailHouse house;
    ImapClient one(house);
    ImapClient two(house);
    fill(one, "box", 1);
    CHECK(two.command("EXAMINE box").count("* 1 RECENT") == 1);
    CHECK(one.command("SELECT box").count("* 1 RECENT") == 1);
    CHECK(two.command("SELECT box").count("* 0 RECENT") == 1);
    CHECK(one.command("FETCH 1 FLAGS").count("\\Recent") == 1);
    CHECK(two.command("FETCH 1 FLAGS").count("\\Recent") == 0);
    CHECK(house.count(Kind::RecentClaimed) == 1);
}

TEST_CASE("imap: expunges wait while message numbers are spoken of", "[imap]") {
    MailHouse house;
    ImapClient one(house);
    ImapClient two(house);
    fill(one, "box", 3);
    one.command("SELECT box");
    two.command("SELECT box");
    one.command("STORE 1:2 +FLAGS.SILENT (\\Deleted)");
    CHECK(one.command("EXPUNGE").count("EXPUNGE") == 2);

    const Answered fetched = two.command("FETCH 1:3 (UID RFC822.SIZE BODY.PEEK[TEXT])");
    CHECK(fetched.isOk());
    CHECK(fetched.count("EXPUNGE") == 0);
    CHECK(fetched.count("FETCH (UID") == 3);
    CHECK(fetched.count("Body") == 3);
    CHECK(two.command("STORE 1 +FLAGS (\\Seen)").count("EXPUNGE") == 0);
    CHECK(two.command("SEARCH ALL").untagged == std::vector<std::string>{"* SEARCH 3"});
    const Answered told = two.command("UID FETCH 3 FLAGS");
    CHECK(told.untagged.front().starts_with("* 3 FETCH"));
    CHECK(told.count("EXPUNGE") == 2);
    CHECK(two.command("FETCH 1 (UID)").untagged == std::vector<std::string>{"* 1 FETCH (UID 3)"});
}

TEST_CASE("imap: IDLE tells a delivery, an expunge and a flag", "[imap]") {
    MailHouse house;
    ImapClient idler(house);
    ImapClient other(house);
    idler.command("SELECT INBOX");
    other.command("SELECT INBOX");
    idler.begin("IDLE");
    CHECK(idler.raw().readLine().starts_with("+ "));
    house.deliver("alice@example.org", kMessage);
    CHECK(idler.raw().readLine() == "* 1 EXISTS");
    CHECK(idler.raw().readLine().ends_with(" RECENT"));
    other.command("NOOP");
    other.command("STORE 1 +FLAGS (\\Deleted)");
    CHECK(idler.raw().readLine().starts_with("* 1 FETCH (FLAGS (\\Deleted"));
    other.command("EXPUNGE");
    CHECK(idler.raw().readLine() == "* 1 EXPUNGE");
    idler.raw().send("DONE\r\n");
    CHECK(idler.end().isOk());
}

TEST_CASE("imap: a mailbox that somebody else deletes ends the session", "[imap]") {
    MailHouse house;
    ImapClient one(house);
    ImapClient two(house);
    fill(one, "box", 1);
    two.command("SELECT box");
    CHECK(one.command("DELETE box").isOk());
    two.begin("NOOP");
    CHECK(two.raw().readToEnd().starts_with("* BYE "));
}

TEST_CASE("imap: a mailbox that is renamed stays open", "[imap]") {
    MailHouse house;
    ImapClient one(house);
    ImapClient two(house);
    fill(one, "box", 1);
    two.command("SELECT box");
    CHECK(one.command("RENAME box other").isOk());
    CHECK(two.command("FETCH 1 FLAGS").isOk());
    CHECK(one.append("other", kMessage).isOk());
    CHECK(two.command("NOOP").count("* 2 EXISTS") == 1);
}

TEST_CASE("imap: a disabled account is sent away", "[imap]") {
    MailHouse house;
    ImapClient one(house);
    ImapClient two(house);
    two.begin("IDLE");
    two.raw().readLine();
    house.disableAccount("alice@example.org");
    CHECK(two.raw().readToEnd().starts_with("* BYE "));
    one.begin("LIST \"\" *");
    CHECK(one.raw().readToEnd().starts_with("* BYE "));
}

TEST_CASE("imap: the server's stop is told, also to who idles", "[imap]") {
    MailHouse house;
    ImapClient one(house);
    ImapClient two(house);
    two.begin("IDLE");
    two.raw().readLine();
    house.beginStop();
    CHECK(one.raw().readToEnd().starts_with("* BYE "));
    CHECK(two.raw().readToEnd().starts_with("* BYE "));
}

TEST_CASE("imap: reading a body is on record, asking for flags is not", "[imap]") {
    MailHouse house;
    ImapClient client(house);
    fill(client, "box", 3);
    client.command("SELECT box");
    client.command("FETCH 1:* (FLAGS UID INTERNALDATE RFC822.SIZE)");
    client.command("SEARCH SUBJECT hello");
    CHECK(house.count(Kind::AccessOpened) == 0);
    client.command("FETCH 1 BODY.PEEK[]");
    CHECK(house.count(Kind::AccessOpened) == 1);
    CHECK(house.count(Kind::FlagsChanged) == 0);
    const Answered seen = client.command("FETCH 1:* BODY[TEXT]");
    CHECK(seen.count("FLAGS (\\Seen") == 3);
    CHECK(house.count(Kind::AccessOpened) == 1);
    CHECK(house.count(Kind::FlagsChanged) == 1);
    CHECK(client.command("NOOP").untagged.empty());
    client.command("UNSELECT");
    CHECK(house.count(Kind::Fetched) == 1);
    client.command("EXAMINE box");
    client.command("SEARCH BODY body");
    CHECK(house.count(Kind::AccessOpened) == 2);
    client.command("LOGOUT");
    CHECK(client.raw().atEnd());
}

TEST_CASE("imap: an erased message is NIL and the session goes on", "[imap]") {
    MailHouse house;
    ImapClient client(house);
    house.deliver("alice@example.org", kMessage);
    house.deliver("alice@example.org", kMessage);
    house.eraseLast("alice@example.org");
    client.command("SELECT INBOX");
    const Answered fetched = client.command("FETCH 1:2 (UID BODY.PEEK[TEXT])");
    CHECK(fetched.isOk());
    CHECK(fetched.count("* 2 FETCH (UID 2 BODY[TEXT] NIL)") == 1);
    CHECK(client.command("SEARCH BODY body").count("* SEARCH 1") == 1);
}

TEST_CASE("imap: a large message comes whole, and in parts", "[imap]") {
    MailHouse house;
    ImapClient client(house);
    std::string body;
    for (int i = 0; body.size() < 3'000'000; ++i)
        body += "line " + std::to_string(i) + "\r\n";
    const std::string message = "Subject: large\r\n\r\n" + body;
    REQUIRE(client.append("INBOX", message).isOk());
    client.command("SELECT INBOX");
    client.begin("FETCH 1 (BODY.PEEK[] UID BODY.PEEK[TEXT]<1000000.1500000>)");
    const std::string size = std::to_string(message.size());
    CHECK(client.raw().readLine() == "* 1 FETCH (UID 1 BODY[] {" + size + "}");
    CHECK(client.raw().readOctets(message.size()) == message);
    CHECK(client.raw().readLine() == " BODY[TEXT]<1000000> {1500000}");
    CHECK(client.raw().readOctets(1'500'000) == body.substr(1'000'000, 1'500'000));
    CHECK(client.raw().readLine() == ")");
    CHECK(client.end().isOk());
}

TEST_CASE("imap: what was delivered shows its prefix in every section", "[imap]") {
    MailHouse house;
    ImapClient client(house);
    house.deliver("alice@example.org", kMessage);
    client.command("SELECT INBOX");
    const std::string whole = house.inbox("alice@example.org").front();
    client.begin("FETCH 1 (RFC822.SIZE BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[]<3.20>)");
    const std::string size = std::to_string(whole.size());
    CHECK(client.raw().readLine() == "* 1 FETCH (RFC822.SIZE " + size + " BODY[] {" + size + "}");
    CHECK(client.raw().readOctets(whole.size()) == whole);
    const std::string header = whole.substr(0, whole.find("\r\n\r\n") + 4);
    CHECK(client.raw().readLine() == " BODY[HEADER] {" + std::to_string(header.size()) + "}");
    CHECK(client.raw().readOctets(header.size()) == header);
    CHECK(client.raw().readLine() == " BODY[]<3> {20}");
    CHECK(client.raw().readOctets(20) == whole.substr(3, 20));
    CHECK(client.raw().readLine() == ")");
    CHECK(client.end().isOk());
    CHECK(
        client.command("FETCH 1 BODY.PEEK[HEADER.FIELDS (Return-Path)]")
            .count("Return-Path: <sender@example.net>") == 1);
    CHECK(client.command("SEARCH HEADER Delivered-To alice").count("* SEARCH 1") == 1);
}

}  // namespace daybook::test
