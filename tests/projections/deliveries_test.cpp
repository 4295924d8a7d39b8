#include <catch2/catch.hpp>

#include "tests/projections/fold_fixture.h"
#include "tests/support/outbound_events.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr MessageId kMessage(70);
constexpr RecipientNumber kFirst(1);
constexpr RecipientNumber kSecond(2);

// A history with destination 9 defined, a message of two recipients there, and its views.
class House {
public:
    House() {
        history.append(destinationDefined(9, "elsewhere.test"));
        history.append(sent({.relays = 2, .envelopeId = "E-1"}));
        history.append(queued({.recipient = 1, .original = "rfc822;bob@old.test"}));
        history.append(queued({.recipient = 2, .forwardPath = "Carol@Elsewhere.Test"}));
    }

    Seq then(Draft draft) {
        const Seq seq = history.append(std::move(draft));
        views.fold(history);
        return seq;
    }

    template <class Look>
    auto look(const Look& look) {
        views.fold(history);
        return views.read([&](const ViewsReader& reader) { return look(reader.deliveries()); });
    }

    DeliveryRow row(RecipientNumber recipient = kFirst) {
        return look(
            [&](const DeliveriesView& view) { return *view.delivery(kMessage, recipient); });
    }

    std::optional<OutboundRow> outbound() {
        return look([](const DeliveriesView& view) { return view.outbound(kMessage); });
    }

    std::vector<std::uint32_t> due(TimeNs to = INT64_MAX) {
        return look([&](const DeliveriesView& view) {
            std::vector<std::uint32_t> found;
            view.forDue(0, to, [&](const DueRow& due) {
                CHECK(due.message == kMessage);
                CHECK(due.destination == DestinationId(9));
                found.push_back(due.recipient.number());
                return true;
            });
            return found;
        });
    }

    DeliveryCountsRow counts() {
        const auto rows = look([](const DeliveriesView& view) { return view.countsSince(0); });
        REQUIRE(rows.size() == 1);
        return rows[0];
    }

    std::vector<MessageId> ofAddress(std::string_view address) {
        return look([&](const DeliveriesView& view) {
            std::vector<MessageId> found;
            view.ofAddress(address, [&](MessageId message, RecipientNumber) {
                found.push_back(message);
                return true;
            });
            return found;
        });
    }

    // The folds of what was erased, from the beginning.
    std::vector<ViewDigest> digestsOfReplay() const {
        FoldedViews again;
        again.fold(history, 1);
        return again.digests();
    }

    EventHistory history;
    FoldedViews views;
};

SendingOutcome dane(event::TlsFault fault = event::TlsFault::NONE) {
    return {
        .tlsVersion = 0x0304,
        .policy = event::TlsPolicy::DANE,
        .verified = fault == event::TlsFault::NONE,
        .fault = fault,
    };
}

}  // namespace

