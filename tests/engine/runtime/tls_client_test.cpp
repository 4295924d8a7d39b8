// TLS as a client: whom it trusts, and what it says of those whom it does not.
#include "engine/runtime/tls_client.h"

#include <catch2/catch.hpp>

#include "engine/runtime/connector.h"
#include "engine/runtime/nursery.h"
#include "tests/support/running_server.h"
#include "tests/support/test_authority.h"
#include "tests/support/test_listener.h"

using namespace daybook;
using daybook::test::ClientFailed;
using daybook::test::IssuedCertificate;
using daybook::test::RunningServer;
using daybook::test::TestAuthority;
using daybook::test::TestClient;
using daybook::test::TestListener;
using daybook::test::Validity;

namespace {

Deadline patience() { return after(std::chrono::seconds(10)); }

// What the client saw: the outcome, and what came over the connection.
struct Seen {
    TlsOutcome outcome;
    TlsInfo info;
    std::string heard;
};

Task<void> shakeHands(
    Reactor& reactor,
    std::uint16_t port,
    const TlsClientContext& context,
    const TlsDemand& demand,
    Deadline deadline,
    Seen& seen) {
    const ConnectTarget target{.ip = "127.0.0.1", .port = port, .sourceIp = {}};
    const ConnectOutcome opened = co_await openConnection(reactor, target, patience());
    REQUIRE(opened.has_value());
    Connection& connection = **opened;
    seen.outcome = co_await connection.startTlsClient(context, demand, deadline);
    seen.info = connection.tlsInfo();
    if (seen.outcome.fault != TlsFault::None) co_return;
    co_await connection.write("ping\r\n");
    while (connection.buffered().find('\n') == std::string_view::npos) {
        const std::size_t filled = co_await connection.fill(patience());
        if (filled == 0) break;
    }
    seen.heard = connection.buffered();
}

Seen connectTo(std::uint16_t port, const TlsClientContext& context, const TlsDemand& demand) {
    Reactor reactor;
    Seen seen;
    runUntilDone(reactor, shakeHands(reactor, port, context, demand, patience(), seen));
    return seen;
}

// Says the name that it was asked for.
Task<void> tellName(SessionStart start) {
    Connection& connection = start.connection;
    const std::size_t filled = co_await connection.fill(patience());
    if (filled == 0) co_return;
    const std::string text = connection.serverName() + "\r\n";
    co_await connection.write(text);
}

// A server with that certificate, and what a client with that demand makes of it.
Seen meet(
    const IssuedCertificate& certificate,
    const TlsDemand& demand,
    const std::filesystem::path& roots) {
    TlsContext server({certificate.files});
    const RunningServer running(&tellName, {.implicitTls = &server});
    const TlsClientContext context(roots);
    return connectTo(running.port(), context, demand);
}

TlsDemand namesDemand(std::vector<std::string> names) {
    return {
        .check = TlsCheck::Names,
        .serverName = "mx.example.org",
        .names = std::move(names),
        .tlsa = {},
    };
}

TlsDemand daneDemand(std::vector<TlsaRecord> records) {
    return {
        .check = TlsCheck::Dane,
        .serverName = "mx.example.org",
        .names = {"mx.example.org", "example.org"},
        .tlsa = std::move(records),
    };
}

void checkMet(const Seen& seen) {
    CAPTURE(seen.outcome.why);
    CHECK(seen.outcome.fault == TlsFault::None);
    CHECK(seen.outcome.verified);
    CHECK(seen.heard == "mx.example.org\r\n");
}

void checkFault(const Seen& seen, TlsFault fault) {
    CAPTURE(seen.outcome.why);
    CHECK(seen.outcome.fault == fault);
    CHECK_FALSE(seen.outcome.verified);
    CHECK_FALSE(seen.outcome.why.empty());
    CHECK(seen.info.version == 0);
}

}  // namespace

