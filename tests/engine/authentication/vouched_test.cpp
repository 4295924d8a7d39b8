// OAUTHBEARER and EXTERNAL: every way to be refused first. Keys and tokens are made here.

#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "engine/authentication/bearer_tokens.h"
#include "journal/base/encoding.h"
#include "tests/engine/authentication/login_fixture.h"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Key makeKey(bool rsa) { return {rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), &EVP_PKEY_free}; }

std::string base64Url(std::string_view octets) {
    std::string text = toBase64(octets);
    for (char& c : text) {
        if (c == '+') c = '-';
        if (c == '/') c = '_';
    }
    text.erase(text.find_last_not_of('=') + 1);
    return text;
}

std::string signedBy(EVP_PKEY* key, const std::string& input) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
        EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    const auto* const octets = reinterpret_cast<const unsigned char*>(input.data());
    std::size_t count = 0;
    REQUIRE(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1);
    REQUIRE(EVP_DigestSign(context.get(), nullptr, &count, octets, input.size()) == 1);
    std::string signature(count, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(signature.data());
    REQUIRE(EVP_DigestSign(context.get(), out, &count, octets, input.size()) == 1);
    signature.resize(count);
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return signature;
    const unsigned char* der = out;
    ECDSA_SIG* const pair = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(count));
    std::string raw(64, '\0');
    auto* const half = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), half, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), half + 32, 32);
    ECDSA_SIG_free(pair);
    return raw;
}

std::string token(EVP_PKEY* key, const Json& claims, const Json& header) {
    const std::string input = base64Url(header.dump()) + "." + base64Url(claims.dump());
    return input + "." + base64Url(signedBy(key, input));
}

// A key, its file, and an authenticator that takes its tokens.
class Issuer {
public:
    explicit Issuer(bool rsa)
        : key_(makeKey(rsa)),
          algorithm_(rsa ? "RS256" : "ES256"),
          fixture_(false, true, settings()) {
        fixture_.account(1, "alice@example.org", "pencil");
        fixture_.account(2, "bob@example.org", "pencil");
    }

    OauthSettings settings() const {
        const std::filesystem::path path = folder_.path() / "issuer.pem";
        std::FILE* const file = std::fopen(path.c_str(), "w");
        REQUIRE(PEM_write_PUBKEY(file, key_.get()) == 1);
        std::fclose(file);
        return {
            .publicKey = path,
            .issuer = "https://login.example.org",
            .audience = "mail.example.org",
            .accountClaim = "email",
        };
    }

    std::int64_t now() { return fixture_.clock().now() / kSecondNs; }

    Json claims() {
        return {
            {"iss", "https://login.example.org"},
            {"aud", {"other", "mail.example.org"}},
            {"exp", now() + 300},
            {"email", "Alice@example.org"},
        };
    }

    std::string sign(const Json& claims) { return sign(claims, {{"alg", algorithm_}}); }

    std::string sign(const Json& claims, const Json& header) {
        return token(key_.get(), claims, header);
    }

    LoginFixture& fixture() { return fixture_; }

    const std::string& algorithm() const { return algorithm_; }

private:
    TemporaryFolder folder_;
    Key key_;
    std::string algorithm_;
    LoginFixture fixture_;
};

std::string message(const std::string& token, const std::string& gs2 = "n,,") {
    return gs2 + "\x01host=mail.example.org\x01port=587\x01" + "auth=Bearer " + token + "\x01\x01";
}

// "in as NAME", "error", or the refusal.
std::string said(LoginPeer& peer, const std::string& response) {
    const auto exchange = peer.begin("OAUTHBEARER");
    REQUIRE(exchange);
    CHECK((*exchange)->clientFirst());
    const auto step = peer.step(**exchange, response);
    if (!step) return nameOf(step.error().reason);
    if (step->identity) return "in as " + step->identity->login;
    CHECK(Json::parse(step->challenge)["status"] == "invalid_token");
    // RFC 7628 §3.2.3: whatever comes now, it has failed.
    const auto last = peer.step(**exchange, "\x01");
    REQUIRE_FALSE(last);
    CHECK(last.error().reason == RefusalReason::AuthenticationFailed);
    return "error";
}

}  // namespace

TEST_CASE("OAUTHBEARER: offered where it is configured, over TLS", "[engine]") {
    LoginFixture without;
    LoginPeer nobody(without);
    CHECK_FALSE(nobody.begin("OAUTHBEARER"));
    Issuer issuer(false);
    LoginPeer peer(issuer.fixture());
    const std::vector<std::string> names =
        issuer.fixture().authenticator().mechanisms(peer.facts());
    CHECK(std::ranges::find(names, "OAUTHBEARER") != names.end());
    peer.facts().isTls = false;
    const auto refused = peer.begin("OAUTHBEARER");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == RefusalReason::EncryptionRequired);
}

TEST_CASE("OAUTHBEARER: malformed messages fail", "[engine]") {
    Issuer issuer(false);
    const std::string good = issuer.sign(issuer.claims());
    for (const std::string& wrong : {
             std::string(),
             std::string("n,,"),
             std::string("\x01"),
             message(""),
             message(good, "p=tls-exporter,,"),
             message(good, "n,alice,"),
             message(good, "n,a=,"),
             message(good, "n,a=al=ice,"),
             message(good, "n"),
             message(good) + "x",
             "n,,\x01" + std::string("auth=Basic ") + good + "\x01\x01",
             "n,,\x01" + std::string("auth=Bearer ") + good + "\x01",
             "n,,\x01" + std::string("host=x\x01\x01"),
         }) {
        // From an address of its own, so that none has to wait.
        LoginPeer peer(issuer.fixture(), "unix");
        INFO(wrong);
        CHECK(said(peer, wrong) == "AuthenticationFailed");
    }
}

