// SCRAM through the dialogues of SMTP and POP3, against libgsasl's client: challenges, the last one
// with the server's proof, channel binding to TLS, and cancelling.

#include <catch2/catch.hpp>
#include <string>

#include "tests/engine/authentication/scram_client.h"
#include "tests/support/mail_house.h"

namespace daybook::test {

namespace {

struct Words {
    Door door;
    std::string greeting;  // what to send until TLS begins
    std::string challengePrefix;
    std::string success;
    std::string failure;
};

const Words kSmtpWords{
    Door::Submission, "EHLO x\r\nSTARTTLS\r\n", "334 ", "235 2.7.0", "535 5.7.8"};
const Words kPop3Words{Door::Pop3, "STLS\r\n", "+ ", "+OK 0 messages", "-ERR [AUTH]"};

TestClient beginTls(MailHouse& house, const Words& words) {
    TestClient client = house.client(words.door);
    client.send(words.greeting);
    client.readUntil("Go ahead\r\n");
    client.startTls();
    if (words.door == Door::Submission) {
        client.send("EHLO x\r\n");
        client.readUntil("250 AUTH ");
        client.readLine();
    }
    return client;
}

// The server's challenge, decoded.
std::string challenge(TestClient& client, const Words& words) {
    const std::string line = client.readLine();
    REQUIRE(line.starts_with(words.challengePrefix));
    const auto octets = fromBase64(line.substr(words.challengePrefix.size()));
    REQUIRE(octets);
    return *octets;
}

}  // namespace

TEST_CASE("SCRAM-SHA-256-PLUS: through SMTP and POP3 over TLS", "[smtp][pop3]") {
    for (const Words& words : {kSmtpWords, kPop3Words}) {
        MailHouse house;
        TestClient client = beginTls(house, words);
        ScramClient scram(
            "SCRAM-SHA-256-PLUS",
            {.login = "alice@example.org",
             .password = std::string(kPassword),
             .authorization = {},
             .binding = client.channelBinding()});
        client.send("AUTH SCRAM-SHA-256-PLUS " + toBase64(scram.step("")) + "\r\n");
        client.send(toBase64(scram.step(challenge(client, words))) + "\r\n");
        scram.step(challenge(client, words));
        CHECK(scram.isDone());
        client.send("\r\n");
        CHECK(client.readLine().starts_with(words.success));
    }
}

TEST_CASE("SCRAM-SHA-256: a wrong password, and a client that does not trust us", "[smtp][pop3]") {
    for (const Words& words : {kSmtpWords, kPop3Words}) {
        MailHouse house;
        TestClient client = beginTls(house, words);
        ScramClient wrong(
            "SCRAM-SHA-256",
            {.login = "alice@example.org",
             .password = "wrong",
             .authorization = {},
             .binding = {}});
        client.send("AUTH SCRAM-SHA-256\r\n");
        CHECK(challenge(client, words).empty());
        client.send(toBase64(wrong.step("")) + "\r\n");
        client.send(toBase64(wrong.step(challenge(client, words))) + "\r\n");
        CHECK(client.readLine().starts_with(words.failure));

        ScramClient right(
            "SCRAM-SHA-256",
            {.login = "alice@example.org",
             .password = std::string(kPassword),
             .authorization = {},
             .binding = {}});
        client.send("AUTH SCRAM-SHA-256 " + toBase64(right.step("")) + "\r\n");
        client.send(toBase64(right.step(challenge(client, words))) + "\r\n");
        challenge(client, words);
        client.send("*\r\n");
        CHECK(client.readLine().find("cancelled") != std::string::npos);
        client.send(words.door == Door::Pop3 ? "STAT\r\n" : "MAIL FROM:<alice@example.org>\r\n");
        const std::string answer = client.readLine();
        CHECK((answer.starts_with("-ERR ") || answer.starts_with("530 ")));
    }
}

}  // namespace daybook::test
