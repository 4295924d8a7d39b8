#include "engine/delivery/tls_reporter.h"

#include <catch2/catch.hpp>

#include "engine/mime/decoding.h"
#include "tests/engine/delivery/tls_policy_fixture.h"
#include "tests/support/scribe_fixture.h"
#include "tests/support/told_resolver.h"

using namespace daybook;
using namespace daybook::test;

namespace {

// Has no keys: what is signed otherwise is another test's.
class Unsigned final : public Signer {
public:
    std::optional<std::string> domainFor(
        AccountId /*sender*/,
        std::string_view /*reversePath*/,
        std::string_view /*header*/) const override {
        return std::nullopt;
    }

    std::string signatureFor(
        const std::string& /*domain*/,
        std::span<const std::string_view> /*pieces*/) const override {
        return {};
    }
};

// A message of alice's that a policy kept from going out, yesterday.
struct House {
    House() {
        mime::initialize();
        Deliver command = scribe.delivery();
        command.targets.clear();
        command.relays = {{
            .forwardPath = "bob@north.test",
            .domain = "north.test",
            .options = {},
            .newDestination = scribe.random().id<DestinationId>(),
        }};
        command.expiresNs = scribe.clock().now() + 5 * kDayNs;
        scribe.does(command);
        scribe.does(RecordOutcome{
            .message = command.message,
            .host = "mx.north.test",
            .ip = "192.0.2.1",
            .results = {AttemptResult{
                .recipients = {RecipientNumber(1)},
                .enhancedCode = 0x040705,
                .reason = event::OutcomeReason::TLS,
                .text = "the certificate is not trusted",
                .tls =
                    {.policy = event::TlsPolicy::MTA_STS,
                     .fault = event::TlsFault::CERTIFICATE_NOT_TRUSTED},
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
            .signer = nobody,
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

    TemporaryFolder folder;
    ScribeFixture scribe;
    ToldResolver resolver;
    WorkerPool workers{2};
    const Log log{LogLevel::Error};
    Unsigned nobody;
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
    house.resolver.addText(kName, "v=TLSRPTv1; rua=mailto:alice@example.org");
    house.report();
    CHECK(house.counted() == 1);
    CHECK(house.scribe.count(Kind::TlsReportIssued) == 0);

    house.scribe.clock().advanceSeconds(86'400);
    house.report();
    CHECK(house.counted() == 0);
    CHECK(house.scribe.count(Kind::TlsReportIssued) == 1);
    const std::vector<MessageRow> mail = house.scribe.messages(house.scribe.mailbox("INBOX"));
    REQUIRE(mail.size() == 1);
    house.report();
    CHECK(house.scribe.count(Kind::TlsReportIssued) == 1);
    CHECK(house.scribe.replayDifference().empty());
}

TEST_CASE("tls reporter: nobody who did not ask is told, and a dead DNS is no refusal",
          "[delivery]") {
    House house;
    house.scribe.clock().advanceSeconds(86'400);
    house.resolver.add(
        kName, dns::RecordType::Txt, ToldResolver::without(dns::Result::Failed));
    house.report();
    CHECK(house.counted() == 1);
    house.resolver.add(
        kName, dns::RecordType::Txt, ToldResolver::without(dns::Result::NoSuchName));
    house.report();
    CHECK(house.counted() == 0);
    CHECK(house.scribe.messages(house.scribe.mailbox("INBOX")).empty());
}
