// HTTPS requests to a real server on loopback.
#include "engine/delivery/https_fetch.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "tests/support/policy_host.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_authority.h"

using namespace daybook;
using namespace daybook::test;

namespace {

using Trouble = HttpsAnswer::Trouble;

constexpr const char* kName = "files.example.test";
const std::atomic<bool> kGoOn = false;

struct FetchHouse {
    TestAuthority authority;
    PolicyHost host;

    void serve(const std::string& answer, bool drips = false) {
        host.serve(
            kName,
            {.certificate = authority.issue({kName}).files, .answer = answer, .drips = drips});
    }

    HttpsRequest request() const {
        return {
            .url = {.host = kName, .port = host.port(), .path = "/a?b=c"},
            .addresses = {"127.0.0.1"},
            .roots = authority.root().files.certificateChain,
            .octetsMax = 1'000,
            .timeout = std::chrono::seconds(20),
        };
    }
};

// Its own authority, and a common name but no alternative names.
CertificateFiles withoutAlternativeNames(const std::filesystem::path& folder) {
    CertificateFiles files{{}, folder / "chain.pem", folder / "key.pem"};
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const made = ::X509_new();
    ::X509_set_version(made, X509_VERSION_3);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(made), 1);
    ::X509_gmtime_adj(::X509_getm_notBefore(made), -60);
    ::X509_gmtime_adj(::X509_getm_notAfter(made), 3'600);
    X509_NAME* const subject = ::X509_get_subject_name(made);
    const auto* const text = reinterpret_cast<const unsigned char*>(kName);
    ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0);
    ::X509_set_issuer_name(made, subject);
    ::X509_set_pubkey(made, key);
    ::X509_sign(made, key, ::EVP_sha256());
    std::FILE* const chain = std::fopen(files.certificateChain.c_str(), "w");
    ::PEM_write_X509(chain, made);
    std::fclose(chain);
    std::FILE* const secret = std::fopen(files.privateKey.c_str(), "w");
    ::PEM_write_PrivateKey(secret, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(secret);
    ::X509_free(made);
    ::EVP_PKEY_free(key);
    return files;
}

}  // namespace