TEST_CASE("tls client: takes a certificate that the roots vouch for", "[runtime]") {
    TestAuthority authority;
    const std::filesystem::path roots = authority.root().files.certificateChain;
    const IssuedCertificate right = authority.issue({"other.example.net", "mx.example.org"});
    checkMet(meet(right, namesDemand({"mx.example.org"}), roots));
    checkMet(meet(right, namesDemand({"none.example.org", "MX.example.org"}), roots));
    const Seen seen = meet(right, namesDemand({"mx.example.org"}), roots);
    CHECK(seen.info.versionName == "TLSv1.3");
    checkFault(meet(right, namesDemand({"mx2.example.org"}), roots), TlsFault::HostMismatch);
}

TEST_CASE("tls client: a wildcard is one whole label, on either side", "[runtime]") {
    TestAuthority authority;
    const std::filesystem::path roots = authority.root().files.certificateChain;
    const IssuedCertificate wild = authority.issue({"*.example.org"});
    checkMet(meet(wild, namesDemand({"mx.example.org"}), roots));
    checkFault(meet(wild, namesDemand({"example.org"}), roots), TlsFault::HostMismatch);
    checkFault(meet(wild, namesDemand({"a.mx.example.org"}), roots), TlsFault::HostMismatch);
    const IssuedCertificate partial = authority.issue({"m*.example.org"});
    checkFault(meet(partial, namesDemand({"mx.example.org"}), roots), TlsFault::HostMismatch);
    const IssuedCertificate plain = authority.issue({"mx.example.org"});
    checkMet(meet(plain, namesDemand({"*.example.org"}), roots));
    checkFault(meet(plain, namesDemand({"*.org"}), roots), TlsFault::HostMismatch);
    checkFault(meet(plain, namesDemand({"*.mx.example.org"}), roots), TlsFault::HostMismatch);
}

TEST_CASE("tls client: names what is wrong with a certificate", "[runtime]") {
    TestAuthority authority;
    const std::filesystem::path roots = authority.root().files.certificateChain;
    const TlsDemand demand = namesDemand({"mx.example.org"});
    const IssuedCertificate expired = authority.issue({"mx.example.org"}, Validity::Expired);
    checkFault(meet(expired, demand, roots), TlsFault::Expired);
    TestAuthority unknown;
    const IssuedCertificate stranger = unknown.issue({"mx.example.org"});
    checkFault(meet(stranger, demand, roots), TlsFault::NotTrusted);
    // A leaf that signs itself.
    const test::TestCertificate alone("mx.example.org");
    IssuedCertificate selfSigned;
    selfSigned.files = alone.files();
    checkFault(meet(selfSigned, demand, roots), TlsFault::NotTrusted);
    // The system's roots know none of ours.
    checkFault(meet(authority.issue({"mx.example.org"}), demand, {}), TlsFault::NotTrusted);
}

TEST_CASE("tls client: encrypts with whomever when nothing is demanded", "[runtime]") {
    TestAuthority authority;
    const IssuedCertificate expired = authority.issue({"elsewhere.example"}, Validity::Expired);
    const TlsDemand demand{
        .check = TlsCheck::None, .serverName = "mx.example.org", .names = {}, .tlsa = {}};
    const Seen seen = meet(expired, demand, {});
    CHECK(seen.outcome.fault == TlsFault::None);
    CHECK_FALSE(seen.outcome.verified);
    CHECK(seen.info.version == 0x0304);
    CHECK(seen.heard == "mx.example.org\r\n");
}

