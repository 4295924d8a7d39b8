#include "engine/delivery/tls_reporter.h"

#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <zlib.h>

#include "engine/authentication/dkim.h"
#include "engine/mime/content_fields.h"
#include "engine/mime/decoding.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/structure.h"
#include "tests/engine/delivery/tls_policy_fixture.h"
#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

// Has one key, for example.org.
class KeySigner final : public Signer {
public:
    explicit KeySigner(const Clock& clock) : clock_(clock) {}

    std::optional<std::string> domainFor(
        AccountId sender,
        std::string_view reversePath,
        std::string_view /*header*/) const override {
        const bool isOurs = !sender && reversePath.ends_with("@" + keys_.front().domain);
        return isOurs ? std::optional(keys_.front().domain) : std::nullopt;
    }

    std::string signatureFor(
        const std::string& /*domain*/, std::span<const std::string_view> pieces) const override {
        return dkimSign(keys_, pieces, clock_.now()).value();
    }

    // As a receiver judges it, who finds the key in the DNS.
    std::vector<DkimVerdict> verdictsOn(std::string_view message) const {
        const DkimKey& key = keys_.front();
        const std::array pieces{message};
        return dkimVerify(pieces, [&key](const std::string& name) -> std::optional<std::string> {
            if (name != dkimRecordName(key.selector, key.domain)) return std::nullopt;
            return dkimRecord(key.algorithm, dkimPublicKey(key.privateKey));
        }).value();
    }

private:
    const Clock& clock_;
    std::vector<DkimKey> keys_{{
        .domain = "example.org",
        .selector = "one",
        .algorithm = DkimAlgorithm::ED25519_SHA256,
        .privateKey = makeDkimPrivateKey(DkimAlgorithm::ED25519_SHA256),
    }};
};

