// Certificates: which one a client gets, when they change, what is wrong with their files.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <openssl/err.h>
#include <sys/stat.h>

#include "journal/base/encoding.h"
#include "tests/support/running_server.h"

using namespace daybook;
using daybook::test::ClientFailed;
using daybook::test::RunningServer;
using daybook::test::TemporaryFolder;
using daybook::test::TestCertificate;
using daybook::test::TestClient;

namespace {

// Says what it knows of its TLS after each octet that comes.
Task<void> tellTls(SessionStart start) {
    Connection& connection = start.connection;
    while (co_await connection.fill(after(std::chrono::seconds(10))) != 0) {
        connection.consume(connection.buffered().size());
        const TlsInfo info = connection.tlsInfo();
        const std::string binding = connection.channelBinding().value_or("none");
        const std::string text = connection.serverName() + "\r\n" + info.versionName + "\r\n" +
                                 info.cipherName + "\r\n" + std::to_string(info.cipherBits) +
                                 "\r\n" + toHex(asBytes(binding)) + "\r\n";
        co_await connection.write(text);
    }
}

void write(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

std::string certificateFor(const RunningServer& running, const std::string& name) {
    TestClient client = running.client();
    client.startTls(name);
    return client.certificateName();
}

}  // namespace

TEST_CASE("tls: both sides know the same session", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    TlsContext context({certificate.files()});
    RunningServer running(&tellTls, {.implicitTls = &context});
    const std::uint16_t version = GENERATE(as<std::uint16_t>(), 0x0303, 0x0304);
    TestClient client = running.client();
    client.startTls("mail.example.org", version);
    client.send("?");
    CHECK(client.readLine() == "mail.example.org");
    CHECK(client.readLine() == client.tlsVersion());
    CHECK(client.readLine().find("AES") != std::string::npos);
    CHECK(std::stoi(client.readLine()) >= 128);
    CHECK(client.readLine() == toHex(asBytes(client.channelBinding())));
}

TEST_CASE("tls: nothing is known of a plain connection", "[runtime]") {
    RunningServer running(&tellTls);
    TestClient client = running.client();
    client.send("?");
    CHECK(client.readUntil("\r\n0\r\n") == "\r\n\r\n\r\n0\r\n");
    CHECK(client.readLine() == toHex(asBytes("none")));
}

TEST_CASE("tls: older versions than 1.2 are refused", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    TlsContext context({certificate.files()});
    RunningServer running(&tellTls, {.implicitTls = &context});
    TestClient old = running.client();
    CHECK_THROWS_AS(old.startTls({}, 0x0302), ClientFailed);
    // The others do not notice.
    CHECK(certificateFor(running, "mail.example.org") == "mail.example.org");
}

TEST_CASE("tls: a peer that speaks no TLS harms only itself", "[runtime]") {
    const TestCertificate certificate("mail.example.org");
    TlsContext context({certificate.files()});
    RunningServer running(&tellTls, {.implicitTls = &context});
    TestClient good = running.client();
    good.startTls();
    for (int i = 0; i < 20; ++i) {
        TestClient bad = running.client();
        bad.send("EHLO this is not TLS\r\n");
        bad.readToEnd();  // an alert, or nothing
        good.send("?");
        CHECK(good.readUntil("TLSv1.3\r\n") == "\r\nTLSv1.3\r\n");
        good.readLine();
        good.readLine();
        good.readLine();
    }
}

TEST_CASE("tls: the client gets the certificate of the name it asks for", "[runtime]") {
    const TestCertificate fallback("fallback.example.org");
    const TestCertificate imap("imap.example.org", "imap.example.org");
    const TestCertificate wild("any.example.net", "*.example.net");
    TlsContext context({imap.files(), fallback.files(), wild.files()});
    RunningServer running(&tellTls, {.implicitTls = &context});
    CHECK(certificateFor(running, "") == "fallback.example.org");
    CHECK(certificateFor(running, "imap.example.org") == "imap.example.org");
    CHECK(certificateFor(running, "IMAP.Example.ORG") == "imap.example.org");
    CHECK(certificateFor(running, "one.example.net") == "any.example.net");
    CHECK(certificateFor(running, "one.two.example.net") == "fallback.example.org");
    CHECK(certificateFor(running, "unknown.example.com") == "fallback.example.org");
}

TEST_CASE("tls: reload serves the new certificate, open connections go on", "[runtime]") {
    const TestCertificate before("before.example.org");
    const TestCertificate afterwards("after.example.org");
    TlsContext context({before.files()});
    RunningServer running(&tellTls, {.implicitTls = &context});
    TestClient early = running.client();
    TestClient halfway = running.client();  // has not begun its handshake
    early.startTls("x.example.org");
    context.reload({afterwards.files()});
    CHECK(certificateFor(running, "x.example.org") == "after.example.org");
    early.send("?");
    CHECK(early.readLine() == "x.example.org");
    halfway.startTls("x.example.org");
    halfway.send("?");
    CHECK(halfway.readLine() == "x.example.org");
    auto missing = afterwards.files();
    missing.privateKey = "/nonexistent/key.pem";
    CHECK_THROWS_AS(context.reload({missing}), TlsFilesUnusable);
    CHECK(certificateFor(running, "x.example.org") == "after.example.org");
}

TEST_CASE("tls: unusable files are named with the reason", "[runtime]") {
    const TestCertificate one("one.example.org");
    const TestCertificate other("other.example.org");
    const TemporaryFolder folder;
    CertificateFiles files = one.files();
    CHECK_THROWS_WITH(TlsContext({}), Catch::Contains("no certificate"));
    files.certificateChain = folder.path() / "none.pem";
    CHECK_THROWS_WITH(
        TlsContext({files}), Catch::Contains("none.pem") && Catch::Contains("No such file"));
    files = one.files();
    files.privateKey = other.files().privateKey;
    CHECK_THROWS_WITH(
        TlsContext({files}),
        Catch::Contains(other.files().privateKey.string()) && Catch::Contains("mismatch"));
    files = one.files();
    files.certificateChain = folder.path() / "bad.pem";
    write(files.certificateChain, "not a certificate\n");
    CHECK_THROWS_WITH(TlsContext({files}), Catch::Contains("bad.pem"));
    files = one.files();
    files.privateKey = folder.path() / "bad-key.pem";
    write(files.privateKey, "");
    CHECK_THROWS_WITH(TlsContext({files}), Catch::Contains("bad-key.pem"));
    // What failed leaves nothing behind for the next one.
    CHECK(::ERR_peek_error() == 0);
    CHECK_NOTHROW(TlsContext({one.files()}));
}

TEST_CASE("tls: the self-signed key is for its owner only", "[runtime]") {
    const TemporaryFolder folder;
    const auto chain = folder.path() / "chain.pem";
    const auto key = folder.path() / "key.pem";
    CHECK_THROWS_AS(writeSelfSignedCertificate({}, chain, key), std::invalid_argument);
    CHECK_THROWS_AS(
        writeSelfSignedCertificate({"a,DNS:evil.example"}, chain, key), std::invalid_argument);
    const std::string longName = std::string(63, 'a') + ".example.org";
    writeSelfSignedCertificate({longName, "127.0.0.1", "::1"}, chain, key);
    struct stat status{};
    REQUIRE(::stat(key.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600);
    CHECK_NOTHROW(TlsContext({CertificateFiles{{}, chain, key}}));
}
