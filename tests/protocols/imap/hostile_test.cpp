// Peers that do not keep to the protocol, by mistake or on purpose.

#include <catch2/catch.hpp>

#include "journal/base/limits.h"
#include "tests/protocols/imap/imap_client.h"

namespace daybook::test {

namespace {

bool stillServes(ImapClient& client) { return client.command("NOOP").isOk(); }

}  // namespace

TEST_CASE("imap: a line that is too long is refused, the session goes on", "[imap]") {
    MailHouse house;
    ImapClient client(house);
    client.raw().send("x NOOP " + std::string(limits::kImapLineOctetsMax, 'a') + "\r\n");
    CHECK(client.raw().readLine().starts_with("* BAD "));
    CHECK(stillServes(client));
}

TEST_CASE("imap: a line without an end costs the connection", "[imap]") {
    MailHouse house;
    ImapClient client(house);
    const std::string piece(1U << 20U, 'a');
    try {
        for (int i = 0; i < 4; ++i)
            client.raw().send(piece);
        CHECK(client.raw().readToEnd().find("OK") == std::string::npos);
    } catch (const ClientFailed&) {
        SUCCEED("reset");
    }
}

TEST_CASE("imap: literals that are too large", "[imap]") {
    MailHouse house;
    ImapClient client(house);
    CHECK(client.command("CREATE {70000}").tagged.starts_with("BAD"));
    CHECK(stillServes(client));
    CHECK(
        client.command("CREATE {70000+}\r\n" + std::string(70'000, 'x')).tagged.starts_with("BAD"));
    CHECK(stillServes(client));
    CHECK(client.command("CREATE {99999999999}").tagged.starts_with("BAD"));
    CHECK(stillServes(client));
    // Nobody waits for four gigabytes.
    client.begin("CREATE {4000000000+}");
    const std::string said = client.raw().readToEnd();
    CHECK(said.find("BAD") != std::string::npos);
    CHECK(said.find("* BYE") != std::string::npos);
}

TEST_CASE("imap: nobody waits for a message that nobody may send", "[imap]") {
    MailHouse house;
    ImapClient client(house);
    client.begin("APPEND INBOX {4000000000+}");
    const std::string said = client.raw().readToEnd();
    CHECK(said.find(" NO [") != std::string::npos);
    CHECK(said.find("* BYE") != std::string::npos);
    TestClient stranger = house.client(Door::Imap);
    stranger.readLine();
    stranger.send("a APPEND INBOX {1000+}\r\n");
    CHECK(stranger.readLine().starts_with("a BAD"));
    CHECK(stranger.readLine().starts_with("* BYE"));
}

TEST_CASE("imap: strangers get little memory and few errors", "[imap]") {
    MailHouse house;
    TestClient stranger = house.client(Door::Imap);
    stranger.readLine();
    stranger.send("a LOGIN {60000+}\r\n" + std::string(60'000, 'x'));
    stranger.send(" {60000+}\r\n" + std::string(60'000, 'y') + "\r\n");
    CHECK(stranger.readLine().starts_with("a BAD"));
    // At once: the server hangs up on the way.
    std::string flood;
    for (int i = 0; i < 20; ++i)
        flood += "GET / HTTP/1.1\r\n";
    stranger.send(flood);
    const std::string said = stranger.readToEnd();
    CHECK(said.find("* BYE Too many errors") != std::string::npos);
}

TEST_CASE("imap: NUL, bare CR and bare LF, 8-bit octets", "[imap]") {
    MailHouse house;
    ImapClient client(house);
    for (const std::string& text : std::vector<std::string>{
             std::string("CREATE a\0b", 10),
             "CREATE a\rb",
             "CREATE a\nb",
             "CREATE \"a\rb\"",
             "CREATE caf\xc3\xa9",
             "CREATE {3+}\r\n\xff\xfe\xfd",
             "LIST \"\" \"\xff\""}) {
        INFO(text);
        CHECK_FALSE(client.command(text).isOk());
    }
    CHECK(client.command(std::string("CREATE {1+}\r\n\0", 14)).tagged.starts_with("BAD"));
    CHECK(client.command("LIST \"\" %").untagged.size() == 6);
}

TEST_CASE("imap: parentheses without end", "[imap]") {
    MailHouse house;
    ImapClient client(house);
    client.command("SELECT INBOX");
    CHECK(client.command("SEARCH " + std::string(60'000, '(')).tagged.starts_with("BAD"));
    CHECK(client.command("FETCH 1 " + std::string(60'000, '(')).tagged.starts_with("BAD"));
    std::string path = "1";
    while (path.size() < 60'000)
        path += ".1";
    CHECK(client.command("FETCH 1 BODY[" + path + "]").tagged.starts_with("BAD"));
    CHECK(stillServes(client));
}

TEST_CASE("imap: a peer that ends its side is answered what it asked before", "[imap]") {
    MailHouse house;
    ImapClient client(house);
    client.raw().send("x NOOP\r\ny NOOP\r\nz NOO");
    client.raw().halfClose();
    const std::string said = client.raw().readToEnd();
    CHECK(said.find("x OK") != std::string::npos);
    CHECK(said.find("y OK") != std::string::npos);
    CHECK(said.find("z ") == std::string::npos);
}

TEST_CASE("imap: a peer that goes in the middle of a literal, an IDLE, a FETCH", "[imap]") {
    MailHouse house;
    {
        ImapClient literal(house);
        literal.begin("APPEND INBOX {1000+}\r\nabc");
        literal.raw().reset();
        ImapClient idler(house);
        idler.begin("IDLE");
        idler.raw().readLine();
        idler.raw().reset();
    }
    ImapClient client(house);
    CHECK(client.command("STATUS INBOX (MESSAGES)").count("MESSAGES 0") == 1);
}

TEST_CASE("imap: commands come octet by octet, or all at once", "[imap]") {
    MailHouse house;
    ImapClient client(house);
    for (const char c : std::string("q1 LIST \"\" {3+}\r\nI*X\r\n")) {
        client.raw().send(std::string(1, c));
    }
    CHECK(client.raw().readLine() == "* LIST (\\HasNoChildren) \"/\" INBOX");
    CHECK(client.raw().readLine().starts_with("q1 OK"));
    std::string all;
    for (int i = 0; i < 500; ++i)
        all += "p" + std::to_string(i) + " NOOP\r\n";
    client.raw().send(all);
    for (int i = 0; i < 500; ++i) {
        CHECK(client.raw().readLine().starts_with("p" + std::to_string(i) + " OK"));
    }
}

TEST_CASE("imap: fifty errors in a row are enough", "[imap]") {
    MailHouse house;
    ImapClient client(house);
    for (std::size_t i = 0; i < limits::kImapErrorsMax; ++i)
        client.raw().send("x BOGUS\r\n");
    CHECK(client.raw().readToEnd().ends_with("* BYE Too many errors\r\n"));
}

}  // namespace daybook::test
