// What is decided about mail for other servers: attempts, outcomes, actions, reports.

#include <catch2/catch.hpp>

#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

using Kinds = std::vector<std::string>;

constexpr TimeNs kHourNs = 3'600 * kSecondNs;
constexpr std::uint16_t kNever = 1;
constexpr std::uint16_t kSuccess = 2;

// A message of alice's to two addresses elsewhere.
struct Sent {
    explicit Sent(std::uint16_t notify = 0, const std::string& reversePath = "alice@example.org") {
        Deliver command = fixture.delivery();
        command.protocol = event::Protocol::SUBMISSION;
        command.origin = {.actor = event::Actor::OWNER, .actorId = fixture.alice()};
        command.targets.clear();
        command.reversePath = reversePath;
        command.blob.messageId = "<one@example.org>";
        for (const char* const address : {"bob@north.test", "carl@south.test"}) {
            command.relays.push_back({
                .forwardPath = address,
                .domain = std::string(address).substr(std::string(address).find('@') + 1),
                .options = {.notify = notify, .original = {}},
                .newDestination = fixture.random().id<DestinationId>(),
            });
        }
        command.expiresNs = fixture.clock().now() + 24 * kHourNs;
        command.suppressedSinceNs = 1;
        message = command.message;
        answer = fixture.does(command);
    }

    Outcome<StartAttempt::Answer> start(std::vector<RecipientNumber> recipients) {
        attempt = fixture.random().id<AttemptId>();
        return fixture.submit(StartAttempt{
            .attempt = attempt,
            .of = {.message = message, .recipients = std::move(recipients)},
            .host = "mx.north.test",
            .ip = "192.0.2.1",
        });
    }

    RecordOutcome outcome(OutcomeState state, std::uint16_t code, std::uint32_t enhanced) {
        return {
            .attempt = attempt,
            .message = message,
            .host = "mx.north.test",
            .ip = "192.0.2.1",
            .results = {AttemptResult{
                .state = state,
                .recipients = {kBob},
                .code = code,
                .enhancedCode = enhanced,
                .text = "as it said",
            }},
            .nextNs = fixture.clock().now() + kHourNs,
            .delayWarningNs = 4 * kHourNs,
            .newSuppressions = fixture.random().id<SuppressionId>(),
        };
    }

    DeliveryRow row(RecipientNumber number = kBob) {
        fixture.does(SeeViews{});
        return fixture.views().snapshot().deliveries().delivery(message, number).value();
    }

    std::vector<ReportRow> reports() {
        fixture.does(SeeViews{});
        return fixture.views().snapshot().deliveries().reportsOf(message);
    }

    static constexpr RecipientNumber kBob{1};
    static constexpr RecipientNumber kCarl{2};

    ScribeFixture fixture;
    MessageId message;
    AttemptId attempt;
    Deliver::Answer answer;
};

}  // namespace

TEST_CASE("outbound: a message for others is queued in the commit that takes it", "[scribe]") {
    Sent sent;
    ScribeFixture& f = sent.fixture;
    REQUIRE(sent.answer.relays.size() == 2);
    CHECK(sent.answer.relays[0]);
    CHECK(
        f.kindsFrom(sent.answer.received) == Kinds{
                                                 "Received",
                                                 "DestinationDefined",
                                                 "Accepted",
                                                 "Queued",
                                                 "DestinationDefined",
                                                 "Accepted",
                                                 "Queued"});
    CHECK(sent.row().state == DeliveryState::Waiting);
    CHECK(sent.row().forwardPath == "bob@north.test");
    CHECK(sent.row().account == f.alice());

    // The domain is known by now.
    Deliver again = f.delivery();
    again.relays = {RelayTarget{.forwardPath = "dora@north.test", .domain = "north.test"}};
    const Deliver::Answer second = f.does(again);
    CHECK(
        f.kindsFrom(second.received) ==
        Kinds{"Received", "Accepted", "Stored", "Accepted", "Queued"});
    CHECK(f.replayDifference().empty());
}

TEST_CASE("outbound: an attempt begins for who waits and is due, once", "[scribe]") {
    Sent sent;
    const auto started = sent.start({Sent::kBob, RecipientNumber(99)});
    REQUIRE(started);
    CHECK(started->recipients == std::vector{Sent::kBob});
    CHECK(sent.row().state == DeliveryState::Attempting);
    CHECK(sent.row().tries == 1);
    CHECK_FALSE(sent.start({Sent::kBob}));
    CHECK(sent.start({Sent::kBob, Sent::kCarl})->recipients == std::vector{Sent::kCarl});
}