TEST_CASE("https: a URL must be https with a host name and nobody's password", "[engine]") {
    for (const char* const text :
         {"",
          "example.test",
          "http://example.test/",
          "ftp://example.test/",
          "mailto:a@example.test",
          "https://",
          "https:///x",
          "https://user@example.test/",
          "https://user:word@example.test/",
          "https://192.0.2.1/",
          "https://[2001:db8::1]/",
          "https://example.test:0/",
          "https://example.test:65536/",
          "https://exa mple.test/",
          "https://example.test/a b"}) {
        CAPTURE(text);
        CHECK_FALSE(parseHttpsUrl(text));
    }
    const auto plain = parseHttpsUrl("HTTPS://Reports.Example.test");
    REQUIRE(plain);
    CHECK(plain->host == "reports.example.test");
    CHECK(plain->port == 443);
    CHECK(plain->path == "/");
    const auto full = parseHttpsUrl("https://reports.example.test:8443/v1/tls%20rpt?a=b&c=%2C#x");
    REQUIRE(full);
    CHECK(full->port == 8'443);
    CHECK(full->path == "/v1/tls%20rpt?a=b&c=%2C");
}

TEST_CASE("https: an answer is its status, type and body", "[engine]") {
    FetchHouse house;
    house.serve(httpAnswer("200 OK", "text/plain; charset=utf-8", std::string(1'000, 'x')));
    const HttpsAnswer answer = fetchHttps(house.request(), kGoOn);
    CHECK(answer.why.empty());
    CHECK(answer.trouble == Trouble::None);
    CHECK(answer.status == 200);
    CHECK(answer.contentType == "text/plain; charset=utf-8");
    CHECK(answer.body == std::string(1'000, 'x'));
    CHECK_THAT(house.host.request(kName), Catch::StartsWith("GET /a?b=c HTTP/1.1\r\n"));
    house.serve(httpAnswer("503 Busy", "text/plain", "later"));
    CHECK(fetchHttps(house.request(), kGoOn).status == 503);
}

TEST_CASE("https: a body goes as a POST", "[engine]") {
    FetchHouse house;
    house.serve(httpAnswer("201 Created", "text/plain", ""));
    HttpsRequest request = house.request();
    request.contentType = "application/tlsrpt+gzip";
    request.body = std::string("a\0b", 3) + std::string(5'000, 'x');
    const HttpsAnswer answer = fetchHttps(request, kGoOn);
    CHECK(answer.status == 201);
    const std::string got = house.host.request(kName);
    CHECK_THAT(got, Catch::StartsWith("POST /a?b=c HTTP/1.1\r\n"));
    CHECK_THAT(got, Catch::Contains("\r\nContent-Type: application/tlsrpt+gzip\r\n"));
    CHECK(got.ends_with("\r\n\r\n" + request.body));
}

TEST_CASE("https: what the environment says of proxies is not heard", "[engine]") {
    FetchHouse house;
    house.serve(httpAnswer("200 OK", "text/plain", "direct"));
    ::setenv("https_proxy", "http://127.0.0.1:9", 1);
    ::setenv("ALL_PROXY", "http://127.0.0.1:9", 1);
    const HttpsAnswer answer = fetchHttps(house.request(), kGoOn);
    ::unsetenv("https_proxy");
    ::unsetenv("ALL_PROXY");
    CHECK(answer.body == "direct");
}

TEST_CASE("https: the next address is tried where one is dead", "[engine]") {
    FetchHouse house;
    house.serve(httpAnswer("200 OK", "text/plain", "here"));
    HttpsRequest request = house.request();
    request.addresses = {"::1", "127.0.0.9", "127.0.0.1"};
    CHECK(fetchHttps(request, kGoOn).body == "here");
}

TEST_CASE("https: an answer that is too large is not taken", "[engine]") {
    FetchHouse house;
    std::string answer = httpAnswer("200 OK", "text/plain", std::string(1'001, 'x'));
    SECTION("as it says at once") {}
    SECTION("as turns out") { answer = "HTTP/1.1 200 OK\r\n\r\n" + std::string(1'001, 'x'); }
    house.serve(answer);
    const HttpsAnswer got = fetchHttps(house.request(), kGoOn);
    CHECK(got.trouble == Trouble::TooLarge);
    CHECK(got.body.empty());
}

TEST_CASE("https: an answer that drips ends with the time", "[engine]") {
    FetchHouse house;
    std::string head = "HTTP/1.1 200 OK\r\n";
    SECTION("in its header") { head += "X-Slow: "; }
    SECTION("in its body") { head += "\r\n"; }
    house.serve(head, true);
    HttpsRequest request = house.request();
    request.timeout = std::chrono::milliseconds(300);
    const HttpsAnswer answer = fetchHttps(request, kGoOn);
    CHECK(answer.trouble == Trouble::TimedOut);
    CHECK(answer.body.empty());
}

TEST_CASE("https: only a DNS-ID is a name", "[engine]") {
    FetchHouse house;
    const TemporaryFolder folder;
    const CertificateFiles files = withoutAlternativeNames(folder.path());
    house.host.serve(
        kName, {.certificate = files, .answer = httpAnswer("200 OK", "text/plain", "x")});
    HttpsRequest request = house.request();
    request.roots = files.certificateChain;
    const HttpsAnswer answer = fetchHttps(request, kGoOn);
    CHECK(answer.trouble == Trouble::NotTrusted);
    CHECK(answer.body.empty());
}

TEST_CASE("https: the system's roots do not vouch for a test's authority", "[engine]") {
    FetchHouse house;
    house.serve(httpAnswer("200 OK", "text/plain", "x"));
    HttpsRequest request = house.request();
    request.roots.clear();
    CHECK(fetchHttps(request, kGoOn).trouble == Trouble::NotTrusted);
}
