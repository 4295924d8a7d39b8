// The SMTP client against peers that say what a test lets them say, the worst of them too.
#include <catch2/catch.hpp>

#include "protocols/smtp/client_replies.h"
#include "tests/protocols/smtp/client_conversation.h"
#include "tests/support/test_authority.h"

using namespace daybook;
using namespace daybook::test;
using daybook::smtp::ClientTimeouts;

namespace {

constexpr std::string_view kText = "Subject: x\r\n\r\n.dot\r\n";
constexpr std::string_view kStuffed = "Subject: x\r\n\r\n..dot\r\n.\r\n";
constexpr std::string_view kBasic = "250 mx.example.org\r\n";
constexpr std::string_view kPipelining = "250-mx.example.org\r\n250 PIPELINING\r\n";
constexpr std::string_view kChunking = "250-mx.example.org\r\n250-PIPELINING\r\n250 CHUNKING\r\n";

using Part = std::function<void(TestClient& peer)>;

void expect(TestClient& peer, std::string_view octets) {
    const std::string got = peer.readOctets(octets.size());
    if (got != octets) throw ClientFailed("expected: " + std::string(octets) + " got: " + got);
}

// The greeting and the answer to EHLO.
void greet(TestClient& peer, std::string_view offers) {
    peer.send("220 mx.example.org ready\r\n");
    expect(peer, "EHLO client.example\r\n");
    peer.send(offers);
}

constexpr std::string_view kMail = "MAIL FROM:<sender@example.net>\r\n";

void expectQuit(TestClient& peer) {
    expect(peer, "QUIT\r\n");
    peer.send("221 bye\r\n");
}

// Plays the part against a client that sends the messages. `ended`: told when the client has.
Heard play(
    const Part& part,
    const std::vector<OutboundMessage>& messages = {},
    const ClientTimeouts& timeouts = {},
    const std::function<void(ConnectRequest&)>& adjust = {},
    std::promise<void>* ended = nullptr) {
    const TlsClientContext tls({});
    const TestListener listener;
    ConnectRequest request = requestTo(listener.port());
    if (adjust) adjust(request);
    auto played = listener.play(part);
    Heard heard = conversation(tls, request, messages, timeouts);
    if (ended != nullptr) ended->set_value();
    played.get();
    return heard;
}

OutboundMessage toOne() { return messageTo({"a@example.org"}, kText); }

SendState stateOf(const Heard& heard, std::size_t recipient = 0, std::size_t message = 0) {
    return heard.results.at(message).at(recipient).state;
}

ClientTimeouts shortly() {
    constexpr std::chrono::milliseconds kShort{50};
    ClientTimeouts timeouts;
    timeouts.greeting = timeouts.hello = timeouts.mail = timeouts.recipient = kShort;
    timeouts.dataBegin = timeouts.dataEnd = kShort;
    return timeouts;
}

}  // namespace

TEST_CASE("smtp client: sends step by step to a peer that offers nothing", "[smtp]") {
    const Heard heard = play([](TestClient& peer) {
        greet(peer, kBasic);
        expect(peer, kMail);
        peer.send("250 2.1.0 ok\r\n");
        expect(peer, "RCPT TO:<a@example.org>\r\n");
        peer.send("250 ok\r\n");
        expect(peer, "RCPT TO:<b@example.org>\r\n");
        peer.send("550 5.1.1 no such user\r\n");
        expect(peer, "DATA\r\n");
        peer.send("354 go\r\n");
        expect(peer, kStuffed);
        peer.send("250 2.0.0 queued as 7\r\n");
        expectQuit(peer);
    }, {messageTo({"a@example.org", "b@example.org"}, kText)});
    CHECK(heard.peer.extended);
    CHECK(heard.peer.name == "mx.example.org");
    CHECK(heard.usable);
    CHECK(stateOf(heard, 0) == SendState::Relayed);
    CHECK(heard.results[0][0].reply.text == "250 2.0.0 queued as 7");
    CHECK(stateOf(heard, 1) == SendState::Refused);
    CHECK(heard.results[0][1].reply.enhancedCode == enhanced(5, 1, 1));
}

