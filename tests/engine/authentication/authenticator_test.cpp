#include "engine/authentication/authenticator.h"

#include <catch2/catch.hpp>

#include "journal/journal_reader.h"
#include "tests/engine/authentication/login_fixture.h"

using namespace daybook;
using namespace daybook::test;
using namespace std::string_literals;

namespace {

using Names = std::vector<std::string>;

RefusalReason reasonOf(const Outcome<Identity>& outcome) {
    REQUIRE_FALSE(outcome);
    return outcome.error().reason;
}

// Everything said in one message, as PLAIN does.
Outcome<Identity> plain(LoginPeer& peer, std::string message) {
    const Outcome<std::unique_ptr<SaslExchange>> exchange = peer.begin("PLAIN");
    REQUIRE(exchange);
    CHECK((*exchange)->clientFirst());
    const Outcome<SaslExchange::Step> step = peer.step(**exchange, std::move(message));
    if (!step) return std::unexpected(step.error());
    CHECK(step->challenge.empty());
    REQUIRE(step->identity);
    return *step->identity;
}

}  // namespace

TEST_CASE("authenticator: announces what is safe on the connection", "[engine]") {
    LoginFixture fixture;
    LoginPeer peer(fixture);
    const Authenticator& authenticator = fixture.authenticator();
    CHECK(
        authenticator.mechanisms(peer.facts()) ==
        Names{"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"});
    peer.facts().channelBinding = std::string(32, 'b');
    CHECK(
        authenticator.mechanisms(peer.facts()) ==
        Names{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"});
    LoginFixture withoutPlus(false, false);
    CHECK(
        withoutPlus.authenticator().mechanisms(peer.facts()) ==
        Names{"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"});
    CHECK_FALSE(withoutPlus.authenticator().begin(peer.facts(), "SCRAM-SHA-256-PLUS"));
    peer.facts().channelBinding.reset();
    peer.facts().isTls = false;
    CHECK(authenticator.mechanisms(peer.facts()) == Names{"SCRAM-SHA-256", "SCRAM-SHA-1"});
    peer.facts().isLoopback = true;
    CHECK(authenticator.mechanisms(peer.facts()) == Names{"SCRAM-SHA-256", "SCRAM-SHA-1"});
    CHECK_FALSE(authenticator.allowsPlaintext(peer.facts()));

    LoginFixture lenient(true);
    LoginPeer local(lenient, "127.0.0.1");
    local.facts().isTls = false;
    CHECK_FALSE(lenient.authenticator().allowsPlaintext(local.facts()));
    local.facts().isLoopback = true;
    CHECK(lenient.authenticator().allowsPlaintext(local.facts()));
}

TEST_CASE("authenticator: begins nothing that it did not announce", "[engine]") {
    LoginFixture fixture;
    LoginPeer peer(fixture);
    for (const std::string_view mechanism :
         {"",
          "CRAM-MD5",
          "DIGEST-MD5",
          "ANONYMOUS",
          "EXTERNAL",
          "GSSAPI",
          "SECURID",
          "SCRAM-SHA-1-PLUS",
          "SAML20",
          "OPENID20",
          "NTLM",
          "PLAIN ",
          "SCRAM-SHA-256-PLUS"}) {
        INFO(mechanism);
        const auto exchange = peer.begin(mechanism);
        REQUIRE_FALSE(exchange);
        CHECK(exchange.error().reason == RefusalReason::InvalidArgument);
    }
    CHECK(peer.begin("plain"));
    CHECK(peer.begin("Scram-Sha-256"));
    peer.facts().isTls = false;
    CHECK(peer.begin("PLAIN").error().reason == RefusalReason::EncryptionRequired);
    CHECK(peer.begin("login").error().reason == RefusalReason::EncryptionRequired);
    CHECK(reasonOf(peer.logIn("x@example.org", "x")) == RefusalReason::EncryptionRequired);
}

TEST_CASE("authenticator: a password leads to its account, in any case of the name", "[engine]") {
    LoginFixture fixture;
    fixture.account(1, "alice@example.org", "wonder land");
    LoginPeer peer(fixture);
    CHECK(
        reasonOf(peer.logIn("alice@example.org", "wonder")) == RefusalReason::AuthenticationFailed);
    CHECK(reasonOf(peer.logIn("alice@example.org", "")) == RefusalReason::AuthenticationFailed);
    CHECK(reasonOf(peer.logIn("alice", "wonder land")) == RefusalReason::AuthenticationFailed);
    CHECK(
        reasonOf(peer.logIn("nobody@example.org", "wonder land")) ==
        RefusalReason::AuthenticationFailed);
    CHECK(reasonOf(peer.logIn("", "")) == RefusalReason::AuthenticationFailed);
    CHECK(peer.session().account() == AccountId{});

    const Outcome<Identity> identity = peer.logIn("Alice@EXAMPLE.org", "wonder land");
    REQUIRE(identity);
    CHECK(identity->account == AccountId(1));
    CHECK(identity->credential == CredentialId(201));
    CHECK(identity->login == "alice@example.org");
    CHECK(peer.session().account() == AccountId(1));
}

TEST_CASE("authenticator: names and passwords without measure are nobody's", "[engine]") {
    LoginFixture fixture;
    fixture.account(1, "alice@example.org", "wonder land");
    LoginPeer peer(fixture);
    for (const std::size_t octets : {321U, 600U, 100'000U}) {
        CHECK(
            reasonOf(peer.logIn(std::string(octets, 'a') + "@example.org", "x")) ==
            RefusalReason::AuthenticationFailed);
        CHECK(
            reasonOf(peer.logIn("alice@example.org", std::string(octets * 4, 'a'))) ==
            RefusalReason::AuthenticationFailed);
    }
    CHECK(reasonOf(peer.logIn("a\0b"s, "x\0y"s)) == RefusalReason::AuthenticationFailed);
}

TEST_CASE("authenticator: a disabled account is told so only with its password", "[engine]") {
    LoginFixture fixture;
    fixture.account(1, "alice@example.org", "wonder land");
    LoginPeer peer(fixture);
    REQUIRE(peer.logIn("alice@example.org", "wonder land"));
    fixture.accounts().disable(1);
    CHECK(
        reasonOf(peer.logIn("alice@example.org", "wrong")) == RefusalReason::AuthenticationFailed);
    CHECK(
        reasonOf(peer.logIn("alice@example.org", "wonder land")) == RefusalReason::AccountDisabled);
}

TEST_CASE("authenticator: a remembered password ends with its credential", "[engine]") {
    LoginFixture fixture;
    fixture.account(1, "alice@example.org", "wonder land");
    LoginPeer peer(fixture);
    REQUIRE(peer.logIn("alice@example.org", "wonder land"));
    // The verifier is gone: what still knows the password is the memory.
    fixture.secrets().erase(CredentialId(201));
    REQUIRE(peer.logIn("alice@example.org", "wonder land"));
    fixture.accounts().revoke(1, 201);
    CHECK(
        reasonOf(peer.logIn("alice@example.org", "wonder land")) ==
        RefusalReason::AuthenticationFailed);
}

TEST_CASE("authenticator: a remembered password is asked for again after 5 minutes", "[engine]") {
    LoginFixture fixture;
    fixture.account(1, "alice@example.org", "wonder land");
    LoginPeer peer(fixture);
    REQUIRE(peer.logIn("alice@example.org", "wonder land"));
    fixture.secrets().erase(CredentialId(201));
    fixture.clock().advanceSeconds(300);
    CHECK(
        reasonOf(peer.logIn("alice@example.org", "wonder land")) ==
        RefusalReason::AuthenticationFailed);
}

TEST_CASE("authenticator: who fails too often waits, with the right password too", "[engine]") {
    LoginFixture fixture;
    fixture.account(1, "alice@example.org", "wonder land");
    LoginPeer attacker(fixture, "192.0.2.66");
    for (int i = 0; i < 10; ++i) {
        CHECK(
            reasonOf(attacker.logIn("alice@example.org", "guess" + std::to_string(i))) ==
            RefusalReason::AuthenticationFailed);
    }
    LoginPeer neighbour(fixture, "192.0.2.1");
    CHECK(
        reasonOf(neighbour.logIn("alice@example.org", "wonder land")) ==
        RefusalReason::AuthenticationTooOften);
    LoginPeer elsewhere(fixture, "198.51.100.1");
    CHECK(elsewhere.logIn("alice@example.org", "wonder land"));
    fixture.clock().advanceSeconds(5);
    CHECK(neighbour.logIn("alice@example.org", "wonder land"));
}

TEST_CASE("PLAIN: what is not [authzid] NUL authcid NUL passwd fails", "[engine]") {
    LoginFixture fixture;
    fixture.account(1, "alice@example.org", "secret");
    LoginPeer peer(fixture);
    for (const std::string& message :
         {""s,
          "\0"s,
          "alice@example.org"s,
          "alice@example.org\0secret"s,
          "\0alice@example.org\0secret\0"s,
          "\0alice@example.org\0secret\0more"s,
          "\0\0"s,
          "\0alice@example.org\0"s,
          "\0\0secret"s}) {
        CHECK(reasonOf(plain(peer, message)) == RefusalReason::AuthenticationFailed);
    }
}

TEST_CASE("PLAIN: the authorization identity is empty or the login itself", "[engine]") {
    LoginFixture fixture;
    fixture.account(1, "alice@example.org", "secret");
    fixture.account(2, "bob@example.org", "other");
    LoginPeer peer(fixture);
    CHECK(
        reasonOf(plain(peer, "bob@example.org\0alice@example.org\0secret"s)) ==
        RefusalReason::AuthenticationFailed);
    CHECK(
        reasonOf(plain(peer, "\0alice@example.org\0other"s)) ==
        RefusalReason::AuthenticationFailed);
    CHECK(plain(peer, "\0alice@example.org\0secret"s)->account == AccountId(1));
    CHECK(plain(peer, "ALICE@example.org\0alice@Example.org\0secret"s)->account == AccountId(1));
}

TEST_CASE("LOGIN: asks for the name and for the password", "[engine]") {
    LoginFixture fixture;
    fixture.account(1, "alice@example.org", "secret");
    LoginPeer peer(fixture);
    auto exchange = peer.begin("LOGIN");
    REQUIRE(exchange);
    CHECK_FALSE((*exchange)->clientFirst());
    CHECK(peer.step(**exchange, "")->challenge == "Username:");
    CHECK(peer.step(**exchange, "alice@example.org")->challenge == "Password:");
    const Outcome<SaslExchange::Step> done = peer.step(**exchange, "secret");
    REQUIRE(done);
    REQUIRE(done->identity);
    CHECK(done->identity->account == AccountId(1));

    SECTION("the name may come as the initial response") {
        exchange = peer.begin("LOGIN");
        CHECK(peer.step(**exchange, "alice@example.org")->challenge == "Password:");
        CHECK(peer.step(**exchange, "secret")->identity);
    }
    SECTION("an empty name is a name") {
        exchange = peer.begin("LOGIN");
        CHECK(peer.step(**exchange, "")->challenge == "Username:");
        CHECK(peer.step(**exchange, "")->challenge == "Password:");
        const auto failed = peer.step(**exchange, "secret");
        REQUIRE_FALSE(failed);
        CHECK(failed.error().reason == RefusalReason::AuthenticationFailed);
    }
}

TEST_CASE("authenticator: failures are on record, the name only if it exists", "[engine]") {
    LoginFixture fixture;
    fixture.account(1, "alice@example.org", "secret");
    LoginPeer peer(fixture, "192.0.2.9");
    CHECK_FALSE(peer.logIn("alice@example.org", "wrong"));
    CHECK_FALSE(peer.logIn("my password", "wrong"));
    fixture.strangers().flush(true);
    fixture.scribe().domain("example.com");  // what nobody waits for rides with the next commit

    std::vector<std::pair<std::uint64_t, std::string>> failures;
    JournalReader reader(fixture.scribe().journal());
    reader.forEach(Seq(1), Seq(UINT64_MAX), [&failures](const Record& record) {
        if (record.kind() != Kind::AuthFailed) return true;
        const auto details = record.annex(0).value().getAuthFailed();
        CHECK(std::string_view(details.getIp().cStr()) == "192.0.2.9");
        failures.emplace_back(record.core().getAccount(), details.getLogin().cStr());
        return true;
    });
    REQUIRE(failures.size() == 2);
    CHECK(failures[0] == std::pair<std::uint64_t, std::string>(1, "alice@example.org"));
    CHECK(failures[1] == std::pair<std::uint64_t, std::string>(0, ""));
}
