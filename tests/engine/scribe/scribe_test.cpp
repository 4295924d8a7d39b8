#include "engine/scribe/scribe.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <latch>
#include <mutex>
#include <thread>

#include "engine/scribe/batch.h"
#include "projections/replay.h"
#include "tests/support/running_scribe.h"
#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;
using Kinds = std::vector<std::string>;

namespace daybook {

// A command of the test's own: decide() is found where it is declared.
// Refused, and that is on record.
struct RefusedOnRecord {
    using Answer = Done;
};

Outcome<Done> decide(const RefusedOnRecord&, const Deciding&, Events& events) {
    events.add(Kind::Rejected, Origin{}).core().initRejected();
    return refuse(RefusalReason::NotPermitted);
}

}  // namespace daybook

namespace {

template <class Command>
class Decided final : public TypedCommand<Command> {
public:
    using TypedCommand<Command>::TypedCommand;

    void answer() override {}

    const Outcome<typename Command::Answer>& result() const { return *this->answer_; }
};

std::uint32_t sumUpTo(std::uint32_t count) { return count * (count + 1) / 2; }

}  // namespace

TEST_CASE("scribe: the first event of a journal is Genesis", "[scribe]") {
    ScribeFixture f;
    CHECK(f.kindsFrom(Seq(1)).front() == "Genesis");
    CHECK(f.count(Kind::Genesis) == 1);
    f.withEvent(Seq(1), [&](const Record& record) {
        CHECK(record.core().getGenesis().getJournalId() == f.journal().journalId());
    });
    f.restart();
    CHECK(f.count(Kind::Genesis) == 1);
}

TEST_CASE("scribe: the second command of a batch sees the first", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    Decided<Append> first(f.appending(inbox, {.keywords = {"new"}}));
    Decided<Append> second(f.appending(inbox, {.keywords = {"NEW"}}));
    Decided<StoreFlags> third(
        f.storing(inbox, {{Uid(1), Uid(2)}}, FlagEdit::Add, {.system = kSeen}));
    const Seq before = f.head();
    {
        JournalWriter writer(f.journal());
        OpenViews views(f.views().environment());
        const QuotaPolicy quota;
        Batch batch({
            .journal = f.journal(),
            .writer = writer,
            .views = views,
            .epoch = 9,
            .quota = quota,
        });
        batch.decide(first, f.clock().now(), CommandId(1));
        batch.decide(second, f.clock().now(), CommandId(2));
        batch.decide(third, f.clock().now(), CommandId(3));
        CHECK(views.isAhead());
        batch.commitJournal();
        CHECK_FALSE(views.isAhead());
        views.commit(f.journal());
        CHECK(views.changedMailboxes() == std::set{inbox});
    }
    CHECK(first.result()->uid == Uid(1));
    CHECK(second.result()->uid == Uid(2));
    CHECK(third.result()->changed == std::vector{Uid(1), Uid(2)});
    CHECK(
        f.kindsFrom(Seq(before.number() + 1)) ==
        Kinds{"KeywordDefined", "Received", "Stored", "Received", "Stored", "FlagsChanged"});
    f.withEvent(f.head(), [](const Record& record) { CHECK(record.core().getCommand() == 3); });
    f.restart();
    CHECK(f.append(inbox) == Uid(3));
    CHECK(f.replayDifference().empty());
}

TEST_CASE("scribe: a batch that is dropped leaves no trace", "[scribe]") {
    ScribeFixture f;
    Decided<Append> command(f.appending(f.mailbox("INBOX")));
    const Seq before = f.head();
    {
        JournalWriter writer(f.journal());
        OpenViews views(f.views().environment());
        const QuotaPolicy quota;
        Batch batch({
            .journal = f.journal(),
            .writer = writer,
            .views = views,
            .epoch = 9,
            .quota = quota,
        });
        batch.decide(command, f.clock().now(), CommandId(1));
    }
    CHECK(f.head() == before);
    CHECK(f.messages(f.mailbox("INBOX")).empty());
    CHECK(f.append(f.mailbox("INBOX")) == Uid(1));
}

TEST_CASE("scribe: who submits at once gets UIDs that follow one another", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    constexpr int kThreads = 8;
    constexpr int kEach = 25;
    std::vector<std::vector<Uid>> uids(kThreads);
    std::vector<std::vector<Append>> commands(kThreads);
    for (auto& list : commands) {
        for (int i = 0; i < kEach; ++i)
            list.push_back(f.appending(inbox));
    }
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < kThreads; ++t) {
            threads.emplace_back([&f, &mine = uids[t], &todo = commands[t]] {
                for (Append& one : todo) {
                    const auto answer = f.scribe().submitAndWait(std::move(one));
                    mine.push_back(answer ? answer->uid : Uid());
                }
            });
        }
    }
    std::set<Uid> all;
    for (const auto& mine : uids) {
        CHECK(std::ranges::is_sorted(mine));
        all.insert(mine.begin(), mine.end());
    }
    CHECK(all.size() == kThreads * kEach);
    CHECK(*all.begin() == Uid(1));
    CHECK(*all.rbegin() == Uid(kThreads * kEach));
    CHECK(f.scribe().appliedSeq() == f.head());
    CHECK(f.replayDifference().empty());
}

