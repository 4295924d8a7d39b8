#include <catch2/catch.hpp>

#include "tests/projections/fold_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

using Seqs = std::vector<std::uint64_t>;

HistoriesView::Visit collectInto(Seqs& seqs) {
    return [&seqs](const HistoryEntry& entry) {
        seqs.push_back(entry.seq.number());
        return true;
    };
}

}  // namespace

TEST_CASE("histories: an event stands under everything that it names", "[projections]") {
    EventHistory history;
    history.append(Draft(Kind::Genesis));
    history.append(mailboxCreated(1, 5, "a", 1, 1));
    history.append(stored(1, 5, {.uid = 1, .modSeq = 2, .message = 70}));
    history.append(accessOpened(1, 5, 40));
    history.append(
        copied(1, {.source = 5, .target = 6, .modSeq = 4, .sourceUids = {1}, .targetUids = {1}}));
    history.append(stored(2, 7, {.uid = 1, .modSeq = 5, .message = 70}));
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const HistoriesView histories = reader.histories();
        Seqs seqs;
        histories.ofMessage(MessageId(70), Seq(0), collectInto(seqs));
        CHECK(seqs == Seqs{3, 6});
        seqs.clear();
        histories.ofAccount(AccountId(1), Seq(3), collectInto(seqs));
        CHECK(seqs == Seqs{3, 4, 5});
        seqs.clear();
        histories.ofAccount(AccountId(0), Seq(0), collectInto(seqs));
        CHECK(seqs.empty());
        histories.ofMailbox(MailboxId(6), Seq(0), collectInto(seqs));
        CHECK(seqs == Seqs{5});
        seqs.clear();
        histories.ofMailbox(MailboxId(5), Seq(0), [&](const HistoryEntry& entry) {
            seqs.push_back(entry.seq.number());
            CHECK(entry.kind == (seqs.size() == 1 ? Kind::MailboxCreated : Kind::Stored));
            return seqs.size() < 2;
        });
        CHECK(seqs == Seqs{2, 3});
        seqs.clear();
        histories.ofSession(SessionId(40), Seq(0), collectInto(seqs));
        CHECK(seqs == Seqs{4});
    });
}

TEST_CASE("histories: the last event of a kind in a mailbox is found", "[projections]") {
    EventHistory history;
    history.append(mailboxCreated(1, 5, "a", 1, 1));
    history.append(stored(1, 5, {.uid = 1, .modSeq = 2}));
    history.append(stored(1, 5, {.uid = 2, .modSeq = 3}));
    history.append(accessOpened(1, 5, 40));
    history.append(stored(1, 6, {.uid = 1, .modSeq = 4}));
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const HistoriesView histories = reader.histories();
        CHECK(histories.lastOfMailbox(MailboxId(5), Kind::Stored) == Seq(3));
        CHECK(histories.lastOfMailbox(MailboxId(6), Kind::Stored) == Seq(5));
        CHECK(histories.lastOfMailbox(MailboxId(5), Kind::Expunged) == Seq(0));
        CHECK(histories.lastOfMailbox(MailboxId(4), Kind::Stored) == Seq(0));
        CHECK(histories.lastOfMailbox(MailboxId(9), Kind::Stored) == Seq(0));
    });
}

TEST_CASE(
    "histories: a window of access is open until its last Fetched or its loss", "[projections]") {
    EventHistory history;
    const Seq first = history.append(accessOpened(1, 5, 40));
    const Seq second = history.append(accessOpened(1, 6, 41));
    const Seq third = history.append(accessOpened(2, 7, 42));
    history.append(fetched(1, 5, first, false));
    history.append(fetched(1, 6, second, true));
    history.append(accessWindowLost(2, 7, third));
    FoldedViews views;
    views.fold(history);
    views.read([&](const ViewsReader& reader) {
        const auto open = reader.histories().openAccess();
        REQUIRE(open.size() == 1);
        CHECK(open[0].opened == first);
        CHECK(open[0].account == AccountId(1));
        CHECK(open[0].mailbox == MailboxId(5));
        CHECK(open[0].session == SessionId(40));
    });
}

TEST_CASE(
    "histories: a kind that nobody knows is indexed if it is ignorable, else stops",
    "[projections]") {
    EventHistory history;
    Draft ignorable = draftFor(Kind(60'000), 1, 5);
    ignorable.core().setFlags(kFlagIgnorable);
    history.append(std::move(ignorable));
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK(reader.histories().lastOfMailbox(MailboxId(5), Kind(60'000)) == Seq(1));
    });
    history.append(draftFor(Kind(60'001), 1, 5));
    CHECK_THROWS_AS(views.fold(history), UnknownKind);
    CHECK_THROWS_WITH(views.fold(history), Catch::Contains("60001") && Catch::Contains("event 2 "));
}
