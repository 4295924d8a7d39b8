// The SMTP client over TLS, against our own server, and against Postfix's smtp-sink.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocols/smtp/client_replies.h"
#include "tests/protocols/smtp/client_conversation.h"
#include "tests/support/mail_house.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_authority.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::string_view kText = "Subject: from the client\r\n\r\n.dot\r\n..dots\r\nend\r\n";

void expect(TestClient& peer, std::string_view octets) {
    const std::string got = peer.readOctets(octets.size());
    if (got != octets) throw ClientFailed("expected: " + std::string(octets) + " got: " + got);
}

void greet(TestClient& peer, std::string_view offers) {
    peer.send("220 mx.example.org ready\r\n");
    expect(peer, "EHLO client.example\r\n");
    peer.send(offers);
}

constexpr std::string_view kOffersTls = "250-mx.example.org\r\n250-SIZE 7\r\n250 STARTTLS\r\n";

// From the greeting to the EHLO over TLS.
void upgrade(TestClient& peer, const CertificateFiles& files) {
    greet(peer, kOffersTls);
    expect(peer, "STARTTLS\r\n");
    peer.send("220 go\r\n");
    peer.acceptTls(files.certificateChain, files.privateKey);
    expect(peer, "EHLO client.example\r\n");
    peer.send("250 mx.example.org\r\n");
}

void expectQuit(TestClient& peer) {
    expect(peer, "QUIT\r\n");
    peer.send("221 bye\r\n");
}

ConnectRequest namesRequest(std::uint16_t port, TlsMode mode) {
    ConnectRequest request = requestTo(port, mode);
    request.demand.check = TlsCheck::Names;
    request.demand.names = {"mx.example.org"};
    return request;
}

std::vector<OutboundMessage> toAlice() { return {messageTo({"alice@example.org"}, kText)}; }

void checkRelayed(const Heard& heard) {
    CAPTURE(heard.trouble.reply.text);
    REQUIRE(heard.connected);
    for (const auto& results : heard.results) {
        for (const RecipientResult& result : results) {
            CAPTURE(result.reply.text);
            CHECK(result.state == SendState::Relayed);
        }
    }
}

// smtp-sink on a free port; ended with the object.
class SmtpSink {
public:
    explicit SmtpSink(const std::vector<std::string>& options) {
        {
            const TestListener listener;
            port_ = listener.port();
        }
        std::vector<std::string> words{"/usr/sbin/smtp-sink"};
        // As root it wants somebody to become.
        if (::geteuid() == 0) words.insert(words.end(), {"-u", "nobody"});
        words.insert(words.end(), options.begin(), options.end());
        words.push_back("127.0.0.1:" + std::to_string(port_));
        words.emplace_back("16");
        std::vector<char*> arguments;
        for (std::string& word : words)
            arguments.push_back(word.data());
        arguments.push_back(nullptr);
        if (::posix_spawn(&process_, arguments[0], nullptr, nullptr, arguments.data(), nullptr) !=
            0) {
            throw std::runtime_error("cannot start smtp-sink (package postfix)");
        }
    }

    ~SmtpSink() {
        ::kill(process_, SIGTERM);
        ::waitpid(process_, nullptr, 0);
    }

    SmtpSink(const SmtpSink&) = delete;
    SmtpSink& operator=(const SmtpSink&) = delete;

    // Once it listens.
    Heard talk(bool lmtp, const std::vector<OutboundMessage>& messages) const {
        const TlsClientContext tls({});
        ConnectRequest request = requestTo(port_);
        request.lmtp = lmtp;
        const Deadline patience = after(std::chrono::seconds(10));
        for (;;) {
            Heard heard = conversation(tls, request, messages);
            const bool early = heard.trouble.stage == ConnectStage::Connect && !heard.connected;
            if (!early || std::chrono::steady_clock::now() > patience) return heard;
        }
    }

private:
    std::uint16_t port_ = 0;
    pid_t process_ = 0;
};

}  // namespace

TEST_CASE("smtp client: STARTTLS, verified, and nothing is kept from before", "[smtp]") {
    TestAuthority authority;
    const IssuedCertificate right = authority.issue({"mx.example.org"});
    const TlsClientContext tls(authority.root().files.certificateChain);
    const TestListener listener;
    auto part = listener.play([&right](TestClient& peer) {
        upgrade(peer, right.files);
        expectQuit(peer);
    });
    const Heard heard = conversation(tls, namesRequest(listener.port(), TlsMode::Required), {});
    part.get();
    REQUIRE(heard.connected);
    CHECK(heard.peer.tls.versionName == "TLSv1.3");
    CHECK(heard.peer.tlsVerified);
    CHECK(heard.peer.tlsFault == TlsFault::None);
    CHECK(heard.peer.octetsMax == 0);
}

