// Reports to senders: when the next one about a message may be made, and what is in it.
#include "engine/delivery/reporter.h"

#include <catch2/catch.hpp>

#include "engine/mime/decoding.h"
#include "tests/engine/delivery/tls_policy_fixture.h"
#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::chrono::minutes kInterval{5};
constexpr TimeNs kIntervalNs = std::chrono::nanoseconds(kInterval).count();

// A message of alice's to three addresses elsewhere.
struct House {
    House() {
        mime::initialize();
        Deliver command = scribe.delivery();
        command.origin = {.actor = event::Actor::OWNER, .actorId = scribe.alice()};
        command.targets.clear();
        command.reversePath = "alice@example.org";
        for (const char* const address : {"bob@north.test", "carl@north.test", "dora@north.test"}) {
            command.relays.push_back({
                .forwardPath = address,
                .domain = "north.test",
                .options = {},
                .newDestination = scribe.random().id<DestinationId>(),
            });
        }
        command.expiresNs = scribe.clock().now() + 5 * kDayNs;
        message = command.message;
        scribe.does(command);
    }

    // For good.
    void bounces(std::vector<RecipientNumber> recipients) {
        scribe.does(RecordOutcome{
            .message = message,
            .host = "mx.north.test",
            .ip = "192.0.2.1",
            .results = {AttemptResult{
                .state = OutcomeState::Bounced,
                .recipients = std::move(recipients),
                .code = 554,
                .enhancedCode = 0x050701,
                .text = "not here",
            }},
        });
    }

    std::optional<TimeNs> dueNs() {
        scribe.does(SeeViews{});
        const auto row = scribe.views().snapshot().deliveries().outbound(message);
        return row ? reporter.dueNs(*row) : std::nullopt;
    }

    void report() {
        scribe.does(SeeViews{});
        CHECK(resultOf(reporter.report(message)));
    }

    std::size_t reports() { return scribe.messages(scribe.mailbox("INBOX")).size(); }

    TimeNs now() { return scribe.clock().now(); }

    ScribeFixture scribe;
    MessageId message;
    WorkerPool workers{1};
    const Log log{LogLevel::Error};
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
    Reporter reporter{
        {
            .scribe = scribe.scribe(),
            .reception = reception,
            .content = scribe.journal().content(),
            .workers = workers,
            .random = scribe.random(),
            .clock = scribe.clock(),
            .log = log,
        },
        {.hostname = "mail.example.org", .interval = kInterval}};
};

}  // namespace

TEST_CASE("reporter: reports about one message are an interval apart", "[delivery]") {
    House house;
    CHECK_FALSE(house.dueNs());

    // The first waits a moment for what happens with it.
    house.bounces({RecipientNumber(1)});
    CHECK(house.dueNs() == house.now() + kSecondNs);
    house.report();
    const TimeNs firstNs = house.now();
    CHECK(house.reports() == 1);
    CHECK_FALSE(house.dueNs());

    // The second waits for its time, counted from the first, and not from what it tells.
    house.scribe.clock().advanceSeconds(60);
    house.bounces({RecipientNumber(2)});
    CHECK(house.dueNs() == firstNs + kIntervalNs);
    house.scribe.clock().advanceSeconds(4 * 60 - 2);
    CHECK(house.dueNs() == firstNs + kIntervalNs);
    house.scribe.clock().advanceSeconds(2);
    CHECK(house.dueNs() == house.now() + kSecondNs);
    house.report();
    const TimeNs secondNs = house.now();
    CHECK(house.reports() == 2);

    // The third from the second.
    house.scribe.clock().advanceSeconds(1);
    house.bounces({RecipientNumber(3)});
    CHECK(house.dueNs() == secondNs + kIntervalNs);
    house.report();
    CHECK(house.reports() == 3);
    CHECK_FALSE(house.dueNs());
    CHECK(house.scribe.count(Kind::DsnIssued) == 3);
    CHECK(house.scribe.replayDifference().empty());
}

TEST_CASE("reporter: what is owed when it is time is one report", "[delivery]") {
    House house;
    house.bounces({RecipientNumber(1)});
    house.bounces({RecipientNumber(2), RecipientNumber(3)});
    house.report();
    CHECK(house.reports() == 1);
    CHECK(house.scribe.count(Kind::DsnIssued) == 1);
    house.scribe.withEvent(house.scribe.head(), [](const Record& record) {
        REQUIRE(record.kind() == Kind::DsnIssued);
        CHECK(record.core().getDsnIssued().getRecipients().size() == 3);
    });
    house.report();
    CHECK(house.reports() == 1);
}