TEST_CASE("scribe: what was answered is in the views", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    for (std::uint32_t i = 1; i <= 20; ++i) {
        f.append(inbox);
        // No waiting here: the answer is the promise.
        CHECK(f.views().snapshot().mailboxes().mailbox(f.alice(), inbox)->messages == i);
    }
}

TEST_CASE("scribe: a delivery shows without anybody asking", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    f.does(f.delivery());
    f.does(f.delivery());
    while (f.views().snapshot().mailboxes().mailbox(f.alice(), inbox)->messages != 2)
        std::this_thread::yield();
    CHECK(f.scribe().appliedSeq() == f.head());
}

TEST_CASE("scribe: coroutines submit and go on on their reactor", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    Reactor reactor;

    struct Session {
        static Task<std::uint32_t> run(ScribeFixture& fixture, MailboxId mailbox, Reactor& mine) {
            std::uint32_t sum = 0;
            for (int i = 0; i < 10; ++i) {
                const auto answer = co_await fixture.scribe().submit(fixture.appending(mailbox));
                CHECK(Reactor::current() == &mine);
                sum += answer->uid.number();
            }
            co_return sum;
        }
    };

    CHECK(runTask(reactor, Session::run(f, inbox, reactor)) == sumUpTo(10));
}

TEST_CASE("scribe: who watches is told after the commit", "[scribe]") {
    ScribeFixture f;
    Reactor reactor;

    struct Session {
        // Ends only when it was told, with what the views have then.
        static Task<std::uint32_t> run(ScribeFixture& fixture, MailboxId mailbox, Reactor& mine) {
            // What was answered before may still be being told.
            fixture.scribe().betweenRounds([] {});
            Signal mail(mine);
            Signal tree(mine);
            Signal quiet(mine);
            const Hub::Watch one = fixture.hub().watchMailbox(mailbox, mail);
            const Hub::Watch two = fixture.hub().watchAccount(fixture.alice(), tree);
            const Hub::Watch other = fixture.hub().watchMailbox(fixture.mailbox("Junk"), quiet);
            {
                Hub::Watch gone = fixture.hub().watchMailbox(mailbox, quiet);
                const Hub::Watch moved = std::move(gone);
            }
            const Deliver::Answer answer = fixture.does(fixture.delivery());
            co_await mail.wait();
            const auto row =
                fixture.views().snapshot().mailboxes().mailbox(fixture.alice(), mailbox);
            CHECK(answer.targets[0] == Uid(1));
            CHECK_FALSE(tree.isRaised());
            fixture.does(fixture.creation("new"));
            co_await tree.wait();
            CHECK_FALSE(quiet.isRaised());
            co_return row->messages;
        }
    };

    CHECK(runTask(reactor, Session::run(f, f.mailbox("INBOX"), reactor)) == 1);
}

TEST_CASE("scribe: a refusal that must be on record is", "[scribe]") {
    ScribeFixture f;
    const Seq before = f.head();
    CHECK(f.refusalOf(RefusedOnRecord{}) == "NotPermitted");
    CHECK(f.kindsFrom(Seq(before.number() + 1)) == Kinds{"Rejected"});
}

TEST_CASE("scribe: notes ride with the next commit, or with the stop", "[scribe]") {
    ScribeFixture f;
    const Seq before = f.head();
    f.scribe().note(RecordVerifyRun{.result = 1});
    f.append(f.mailbox("INBOX"));
    CHECK(f.kindsFrom(Seq(before.number() + 1)) == Kinds{"VerifyRun", "Received", "Stored"});
    // One commit: the journal knows no root in between.
    CHECK_FALSE(f.journal().rootAt(before.number() + 1));
    f.scribe().note(RecordVerifyRun{.result = 2});
    f.restart();
    CHECK(f.count(Kind::VerifyRun) == 2);
    CHECK(f.replayDifference().empty());
}

TEST_CASE("scribe: notes alone are written without anybody asking", "[scribe]") {
    ScribeFixture f;
    const Seq before = f.head();
    f.scribe().note(RecordVerifyRun{});
    // Waits as long as it takes: the journal grows by itself.
    while (f.head() == before)
        std::this_thread::yield();
    CHECK(f.count(Kind::VerifyRun) == 1);
}

TEST_CASE("scribe: everybody has an answer when it stops", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    constexpr int kThreads = 4;
    std::atomic<std::uint32_t> done = 0;
    std::atomic<std::uint32_t> refused = 0;
    std::atomic<int> other = 0;
    std::latch working(kThreads);
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
            bool isFirst = true;
            while (true) {
                const auto answer = f.submit(f.appending(inbox));
                if (std::exchange(isFirst, false)) working.count_down();
                if (answer) {
                    ++done;
                } else {
                    if (answer.error().reason != RefusalReason::ShuttingDown) ++other;
                    ++refused;
                    return;
                }
            }
        });
    }
    working.wait();
    f.scribe().stop();
    threads.clear();
    CHECK(refused == kThreads);
    CHECK(other == 0);
    f.restart();
    CHECK(f.row(inbox).messages == done);
    CHECK(f.row(inbox).uidNext == Uid(done + 1));
}

