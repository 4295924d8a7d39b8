#include <catch2/catch.hpp>

#include "projections/replay.h"
#include "tests/projections/journaled_views.h"

using namespace daybook;
using namespace daybook::test;

namespace {

void mark(ViewsEnvironment& views, std::uint64_t journalId, Seq seq, const Hash256& root) {
    lmdb::WriteTransaction txn(views.environment());
    markApplied(txn, views.tables(), journalId, seq, root);
    txn.commit();
}

void damage(ViewsEnvironment& views, lmdb::Table table, std::string_view key, const char* value) {
    lmdb::WriteTransaction txn(views.environment());
    txn.put(table, key, value);
    txn.commit();
}

std::uint32_t messagesIn(ViewsEnvironment& views) {
    const lmdb::ReadTransaction txn(views.environment());
    const auto row =
        ViewsReader(txn, views.tables()).mailboxes().mailbox(AccountId(1), MailboxId(5));
    return row ? row->messages : 0;
}

// INBOX and 20 messages in 10 commits.
struct SmallJournal : JournaledEvents {
    SmallJournal() {
        commit(mailboxCreated(1, 5, "INBOX", 100, 1, event::SpecialUse::INBOX));
        store(10, 2);
    }
};

}  // namespace

TEST_CASE(
    "projector: what the views say of themselves is compared with the journal", "[projections]") {
    SmallJournal events;
    const Journal& journal = events.journal();
    const Views holder(events.folder(), kTestViews);
    ViewsEnvironment& views = *holder.environment();
    CHECK(stateOf(views, journal) == ViewsState::Empty);

    const Hash256 root = journal.head().root;
    mark(views, journal.journalId(), Seq(21), root);
    CHECK(stateOf(views, journal) == ViewsState::Usable);
    mark(views, journal.journalId(), Seq(5), *journal.rootAt(5));
    CHECK(stateOf(views, journal) == ViewsState::Usable);
    // No commit ended there.
    mark(views, journal.journalId(), Seq(4), root);
    CHECK(stateOf(views, journal) == ViewsState::Ahead);
    mark(views, journal.journalId(), Seq(22), root);
    CHECK(stateOf(views, journal) == ViewsState::Ahead);
    mark(views, journal.journalId(), Seq(21), *journal.rootAt(5));
    CHECK(stateOf(views, journal) == ViewsState::Ahead);
    mark(views, journal.journalId() + 1, Seq(21), root);
    CHECK(stateOf(views, journal) == ViewsState::OtherJournal);

    mark(views, journal.journalId(), Seq(21), root);
    const lmdb::Table meta = views.tables().meta;
    const lmdb::ReadTransaction txn(views.environment());
    std::string row(*txn.get(meta, "messages"));
    row[0] = static_cast<char>(row[0] + 1);
    damage(views, meta, "messages", "");
    {
        lmdb::WriteTransaction write(views.environment());
        write.put(meta, "messages", row);
        write.commit();
    }
    CHECK(stateOf(views, journal) == ViewsState::OtherVersion);
    mark(views, journal.journalId(), Seq(21), root);
    damage(views, meta, "a projection of tomorrow", "");
    CHECK(stateOf(views, journal) == ViewsState::OtherVersion);
    {
        lmdb::WriteTransaction write(views.environment());
        write.erase(meta, "a projection of tomorrow");
        write.erase(meta, "histories");
        write.commit();
    }
    CHECK(stateOf(views, journal) == ViewsState::OtherVersion);
}

TEST_CASE("projector: views that are behind catch up, others begin anew", "[projections]") {
    SmallJournal events;
    const Journal& journal = events.journal();
    const Views holder(events.folder(), kTestViews);
    ViewsEnvironment& views = *holder.environment();
    CHECK(catchUp(views, journal, Seq(5)) == Seq(5));
    CHECK(messagesIn(views) == 4);
    CHECK(stateOf(views, journal) == ViewsState::Usable);
    CHECK(catchUp(views, journal, Seq(0)) == Seq(21));
    CHECK(messagesIn(views) == 20);
    CHECK(catchUp(views, journal, Seq(0)) == Seq(21));
    CHECK(catchUp(views, journal, Seq(99)) == Seq(21));
    CHECK(messagesIn(views) == 20);
    CHECK(holder.snapshot().appliedSeq() == Seq(21));
    CHECK(stateOf(views, journal) == ViewsState::Usable);

    mark(views, journal.journalId(), Seq(30), journal.head().root);
    damage(views, views.tables().mailboxes, "rubbish", "");
    CHECK(catchUp(views, journal, Seq(0)) == Seq(21));
    CHECK(messagesIn(views) == 20);
    CHECK(stateOf(views, journal) == ViewsState::Usable);
}