TEST_CASE("smtp client: implicit TLS comes before the greeting", "[smtp]") {
    TestAuthority authority;
    const IssuedCertificate right = authority.issue({"mx.example.org"});
    const TlsClientContext tls(authority.root().files.certificateChain);
    const TestListener listener;
    auto part = listener.play([&right](TestClient& peer) {
        peer.acceptTls(right.files.certificateChain, right.files.privateKey);
        greet(peer, "250 mx.example.org\r\n");
        expectQuit(peer);
    });
    const Heard heard = conversation(tls, namesRequest(listener.port(), TlsMode::Implicit), {});
    part.get();
    CHECK(heard.connected);
    CHECK(heard.peer.tlsVerified);
}

TEST_CASE("smtp client: required TLS or nothing", "[smtp]") {
    TestAuthority authority;
    const TlsClientContext tls({});
    const IssuedCertificate unknown = authority.issue({"mx.example.org"});
    const TestListener listener;
    auto stripped = listener.play([](TestClient& peer) {
        greet(peer, "250 mx.example.org\r\n");
        peer.readToEnd();
    });
    const ConnectRequest request = namesRequest(listener.port(), TlsMode::Required);
    Heard heard = conversation(tls, request, {});
    stripped.get();
    CHECK_FALSE(heard.connected);
    CHECK(heard.trouble.stage == ConnectStage::StartTls);
    CHECK(heard.trouble.tlsFault == TlsFault::NotOffered);

    auto untrusted = listener.play([&unknown](TestClient& peer) {
        greet(peer, kOffersTls);
        expect(peer, "STARTTLS\r\n");
        peer.send("220 go\r\n");
        CHECK_THROWS_AS(
            peer.acceptTls(unknown.files.certificateChain, unknown.files.privateKey), ClientFailed);
    });
    heard = conversation(tls, request, {});
    untrusted.get();
    CHECK_FALSE(heard.connected);
    CHECK(heard.trouble.stage == ConnectStage::StartTls);
    CHECK(heard.trouble.tlsFault == TlsFault::NotTrusted);

    auto injected = listener.play([](TestClient& peer) {
        greet(peer, kOffersTls);
        expect(peer, "STARTTLS\r\n");
        peer.send("220 go\r\n250 mx.example.org\r\n");
        peer.readToEnd();
    });
    heard = conversation(tls, request, {});
    injected.get();
    CHECK_FALSE(heard.connected);
    CHECK(heard.trouble.tlsFault == TlsFault::HandshakeFailed);
}

TEST_CASE("smtp client: opportunistic TLS takes what there is", "[smtp]") {
    TestAuthority authority;
    const TlsClientContext tls({});
    const IssuedCertificate unknown = authority.issue({"mx.example.org"});
    const TestListener listener;
    const ConnectRequest any = requestTo(listener.port(), TlsMode::Opportunistic);

    auto none = listener.play([](TestClient& peer) {
        greet(peer, "250 mx.example.org\r\n");
        expectQuit(peer);
    });
    Heard heard = conversation(tls, any, {});
    none.get();
    CHECK(heard.connected);
    CHECK(heard.peer.tls.version == 0);
    CHECK(heard.peer.tlsFault == TlsFault::NotOffered);

    auto refuses = listener.play([](TestClient& peer) {
        greet(peer, kOffersTls);
        expect(peer, "STARTTLS\r\n");
        peer.send("454 4.7.0 not now\r\n");
        expectQuit(peer);
    });
    heard = conversation(tls, any, {});
    refuses.get();
    CHECK(heard.connected);
    CHECK(heard.peer.tlsFault == TlsFault::NotOffered);

    // What nobody vouches for is encrypted with, when it is not asked for more.
    auto encrypts = listener.play([&unknown](TestClient& peer) {
        upgrade(peer, unknown.files);
        expectQuit(peer);
    });
    heard = conversation(tls, any, {});
    encrypts.get();
    CHECK(heard.connected);
    CHECK(heard.peer.tls.version != 0);
    CHECK_FALSE(heard.peer.tlsVerified);
    CHECK(heard.peer.tlsFault == TlsFault::None);
}

TEST_CASE("smtp client: opportunistic TLS that fails is tried with less", "[smtp]") {
    TestAuthority authority;
    const TlsClientContext tls({});
    const IssuedCertificate unknown = authority.issue({"mx.example.org"});
    const TestListener listener;
    // The certificate alone is wrong: encrypted all the same, over a second connection.
    auto certificate = std::async(std::launch::async, [&] {
        TestClient first = listener.accept();
        CHECK_THROWS_AS(upgrade(first, unknown.files), ClientFailed);
        TestClient second = listener.accept();
        upgrade(second, unknown.files);
        expectQuit(second);
    });
    Heard heard = conversation(tls, namesRequest(listener.port(), TlsMode::Opportunistic), {});
    certificate.get();
    CHECK(heard.connected);
    CHECK(heard.peer.tls.version != 0);
    CHECK_FALSE(heard.peer.tlsVerified);
    CHECK(heard.peer.tlsFault == TlsFault::NotTrusted);

    // No TLS to be had: in the clear.
    auto broken = std::async(std::launch::async, [&] {
        TestClient first = listener.accept();
        greet(first, kOffersTls);
        expect(first, "STARTTLS\r\n");
        first.send("220 go\r\n");
        first.readOctets(1);
        first.close();
        TestClient second = listener.accept();
        greet(second, kOffersTls);
        expectQuit(second);
    });
    heard = conversation(tls, requestTo(listener.port(), TlsMode::Opportunistic), {});
    broken.get();
    CHECK(heard.connected);
    CHECK(heard.peer.tls.version == 0);
    CHECK(heard.peer.tlsFault == TlsFault::HandshakeFailed);
}