TEST_CASE("tls client: DANE-EE is the key alone", "[runtime]") {
    TestAuthority authority;
    // RFC 7672 §3.1.1: neither the name nor the dates count.
    const IssuedCertificate odd = authority.issue({"elsewhere.example"}, Validity::Expired);
    const IssuedCertificate other = authority.issue({"mx.example.org"});
    checkMet(meet(odd, daneDemand({{3, 1, 1, odd.subjectKeySha256}}), {}));
    checkMet(meet(odd, daneDemand({{3, 1, 2, odd.subjectKeySha512}}), {}));
    checkMet(meet(odd, daneDemand({{3, 1, 0, odd.subjectKey}}), {}));
    checkMet(meet(odd, daneDemand({{3, 0, 1, odd.wholeSha256}}), {}));
    checkMet(meet(odd, daneDemand({{3, 0, 0, odd.whole}}), {}));
    // The next key is published before it is used.
    checkMet(meet(
        odd, daneDemand({{3, 1, 1, other.subjectKeySha256}, {3, 1, 1, odd.subjectKeySha256}}), {}));
    checkFault(
        meet(odd, daneDemand({{3, 1, 1, other.subjectKeySha256}}), {}), TlsFault::TlsaMismatch);
    // The authority's roots do not help against TLSA records.
    checkFault(
        meet(
            authority.issue({"mx.example.org"}),
            daneDemand({{3, 1, 1, other.subjectKeySha256}}),
            authority.root().files.certificateChain),
        TlsFault::TlsaMismatch);
}

TEST_CASE("tls client: DANE-TA is an anchor, and names and dates count", "[runtime]") {
    TestAuthority authority;
    const IssuedCertificate& root = authority.root();
    const IssuedCertificate right = authority.issue({"mx.example.org"});
    checkMet(meet(right, daneDemand({{2, 0, 1, root.wholeSha256}}), {}));
    checkMet(meet(right, daneDemand({{2, 1, 1, root.subjectKeySha256}}), {}));
    checkMet(meet(right, daneDemand({{2, 1, 2, root.subjectKeySha512}}), {}));
    checkMet(meet(right, daneDemand({{2, 0, 0, root.whole}}), {}));
    // RFC 7672 §3.2.2: the next-hop domain is a name as well.
    checkMet(meet(authority.issue({"example.org"}), daneDemand({{2, 0, 1, root.wholeSha256}}), {}));
    const TlsDemand demand = daneDemand({{2, 0, 1, root.wholeSha256}});
    checkFault(meet(authority.issue({"mx.example.net"}), demand, {}), TlsFault::HostMismatch);
    checkFault(
        meet(authority.issue({"mx.example.org"}, Validity::Expired), demand, {}),
        TlsFault::Expired);
    TestAuthority unknown;
    checkFault(meet(unknown.issue({"mx.example.org"}), demand, {}), TlsFault::TlsaMismatch);
}

TEST_CASE("tls client: TLSA records of no use authenticate nobody", "[runtime]") {
    TestAuthority authority;
    const IssuedCertificate right = authority.issue({"mx.example.org"});
    // RFC 7672 §2.2: unusable ones alone mean encryption without authentication.
    const TlsaRecord usageZero{0, 0, 1, authority.root().wholeSha256};
    const TlsaRecord usageOne{1, 1, 1, right.subjectKeySha256};
    const TlsaRecord shortDigest{3, 1, 1, "short"};
    const TlsaRecord unknownDigest{3, 1, 9, right.subjectKeySha256};
    const TlsaRecord unknownSelector{3, 7, 1, right.subjectKeySha256};
    const Seen seen = meet(
        right, daneDemand({usageZero, usageOne, shortDigest, unknownDigest, unknownSelector}), {});
    CAPTURE(seen.outcome.why);
    CHECK(seen.outcome.fault == TlsFault::None);
    CHECK_FALSE(seen.outcome.verified);
    CHECK(seen.heard == "mx.example.org\r\n");
    // One usable record among them counts.
    const TlsaRecord wrong{3, 1, 1, authority.root().subjectKeySha256};
    checkFault(meet(right, daneDemand({shortDigest, wrong}), {}), TlsFault::TlsaMismatch);
    checkMet(meet(right, daneDemand({usageOne, {3, 1, 1, right.subjectKeySha256}}), {}));
}