TEST_CASE("outbound: relayed is the end, and is recorded once", "[scribe]") {
    Sent sent;
    REQUIRE(sent.start({Sent::kBob}));
    const RecordOutcome outcome = sent.outcome(OutcomeState::Relayed, 250, 0x020000);
    sent.fixture.does(outcome);
    CHECK(sent.fixture.refusalOf(outcome) == "NoSuchMessage");
    CHECK(sent.row().state == DeliveryState::Relayed);
    CHECK(sent.row().text == "as it said");
    CHECK(sent.reports().empty());
    CHECK(sent.fixture.views().snapshot().deliveries().outbound(sent.message)->waiting == 1);
    CHECK(sent.fixture.replayDifference().empty());
}

TEST_CASE("outbound: a deferred recipient is not tried before its time", "[scribe]") {
    Sent sent;
    REQUIRE(sent.start({Sent::kBob}));
    sent.fixture.does(sent.outcome(OutcomeState::Deferred, 451, 0x040200));
    CHECK(sent.row().state == DeliveryState::Waiting);
    CHECK(sent.row().nextNs == sent.fixture.clock().now() + kHourNs);
    CHECK_FALSE(sent.start({Sent::kBob}));
    sent.fixture.clock().advanceSeconds(1 * 3600);
    CHECK(sent.start({Sent::kBob}));
    CHECK(sent.row().tries == 2);
}

TEST_CASE("outbound: the sender is told of a delay once", "[scribe]") {
    Sent sent;
    sent.fixture.clock().advanceSeconds(5 * 3600);
    REQUIRE(sent.start({Sent::kBob}));
    sent.fixture.does(sent.outcome(OutcomeState::Deferred, 451, 0));
    REQUIRE(sent.reports().size() == 1);
    CHECK(sent.reports().front().action == event::DsnAction::DELAYED);
    sent.fixture.does(IssueReport{
        .about = sent.message,
        .said = {{.action = event::DsnAction::DELAYED, .recipients = {Sent::kBob}}},
        .suppressed = event::ReportSuppressed::SENDER_GONE,
    });
    CHECK(sent.reports().empty());
    sent.fixture.clock().advanceSeconds(5 * 3600);
    REQUIRE(sent.start({Sent::kBob}));
    sent.fixture.does(sent.outcome(OutcomeState::Deferred, 451, 0));
    CHECK(sent.reports().empty());
}

TEST_CASE("outbound: what cannot be delivered in its lifetime expires", "[scribe]") {
    Sent sent;
    sent.fixture.clock().advanceSeconds(25 * 3600);
    REQUIRE(sent.start({Sent::kBob}));
    sent.fixture.does(sent.outcome(OutcomeState::Deferred, 451, 0));
    CHECK(sent.row().state == DeliveryState::Expired);
    REQUIRE(sent.reports().size() == 1);
    CHECK(sent.reports().front().action == event::DsnAction::FAILED);
}

TEST_CASE("outbound: a refusal for good owes a report, unless nobody is to be told", "[scribe]") {
    for (const bool told : {true, false}) {
        Sent sent(told ? 0 : kNever);
        REQUIRE(sent.start({Sent::kBob}));
        sent.fixture.does(sent.outcome(OutcomeState::Bounced, 554, 0x050701));
        CHECK(sent.row().state == DeliveryState::Failed);
        CHECK(sent.reports().size() == (told ? 1U : 0U));
    }
    Sent nobody(0, "");
    REQUIRE(nobody.start({Sent::kBob}));
    nobody.fixture.does(nobody.outcome(OutcomeState::Bounced, 554, 0x050701));
    CHECK(nobody.reports().empty());
}

TEST_CASE("outbound: success is reported where it was asked for and the other side does not",
          "[scribe]") {
    for (const bool speaksDsn : {true, false}) {
        Sent sent(kSuccess);
        REQUIRE(sent.start({Sent::kBob}));
        RecordOutcome outcome = sent.outcome(OutcomeState::Relayed, 250, 0);
        outcome.results.front().dsn = speaksDsn;
        sent.fixture.does(outcome);
        CHECK(sent.reports().size() == (speaksDsn ? 0U : 1U));
    }
}

