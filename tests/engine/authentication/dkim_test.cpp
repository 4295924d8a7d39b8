#include "engine/authentication/dkim.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <ctime>

using namespace daybook;

namespace {

constexpr TimeNs kNow = 1'795'484'278 * kSecondNs;

constexpr std::string_view kMessage =
    "Date: Tue, 24 Nov 2026 01:37:58 +0000\r\n"
    "From: Alice <alice@example.org>\r\n"
    "To: Bob\r\n\t<bob@example.net>\r\n"
    "Subject:  a   short  note \r\n"
    "List-Id: <notes.example.org>\r\n"
    "X-Unsigned: yes\r\n"
    "\r\n"
    "Hello  Bob,\r\n"
    "\r\n"
    "this is the message. \r\n"
    "\r\n"
    "\r\n";

// One of each, made once: RSA keys take their time.
const std::vector<DkimKey>& keys() {
    static const std::vector<DkimKey> made{
        {.domain = "example.org",
         .selector = "rsa-1",
         .algorithm = DkimAlgorithm::RSA_SHA256,
         .privateKey = makeDkimPrivateKey(DkimAlgorithm::RSA_SHA256)},
        {.domain = "example.org",
         .selector = "ed-1",
         .algorithm = DkimAlgorithm::ED25519_SHA256,
         .privateKey = makeDkimPrivateKey(DkimAlgorithm::ED25519_SHA256)},
    };
    return made;
}

std::optional<std::string> published(const std::string& name) {
    for (const DkimKey& key : keys()) {
        if (dkimRecordName(key.selector, key.domain) != name) continue;
        return dkimRecord(key.algorithm, dkimPublicKey(key.privateKey));
    }
    return std::nullopt;
}

Outcome<std::string> sign(std::string_view message) {
    const std::array pieces{message};
    return dkimSign(keys(), pieces, kNow);
}

std::string whyNot(std::string_view message) {
    const Outcome<std::string> fields = sign(message);
    return fields ? "signed" : fields.error().detail;
}

std::vector<DkimVerdict> verify(
    std::string_view message, const DkimRecordLookup& lookup = published) {
    const std::array pieces{message};
    const auto verdicts = dkimVerify(pieces, lookup);
    REQUIRE(verdicts);
    return *verdicts;
}

// "pass pass", or why not.
std::string verdictsOn(std::string_view message) {
    std::string text;
    for (const DkimVerdict& verdict : verify(message)) {
        if (!text.empty()) text += ' ';
        text += verdict.passed ? "pass" : "fail(" + verdict.why + ")";
    }
    return text;
}

std::string signedMessage(std::string_view message) {
    const Outcome<std::string> fields = sign(message);
    REQUIRE(fields);
    return *fields + std::string(message);
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    const std::size_t at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

// The value of a tag of the first signature, without folding.
std::string tagOf(std::string_view fields, std::string_view tag) {
    std::string flat;
    for (const char c : fields.substr(0, fields.find("\r\nDKIM-Signature", 1))) {
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') flat += c;
    }
    const std::string sought = ";" + std::string(tag) + "=";
    const std::size_t at = flat.find(sought);
    if (at == std::string::npos) return "none";
    const std::size_t from = at + sought.size();
    return flat.substr(from, flat.find(';', from) - from);
}

// RFC 8463 §A.2 and §A.3.
constexpr std::string_view kRfc8463Message =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    " date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    "\r\n"
    "Hi.\r\n"
    "\r\n"
    "We lost the game.  Are you hungry yet?\r\n"
    "\r\n"
    "Joe.\r\n";

constexpr std::string_view kRfc8463Ed25519 =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
constexpr std::string_view kRfc8463Rsa =
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
    "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
    "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
    "Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

// The secret key of RFC 8463 §A.1 in the form of RFC 8410 §7.
constexpr std::string_view kRfc8463Secret =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

}  // namespace

TEST_CASE("dkim: what others could not verify is refused, and says why", "[dkim]") {
    CHECK(whyNot("Subject: x\r\n\r\nx\r\n") == "there is no From field");
    CHECK(whyNot("\r\nFrom: alice@example.org\r\n") == "there is no From field");
    CHECK(whyNot("") == "there is no From field");
    CHECK(
        whyNot("From: a@example.org\r\nSubject: x\r\nfrom: b@example.org\r\n\r\nx\r\n") ==
        "there are 2 From fields");
    CHECK(
        whyNot("From: a@example.org\r\nwhat is this\r\nSubject: x\r\n\r\n") ==
        "line 2 of the header is no header field");
    CHECK(
        whyNot("From alice Tue Nov 24 2026\r\nFrom: a@example.org\r\n\r\n") ==
        "line 1 of the header is no header field");
    CHECK(whyNot("From:\r\n\r\nx\r\n") == "the From field has no address");
    CHECK(whyNot("From: Alice\r\n\r\nx\r\n") == "the From field has no address");
    using namespace std::string_view_literals;
    CHECK(whyNot("From: a@example.org\r\nSubject: \0\r\n\r\n"sv) == "a NUL in the header");
}

TEST_CASE("dkim: a key that is no key is refused", "[dkim]") {
    const std::array pieces{kMessage};
    const std::vector<DkimKey> damaged{
        {.domain = "example.org", .selector = "s", .privateKey = "-----BEGIN NOTHING-----"}};
    const auto fields = dkimSign(damaged, pieces, kNow);
    REQUIRE_FALSE(fields);
    CHECK(fields.error().reason == RefusalReason::InvalidArgument);
    CHECK_THROWS_WITH(
        dkimPublicKey("-----BEGIN NOTHING-----"), Catch::Contains("a DKIM private key is damaged"));

    // A key of the other kind.
    std::vector<DkimKey> swapped{keys()[1]};
    swapped[0].algorithm = DkimAlgorithm::RSA_SHA256;
    CHECK_FALSE(dkimSign(swapped, pieces, kNow));
}

TEST_CASE("dkim: a signature for each key says what it covers", "[dkim]") {
    const Outcome<std::string> fields = sign(kMessage);
    REQUIRE(fields);
    CHECK(fields->starts_with("DKIM-Signature: v=1; "));
    CHECK(fields->ends_with("\r\n"));
    CHECK(tagOf(*fields, "a") == "rsa-sha256");
    CHECK(tagOf(*fields, "c") == "relaxed/relaxed");
    CHECK(tagOf(*fields, "d") == "example.org");
    CHECK(tagOf(*fields, "s") == "rsa-1");
    CHECK(tagOf(*fields, "t") == "1795484278");
    CHECK(tagOf(*fields, "l") == "none");
    CHECK(tagOf(*fields, "x") == "none");
    // Those that are there, in the message's order, then once more all but List-Id.
    CHECK(tagOf(*fields, "h") == "Date:From:To:Subject:List-Id:From:To:Subject:Date");

    const std::vector<DkimVerdict> verdicts = verify(*fields + std::string(kMessage));
    REQUIRE(verdicts.size() == 2);
    CHECK(verdicts[0].passed);
    CHECK(verdicts[0].selector == "rsa-1");
    CHECK(verdicts[1].passed);
    CHECK(verdicts[1].algorithm == "ed25519-sha256");
    CHECK(verdicts[1].domain == "example.org");
    // Lines that no transport has to break.
    std::size_t from = 0;
    for (std::size_t end = 0; (end = fields->find("\r\n", from)) != std::string::npos;
         from = end + 2) {
        CHECK(end - from <= 78);
    }
}

TEST_CASE("dkim: changes are noticed, what relays do is not", "[dkim]") {
    const std::string message = signedMessage(kMessage);
    CHECK(verdictsOn(message) == "pass pass");
    CHECK(verdictsOn("Received: from x by y; z\r\n" + message) == "pass pass");
    CHECK(verdictsOn(replaced(message, "Subject:  a ", "subject: a\r\n ")) == "pass pass");
    CHECK(verdictsOn(replaced(message, "X-Unsigned: yes\r\n", "")) == "pass pass");
    CHECK(verdictsOn("List-Id: <other.example.net>\r\n" + message) == "pass pass");
    CHECK(verdictsOn(message + "\r\n\r\n") == "pass pass");

    CHECK(verdictsOn("Subject: another\r\n" + message) != "pass pass");
    CHECK(verdictsOn("From: mallory@example.net\r\n" + message) != "pass pass");
    CHECK(verdictsOn(replaced(message, "short", "shirt")).starts_with("fail("));
    CHECK(
        verdictsOn(replaced(message, "this is", "that is")) ==
        "fail(body hash mismatch) fail(body hash mismatch)");
    CHECK(
        verdictsOn(message + "and more\r\n") ==
        "fail(body hash mismatch) fail(body hash mismatch)");
    CHECK(verify(message, [](const std::string&) { return std::nullopt; })[0].why != "");
    CHECK(verify(kMessage).empty());
}

TEST_CASE("dkim: unusual messages are signed as they are", "[dkim]") {
    const std::string longLine(100'000, 'x');
    const std::vector<std::string> messages{
        "From: a@example.org\r\n\r\n",
        "From: a@example.org\r\n",
        "From: a@example.org\r\n\r\nno line end",
        "From: a@example.org\r\n\r\n\r\n\r\n",
        "From: a@example.org\r\n\r\n \t \r\n \r\n",
        "From: a@example.org, b@example.org\r\nSubject: 1\r\nSubject: 2\r\n\r\nx\r\n",
        "Subject : blanks before the colon\r\nFrom : a@example.org\r\n\r\nx\r\n",
        "From: a@example.org\r\nSubject: gr\xc3\xbc\xc3\x9f \xe9\xff\r\n\r\ngr\xc3\xbc\xc3\x9f\r\n",
        "From: a@example.org\r\nSubject: " + longLine + "\r\n\r\n" + longLine + "\r\n",
        "From: a@example.org\r\nSubject: x\r\n\t\r\n y\r\n\r\n.\r\n..\r\n",
        "From: a@example.org\r\nSubject:\t \t x \t\r\n\r\n\v \f\r\n",
    };
    for (const std::string& message : messages) {
        CAPTURE(message.substr(0, 200));
        CHECK(verdictsOn(signedMessage(message)) == "pass pass");
    }
}

TEST_CASE("dkim: what is not signed is not judged", "[dkim]") {
    const std::string others = "DKIM-Signature: v=1; d=.; nonsense\r\nX;Y: z\r\n";
    const Outcome<std::string> fields = sign(others + std::string(kMessage));
    REQUIRE(fields);
    CHECK(*fields == sign(kMessage).value());
    CHECK(verdictsOn(*fields + std::string(kMessage)) == "pass pass");
}

TEST_CASE("dkim: pieces are one message", "[dkim]") {
    constexpr std::array<std::string_view, 5> kPieces{
        "Date: Tue, 24 Nov 2026 01:37:58 +0000\r\n",
        "",
        "From: a@example.org\r\n\r\nHel",
        "lo\r",
        "\nSubject: not a field\r\n"};
    std::string whole;
    for (const std::string_view piece : kPieces) {
        whole += piece;
    }
    const auto fields = dkimSign(keys(), kPieces, kNow);
    REQUIRE(fields);
    CHECK(*fields == sign(whole).value());
    CHECK(verdictsOn(*fields + whole) == "pass pass");
}

TEST_CASE("dkim: the example of RFC 8463 verifies", "[dkim]") {
    const std::vector<DkimVerdict> verdicts =
        verify(kRfc8463Message, [](const std::string& name) -> std::optional<std::string> {
        if (name == "brisbane._domainkey.football.example.com") {
            return std::string(kRfc8463Ed25519);
        }
        if (name == "test._domainkey.football.example.com") return std::string(kRfc8463Rsa);
        return std::nullopt;
    });
    REQUIRE(verdicts.size() == 2);
    CHECK(verdicts[0].passed);
    CHECK(verdicts[1].passed);
    CHECK(
        dkimRecord(DkimAlgorithm::ED25519_SHA256, dkimPublicKey(kRfc8463Secret)) ==
        kRfc8463Ed25519);
}

TEST_CASE("dkim: keys are told to others by TXT records", "[dkim]") {
    CHECK(dkimRecordName("rsa-1", "example.org") == "rsa-1._domainkey.example.org");
    const std::string rsa = *published("rsa-1._domainkey.example.org");
    CHECK(rsa.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"));
    CHECK(rsa.size() == 410);

    CHECK(zoneFileText("") == "\"\"");
    CHECK(zoneFileText("v=DKIM1; p=a\"\\") == R"("v=DKIM1; p=a\"\\")");
    CHECK(zoneFileText(std::string(255, 'x')) == '"' + std::string(255, 'x') + '"');
    CHECK(zoneFileText(rsa) == '"' + rsa.substr(0, 255) + "\" \"" + rsa.substr(255) + '"');
}

TEST_CASE("dkim: who signs is who the reader sees, if that is ours", "[dkim]") {
    SigningSituation situation{
        .fromDomains = {"example.org"},
        .reversePathDomain = "example.org",
        .ourDomains = {"example.org", "example.net"},
        .senderDomains = {"example.org"},
    };
    CHECK(signingDomain(situation) == "example.org");

    SECTION("the From field is somebody else's: the reverse-path's") {
        situation.fromDomains = {"elsewhere.test"};
        CHECK(signingDomain(situation) == "example.org");
        situation.reversePathDomain = "elsewhere.test";
        CHECK(signingDomain(situation) == std::nullopt);
    }
    SECTION("another domain of ours where the sender has no address") {
        situation.fromDomains = {"example.net"};
        CHECK(signingDomain(situation) == "example.org");
        situation.senderDomains.emplace_back("example.net");
        CHECK(signingDomain(situation) == "example.net");
    }
    SECTION("no reverse-path") {
        situation.reversePathDomain = "";
        CHECK(signingDomain(situation) == "example.org");
        situation.fromDomains = {};
        CHECK(signingDomain(situation) == std::nullopt);
    }
    SECTION("several authors: the first that will do") {
        situation.fromDomains = {"elsewhere.test", "example.net", "example.org"};
        CHECK(signingDomain(situation) == "example.org");
    }
}

// For people: authentication_test "[dkim-bench]". Of the processor, a signature.
TEST_CASE("dkim: how long it takes", "[.][dkim-bench]") {
    for (const std::size_t octets : {15'000U, 1'000'000U}) {
        std::string message(kMessage);
        while (message.size() < octets) {
            message += "The quick brown fox jumps over the lazy dog, and then some more of it.\r\n";
        }
        for (const DkimKey& key : keys()) {
            const std::array pieces{std::string_view(message)};
            constexpr int kRounds = 100;
            const std::clock_t began = std::clock();
            for (int round = 0; round < kRounds; ++round) {
                REQUIRE(dkimSign({&key, 1}, pieces, kNow));
            }
            const double took = 1000.0 * static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
            std::printf(
                "%s %zu octets: %.2f ms of CPU\n",
                std::string(nameOf(key.algorithm)).c_str(),
                message.size(),
                took / kRounds);
        }
    }
}