TEST_CASE("deliveries: a queued recipient waits, due at its time", "[projections]") {
    House house;
    const DeliveryRow row = house.row();
    CHECK(row.state == DeliveryState::Waiting);
    CHECK(row.account == AccountId(1));
    CHECK(row.destination == DestinationId(9));
    CHECK(row.forwardPath == "bob@elsewhere.test");
    CHECK(row.original == "rfc822;bob@old.test");
    CHECK(row.nextNs == 1'000);
    CHECK(row.expiresNs == 9'000);
    CHECK(row.tries == 0);
    CHECK(house.due() == Numbers{1, 2});
    CHECK(house.due(999).empty());

    const auto outbound = house.outbound();
    REQUIRE(outbound);
    CHECK(outbound->waiting == 2);
    CHECK(outbound->reports == 0);
    CHECK(outbound->received == Seq(2));
    CHECK(outbound->envelopeId == "E-1");
    CHECK(outbound->reversePath == "alice@example.org");
    CHECK(outbound->queueClass == event::QueueClass::SUBMISSION);
    CHECK(house.counts().queued == 2);
    CHECK(house.counts().destination == DestinationId(9));
    house.look([](const DeliveriesView& view) {
        CHECK(view.outboundCount() == 1);
        CHECK(view.deliveriesOf(kMessage).size() == 2);
        CHECK_FALSE(view.delivery(kMessage, RecipientNumber(3)));
        CHECK_FALSE(view.outbound(MessageId(69)));
        CHECK(view.findDestination("elsewhere.test") == DestinationId(9));
        CHECK_FALSE(view.findDestination("nowhere.test"));
        CHECK(view.destinationName(DestinationId(9)) == "elsewhere.test");
        return 0;
    });
}

TEST_CASE("deliveries: a message of another class says so", "[projections]") {
    House house;
    house.history.append(sent({.account = 0, .message = 71, .reversePath = "", .messageId = ""}));
    house.history.append(
        queued({.account = 0, .message = 71, .queueClass = event::QueueClass::REPORT}));
    house.look([](const DeliveriesView& view) {
        const auto row = view.outbound(MessageId(71));
        REQUIRE(row);
        CHECK(row->queueClass == event::QueueClass::REPORT);
        CHECK(row->nullReversePath);
        CHECK(row->waiting == 1);
        return 0;
    });
}

TEST_CASE("deliveries: an attempt is not due, and its outcome ends it", "[projections]") {
    House house;
    house.then(attemptStarted({.attempt = 5, .recipients = {1}}));
    CHECK(house.row().state == DeliveryState::Attempting);
    CHECK(house.row().attempt == AttemptId(5));
    CHECK(house.row().tries == 1);
    CHECK(house.row().host == "mx.elsewhere.test");
    CHECK(house.due() == Numbers{2});

    SECTION("relayed") {
        SendingOutcome outcome = dane();
        outcome.attempt = 5;
        outcome.enhancedCode = 0x020000;
        outcome.dsn = true;
        house.then(relayed(outcome));
        const DeliveryRow row = house.row();
        CHECK(row.state == DeliveryState::Relayed);
        CHECK_FALSE(row.attempt);
        CHECK(row.code == 250);
        CHECK(row.enhancedCode == 0x020000);
        CHECK(row.tlsVersion == 0x0304);
        CHECK(row.tlsPolicy == event::TlsPolicy::DANE);
        CHECK(row.tlsVerified);
        CHECK(row.dsn);
        CHECK(row.text == "250 2.0.0 Ok");
        CHECK(house.outbound()->waiting == 1);
        CHECK(house.counts().relayed == 1);
    }
    SECTION("deferred") {
        house.then(deferred({.attempt = 5, .code = 451, .nextNs = 500, .said = {.text = "later"}}));
        CHECK(house.row().state == DeliveryState::Waiting);
        CHECK(house.row().tries == 1);
        CHECK(house.row().text == "later");
        CHECK(house.due() == Numbers{1, 2});
        CHECK(house.due(500) == Numbers{1});
        CHECK(house.outbound()->waiting == 2);
        CHECK(house.counts().deferred == 1);
    }
    SECTION("bounced") {
        house.then(bounced({.attempt = 5, .code = 550, .enhancedCode = 0x050101}));
        CHECK(house.row().state == DeliveryState::Failed);
        CHECK(house.row().tries == 1);
        CHECK(house.row().nextNs == 0);
        CHECK(house.outbound()->waiting == 1);
        CHECK(house.counts().bounced == 1);
    }
    SECTION("unknown") {
        house.then(outcomeUnknown({.attempt = 5, .nextNs = 700}, RemoteKnown::No));
        CHECK(house.row().state == DeliveryState::Waiting);
        CHECK(house.row().unknownOutcome);
        CHECK(house.row().host == "mx.elsewhere.test");
        CHECK(house.due(700) == Numbers{1});
        CHECK(house.outbound()->waiting == 2);
    }
    CHECK(house.views.digests() == house.digestsOfReplay());
}

TEST_CASE(
    "deliveries: what did not come to an offer counts as a try, unless it was none",
    "[projections]") {
    House house;
    house.then(deferred({.reason = event::OutcomeReason::CONNECT, .nextNs = 2'000}));
    CHECK(house.row().tries == 1);
    house.then(deferred({.reason = event::OutcomeReason::BUSY, .nextNs = 3'000}));
    CHECK(house.row().tries == 1);
    CHECK(house.row().reason == event::OutcomeReason::BUSY);
    house.then(bounced({.recipients = {2}, .reason = event::OutcomeReason::SUPPRESSED}));
    CHECK(house.row(kSecond).tries == 0);
    house.then(bounced({.reason = event::OutcomeReason::NO_ROUTE}));
    CHECK(house.row().tries == 2);
    CHECK_FALSE(house.outbound());
}

TEST_CASE("deliveries: a message goes when nothing waits and nothing is owed", "[projections]") {
    House house;
    house.then(relayed({.reports = {1}}));
    house.then(bounced({.recipients = {2}, .code = 550, .reports = {2}}));
    REQUIRE(house.outbound());
    CHECK(house.outbound()->waiting == 0);
    CHECK(house.outbound()->reports == 2);
    house.look([](const DeliveriesView& view) {
        const auto owed = view.reportsOf(kMessage);
        REQUIRE(owed.size() == 2);
        CHECK(owed[0].recipient == kFirst);
        CHECK(owed[0].action == event::DsnAction::RELAYED);
        CHECK(owed[0].sinceNs > 0);
        CHECK(owed[1].action == event::DsnAction::FAILED);
        return 0;
    });
    // Of another action: nothing is paid by it.
    house.then(dsnIssued(70, event::DsnAction::DELAYED, {1, 2}, 80));
    CHECK(house.outbound()->reports == 2);
    house.then(dsnIssued(70, event::DsnAction::FAILED, {2}, 81));
    CHECK(house.outbound()->reports == 1);
    CHECK(house.outbound()->lastReportNs > 0);
    house.then(dsnIssued(70, event::DsnAction::RELAYED, {1}, 82));
    CHECK_FALSE(house.outbound());
    house.look([](const DeliveriesView& view) {
        CHECK(view.reportsOf(kMessage).empty());
        CHECK(view.deliveriesOf(kMessage).size() == 2);
        CHECK(view.outboundCount() == 0);
        return 0;
    });
    CHECK(house.due().empty());
}

TEST_CASE("deliveries: a delay is owed once, and told", "[projections]") {
    House house;
    house.then(deferred({.nextNs = 2'000, .reports = {1}}));
    house.then(deferred({.nextNs = 3'000, .reports = {1}}));
    CHECK(house.row().delayTold);
    CHECK_FALSE(house.row(kSecond).delayTold);
    CHECK(house.outbound()->reports == 1);
    CHECK(house.due() == Numbers{2, 1});
    house.then(dsnIssued(70, event::DsnAction::DELAYED, {1}, 80));
    CHECK(house.outbound()->reports == 0);
    CHECK(house.outbound()->waiting == 2);
}

TEST_CASE("deliveries: what expires is over, with its last answer", "[projections]") {
    House house;
    house.then(expired({.recipients = {1, 2}, .code = 451, .reports = {2}}));
    CHECK(house.row().state == DeliveryState::Expired);
    CHECK(house.row().code == 451);
    CHECK(house.counts().expired == 2);
    CHECK(house.outbound()->waiting == 0);
    CHECK(house.outbound()->reports == 1);
}

TEST_CASE("deliveries: a local recipient whose sender asked for it is reported", "[projections]") {
    EventHistory history;
    history.append(sent({.relays = 0, .reports = 1}));
    history.append(acceptedWithReport(2, 70, 1, "dora@example.org"));
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const auto row = reader.deliveries().delivery(kMessage, kFirst);
        REQUIRE(row);
        CHECK(row->state == DeliveryState::Delivered);
        CHECK(row->forwardPath == "dora@example.org");
        CHECK(reader.deliveries().outbound(kMessage)->reports == 1);
        std::size_t owed = 0;
        reader.deliveries().forReports(MessageId(), [&](const ReportRow& report) {
            CHECK(report.action == event::DsnAction::DELIVERED);
            ++owed;
            return true;
        });
        CHECK(owed == 1);
    });
    history.append(dsnIssued(70, event::DsnAction::DELIVERED, {1}, 80));
    views.fold(history);
    views.read(
        [](const ViewsReader& reader) { CHECK_FALSE(reader.deliveries().outbound(kMessage)); });
}

TEST_CASE("deliveries: a message without relays or reports leaves no row", "[projections]") {
    EventHistory history;
    history.append(sent({.relays = 0}));
    FoldedViews views;
    views.fold(history);
    CHECK(views.keys(&ViewTables::outbound).empty());
    CHECK(views.keys(&ViewTables::deliveriesByAddress).empty());
    CHECK(views.keys(&ViewTables::sentByMessageId).empty());
}

TEST_CASE("deliveries: the operator holds, releases, retries and removes", "[projections]") {
    House house;
    house.then(queueAction(70, event::QueueOperation::HOLD, {1, 2}));
    CHECK(house.row().state == DeliveryState::Held);
    CHECK(house.due().empty());
    CHECK(house.outbound()->waiting == 2);
    house.then(queueAction(70, event::QueueOperation::RELEASE, {1}, 4'000));
    CHECK(house.row().state == DeliveryState::Waiting);
    CHECK(house.due() == Numbers{1});
    CHECK(house.due(3'999).empty());
    house.then(queueAction(70, event::QueueOperation::RETRY, {1, 2}, 50));
    CHECK(house.due(50) == Numbers{1, 2});
    house.then(queueAction(70, event::QueueOperation::REMOVE, {1, 2}, 0, {2}));
    CHECK(house.row().state == DeliveryState::Removed);
    CHECK(house.row().reason == event::OutcomeReason::REMOVED);
    CHECK(house.due().empty());
    CHECK(house.outbound()->waiting == 0);
    CHECK(house.outbound()->reports == 1);
}

TEST_CASE("deliveries: a report from elsewhere stands beside what we know", "[projections]") {
    House house;
    house.then(relayed({.said = {.text = "250 taken"}}));
    const TimeNs relayedNs = house.row().lastNs;
    house.then(dsnReceived(
        70, event::DsnAction::FAILED, {1, 7}, {.host = "inner.elsewhere.test", .text = "no bob"}));
    const DeliveryRow row = house.row();
    CHECK(row.state == DeliveryState::Relayed);
    CHECK(row.reportedAction == 1);
    CHECK(row.reportedCode == 0x050101);
    CHECK(row.reportedBy == "inner.elsewhere.test");
    CHECK(row.reportedText == "no bob");
    CHECK(row.reportedNs > relayedNs);
    CHECK(row.host == "mx.elsewhere.test");
    CHECK(row.text == "250 taken");
    CHECK(row.lastNs == relayedNs);
    // One that still waits stays due.
    house.then(dsnReceived(70, event::DsnAction::DELAYED, {2}, {}));
    CHECK(house.row(kSecond).reportedAction == 2);
    CHECK(house.due() == Numbers{2});
}

TEST_CASE("deliveries: messages are found by address and Message-ID", "[projections]") {
    House house;
    house.history.append(sent({.message = 90}));
    house.history.append(queued({.message = 90}));
    CHECK(house.ofAddress("BOB@elsewhere.test") == std::vector{MessageId(90), MessageId(70)});
    CHECK(house.ofAddress("carol@elsewhere.test") == std::vector{MessageId(70)});
    CHECK(house.ofAddress("alice@example.org") == std::vector{MessageId(90), MessageId(70)});
    CHECK(house.ofAddress("bob@elsewhere.tes").empty());
    CHECK(house.ofAddress("").empty());
    house.look([](const DeliveriesView& view) {
        CHECK(view.sentAs("<one@example.org>") == MessageId(90));
        CHECK(view.sentAs("one@example.org") == MessageId(90));
        CHECK_FALSE(view.sentAs("<two@example.org>"));
        std::size_t seen = 0;
        view.ofAddress("bob@elsewhere.test", [&](MessageId, RecipientNumber) {
            ++seen;
            return false;
        });
        CHECK(seen == 1);
        return 0;
    });
}

TEST_CASE("deliveries: suppressed addresses are per account", "[projections]") {
    EventHistory history;
    FoldedViews views;
    const auto find = [&](std::uint64_t account, std::string_view address) {
        views.fold(history);
        return views.read([&](const ViewsReader& reader) {
            return reader.deliveries().suppression(AccountId(account), address);
        });
    };
    const Seq seq = history.append(suppressionChanged(1, 30, true, "Bob@elsewhere.test"));
    const auto row = find(1, "bob@ELSEWHERE.test");
    REQUIRE(row);
    CHECK(row->id == SuppressionId(30));
    CHECK(row->seq == seq);
    CHECK(row->enhancedCode == 0x050101);
    CHECK(row->address == "Bob@elsewhere.test");
    CHECK_FALSE(find(2, "bob@elsewhere.test"));
    CHECK_FALSE(find(1, "carol@elsewhere.test"));
    history.append(suppressionChanged(2, 31, true, "bob@elsewhere.test"));
    history.append(suppressionChanged(1, 30, false));
    CHECK_FALSE(find(1, "bob@elsewhere.test"));
    CHECK(find(2, "bob@elsewhere.test"));
    views.read(
        [](const ViewsReader& reader) { CHECK(reader.deliveries().suppressions().size() == 1); });
    history.append(suppressionChanged(1, 32, true, "bob@elsewhere.test"));
    CHECK(find(1, "bob@elsewhere.test")->id == SuppressionId(32));
}

TEST_CASE("deliveries: TLS is counted per day, destination and policy", "[projections]") {
    House house;
    house.then(relayed({}));  // no policy: nobody wants to know
    house.then(relayed(dane()));
    SendingOutcome failed = dane(event::TlsFault::VALIDATION_FAILURE);
    failed.reason = event::OutcomeReason::TLS;
    failed.said = {.host = "mx1.elsewhere.test", .ip = "192.0.2.1", .text = "no match"};
    house.then(deferred(failed));
    failed.recipients = {2};
    failed.said.host = "mx2.elsewhere.test";
    house.then(bounced(failed));
    house.look([](const DeliveriesView& view) {
        CHECK(view.tlsCountsBefore(0).empty());
        const auto counts = view.tlsCountsBefore(1);
        REQUIRE(counts.size() == 1);
        CHECK(counts[0].destination == DestinationId(9));
        CHECK(counts[0].policy == event::TlsPolicy::DANE);
        CHECK(counts[0].succeeded == 1);
        CHECK(counts[0].failed == 2);
        const auto faults = view.tlsFaultsOf(0, DestinationId(9));
        REQUIRE(faults.size() == 1);
        CHECK(faults[0].fault == event::TlsFault::VALIDATION_FAILURE);
        CHECK(faults[0].count == 2);
        CHECK(faults[0].host == "mx1.elsewhere.test");
        CHECK(faults[0].ip == "192.0.2.1");
        CHECK(faults[0].text == "no match");
        return 0;
    });
    SendingOutcome tested = dane(event::TlsFault::CERTIFICATE_EXPIRED);
    tested.said.text = "2.0.0 Ok: queued";
    house.then(relayed(tested));
    house.look([](const DeliveriesView& view) {
        const auto faults = view.tlsFaultsOf(0, DestinationId(9));
        REQUIRE(faults.size() == 2);
        CHECK(faults[0].fault == event::TlsFault::CERTIFICATE_EXPIRED);
        CHECK(faults[0].text.empty());
        return 0;
    });
    house.then(tlsReportIssued(8, 0));
    house.then(tlsReportIssued(9, 1));
    CHECK(house.views.keys(&ViewTables::tlsCounts).size() == 1);
    house.then(tlsReportIssued(9, 0));
    CHECK(house.views.keys(&ViewTables::tlsCounts).empty());
    CHECK(house.views.keys(&ViewTables::tlsFaults).empty());
}

TEST_CASE("deliveries: counts go with the UTC day of the event", "[projections]") {
    EventHistory history;
    const auto at = [&](Draft draft, TimeNs time) {
        draft.core().setTimeNs(time);
        history.append(std::move(draft));
    };
    at(sent({}), kDayNs - 2);
    at(queued({}), kDayNs - 1);
    at(relayed({}), kDayNs);
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const auto rows = reader.deliveries().countsSince(0);
        REQUIRE(rows.size() == 2);
        CHECK(rows[0].day == 0);
        CHECK(rows[0].queued == 1);
        CHECK(rows[0].relayed == 0);
        CHECK(rows[1].day == 1);
        CHECK(rows[1].relayed == 1);
        CHECK(reader.deliveries().countsSince(2).empty());
    });
}

TEST_CASE("deliveries: an erased answer is blank, not that of the one before", "[projections]") {
    House house;
    house.then(attemptStarted({.attempt = 5}));
    const Seq unknown =
        house.then(outcomeUnknown({.attempt = 5, .said = {.text = "went away"}}, RemoteKnown::Yes));
    CHECK(house.row().text == "went away");
    house.history.eraseDetails(unknown);
    FoldedViews again;
    again.fold(house.history);
    again.read([](const ViewsReader& reader) {
        const auto row = reader.deliveries().delivery(kMessage, kFirst);
        CHECK(row->unknownOutcome);
        CHECK(row->host.empty());
        CHECK(row->text.empty());
    });
}

TEST_CASE("deliveries: an erased name is in no index, and its rows stay", "[projections]") {
    House house;
    for (std::uint64_t seq = 1; seq <= house.history.last().number(); ++seq) {
        house.history.eraseDetails(Seq(seq));
    }
    CHECK(house.ofAddress("bob@elsewhere.test").empty());
    CHECK(house.row().forwardPath.empty());
    CHECK(house.outbound()->reversePath.empty());
    CHECK(house.due() == Numbers{1, 2});
    CHECK(house.counts().queued == 2);
    house.look([](const DeliveriesView& view) {
        CHECK_FALSE(view.findDestination("elsewhere.test"));
        CHECK(view.destinationName(DestinationId(9)).empty());
        CHECK_FALSE(view.sentAs("one@example.org"));
        return 0;
    });
}