TEST_CASE("smtp client: pipelines an envelope with DATA", "[smtp]") {
    const Heard heard = play(
        [](TestClient& peer) {
        greet(peer, kPipelining);
        for (int i = 0; i < 2; ++i) {
            expect(peer, kMail);
            expect(peer, "RCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
            peer.send("250 ok\r\n450 later\r\n250 ok\r\n354 go\r\n");
            expect(peer, kStuffed);
            peer.send("250 ok\r\n");
        }
        expectQuit(peer);
    },
        {messageTo({"a@example.org", "b@example.org"}, kText),
         messageTo({"a@example.org", "b@example.org"}, kText)});
    for (const std::size_t message : {0U, 1U}) {
        CHECK(stateOf(heard, 0, message) == SendState::Refused);
        CHECK(stateOf(heard, 1, message) == SendState::Relayed);
    }
}

TEST_CASE("smtp client: a message without recipients that were taken is empty", "[smtp]") {
    // RFC 2920 §3.1
    const std::string mail = GENERATE("250 ok\r\n", "550 no\r\n");
    const Heard heard = play([mail](TestClient& peer) {
        greet(peer, kPipelining);
        expect(peer, kMail);
        expect(peer, "RCPT TO:<a@example.org>\r\nDATA\r\n");
        peer.send(mail + "550 5.1.1 no\r\n354 go on\r\n");
        expect(peer, ".\r\n");
        peer.send("250 an empty message\r\n");
        expectQuit(peer);
    }, {toOne()});
    CHECK(stateOf(heard) == SendState::Refused);
    CHECK(heard.usable);
}

TEST_CASE("smtp client: an open transaction is reset", "[smtp]") {
    const Heard heard = play([](TestClient& peer) {
        greet(peer, kPipelining);
        expect(peer, kMail);
        expect(peer, "RCPT TO:<a@example.org>\r\nDATA\r\n");
        peer.send("250 ok\r\n250 ok\r\n452 4.3.1 full\r\n");
        expect(peer, "RSET\r\n");
        peer.send("250 ok\r\n");
        expectQuit(peer);
    }, {toOne()});
    CHECK(stateOf(heard) == SendState::Refused);
    CHECK(heard.results[0][0].reply.text == "452 4.3.1 full");
    CHECK(heard.usable);
}

TEST_CASE("smtp client: a small chunk rides with its envelope", "[smtp]") {
    const Heard heard = play([](TestClient& peer) {
        greet(peer, kChunking);
        expect(peer, kMail);
        expect(peer, "RCPT TO:<a@example.org>\r\nBDAT 20 LAST\r\n");
        expect(peer, kText);
        peer.send("250 ok\r\n250 ok\r\n250 taken\r\n");
        expect(peer, kMail);
        expect(peer, "RCPT TO:<a@example.org>\r\nBDAT 20 LAST\r\n");
        expect(peer, kText);
        peer.send("250 ok\r\n550 no\r\n503 nobody\r\n");
        expect(peer, "RSET\r\n");
        peer.send("250 ok\r\n");
        expectQuit(peer);
    }, {toOne(), toOne()});
    CHECK(stateOf(heard, 0, 0) == SendState::Relayed);
    CHECK(stateOf(heard, 0, 1) == SendState::Refused);
    CHECK(heard.usable);
}

TEST_CASE("smtp client: a big chunk waits for its recipients", "[smtp]") {
    const std::string text = "Subject: x\r\n\r\n" + std::string(100'000, 'x') + "\r\n";
    const Heard heard = play([&text](TestClient& peer) {
        greet(peer, kChunking);
        expect(peer, kMail);
        expect(peer, "RCPT TO:<a@example.org>\r\n");
        peer.send("250 ok\r\n250 ok\r\n");
        expect(peer, "BDAT " + std::to_string(text.size()) + " LAST\r\n");
        expect(peer, text);
        peer.send("250 taken\r\n");
        expectQuit(peer);
    }, {messageTo({"a@example.org"}, text)});
    CHECK(stateOf(heard) == SendState::Relayed);
}

TEST_CASE("smtp client: many recipients go in groups", "[smtp]") {
    std::vector<std::string> recipients;
    for (int i = 0; i < 250; ++i)
        recipients.push_back("user" + std::to_string(i) + "@example.org");
    const Heard heard = play([](TestClient& peer) {
        greet(peer, kPipelining);
        std::string line = peer.readLine();
        while (line != "DATA") {
            peer.send("250 ok\r\n");
            line = peer.readLine();
        }
        peer.send("354 go\r\n");
        expect(peer, kStuffed);
        peer.send("250 ok\r\n");
        expectQuit(peer);
    }, {messageTo(recipients, kText)});
    for (const RecipientResult& result : heard.results.at(0))
        CHECK(result.state == SendState::Relayed);
}

TEST_CASE("smtp client: obeys the peer's limits", "[smtp]") {
    // RFC 9422
    const Heard heard = play([](TestClient& peer) {
        greet(peer, "250-mx\r\n250 LIMITS RCPTMAX=1 MAILMAX=1\r\n");
        expect(peer, kMail);
        peer.send("250 ok\r\n");
        expect(peer, "RCPT TO:<a@example.org>\r\n");
        peer.send("250 ok\r\n");
        expect(peer, "DATA\r\n");
        peer.send("354 go\r\n");
        expect(peer, kStuffed);
        peer.send("250 ok\r\n");
        expectQuit(peer);
    }, {messageTo({"a@example.org", "b@example.org"}, kText)});
    CHECK(stateOf(heard, 0) == SendState::Relayed);
    CHECK(stateOf(heard, 1) == SendState::NotTried);
    CHECK(heard.results[0][1].reply.code == 452);
    CHECK_FALSE(heard.usable);
}

TEST_CASE("smtp client: sends nothing of what the peer cannot take", "[smtp]") {
    OutboundMessage message = toOne();
    message.smtpUtf8 = true;
    const Heard heard = play([](TestClient& peer) {
        greet(peer, kPipelining);
        expectQuit(peer);
    }, {message});
    CHECK(stateOf(heard) == SendState::NotTried);
    CHECK(heard.results[0][0].reply.text.starts_with("550 5.6.7 "));
    CHECK(heard.usable);
}

TEST_CASE("smtp client: LMTP answers for each recipient", "[smtp]") {
    const Heard heard = play(
        [](TestClient& peer) {
        peer.send("220 mx.example.org LMTP\r\n");
        expect(peer, "LHLO client.example\r\n");
        peer.send(kPipelining);
        expect(peer, kMail);
        expect(peer, "RCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n");
        expect(peer, "RCPT TO:<c@example.org>\r\nDATA\r\n");
        peer.send("250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n");
        expect(peer, kStuffed);
        peer.send("250 for a\r\n452 4.2.2 c is full\r\n");
        expectQuit(peer);
    },
        {messageTo({"a@example.org", "b@example.org", "c@example.org"}, kText)},
        {},
        [](ConnectRequest& request) { request.lmtp = true; });
    CHECK(stateOf(heard, 0) == SendState::Relayed);
    CHECK(stateOf(heard, 1) == SendState::Refused);
    CHECK(stateOf(heard, 2) == SendState::Refused);
    CHECK(heard.results[0][2].reply.text == "452 4.2.2 c is full");
}

TEST_CASE("smtp client: LMTP that breaks off leaves the rest unknown", "[smtp]") {
    const Heard heard = play([](TestClient& peer) {
        peer.send("220 mx.example.org LMTP\r\n");
        expect(peer, "LHLO client.example\r\n");
        peer.send(kPipelining);
        expect(peer, kMail);
        expect(peer, "RCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
        peer.send("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
        expect(peer, kStuffed);
        peer.send("250 for a\r\n");
        peer.close();
    }, {messageTo({"a@example.org", "b@example.org"}, kText)}, {}, [](ConnectRequest& request) {
        request.lmtp = true;
    });
    CHECK(stateOf(heard, 0) == SendState::Relayed);
    CHECK(stateOf(heard, 1) == SendState::Unknown);
    CHECK_FALSE(heard.usable);
}

TEST_CASE("smtp client: falls back to HELO", "[smtp]") {
    const Heard heard = play([](TestClient& peer) {
        peer.send("220 old\r\n");
        expect(peer, "EHLO client.example\r\n");
        peer.send("502 what?\r\n");
        expect(peer, "HELO client.example\r\n");
        peer.send("250 old.example.org\r\n");
        expectQuit(peer);
    });
    CHECK(heard.connected);
    CHECK_FALSE(heard.peer.extended);
    CHECK(heard.peer.name == "old.example.org");
    // Trouble for now is no reason to forget EHLO.
    const Heard busy = play([](TestClient& peer) {
        peer.send("220 old\r\n");
        expect(peer, "EHLO client.example\r\n");
        peer.send("450 4.3.2 busy\r\n");
        CHECK(peer.readToEnd().empty());
    });
    CHECK_FALSE(busy.connected);
    CHECK(busy.trouble.stage == ConnectStage::Hello);
    CHECK(busy.trouble.reply.text == "450 4.3.2 busy");
}

TEST_CASE("smtp client: says why there is no session", "[smtp]") {
    const Heard refused = play([](TestClient& peer) { peer.send("554 5.3.2 go away\r\n"); });
    CHECK(refused.trouble.stage == ConnectStage::Greeting);
    CHECK(refused.trouble.reply.code == 554);
    const Heard silent =
        play([](TestClient& peer) { CHECK(peer.readToEnd().empty()); }, {}, shortly());
    CHECK(silent.trouble.stage == ConnectStage::Greeting);
    CHECK(silent.trouble.reply.code == 0);
    CHECK_THAT(silent.trouble.reply.text, Catch::Contains("no reply came in time"));
    const Heard gone = play([](TestClient& peer) { peer.send("220-hello\r\n"); });
    CHECK(gone.trouble.reply.code == 0);
    CHECK_THAT(gone.trouble.reply.text, Catch::Contains("the peer closed it"));
    const TlsClientContext tls({});
    std::uint16_t port = 0;
    {
        const TestListener listener;
        port = listener.port();
    }
    const Heard nobody = conversation(tls, requestTo(port), {});
    CHECK(nobody.trouble.stage == ConnectStage::Connect);
    CHECK_THAT(nobody.trouble.reply.text, Catch::Contains("refused"));
}

TEST_CASE("smtp client: garbage for a reply ends it", "[smtp]") {
    const std::string garbage = GENERATE(
        std::string("SSH-2.0-OpenSSH\r\n"),
        std::string("220-a\r\n221 b\r\n"),
        std::string("\0\0\0\0\n", 5),
        std::string(5'000, 'x'),
        std::string("999 x\r\n"));
    const Heard heard = play([garbage](TestClient& peer) { peer.send(garbage); });
    CHECK_FALSE(heard.connected);
    CHECK(heard.trouble.reply.code == 0);
    CHECK_THAT(heard.trouble.reply.text, Catch::Contains("makes no sense"));
}

TEST_CASE("smtp client: a reply that drips has one deadline for all of it", "[smtp]") {
    ClientTimeouts timeouts;
    timeouts.greeting = std::chrono::milliseconds(200);
    std::promise<void> ended;
    const std::shared_future<void> over = ended.get_future().share();
    const Heard heard = play([over](TestClient& peer) {
        peer.send("220 ");
        // An octet now and then, until the client has had enough.
        while (over.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout)
            peer.send("x");
    }, {}, timeouts, {}, &ended);
    CHECK(heard.trouble.stage == ConnectStage::Greeting);
    CHECK_FALSE(heard.connected);
}

TEST_CASE("smtp client: broken is not unknown", "[smtp]") {
    enum class End { AfterMail, AfterRecipient, AfterDot };
    const End end = GENERATE(End::AfterMail, End::AfterRecipient, End::AfterDot);
    const Heard heard = play([end](TestClient& peer) {
        greet(peer, kPipelining);
        expect(peer, kMail);
        expect(peer, "RCPT TO:<a@example.org>\r\nDATA\r\n");
        if (end == End::AfterMail) return;
        peer.send("250 ok\r\n250 ok\r\n");
        if (end == End::AfterRecipient) return;
        peer.send("354 go\r\n");
        expect(peer, kStuffed);
    }, {toOne()});
    const SendState expected = end == End::AfterDot ? SendState::Unknown : SendState::Broken;
    CHECK(stateOf(heard) == expected);
    CHECK(heard.results[0][0].reply.code == 0);
    CHECK_FALSE(heard.usable);
}

TEST_CASE("smtp client: a peer that never reads the end has not got the message", "[smtp]") {
    const std::string text(32U << 20U, 'x');
    ClientTimeouts timeouts;
    timeouts.dataBlock = std::chrono::milliseconds(100);
    std::promise<void> ended;
    const std::shared_future<void> over = ended.get_future().share();
    const Heard heard = play([over](TestClient& peer) {
        greet(peer, kPipelining);
        expect(peer, kMail);
        expect(peer, "RCPT TO:<a@example.org>\r\nDATA\r\n");
        peer.send("250 ok\r\n250 ok\r\n354 go\r\n");
        // Takes all that was sent once the client has given up: no end is among it.
        over.wait();
        CHECK_FALSE(peer.readToEnd().ends_with("\r\n.\r\n"));
    }, {messageTo({"a@example.org"}, text)}, timeouts, {}, &ended);
    CHECK(stateOf(heard) == SendState::Broken);
}

TEST_CASE("smtp client: the refusal of a peer that hangs up within the data counts", "[smtp]") {
    const std::string text(32U << 20U, 'x');
    ClientTimeouts timeouts;
    timeouts.dataBlock = std::chrono::milliseconds(100);
    std::promise<void> ended;
    const std::shared_future<void> over = ended.get_future().share();
    const Heard heard = play([over](TestClient& peer) {
        greet(peer, kPipelining);
        expect(peer, kMail);
        expect(peer, "RCPT TO:<a@example.org>\r\nDATA\r\n");
        peer.send("250 ok\r\n250 ok\r\n354 go\r\n");
        peer.readOctets(1000);
        peer.send("552 5.3.4 enough\r\n");
        peer.halfClose();
        // Takes nothing more; the client's patience ends.
        over.wait();
    }, {messageTo({"a@example.org"}, text)}, timeouts, {}, &ended);
    CHECK(stateOf(heard) == SendState::Refused);
    CHECK(heard.results[0][0].reply.text == "552 5.3.4 enough");
    CHECK_FALSE(heard.usable);
}

TEST_CASE("smtp client: 421 at any time is goodbye", "[smtp]") {
    const std::string replies =
        GENERATE("421 bye\r\n", "250 ok\r\n421 bye\r\n", "250 ok\r\n250 ok\r\n421 bye\r\n");
    const Heard heard = play([replies](TestClient& peer) {
        greet(peer, kPipelining);
        expect(peer, kMail);
        expect(peer, "RCPT TO:<a@example.org>\r\nDATA\r\n");
        peer.send(replies);
        CHECK(peer.readToEnd().empty());
    }, {toOne()});
    CHECK(stateOf(heard) == SendState::Refused);
    CHECK(heard.results[0][0].reply.code == 421);
    CHECK_FALSE(heard.usable);
}

TEST_CASE("smtp client: a goodbye between messages sends none", "[smtp]") {
    const Heard heard = play([](TestClient& peer) {
        greet(peer, "250-mx\r\n250 PIPELINING\r\n421 4.3.2 closing\r\n");
        CHECK(peer.readToEnd().empty());
    }, {toOne(), toOne()});
    CHECK(stateOf(heard, 0, 0) == SendState::NotTried);
    CHECK(heard.results[0][0].reply.text == "421 4.3.2 closing");
    CHECK(stateOf(heard, 0, 1) == SendState::NotTried);
}

TEST_CASE("smtp client: a reply that nobody asked for is no answer", "[smtp]") {
    const Heard heard = play([](TestClient& peer) {
        greet(peer, kBasic);
        expect(peer, kMail);
        peer.send("250 ok\r\n250 and for the recipient\r\n");
        CHECK(peer.readToEnd().empty());
    }, {toOne()});
    CHECK(stateOf(heard) == SendState::Broken);
    CHECK_THAT(heard.results[0][0].reply.text, Catch::Contains("nobody asked"));
}

TEST_CASE("smtp client: positive where it makes no sense is nothing", "[smtp]") {
    const std::string data = GENERATE("250 taken already\r\n", "334 go\r\n");
    const Heard heard = play([data](TestClient& peer) {
        greet(peer, kPipelining);
        expect(peer, kMail);
        expect(peer, "RCPT TO:<a@example.org>\r\nDATA\r\n");
        peer.send("250 ok\r\n250 ok\r\n" + data);
        CHECK(peer.readToEnd().empty());
    }, {toOne()});
    CHECK(stateOf(heard) == SendState::Broken);
}

TEST_CASE("smtp client: logs in at a smart host", "[smtp]") {
    const bool plain = GENERATE(true, false);
    const bool accepted = GENERATE(true, false);
    const std::string answer = accepted ? "235 welcome\r\n" : "535 5.7.8 wrong\r\n";
    const Heard heard = play([&](TestClient& peer) {
        greet(peer, plain ? "250-mx\r\n250 AUTH LOGIN PLAIN\r\n" : "250-mx\r\n250 AUTH LOGIN\r\n");
        if (plain) {
            expect(peer, "AUTH PLAIN AHVzZXIAcGFzcw==\r\n");
        } else {
            expect(peer, "AUTH LOGIN\r\n");
            peer.send("334 VXNlcm5hbWU6\r\n");
            expect(peer, "dXNlcg==\r\n");
            peer.send("334 UGFzc3dvcmQ6\r\n");
            expect(peer, "cGFzcw==\r\n");
        }
        peer.send(answer);
        if (accepted) expectQuit(peer);
    }, {}, {}, [](ConnectRequest& request) {
        request.login = SmartHostLogin{.user = "user", .password = "pass"};
    });
    CHECK(heard.connected == accepted);
    if (!accepted) CHECK(heard.trouble.stage == ConnectStage::Login);
    if (!accepted) CHECK(heard.trouble.reply.enhancedCode == enhanced(5, 7, 8));
}

TEST_CASE("smtp client: a server that does not prove itself is none of ours", "[smtp]") {
    const Heard heard = play([](TestClient& peer) {
        greet(peer, "250-mx\r\n250 AUTH SCRAM-SHA-256 PLAIN\r\n");
        CHECK_THAT(peer.readLine(), Catch::StartsWith("AUTH SCRAM-SHA-256 "));
        peer.send("235 welcome\r\n");
        CHECK(peer.readToEnd().empty());
    }, {}, {}, [](ConnectRequest& request) {
        request.login = SmartHostLogin{.user = "user", .password = "pass"};
    });
    CHECK_FALSE(heard.connected);
    CHECK_THAT(heard.trouble.reply.text, Catch::Contains("prove"));
}
