// What is decided about mail for other servers: attempts, outcomes, actions, reports.

#include <catch2/catch.hpp>

#include "journal/base/encoding.h"
#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

using Kinds = std::vector<std::string>;

constexpr TimeNs kHourNs = 3'600 * kSecondNs;
constexpr std::uint16_t kNever = 1;
constexpr std::uint16_t kSuccess = 2;

template <class List>
std::vector<RecipientNumber> numbersIn(List list) {
    std::vector<RecipientNumber> numbers;
    for (const std::uint32_t number : list)
        numbers.emplace_back(number);
    return numbers;
}

// A message of alice's to two addresses elsewhere.
struct Sent {
    explicit Sent(
        std::uint16_t notify = 0,
        const std::string& reversePath = "alice@example.org",
        const EnvelopeOptions& envelope = {}) {
        Deliver command = fixture.delivery();
        command.protocol = event::Protocol::SUBMISSION;
        command.origin = {.actor = event::Actor::OWNER, .actorId = fixture.alice()};
        command.targets.clear();
        command.reversePath = reversePath;
        command.blob.messageId = "<one@example.org>";
        command.envelope = envelope;
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

    // Bob's server put it off.
    RecordOutcome deferred(TimeNs delayWarningNs = 0) {
        RecordOutcome command = outcome(OutcomeState::Deferred, 451, 0x040200);
        command.delayWarningNs = delayWarningNs;
        return command;
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

// To be there two hours after a test's clock begins (BY, RFC 2852).
EnvelopeOptions inTwoHours(event::DeliverBy mode) {
    return {.deliverBy = mode, .deliverByNs = TestClock().now() + 2 * kHourNs};
}

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

TEST_CASE("outbound: with BY mode R it goes back after the deadline", "[scribe]") {
    Sent sent(0, "alice@example.org", inTwoHours(event::DeliverBy::RETURN));
    ScribeFixture& f = sent.fixture;
    f.clock().advanceSeconds(2 * 3600 - 1);
    REQUIRE(sent.start({Sent::kBob}));
    f.does(sent.deferred());
    CHECK(sent.row().state == DeliveryState::Waiting);
    CHECK(sent.reports().empty());

    f.clock().advanceSeconds(1);
    REQUIRE(sent.start({Sent::kBob}));
    f.does(sent.deferred());
    CHECK(sent.row().state == DeliveryState::Expired);
    f.withEvent(f.head(), [&](const Record& record) {
        REQUIRE(record.kind() == Kind::Expired);
        const auto body = record.core().getExpired();
        CHECK(body.getDeadline() == event::Deadline::DELIVER_BY);
        CHECK(body.getTries() == 2);
        CHECK(numbersIn(body.getReports()) == std::vector{Sent::kBob});
    });
    REQUIRE(sent.reports().size() == 1);
    CHECK(sent.reports().front().action == event::DsnAction::FAILED);
    CHECK(f.replayDifference().empty());
}

TEST_CASE(
    "outbound: with BY mode N its sender is told after the deadline, and it goes on", "[scribe]") {
    for (const bool told : {true, false}) {
        Sent sent(told ? 0 : kNever, "alice@example.org", inTwoHours(event::DeliverBy::NOTIFY));
        ScribeFixture& f = sent.fixture;
        f.clock().advanceSeconds(2 * 3600 - 1);
        REQUIRE(sent.start({Sent::kBob}));
        f.does(sent.deferred());
        CHECK(sent.reports().empty());

        // No delay warning is asked for: the deadline is what it is about.
        f.clock().advanceSeconds(1);
        REQUIRE(sent.start({Sent::kBob}));
        f.does(sent.deferred());
        CHECK(sent.row().state == DeliveryState::Waiting);
        f.withEvent(f.head(), [&](const Record& record) {
            REQUIRE(record.kind() == Kind::Deferred);
            CHECK(record.core().getDeferred().getReports().size() == (told ? 1U : 0U));
        });
        REQUIRE(sent.reports().size() == (told ? 1U : 0U));
        if (told) {
            CHECK(sent.reports().front().action == event::DsnAction::DELAYED);
            f.does(IssueReport{
                .about = sent.message,
                .said = {{.action = event::DsnAction::DELAYED, .recipients = {Sent::kBob}}},
                .suppressed = event::ReportSuppressed::SENDER_GONE,
            });
        }

        // Once, whatever else is due later.
        f.clock().advanceSeconds(5 * 3600);
        REQUIRE(sent.start({Sent::kBob}));
        f.does(sent.deferred(4 * kHourNs));
        CHECK(sent.row().state == DeliveryState::Waiting);
        CHECK(sent.reports().empty());
        CHECK(f.replayDifference().empty());
    }
}

TEST_CASE("outbound: who is told that it left for a server that keeps no deadlines", "[scribe]") {
    struct Case {
        event::DeliverBy mode;
        bool trace;
        bool keepsDeadlines;
        std::uint16_t notify;
        bool told;
    };

    constexpr event::DeliverBy kByNotify = event::DeliverBy::NOTIFY;
    constexpr event::DeliverBy kByReturn = event::DeliverBy::RETURN;
    for (const Case& one :
         {Case{kByNotify, false, false, 0, true},
          Case{kByNotify, false, false, kNever, false},
          Case{kByNotify, false, true, 0, false},
          Case{kByNotify, true, true, 0, true},
          Case{kByReturn, false, true, kSuccess, false},
          Case{kByReturn, true, true, 0, true},
          Case{kByReturn, true, true, kNever, false}}) {
        EnvelopeOptions envelope = inTwoHours(one.mode);
        envelope.deliverByTrace = one.trace;
        Sent sent(one.notify, "alice@example.org", envelope);
        REQUIRE(sent.start({Sent::kBob}));
        RecordOutcome command = sent.outcome(OutcomeState::Relayed, 250, 0x020000);
        command.results[0].dsn = true;
        command.results[0].deliverBy = one.keepsDeadlines;
        sent.fixture.does(command);
        REQUIRE(sent.reports().size() == (one.told ? 1U : 0U));
        if (one.told) CHECK(sent.reports().front().action == event::DsnAction::RELAYED);
        CHECK(sent.fixture.replayDifference().empty());
    }
}

TEST_CASE("outbound: the next try is no later than the time that is left", "[scribe]") {
    for (const event::DeliverBy mode : {event::DeliverBy::RETURN, event::DeliverBy::NOTIFY}) {
        Sent sent(0, "alice@example.org", inTwoHours(mode));
        sent.fixture.clock().advanceSeconds(3600 + 1800);
        REQUIRE(sent.start({Sent::kBob}));
        sent.fixture.does(sent.deferred());
        CHECK(sent.row().nextNs == inTwoHours(mode).deliverByNs);
    }

    // After it, mode N has the lifetime.
    Sent late(0, "alice@example.org", inTwoHours(event::DeliverBy::NOTIFY));
    late.fixture.clock().advanceSeconds(2 * 3600);
    REQUIRE(late.start({Sent::kBob}));
    late.fixture.does(late.deferred());
    CHECK(late.row().nextNs == late.fixture.clock().now() + kHourNs);

    Sent old;
    const TimeNs expiresNs = old.row().expiresNs;
    old.fixture.clock().advanceSeconds(23 * 3600 + 1800);
    REQUIRE(old.start({Sent::kBob}));
    old.fixture.does(old.deferred());
    CHECK(old.row().nextNs == expiresNs);
}

TEST_CASE("outbound: what is to be held goes out after that time", "[scribe]") {
    const TimeNs untilNs = TestClock().now() + 30 * kHourNs;
    Sent sent(0, "alice@example.org", {.holdUntilNs = untilNs});
    ScribeFixture& f = sent.fixture;
    CHECK(sent.row().state == DeliveryState::Waiting);
    CHECK(sent.row().nextNs == untilNs);
    CHECK_FALSE(sent.start({Sent::kBob, Sent::kCarl}));
    f.clock().advanceSeconds(30 * 3600 - 2);
    CHECK_FALSE(sent.start({Sent::kBob, Sent::kCarl}));
    CHECK(f.count(Kind::AttemptStarted) == 0);
    f.clock().advanceSeconds(2);
    CHECK(sent.start({Sent::kBob, Sent::kCarl})->recipients.size() == 2);
    // Its lifetime would be over by then.
    CHECK(sent.row().expiresNs >= untilNs);
    CHECK(f.replayDifference().empty());
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

TEST_CASE(
    "outbound: success is reported where it was asked for and the other side does not",
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

TEST_CASE(
    "outbound: an address that does not exist gets no more mail from the account", "[scribe]") {
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

TEST_CASE("outbound: a disposition from elsewhere says who did what with it", "[scribe]") {
    Sent sent;
    ScribeFixture& f = sent.fixture;
    Deliver incoming = f.delivery();
    incoming.report = ReportClaim{
        .what = ReportClaim::What::Mdn,
        .messageId = "<one@example.org>",
        .reader = "carl@home.test",
        .recipients = {{.address = "CARL@south.test"}},
        .disposition = event::Disposed::DELETED,
        .automatic = true,
    };
    const Deliver::Answer arrived = f.does(incoming);
    CHECK(f.kindsFrom(arrived.received) == Kinds{"Received", "Accepted", "Stored", "MdnReceived"});
    f.withEvent(f.head(), [&](const Record& record) {
        CHECK(AccountId(record.core().getAccount()) == f.alice());
        CHECK(MessageId(record.core().getMessage()) == sent.message);
        CHECK(Seq(record.core().getCause()) == arrived.received);
        const auto body = record.core().getMdnReceived();
        CHECK(body.getDisposition() == event::Disposed::DELETED);
        CHECK(body.getAutomatic());
        CHECK(body.getMatchedBy() == event::MatchedBy::MESSAGE_ID);
        CHECK(MessageId(body.getReport()) == incoming.message);
        CHECK(numbersIn(body.getRecipients()) == std::vector{Sent::kCarl});
        CHECK(record.annex(0)->getRemote().getHost() == "carl@home.test");
    });

    // By the id that the courier gives as ENVID, and by hand.
    Deliver byEnvelope = f.delivery();
    byEnvelope.report = ReportClaim{
        .what = ReportClaim::What::Mdn,
        .envelopeId = idText(sent.message.number()),
        .recipients = {{.address = "bob@north.test"}},
    };
    f.does(byEnvelope);
    f.withEvent(f.head(), [&](const Record& record) {
        const auto body = record.core().getMdnReceived();
        CHECK(body.getDisposition() == event::Disposed::DISPLAYED);
        CHECK_FALSE(body.getAutomatic());
        CHECK(body.getMatchedBy() == event::MatchedBy::ENVELOPE_ID);
        CHECK(numbersIn(body.getRecipients()) == std::vector{Sent::kBob});
    });
    CHECK(f.count(Kind::MdnReceived) == 2);
    CHECK(f.replayDifference().empty());
}

TEST_CASE("outbound: a complaint from elsewhere is of its type and by its server", "[scribe]") {
    Sent sent;
    ScribeFixture& f = sent.fixture;
    Deliver incoming = f.delivery();
    incoming.report = ReportClaim{
        .what = ReportClaim::What::Feedback,
        .messageId = "<one@example.org>",
        .reportingMta = "mx.north.test",
        .recipients = {{.address = "bob@north.test"}, {.address = "Bob@north.test"}},
        .feedback = event::FeedbackType::FRAUD,
    };
    const Deliver::Answer arrived = f.does(incoming);
    CHECK(
        f.kindsFrom(arrived.received) ==
        Kinds{"Received", "Accepted", "Stored", "FeedbackReceived"});
    f.withEvent(f.head(), [&](const Record& record) {
        CHECK(AccountId(record.core().getAccount()) == f.alice());
        CHECK(MessageId(record.core().getMessage()) == sent.message);
        CHECK(Seq(record.core().getCause()) == arrived.received);
        const auto body = record.core().getFeedbackReceived();
        CHECK(body.getType() == event::FeedbackType::FRAUD);
        CHECK(body.getMatchedBy() == event::MatchedBy::MESSAGE_ID);
        CHECK(MessageId(body.getReport()) == incoming.message);
        CHECK(numbersIn(body.getRecipients()) == std::vector{Sent::kBob});
        CHECK(record.annex(0)->getRemote().getHost() == "mx.north.test");
    });
    CHECK(f.replayDifference().empty());
}

TEST_CASE("outbound: a report of who was not sent to, or of mail of somebody else", "[scribe]") {
    for (const ReportClaim::What what : {ReportClaim::What::Mdn, ReportClaim::What::Feedback}) {
        Sent sent;
        ScribeFixture& f = sent.fixture;
        const ReportClaim claim{
            .what = what,
            .messageId = "<one@example.org>",
            .recipients = {{.address = "dora@north.test"}},
        };
        // One of two, but nobody knows which.
        Deliver incoming = f.delivery();
        incoming.report = claim;
        f.does(incoming);
        f.withEvent(f.head(), [&](const Record& record) {
            const auto core = record.core();
            CHECK(MessageId(core.getMessage()) == sent.message);
            CHECK(numbersIn(
                      what == ReportClaim::What::Mdn ? core.getMdnReceived().getRecipients()
                                                     : core.getFeedbackReceived().getRecipients())
                      .empty());
        });

        const AccountId bob = f.addAccount("bob@example.org");
        for (const bool byEnvelope : {true, false}) {
            Deliver forged = f.delivery();
            forged.targets = {f.target(bob)};
            forged.report = claim;
            if (byEnvelope) {
                forged.report->envelopeId = idText(sent.message.number());
                forged.report->messageId.clear();
            }
            CHECK(f.kindsFrom(f.does(forged).received) == Kinds{"Received", "Accepted", "Stored"});
        }
        CHECK(f.replayDifference().empty());
    }
}