// What gzip() made smaller.
std::string unzipped(std::string octets) {
    std::string text(1U << 16U, '\0');
    z_stream stream{};
    constexpr int kGzip = 16;
    REQUIRE(inflateInit2(&stream, MAX_WBITS + kGzip) == Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(octets.data());
    stream.avail_in = static_cast<uInt>(octets.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    const int result = inflate(&stream, Z_FINISH);
    text.resize(stream.total_out);
    inflateEnd(&stream);
    REQUIRE(result == Z_STREAM_END);
    return text;
}

// The document in a report's mail: RFC 8460 §5.3.
nlohmann::json documentIn(std::string_view mail) {
    for (const mime::StructurePart& part : mime::scanStructure(mail)) {
        const auto header = mail.substr(part.headerOffset, part.bodyOffset - part.headerOffset);
        const auto type = mime::headerField(header, "Content-Type");
        if (!type || !mime::parseContentType(*type).is("APPLICATION", "TLSRPT+GZIP")) continue;
        const auto body = mail.substr(part.bodyOffset, part.bodyEnd - part.bodyOffset);
        return nlohmann::json::parse(unzipped(mime::decodeTransfer(
            body, mime::headerField(header, "Content-Transfer-Encoding").value())));
    }
    throw std::runtime_error("no report in the mail");
}

// A message of alice's that went out to carl, and that a policy kept from going out to bob,
// yesterday.
struct House {
    House() {
        mime::initialize();
        Deliver command = scribe.delivery();
        command.targets.clear();
        for (const char* const address : {"bob@north.test", "carl@north.test"}) {
            command.relays.push_back({
                .forwardPath = address,
                .domain = "north.test",
                .options = {},
                .newDestination = scribe.random().id<DestinationId>(),
            });
        }
        command.expiresNs = scribe.clock().now() + 5 * kDayNs;
        scribe.does(command);
        scribe.does(RecordOutcome{
            .message = command.message,
            .host = "mx.north.test",
            .ip = "192.0.2.1",
            .results =
                {AttemptResult{
                     .recipients = {RecipientNumber(1)},
                     .enhancedCode = 0x040705,
                     .reason = event::OutcomeReason::TLS,
                     .text = "the certificate is not trusted",
                     .tls =
                         {.policy = event::TlsPolicy::MTA_STS,
                          .fault = event::TlsFault::CERTIFICATE_NOT_TRUSTED},
                 },
                 AttemptResult{
                     .state = OutcomeState::Relayed,
                     .recipients = {RecipientNumber(2)},
                     .code = 250,
                     .tls = {.policy = event::TlsPolicy::MTA_STS, .verified = true},
                 }},
            .nextNs = scribe.clock().now() + kDayNs,
        });
    }

    void report() {
        TlsPolicies policies({
            .resolver = resolver,
            .workers = workers,
            .clock = scribe.clock(),
            .log = log,
            .cacheFolder = folder.path() / "cache",
        });
        TlsReporter reporter({
            .scribe = scribe.scribe(),
            .reception = reception,
            .resolver = resolver,
            .policies = policies,
            .workers = workers,
            .random = scribe.random(),
            .clock = scribe.clock(),
            .log = log,
            .signer = signer,
            .hostname = "mail.example.org",
        });
        Reactor reactor;
        runUntilDone(reactor, reporter.reportPastDays());
    }

    std::size_t counted() {
        scribe.does(SeeViews{});
        const auto today = static_cast<std::uint32_t>(scribe.clock().now() / kDayNs);
        return scribe.views().snapshot().deliveries().tlsCountsBefore(today + 1).size();
    }

    std::string octetsOf(const MessageRow& message) {
        return scribe.journal().content().read(message.blob).value().substr(0, message.blobOctets);
    }

    TemporaryFolder folder;
    ScribeFixture scribe;
    ScriptedResolver resolver;
    WorkerPool workers{2};
    const Log log{LogLevel::Error};
    KeySigner signer{scribe.clock()};
    const Directory directory{scribe.views()};
    Reception reception{{
        .scribe = scribe.scribe(),
        .content = scribe.journal().content(),
        .workers = workers,
        .random = scribe.random(),
        .clock = scribe.clock(),
        .directory = directory,
        .hostname = "mail.example.org",
    }};
};

constexpr const char* kName = "_smtp._tls.north.test";

}  // namespace

TEST_CASE("tls reporter: a day is reported when it is over, once, to who asked", "[delivery]") {
    House house;
    house.resolver.txt(kName, "v=TLSRPTv1; rua=mailto:alice@example.org");
    house.report();
    CHECK(house.counted() == 1);
    CHECK(house.scribe.count(Kind::TlsReportIssued) == 0);

    house.scribe.clock().advanceSeconds(86'400);
    house.report();
    CHECK(house.counted() == 0);
    CHECK(house.scribe.count(Kind::TlsReportIssued) == 1);
    const std::vector<MessageRow> mail = house.scribe.messages(house.scribe.mailbox("INBOX"));
    REQUIRE(mail.size() == 1);
    const std::string octets = house.octetsOf(mail.front());
    const std::string_view header = mime::headerOf(octets);
    CHECK_THAT(mime::headerField(header, "To").value(), Catch::Contains("alice@example.org"));
    CHECK(mime::headerField(header, "TLS-Report-Domain") == "north.test");
    const nlohmann::json report = documentIn(octets);
    CHECK(report["contact-info"] == "postmaster@example.org");
    CHECK(report["date-range"]["start-datetime"] == "2026-11-24T00:00:00Z");
    CHECK(report["date-range"]["end-datetime"] == "2026-11-24T23:59:59Z");
    REQUIRE(report["policies"].size() == 1);
    const nlohmann::json& policy = report["policies"].front();
    CHECK(policy["policy"]["policy-type"] == "sts");
    CHECK(policy["policy"]["policy-domain"] == "north.test");
    CHECK(policy["summary"]["total-successful-session-count"] == 1);
    CHECK(policy["summary"]["total-failure-session-count"] == 1);
    REQUIRE(policy["failure-details"].size() == 1);
    const nlohmann::json& fault = policy["failure-details"].front();
    CHECK(fault["result-type"] == "certificate-not-trusted");
    CHECK(fault["failed-session-count"] == 1);
    CHECK(fault["receiving-mx-hostname"] == "mx.north.test");
    CHECK(fault["receiving-ip"] == "192.0.2.1");

    // RFC 8460 §5.3: signed by who sends it.
    const std::vector<DkimVerdict> verdicts = house.signer.verdictsOn(octets);
    REQUIRE(verdicts.size() == 1);
    CHECK(verdicts.front().why.empty());
    CHECK(verdicts.front().passed);
    CHECK(verdicts.front().domain == "example.org");

    house.report();
    CHECK(house.scribe.count(Kind::TlsReportIssued) == 1);
    CHECK(house.scribe.replayDifference().empty());
}

TEST_CASE(
    "tls reporter: nobody who did not ask is told, and a dead DNS is no refusal", "[delivery]") {
    House house;
    house.scribe.clock().advanceSeconds(86'400);
    house.resolver.missing(kName, dns::RecordType::Txt, dns::Result::Failed);
    house.report();
    CHECK(house.counted() == 1);
    house.resolver.missing(kName, dns::RecordType::Txt, dns::Result::NoSuchName);
    house.report();
    CHECK(house.counted() == 0);
    CHECK(house.scribe.messages(house.scribe.mailbox("INBOX")).empty());
}
