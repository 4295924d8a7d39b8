#include <catch2/catch.hpp>

#include "tests/engine/authentication/login_fixture.h"
#include "tests/engine/authentication/scram_client.h"

using namespace daybook;
using namespace daybook::test;

namespace {

Outcome<Identity> scram(LoginPeer& peer, const char* mechanism, const ClientFacts& facts) {
    ScramClient client(mechanism, facts);
    const auto exchange = peer.begin(mechanism);
    REQUIRE(exchange);
    CHECK((*exchange)->clientFirst());
    const auto first = peer.step(**exchange, client.step(""));
    if (!first) return std::unexpected(first.error());
    CHECK_FALSE(first->identity);
    const auto last = peer.step(**exchange, client.step(first->challenge));
    if (!last) return std::unexpected(last.error());
    REQUIRE(last->identity);
    client.step(last->challenge);
    CHECK(client.isDone());
    return *last->identity;
}

// "r=...,s=SALT,i=ITERATIONS": what the server says first to this name.
std::string challengeFor(LoginPeer& peer, const std::string& login) {
    const auto exchange = peer.begin("SCRAM-SHA-256");
    REQUIRE(exchange);
    const auto first = peer.step(**exchange, "n,,n=" + login + ",r=clientnonce");
    REQUIRE(first);
    CHECK(first->challenge.starts_with("r=clientnonce"));
    return first->challenge.substr(first->challenge.find(",s="));
}

RefusalReason reasonOf(const Outcome<Identity>& outcome) {
    REQUIRE_FALSE(outcome);
    return outcome.error().reason;
}

struct OneAccount : LoginFixture {
    OneAccount() { account(1, "alice@example.org", "pencil"); }
};

const std::string kBinding(32, 'b');

}  // namespace

TEST_CASE("SCRAM: the right password, with and without TLS", "[engine]") {
    OneAccount fixture;
    LoginPeer peer(fixture);
    const ClientFacts alice{.login = "alice@example.org", .password = "pencil"};
    const Outcome<Identity> identity = scram(peer, "SCRAM-SHA-256", alice);
    REQUIRE(identity);
    CHECK(identity->account == AccountId(1));
    CHECK(identity->credential == CredentialId(201));
    CHECK(identity->login == "alice@example.org");
    CHECK(peer.session().account() == AccountId(1));
    peer.facts().isTls = false;
    CHECK(scram(peer, "SCRAM-SHA-256", alice));
}