TEST_CASE("smtp client: sends to our own server, in the clear and over TLS", "[smtp]") {
    MailHouse house;
    const TlsClientContext tls({});
    const TlsMode mode = GENERATE(TlsMode::Never, TlsMode::Required);
    const Heard heard = conversation(
        tls,
        requestTo(house.port(Door::Mx), mode),
        {messageTo({"alice@example.org", "bob@example.org", "nobody@example.org"}, kText),
         messageTo({"alice@example.org"}, kText)});
    REQUIRE(heard.connected);
    CHECK((heard.peer.tls.version != 0) == (mode == TlsMode::Required));
    CHECK(heard.results[0][0].state == SendState::Relayed);
    CHECK(heard.results[0][1].state == SendState::Relayed);
    CHECK(heard.results[0][2].state == SendState::Refused);
    CHECK(heard.results[0][2].reply.enhancedCode == enhanced(5, 1, 1));
    CHECK(heard.results[1][0].state == SendState::Relayed);
    CHECK(heard.usable);
    const std::vector<std::string> inbox = house.inbox("alice@example.org");
    REQUIRE(inbox.size() == 2);
    for (const std::string& message : inbox)
        CHECK_THAT(message, Catch::EndsWith(std::string(kText)));
}

TEST_CASE("smtp client: sends to our own LMTP", "[smtp]") {
    MailHouse house;
    const TlsClientContext tls({});
    ConnectRequest request = requestTo(house.port(Door::Lmtp));
    request.lmtp = true;
    const Heard heard =
        conversation(tls, request, {messageTo({"alice@example.org", "bob@example.org"}, kText)});
    checkRelayed(heard);
    CHECK(house.inbox("bob@example.org").size() == 1);
}

TEST_CASE("smtp client: logs in at our own submission by SCRAM", "[smtp]") {
    MailHouse house;
    const TlsClientContext tls({});
    ConnectRequest request = requestTo(house.port(Door::Submission), TlsMode::Required);
    request.login = SmartHostLogin{.user = "alice@example.org", .password = std::string(kPassword)};
    std::vector<OutboundMessage> messages = toAlice();
    messages[0].reversePath = "alice@example.org";
    checkRelayed(conversation(tls, request, messages));
    request.login->password = "wrong";
    const Heard refused = conversation(tls, request, messages);
    CHECK_FALSE(refused.connected);
    CHECK(refused.trouble.stage == ConnectStage::Login);
    CHECK(refused.trouble.reply.code == 535);
}

TEST_CASE("smtp client: sends to Postfix's smtp-sink", "[smtp]") {
    const std::string big = "Subject: big\r\n\r\n" + std::string(300'000, 'x') + "\r\n.\r\nend\r\n";
    const std::vector<OutboundMessage> messages{
        messageTo({"a@example.org", "b@example.org"}, kText),
        messageTo({"a@example.org"}, big),
    };
    SECTION("SMTP with and without pipelining") {
        const bool pipelining = GENERATE(true, false);
        const SmtpSink sink(
            pipelining ? std::vector<std::string>{} : std::vector<std::string>{"-p"});
        const Heard heard = sink.talk(false, messages);
        checkRelayed(heard);
        CHECK(heard.peer.pipelining == pipelining);
    }
    SECTION("SMTP without ESMTP") {
        const SmtpSink sink({"-e"});
        const Heard heard = sink.talk(false, messages);
        checkRelayed(heard);
        CHECK_FALSE(heard.peer.extended);
    }
    SECTION("LMTP") {
        const SmtpSink sink({"-L"});
        checkRelayed(sink.talk(true, messages));
    }
    SECTION("it hangs up at the end of the data") {
        const SmtpSink sink({"-q", "."});
        const Heard heard = sink.talk(false, {messages[0]});
        REQUIRE(heard.connected);
        CHECK(heard.results[0][0].state == SendState::Unknown);
    }
    SECTION("it refuses the data") {
        const SmtpSink sink({"-r", "data"});
        const Heard heard = sink.talk(false, {messages[0]});
        REQUIRE(heard.connected);
        CHECK(heard.results[0][0].state == SendState::Refused);
    }
}