TEST_CASE("tls client: TLS 1.2 is enough, older is not", "[runtime]") {
    TestAuthority authority;
    const IssuedCertificate right = authority.issue({"mx.example.org"});
    const TlsClientContext context(authority.root().files.certificateChain);
    const TestListener listener;
    const auto peerWith = [&](std::uint16_t version) {
        return listener.play([&right, version](TestClient& peer) {
            peer.acceptTls(right.files.certificateChain, right.files.privateKey, version);
            peer.readLine();
            peer.send(peer.serverName() + "\r\n");
        });
    };
    auto good = peerWith(0x0303);
    const Seen seen = connectTo(listener.port(), context, namesDemand({"mx.example.org"}));
    good.get();
    checkMet(seen);
    CHECK(seen.info.versionName == "TLSv1.2");
    auto old = peerWith(0x0302);
    checkFault(
        connectTo(listener.port(), context, namesDemand({"mx.example.org"})),
        TlsFault::HandshakeFailed);
    CHECK_THROWS_AS(old.get(), ClientFailed);
}

TEST_CASE("tls client: a peer that breaks off or talks in the clear fails it", "[runtime]") {
    const TlsClientContext context({});
    const TestListener listener;
    const TlsDemand demand;
    auto gone = listener.play([](TestClient& peer) { peer.readOctets(5); });
    checkFault(connectTo(listener.port(), context, demand), TlsFault::HandshakeFailed);
    gone.get();
    auto clear = listener.play([](TestClient& peer) {
        peer.send("250 injected\r\n");
        peer.readToEnd();
    });
    checkFault(connectTo(listener.port(), context, demand), TlsFault::HandshakeFailed);
    clear.get();
}

namespace {

// Waits for the first line, and then begins with whatever else has come.
Task<void> upgradeAfterLine(
    Reactor& reactor, std::uint16_t port, const TlsClientContext& context, TlsOutcome& outcome) {
    const ConnectTarget target{.ip = "127.0.0.1", .port = port, .sourceIp = {}};
    const ConnectOutcome opened = co_await openConnection(reactor, target, patience());
    REQUIRE(opened.has_value());
    Connection& connection = **opened;
    constexpr std::string_view kLine = "220 go\r\n";
    while (connection.buffered().size() < kLine.size() + 1) {
        const std::size_t filled = co_await connection.fill(patience());
        REQUIRE(filled != 0);
    }
    connection.consume(kLine.size());
    const TlsDemand demand;
    outcome = co_await connection.startTlsClient(context, demand, patience());
}

}  // namespace

TEST_CASE("tls client: octets behind the leave to begin are never heard", "[runtime]") {
    const TlsClientContext context({});
    const TestListener listener;
    auto part = listener.play([](TestClient& peer) {
        peer.send("220 go\r\n250 injected\r\n");
        // Not one octet of a handshake is sent.
        CHECK(peer.readToEnd().empty());
    });
    Reactor reactor;
    TlsOutcome outcome;
    runUntilDone(reactor, upgradeAfterLine(reactor, listener.port(), context, outcome));
    part.get();
    CHECK(outcome.fault == TlsFault::HandshakeFailed);
    CHECK_THAT(outcome.why, Catch::Contains("in the clear"));
}

TEST_CASE("tls client: a handshake has a deadline", "[runtime]") {
    const TlsClientContext context({});
    const TestListener listener;
    auto silent = listener.play([](TestClient& peer) { peer.readToEnd(); });
    Reactor reactor;
    Seen seen;
    const TlsDemand demand;
    const Deadline soon = after(std::chrono::milliseconds(50));
    runUntilDone(reactor, shakeHands(reactor, listener.port(), context, demand, soon, seen));
    silent.get();
    checkFault(seen, TlsFault::HandshakeFailed);
    CHECK_THAT(seen.outcome.why, Catch::Contains("too long"));
}

TEST_CASE("tls client: roots that cannot be read are named", "[runtime]") {
    CHECK_THROWS_WITH(TlsClientContext("/nonexistent/roots.pem"), Catch::Contains("roots.pem"));
}