TEST_CASE("OAUTHBEARER: tokens that are not taken are answered with the error", "[engine]") {
    for (const bool rsa : {false, true}) {
        Issuer issuer(rsa);
        Issuer other(rsa);
        const auto with = [&](const char* name, const Json& value) {
            Json claims = issuer.claims();
            claims[name] = value;
            return issuer.sign(claims);
        };
        const auto without = [&](const char* name) {
            Json claims = issuer.claims();
            claims.erase(name);
            return issuer.sign(claims);
        };
        const std::string good = issuer.sign(issuer.claims());
        const std::string unsignedPart = good.substr(0, good.rfind('.') + 1);
        std::string otherClaims = good;
        otherClaims[good.find('.') + 10] = otherClaims[good.find('.') + 10] == 'A' ? 'B' : 'A';
        for (const std::string& wrong : {
                 std::string("x"),
                 std::string("a.b"),
                 std::string("a.b.c"),
                 std::string(".."),
                 unsignedPart,
                 unsignedPart + "AAAA",
                 otherClaims,
                 good + "=",
                 good + ".x",
                 other.sign(issuer.claims()),
                 issuer.sign(issuer.claims(), {{"alg", "none"}}),
                 issuer.sign(issuer.claims(), {{"alg", "HS256"}}),
                 issuer.sign(issuer.claims(), {{"alg", rsa ? "ES256" : "RS256"}}),
                 issuer.sign(issuer.claims(), {{"typ", "JWT"}}),
                 issuer.sign(issuer.claims(), {{"alg", issuer.algorithm()}, {"crit", {"x"}}}),
                 issuer.sign(Json::array(), {{"alg", issuer.algorithm()}}),
                 with("exp", issuer.now() - 60),
                 with("exp", "soon"),
                 without("exp"),
                 with("nbf", issuer.now() + 61),
                 with("iss", "https://evil.example"),
                 without("iss"),
                 with("aud", "other"),
                 with("aud", 7),
                 without("aud"),
                 without("email"),
                 with("email", 7),
                 with("email", ""),
                 std::string(9'000, 'a'),
             }) {
            LoginPeer peer(issuer.fixture(), "unix");
            INFO(wrong);
            CHECK(said(peer, message(wrong)) == "error");
        }
    }
}

TEST_CASE("OAUTHBEARER: who goes away instead of answering the error has failed too", "[engine]") {
    Issuer issuer(false);
    LoginPeer peer(issuer.fixture(), "192.0.2.7");
    // As often as one network may fail.
    for (int i = 0; i < 10; ++i) {
        const auto exchange = peer.begin("OAUTHBEARER");
        REQUIRE(exchange);
        REQUIRE(peer.step(**exchange, message("x")));
    }
    CHECK(said(peer, message("x")) == "AuthenticationTooOften");
}

TEST_CASE("OAUTHBEARER: a good token logs its account in", "[engine]") {
    for (const bool rsa : {false, true}) {
        Issuer issuer(rsa);
        LoginPeer peer(issuer.fixture());
        const std::string good = issuer.sign(issuer.claims());
        CHECK(said(peer, message(good)) == "in as alice@example.org");
        CHECK(said(peer, message(good, "n,a=alice@example.org,")) == "in as alice@example.org");
        CHECK(peer.session().account() == AccountId(1));
        // Nobody acts for somebody else.
        CHECK(said(peer, message(good, "n,a=bob@example.org,")) == "AuthenticationFailed");
        Json claims = issuer.claims();
        claims["aud"] = "mail.example.org";
        claims["exp"] = issuer.now() - 59;
        CHECK(said(peer, message(issuer.sign(claims))) == "in as alice@example.org");
        claims["email"] = "nobody@example.org";
        CHECK(said(peer, message(issuer.sign(claims))) == "AuthenticationFailed");
        issuer.fixture().accounts().disable(1);
        CHECK(said(peer, message(good)) == "AccountDisabled");
    }
}

TEST_CASE("OAUTHBEARER: a key that cannot be used is said at the start", "[engine]") {
    const TemporaryFolder folder;
    const OauthSettings settings{.publicKey = folder.path() / "none.pem"};
    CHECK_THROWS_WITH(BearerTokens(settings), Catch::Contains("none.pem"));
}

TEST_CASE("EXTERNAL: the certificate's names say who it is", "[engine]") {
    LoginFixture fixture;
    fixture.account(1, "alice@example.org", "pencil");
    fixture.account(2, "bob@example.org", "pencil");
    LoginPeer peer(fixture);
    CHECK_FALSE(peer.begin("EXTERNAL"));
    peer.facts().certificateNames = {"alice", "nobody@example.org", "Alice@example.org"};
    CHECK(fixture.authenticator().mechanisms(peer.facts()).front() == "EXTERNAL");
    const auto said = [&](const std::string& response) -> std::string {
        const auto exchange = peer.begin("external");
        REQUIRE(exchange);
        const auto step = peer.step(**exchange, response);
        return step ? step->identity.value().login : nameOf(step.error().reason);
    };
    CHECK(said("bob@example.org") == "AuthenticationFailed");
    CHECK(said("nobody@example.org") == "AuthenticationFailed");
    CHECK(said("alice@example.org") == "alice@example.org");
    CHECK(said("") == "alice@example.org");
    fixture.accounts().disable(1);
    CHECK(said("") == "AccountDisabled");
    peer.facts().certificateNames = {"nobody@example.org"};
    CHECK(said("") == "AuthenticationFailed");
}
