// Certificates of clients: only what the listener's authorities vouch for counts.

#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/support/running_server.h"

using namespace daybook;
using namespace daybook::test;

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

struct Wanted {
    const char* commonName;
    const char* constraints = "critical,CA:FALSE";
    const char* usage = "clientAuth";
    const char* names = nullptr;  // of the extension subjectAltName
    const char* uid = nullptr;
    long validSeconds = 3'600;
};

void addText(X509_NAME* name, const char* field, const char* text) {
    const auto* const octets = reinterpret_cast<const unsigned char*>(text);
    REQUIRE(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, octets, -1, -1, 0) == 1);
}

void addExtension(X509* certificate, int kind, const char* value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    REQUIRE(extension != nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

// With its key, in files; signed by the issuer, or by itself.
class Paper {
public:
    explicit Paper(const Wanted& wanted, const Paper* issuer = nullptr)
        : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free), certificate_(X509_new(), &X509_free) {
        X509* const made = certificate_.get();
        X509_set_version(made, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(made), -7'200);
        X509_gmtime_adj(X509_getm_notAfter(made), wanted.validSeconds);
        addText(X509_get_subject_name(made), "CN", wanted.commonName);
        if (wanted.uid != nullptr) addText(X509_get_subject_name(made), "UID", wanted.uid);
        const Paper& signer = issuer != nullptr ? *issuer : *this;
        X509_set_issuer_name(made, X509_get_subject_name(signer.certificate_.get()));
        X509_set_pubkey(made, key_.get());
        addExtension(made, NID_basic_constraints, wanted.constraints);
        if (wanted.usage != nullptr) addExtension(made, NID_ext_key_usage, wanted.usage);
        if (wanted.names != nullptr) addExtension(made, NID_subject_alt_name, wanted.names);
        REQUIRE(X509_sign(made, signer.key_.get(), EVP_sha256()) != 0);
        write();
    }

    std::string chain() const { return (folder_.path() / "chain.pem").string(); }

    std::string key() const { return (folder_.path() / "key.pem").string(); }

private:
    void write() const {
        std::FILE* file = std::fopen(chain().c_str(), "w");
        REQUIRE(PEM_write_X509(file, certificate_.get()) == 1);
        std::fclose(file);
        file = std::fopen(key().c_str(), "w");
        REQUIRE(PEM_write_PrivateKey(file, key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
        std::fclose(file);
    }

    static inline long serial_ = 0;
    TemporaryFolder folder_;
    Key key_;
    Certificate certificate_;
};

Task<void> tellNames(SessionStart start) {
    std::string text = "names:";
    for (const std::string& name : start.connection.clientNames())
        text += " " + name;
    text += "\r\n";
    co_await start.connection.write(text);
}

constexpr Wanted kAuthority{
    .commonName = "authority",
    .constraints = "critical,CA:TRUE",
    .usage = nullptr,
};

struct AskingServer {
    AskingServer() : tls({certificate.files()}, authority.chain()), server(tellNames, options()) {}

    ListenerOptions options() {
        ListenerOptions options;
        options.implicitTls = &tls;
        return options;
    }

    // What the server says to who shows this; nullptr: nothing.
    std::string namesOf(const Paper* paper, std::uint16_t versionMax = 0) {
        TestClient client = server.client();
        if (paper != nullptr) client.useCertificate(paper->chain(), paper->key());
        client.startTls("mail.example.org", versionMax);
        return client.readLine();
    }

    TestCertificate certificate{"mail.example.org"};
    Paper authority{kAuthority};
    TlsContext tls;
    RunningServer server;
};

constexpr const char* kAlice = "email:alice@example.org,DNS:alice.example,email:a@example.org";

}  // namespace

TEST_CASE("client certificate: none, or one that nobody vouches for, names nobody", "[runtime]") {
    AskingServer server;
    const Paper stranger({.commonName = "alice", .names = kAlice});
    const Paper otherAuthority(kAuthority);
    const Paper forged({.commonName = "alice", .names = kAlice}, &otherAuthority);
    const Paper expired(
        {.commonName = "alice", .names = kAlice, .validSeconds = -3'600}, &server.authority);
    const Paper forServers(
        {.commonName = "alice", .usage = "serverAuth", .names = kAlice}, &server.authority);
    const Paper alice({.commonName = "alice", .names = kAlice}, &server.authority);
    const Paper issuedByUser({.commonName = "bob", .names = "email:bob@example.org"}, &alice);
    for (const Paper* paper :
         {static_cast<const Paper*>(nullptr),
          &stranger,
          &forged,
          &expired,
          &forServers,
          &issuedByUser}) {
        CHECK(server.namesOf(paper) == "names:");
        CHECK(server.namesOf(paper, 0x0303) == "names:");
    }
}

TEST_CASE("client certificate: its addresses and UID are told", "[runtime]") {
    AskingServer server;
    const Paper alice(
        {.commonName = "alice", .names = kAlice, .uid = "alice@example.net"}, &server.authority);
    CHECK(server.namesOf(&alice) == "names: alice@example.org a@example.org alice@example.net");
    CHECK(
        server.namesOf(&alice, 0x0303) ==
        "names: alice@example.org a@example.org alice@example.net");
    const Paper plain({.commonName = "alice@example.org"}, &server.authority);
    CHECK(server.namesOf(&plain) == "names:");
}

TEST_CASE("client certificate: nobody is asked where there are no authorities", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    TlsContext tls{{certificate.files()}};
    ListenerOptions options;
    options.implicitTls = &tls;
    RunningServer server(tellNames, options);
    const Paper self({.commonName = "alice", .names = kAlice});
    TestClient client = server.client();
    client.useCertificate(self.chain(), self.key());
    client.startTls();
    CHECK(client.readLine() == "names:");
}

TEST_CASE("client certificate: authorities that cannot be read are said", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    CHECK_THROWS_AS(TlsContext({certificate.files()}, "/nowhere/ca.pem"), TlsFilesUnusable);
    CHECK_THROWS_AS(
        TlsContext({certificate.files()}, certificate.files().privateKey), TlsFilesUnusable);
}