TEST_CASE("SCRAM: a wrong password, and an unknown name", "[engine]") {
    OneAccount fixture;
    LoginPeer peer(fixture);
    for (const ClientFacts& facts :
         {ClientFacts{.login = "alice@example.org", .password = "Pencil"},
          ClientFacts{.login = "nobody@example.org", .password = "pencil"},
          ClientFacts{.login = "nobody", .password = "pencil"},
          ClientFacts{.login = std::string(1'000, 'x') + "@example.org", .password = "pencil"}}) {
        CHECK(reasonOf(scram(peer, "SCRAM-SHA-256", facts)) == RefusalReason::AuthenticationFailed);
    }
    CHECK(peer.session().account() == AccountId{});
}

TEST_CASE("SCRAM: an unknown name looks like a known one", "[engine]") {
    OneAccount fixture;
    LoginPeer peer(fixture);
    const std::string known = challengeFor(peer, "alice@example.org");
    const std::string unknown = challengeFor(peer, "nobody@example.org");
    CHECK(known == challengeFor(peer, "alice@example.org"));
    CHECK(unknown == challengeFor(peer, "nobody@example.org"));
    CHECK(unknown == challengeFor(peer, "NOBODY@example.org"));
    CHECK(unknown != challengeFor(peer, "somebody@example.org"));
    CHECK(known.size() == unknown.size());
    CHECK(known.substr(known.find(",i=")) == unknown.substr(unknown.find(",i=")));
    // So does one whose password was never set.
    fixture.accounts().account(2, "new@example.org");
    CHECK(challengeFor(peer, "new@example.org").size() == known.size());
}

TEST_CASE("SCRAM: nobody acts for somebody else", "[engine]") {
    OneAccount fixture;
    fixture.account(2, "bob@example.org", "eraser");
    LoginPeer peer(fixture);
    ClientFacts facts{
        .login = "alice@example.org", .password = "pencil", .authorization = "bob@example.org"};
    CHECK(reasonOf(scram(peer, "SCRAM-SHA-256", facts)) == RefusalReason::AuthenticationFailed);
    facts.authorization = "Alice@example.org";
    CHECK(scram(peer, "SCRAM-SHA-256", facts));
}

TEST_CASE("SCRAM: a disabled account, and a revoked credential", "[engine]") {
    OneAccount fixture;
    LoginPeer peer(fixture);
    const ClientFacts alice{.login = "alice@example.org", .password = "pencil"};
    SECTION("disabled: told with the right password only") {
        fixture.accounts().disable(1);
        CHECK(reasonOf(scram(peer, "SCRAM-SHA-256", alice)) == RefusalReason::AccountDisabled);
        const ClientFacts guess{.login = "alice@example.org", .password = "guess"};
        CHECK(reasonOf(scram(peer, "SCRAM-SHA-256", guess)) == RefusalReason::AuthenticationFailed);
    }
    SECTION("revoked before") {
        fixture.accounts().revoke(1, 201);
        CHECK(reasonOf(scram(peer, "SCRAM-SHA-256", alice)) == RefusalReason::AuthenticationFailed);
    }
    SECTION("revoked between the two steps") {
        ScramClient client("SCRAM-SHA-256", alice);
        const auto exchange = peer.begin("SCRAM-SHA-256");
        const auto first = peer.step(**exchange, client.step(""));
        REQUIRE(first);
        fixture.accounts().revoke(1, 201);
        const auto last = peer.step(**exchange, client.step(first->challenge));
        REQUIRE_FALSE(last);
        CHECK(last.error().reason == RefusalReason::AuthenticationFailed);
    }
}

TEST_CASE("SCRAM-PLUS: only with the binding of this very connection", "[engine]") {
    OneAccount fixture;
    LoginPeer peer(fixture);
    peer.facts().channelBinding = kBinding;
    ClientFacts alice{.login = "alice@example.org", .password = "pencil", .binding = kBinding};
    CHECK(scram(peer, "SCRAM-SHA-256-PLUS", alice));

    alice.binding = std::string(32, 'x');  // somebody in the middle
    CHECK(
        reasonOf(scram(peer, "SCRAM-SHA-256-PLUS", alice)) == RefusalReason::AuthenticationFailed);
    alice.binding = kBinding;
    alice.password = "Pencil";
    CHECK(
        reasonOf(scram(peer, "SCRAM-SHA-256-PLUS", alice)) == RefusalReason::AuthenticationFailed);
}

TEST_CASE("SCRAM: a client that was not told of -PLUS is being lied to", "[engine]") {
    OneAccount fixture;
    LoginPeer peer(fixture);
    peer.facts().channelBinding = kBinding;
    // A client that cannot bind is served.
    CHECK(scram(peer, "SCRAM-SHA-256", {.login = "alice@example.org", .password = "pencil"}));
    // One that could, and thinks that the server cannot ("y,,"), is refused. RFC 5802 §6.
    const auto exchange = peer.begin("SCRAM-SHA-256");
    REQUIRE(exchange);
    const auto first = peer.step(**exchange, "y,,n=alice@example.org,r=clientnonce");
    CHECK_FALSE(first);
}

TEST_CASE("SCRAM: malformed messages fail, whatever they are", "[engine]") {
    OneAccount fixture;
    LoginPeer peer(fixture, "127.0.0.1");
    using namespace std::string_literals;
    for (const std::string& message :
         {"x"s,
          "n,,"s,
          "n,,n=alice@example.org"s,
          "n,,r=nonce"s,
          "n,,n=,r=nonce"s,
          "p=tls-unique,,n=alice@example.org,r=nonce"s,
          "p=tls-exporter,,n=alice@example.org,r=nonce"s,
          "n,,n=alice@example.org,r="s,
          "\0\0\0"s,
          "n,,n=alice\0@example.org,r=nonce"s,
          std::string(100'000, 'n')}) {
        INFO(message.substr(0, 60));
        const auto exchange = peer.begin("SCRAM-SHA-256");
        REQUIRE(exchange);
        const auto step = peer.step(**exchange, message);
        REQUIRE_FALSE(step);
        CHECK(step.error().reason == RefusalReason::AuthenticationFailed);
    }
}

TEST_CASE("SCRAM: failures count, and who fails too often waits", "[engine]") {
    OneAccount fixture;
    LoginPeer peer(fixture);
    const ClientFacts wrong{.login = "alice@example.org", .password = "Pencil"};
    for (int i = 0; i < 10; ++i) {
        CHECK(reasonOf(scram(peer, "SCRAM-SHA-256", wrong)) == RefusalReason::AuthenticationFailed);
    }
    const ClientFacts right{.login = "alice@example.org", .password = "pencil"};
    CHECK(reasonOf(scram(peer, "SCRAM-SHA-256", right)) == RefusalReason::AuthenticationTooOften);
    fixture.clock().advanceSeconds(5);
    CHECK(scram(peer, "SCRAM-SHA-256", right));
}

TEST_CASE("SCRAM-SHA-1: the right password, and only that", "[engine]") {
    OneAccount fixture;
    LoginPeer peer(fixture);
    CHECK(
        reasonOf(scram(peer, "SCRAM-SHA-1", {.login = "alice@example.org", .password = "wrong"})) ==
        RefusalReason::AuthenticationFailed);
    CHECK(
        reasonOf(
            scram(peer, "SCRAM-SHA-1", {.login = "nobody@example.org", .password = "pencil"})) ==
        RefusalReason::AuthenticationFailed);
    const Outcome<Identity> identity =
        scram(peer, "SCRAM-SHA-1", {.login = "alice@example.org", .password = "pencil"});
    REQUIRE(identity);
    CHECK(identity->credential == CredentialId(201));
}

TEST_CASE("SCRAM-SHA-1: a password from before it is like an unknown name", "[engine]") {
    OneAccount fixture;
    SystemRandom random;
    fixture.secrets().erase(CredentialId(201));
    fixture.secrets().put(CredentialId(201), makeVerifier("pencil", random));
    LoginPeer peer(fixture);
    const ClientFacts alice{.login = "alice@example.org", .password = "pencil"};
    CHECK(reasonOf(scram(peer, "SCRAM-SHA-1", alice)) == RefusalReason::AuthenticationFailed);
    CHECK(scram(peer, "SCRAM-SHA-256", alice));

    const auto challenge = [&](const std::string& login) {
        const auto exchange = peer.begin("SCRAM-SHA-1");
        REQUIRE(exchange);
        const auto first = peer.step(**exchange, "n,,n=" + login + ",r=clientnonce");
        REQUIRE(first);
        return first->challenge.substr(first->challenge.find(",s="));
    };
    CHECK(challenge("alice@example.org") == challenge("alice@example.org"));
    CHECK(challenge("nobody@example.org") == challenge("nobody@example.org"));
    CHECK(challenge("nobody@example.org").size() == challenge("alice@example.org").size());
    CHECK(challenge("nobody@example.org") != challengeFor(peer, "nobody@example.org"));
}