TEST_CASE("projector: views as of a seq inside a commit are not for serving", "[projections]") {
    SmallJournal events;
    const TemporaryFolder folder;
    ViewsEnvironment views(folder.path() / "as-of", kTestViews);
    CHECK(catchUp(views, events.journal(), Seq(4)) == Seq(4));
    CHECK(messagesIn(views) == 3);
    CHECK(stateOf(views, events.journal()) == ViewsState::Ahead);
}

TEST_CASE("projector: a transaction of a catch-up ends where a commit ended", "[projections]") {
    JournaledEvents events;
    events.commit(mailboxCreated(1, 5, "INBOX", 100, 1));
    events.store(2, 30'000);
    events.store(1, 10);
    const TemporaryFolder folder;
    ViewsEnvironment views(folder.path() / "views", kTestViews);
    std::vector<std::uint64_t> done;
    const Seq end =
        catchUp(views, events.journal(), Seq(0), [&](std::uint64_t count, std::uint64_t all) {
        done.push_back(count);
        CHECK(all == 60'011);
    });
    CHECK(end == Seq(60'011));
    CHECK(done == std::vector<std::uint64_t>{60'001, 60'011});
    CHECK(messagesIn(views) == 60'010);
    CHECK(stateOf(views, events.journal()) == ViewsState::Usable);
}

TEST_CASE("replay: gives what serving gave", "[projections]") {
    SmallJournal events;
    const Journal& journal = events.journal();
    Views views(events.folder(), kTestViews);
    for (std::uint64_t seq = 1; seq <= 21; seq += 2) {
        catchUp(*views.environment(), journal, Seq(seq));
    }
    const ReplayComparison same = checkReplay(journal, views);
    CHECK(same.appliedSeq == Seq(21));
    CHECK(same.differences.empty());
    CHECK(same.live == same.replayed);
    CHECK(same.live.size() == allProjections().size());

    const ReplayResult built = replayInto(journal, views.freshFolder(), Seq(0));
    CHECK(built.appliedSeq == Seq(21));
    CHECK(built.digests == same.live);
    CHECK_THROWS_AS(replayInto(journal, built.folder, Seq(0)), ViewsUnusable);
    views.adopt(built.folder);
    CHECK(stateOf(*views.environment(), journal) == ViewsState::Usable);
    CHECK(messagesIn(*views.environment()) == 20);
    CHECK(checkReplay(journal, views).differences.empty());
}

TEST_CASE("replay: a check names the first key that differs", "[projections]") {
    SmallJournal events;
    const Journal& journal = events.journal();
    const Views holder(events.folder(), kTestViews);
    ViewsEnvironment& views = *holder.environment();
    catchUp(views, journal, Seq(19));
    const ViewTables& tables = views.tables();

    damage(views, tables.mailboxTotals, std::string_view("\0\0\0\0\0\0\0\5", 8), "short");
    damage(views, tables.summaries, lmdb::keyOf(300), "summary");
    damage(views, tables.logins, "eve@example.org", "12345678");
    {
        lmdb::WriteTransaction txn(views.environment());
        CHECK(txn.erase(
            tables.historyByAccount, std::string_view("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\3", 16)));
        txn.commit();
    }
    const ReplayComparison comparison = checkReplay(journal, holder);
    CHECK(comparison.appliedSeq == Seq(19));
    REQUIRE(comparison.differences.size() == 4);
    CHECK(comparison.differences[0].view == "accounts");
    CHECK(comparison.differences[0].table == "logins");
    CHECK(comparison.differences[0].key == toHex(asBytes("eve@example.org")));
    CHECK(comparison.differences[0].how == "only in the live views");
    CHECK(comparison.differences[1].view == "messages");
    CHECK(comparison.differences[1].table == "mailboxTotals");
    CHECK(comparison.differences[1].key == "0000000000000005");
    CHECK(comparison.differences[1].how == "values differ");
    CHECK(comparison.differences[2].view == "summaries");
    CHECK(comparison.differences[3].view == "histories");
    CHECK(comparison.differences[3].key == "00000000000000010000000000000003");
    CHECK(comparison.differences[3].how == "only in the replay");
    for (const auto& entry : std::filesystem::directory_iterator(holder.folder())) {
        CHECK_FALSE(entry.path().filename().string().starts_with(kCheckFolderPrefix));
    }
}

TEST_CASE("replay: a check of empty and of impossible views", "[projections]") {
    SmallJournal events;
    const Views views(events.folder(), kTestViews);
    const ReplayComparison empty = checkReplay(events.journal(), views);
    CHECK(empty.appliedSeq == Seq(0));
    CHECK(empty.differences.empty());
    mark(*views.environment(), events.journal().journalId(), Seq(99), Hash256());
    CHECK_THROWS_AS(checkReplay(events.journal(), views), ViewsUnusable);
}