TEST_CASE("outbound: an address that does not exist gets no more mail from the account",
          "[scribe]") {
    Sent sent;
    ScribeFixture& f = sent.fixture;
    REQUIRE(sent.start({Sent::kBob}));
    f.does(sent.outcome(OutcomeState::Bounced, 550, 0x050101));
    Deliver again = f.delivery();
    again.targets.clear();
    again.origin = {.actor = event::Actor::OWNER, .actorId = f.alice()};
    again.relays = {RelayTarget{.forwardPath = "Bob@North.test", .domain = "north.test"}};
    again.suppressedSinceNs = 1;
    CHECK(f.refusalOf(again) == "AddressSuppressed");
    f.does(Suppress{.account = f.alice(), .address = "bob@north.test", .on = false});
    again.message = f.random().orderedId<MessageId>();
    f.does(again);
    CHECK(
        f.refusalOf(Suppress{.account = f.alice(), .address = "bob@north.test", .on = false}) ==
        "NoSuchAddress");
    CHECK(f.replayDifference().empty());
}

TEST_CASE("outbound: an attempt that a crash cut off is unknown, and tried again", "[scribe]") {
    Sent sent;
    REQUIRE(sent.start({Sent::kBob}));
    sent.fixture.restart();
    CHECK(sent.fixture.does(RecoverAttempts{}).attempts == 1);
    CHECK(sent.fixture.does(RecoverAttempts{}).attempts == 0);
    CHECK(sent.row().state == DeliveryState::Waiting);
    CHECK(sent.row().unknownOutcome);
    CHECK(sent.start({Sent::kBob}));
    CHECK(sent.fixture.count(Kind::AttemptOutcomeUnknown) == 1);
}

TEST_CASE("outbound: the operator holds, releases, retries and removes", "[scribe]") {
    Sent sent;
    ScribeFixture& f = sent.fixture;
    const auto act = [&](event::QueueOperation op) {
        return f.submit(ActOnQueue{.op = op, .of = {.message = sent.message, .recipients = {}}});
    };
    CHECK_FALSE(act(event::QueueOperation::RELEASE));
    CHECK(act(event::QueueOperation::HOLD)->recipients == 2);
    CHECK_FALSE(sent.start({Sent::kBob}));
    CHECK(act(event::QueueOperation::RELEASE)->recipients == 2);
    REQUIRE(sent.start({Sent::kBob}));
    f.does(sent.outcome(OutcomeState::Deferred, 451, 0));
    CHECK_FALSE(sent.start({Sent::kBob}));
    CHECK(act(event::QueueOperation::RETRY)->recipients == 2);
    CHECK(sent.start({Sent::kBob}));
    // What is being tried cannot be taken back.
    CHECK(act(event::QueueOperation::REMOVE)->recipients == 1);
    CHECK(sent.row(Sent::kCarl).state == DeliveryState::Removed);
    CHECK(sent.reports().size() == 1);
    CHECK(f.replayDifference().empty());
}

TEST_CASE("outbound: a report is delivered and recorded in one commit", "[scribe]") {
    Sent sent;
    ScribeFixture& f = sent.fixture;
    REQUIRE(sent.start({Sent::kBob}));
    f.does(sent.outcome(OutcomeState::Bounced, 554, 0x050701));
    const Seq before = f.head();
    Deliver report = f.delivery();
    report.reversePath.clear();
    f.does(IssueReport{
        .about = sent.message,
        .said = {{.action = event::DsnAction::FAILED, .recipients = {Sent::kBob}}},
        .report = report,
    });
    CHECK(
        f.kindsFrom(Seq(before.number() + 1)) ==
        Kinds{"Received", "Accepted", "Stored", "DsnIssued"});
    CHECK(sent.reports().empty());
}

TEST_CASE("outbound: a report from elsewhere is matched to what its recipient sent", "[scribe]") {
    Sent sent;
    ScribeFixture& f = sent.fixture;
    REQUIRE(sent.start({Sent::kBob}));
    f.does(sent.outcome(OutcomeState::Relayed, 250, 0));
    Deliver incoming = f.delivery();
    incoming.report = ReportClaim{
        .messageId = "<one@example.org>",
        .reportingMta = "mx.north.test",
        .recipients = {{
            .address = "BOB@north.test",
            .action = event::DsnAction::FAILED,
            .enhancedCode = 0x050101,
            .diagnostic = "no such user",
        }},
    };
    f.does(incoming);
    CHECK(f.count(Kind::DsnReceived) == 1);
    CHECK(sent.row().reportedAction == 1);
    CHECK(sent.row().state == DeliveryState::Relayed);

    // Of what somebody else sent nobody can say anything.
    const AccountId bob = f.addAccount("bob@example.org");
    Deliver forged = f.delivery();
    forged.targets = {f.target(bob)};
    forged.report = incoming.report;
    f.does(forged);
    CHECK(f.count(Kind::DsnReceived) == 1);
    CHECK(f.replayDifference().empty());
}