TEST_CASE("scribe: one that never started refuses, and stops", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    const Append command = f.appending(inbox);
    f.scribe().stop();
    CHECK(f.refusalOf(command) == "ShuttingDown");
    bool isRun = false;
    f.scribe().betweenRounds([&] { isRun = true; });
    CHECK(isRun);
}

TEST_CASE("scribe: goes on where it stopped", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    CHECK(f.append(inbox) == Uid(1));
    const MailboxRow row = f.row(inbox);
    const Seq head = f.head();
    f.restart();
    CHECK(f.head() == head);
    CHECK(f.scribe().appliedSeq() == head);
    CHECK(f.append(inbox) == Uid(2));
    CHECK(f.row(inbox).uidValidity == row.uidValidity);
    CHECK(f.row(inbox).highestModSeq > row.highestModSeq);
}

TEST_CASE("scribe: windows left open are lost at the next start", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    const Origin session{.actor = event::Actor::OWNER, .session = SessionId(77)};
    const auto opened =
        f.does(OpenAccess{.origin = session, .account = f.alice(), .mailbox = inbox}).opened;
    const auto closed = f.does(OpenAccess{.account = f.alice(), .mailbox = inbox}).opened;
    f.does(RecordFetched{.account = f.alice(), .mailbox = inbox, .opened = closed, .last = true});
    f.restart();
    const Seq before = f.head();
    f.does(f.scribe().describeStart());
    CHECK(f.kindsFrom(Seq(before.number() + 1)) == Kinds{"ServerStarted", "AccessWindowLost"});
    f.withEvent(f.head(), [&](const Record& record) {
        CHECK(Seq(record.core().getAccessWindowLost().getOpened()) == opened);
        CHECK(record.core().getSession() == 77);
        CHECK(AccountId(record.core().getAccount()) == f.alice());
    });
    f.withEvent(Seq(before.number() + 1), [&](const Record& record) {
        CHECK(record.core().getServerStarted().getLostWindows() == 1);
        CHECK(Seq(record.core().getServerStarted().getHeadAtStop()) == before);
    });
    f.restart();
    CHECK(f.views().snapshot().histories().openAccess().empty());
}

TEST_CASE("scribe: knows whether the last server said that it stopped", "[scribe]") {
    ScribeFixture f;
    CHECK(f.scribe().describeStart().clean);
    const std::uint64_t epoch = f.scribe().describeStart().epoch;
    f.restart();
    CHECK(f.scribe().describeStart().epoch == epoch + 1);
    f.does(f.scribe().describeStart());
    for (int i = 0; i < 100; ++i)
        f.does(RecordVerifyRun{});
    f.restart();
    CHECK_FALSE(f.scribe().describeStart().clean);
    // A tool writes in between, more than one event.
    f.does(AddDomain{.name = "example.net", .newId = DomainId(5)});
    f.does(AddDomain{.name = "example.com", .newId = DomainId(6)});
    f.restart();
    CHECK_FALSE(f.scribe().describeStart().clean);
    f.does(f.scribe().describeStart());
    f.does(RecordServerStopped{});
    f.restart();
    CHECK(f.scribe().describeStart().clean);
    f.does(RecordVerifyRun{});
    f.restart();
    CHECK(f.scribe().describeStart().clean);
}

TEST_CASE("scribe: views that are gone come back the same", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    for (int i = 0; i < 5; ++i)
        f.does(f.delivery());
    f.does(f.storing(inbox, {{Uid(1), Uid(3)}}, FlagEdit::Add, {.keywords = {"k"}}));
    const auto digests = [&] {
        f.scribe().betweenRounds([] {});
        const Snapshot snapshot = f.views().snapshot();
        return digestsOf(snapshot.transaction(), snapshot.tables());
    };
    const std::vector<ViewDigest> before = digests();
    f.close();
    std::filesystem::remove_all(f.folder() / "views");
    f.open();
    CHECK(digests() == before);
    CHECK(f.append(inbox) == Uid(6));
}

TEST_CASE("scribe: views may be swapped between two rounds", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    f.append(inbox);
    const std::filesystem::path fresh = f.views().freshFolder();
    replayInto(f.journal(), fresh, Seq());
    f.append(inbox);  // the fresh ones are behind now
    f.scribe().betweenRounds([&] { f.views().adopt(fresh); });
    CHECK(f.append(inbox) == Uid(3));
    CHECK(f.replayDifference().empty());
    CHECK_THROWS_AS(
        f.scribe().betweenRounds([] { throw std::invalid_argument("mine"); }),
        std::invalid_argument);
    CHECK(f.append(inbox) == Uid(4));
}
