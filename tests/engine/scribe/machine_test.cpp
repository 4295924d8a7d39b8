// What the scribe does when the machine is not as it should be: clock, room, a disk that fails.
#include <catch2/catch.hpp>
#include <cerrno>

#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace daybook {

// Commands of the test's own: decide() is found where they are declared.

// Fails as a full disk does, so many times; then it is an event.
struct NeedsRoom {
    using Answer = Done;
    int* failures;
};

Outcome<Done> decide(const NeedsRoom& command, const Deciding&, Events& events) {
    if ((*command.failures)-- > 0) throw lmdb::Error("write", ENOSPC);
    events.add(Kind::VerifyRun, Origin{}).core().initVerifyRun();
    return Done{};
}

struct BreaksDown {
    using Answer = Done;
};

Outcome<Done> decide(const BreaksDown&, const Deciding&, Events&) {
    throw lmdb::Error("write", EIO);
}

}  // namespace daybook

namespace {

// How many were done, and what the first that was not was told.
std::pair<std::uint32_t, std::string> appendUntilRefused(ScribeFixture& f, MailboxId mailbox) {
    std::uint32_t done = 0;
    while (done < 10'000) {
        const auto answer = f.submit(f.appending(mailbox));
        if (!answer) return {done, nameOf(answer.error().reason)};
        ++done;
        CHECK(answer->uid == Uid(done));
    }
    return {done, "never"};
}

}  // namespace

TEST_CASE("scribe: time never goes back, and a step is on record once", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    f.append(inbox);
    const TimeNs latest = f.journal().head().timeNs;
    f.clock().advanceSeconds(-10);
    f.append(inbox);
    f.append(inbox);
    CHECK(f.count(Kind::ClockStepped) == 1);
    CHECK(f.journal().head().timeNs == latest);
    f.clock().advanceSeconds(20);
    f.append(inbox);
    CHECK(f.journal().head().timeNs == f.clock().now());
    f.clock().advanceSeconds(-5);
    f.append(inbox);
    CHECK(f.count(Kind::ClockStepped) == 2);
    f.withEvent(Seq(f.head().number() - 2), [](const Record& record) {
        CHECK(record.core().getClockStepped().getDeltaNs() == -5 * kSecondNs);
    });
}

TEST_CASE("scribe: the reserve is for what is not mail", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    f.append(inbox);
    f.close();
    f.setOptions({.reserveOctets = std::uint64_t{1} << 60U});
    f.open();
    const UidRanges all{{Uid(1), Uid(9)}};
    CHECK(f.refusalOf(f.delivery()) == "DiskFull");
    CHECK(f.refusalOf(f.appending(inbox)) == "DiskFull");
    CHECK(
        f.refusalOf(CopyMessages{.account = f.alice(), .from = inbox, .to = inbox, .uids = all}) ==
        "DiskFull");
    f.does(f.storing(inbox, all, FlagEdit::Add, {.system = kDeleted}));
    f.does(OpenAccess{.account = f.alice(), .mailbox = inbox});
    CHECK(f.does(Expunge{.account = f.alice(), .mailbox = inbox}).uids.size() == 1);
    CHECK(f.count(Kind::DiskPressure) == 1);
    f.close();
    f.setOptions({});
    f.open();
    CHECK(f.append(inbox) == Uid(2));
}

TEST_CASE("scribe: a full journal refuses, keeps its word, and goes on", "[scribe]") {
    ScribeFixture f({.journalMapOctets = 192U << 10U});
    const MailboxId inbox = f.mailbox("INBOX");
    const auto [done, refusal] = appendUntilRefused(f, inbox);
    CHECK(refusal == "DiskFull");
    CHECK(done > 10);
    CHECK(f.fatal().empty());
    // What writes nothing is answered, and what was promised is there.
    CHECK(f.does(f.storing(inbox, {}, FlagEdit::Add, {.system = kSeen})).changed.empty());
    CHECK(f.row(inbox).messages == done);
    f.close();
    f.setOptions({});
    f.open();
    CHECK(f.row(inbox).messages == done);
    CHECK(f.append(inbox) == Uid(done + 1));
    CHECK(f.replayDifference().empty());
}

TEST_CASE(
    "scribe: full views refuse, and nothing is decided on views that are behind", "[scribe]") {
    ScribeFixture f({.viewsMapOctets = 288U << 10U});
    const MailboxId inbox = f.mailbox("INBOX");
    const auto [done, refusal] = appendUntilRefused(f, inbox);
    // Full while it was folded, or only when it was committed: then the journal has it.
    const bool isRecorded = refusal == "StorageFailed";
    CHECK((isRecorded || refusal == "DiskFull"));
    CHECK(done > 10);
    CHECK(f.fatal().empty());
    const std::string next = f.refusalOf(f.appending(inbox));
    CHECK((next == "DiskFull" || next == "StorageFailed"));
    CHECK(f.fatal().empty());
    f.close();
    f.setOptions({});
    f.open();
    const std::uint32_t there = f.row(inbox).messages;
    CHECK(there >= done);
    CHECK(there <= done + 2);
    CHECK(f.append(inbox) == Uid(there + 1));
    CHECK(f.replayDifference().empty());
}

TEST_CASE("scribe: what does not fit together is tried one by one", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    int always = 1'000;
    int once = 1;
    CHECK(f.refusalOf(NeedsRoom{&always}) == "DiskFull");
    // A note that finds no room does not harm the others, and is not lost.
    f.scribe().note(NeedsRoom{&once});
    CHECK(f.append(inbox) == Uid(1));
    CHECK(f.append(inbox) == Uid(2));
    CHECK(f.count(Kind::VerifyRun) == 1);
    CHECK(f.fatal().empty());
    CHECK(f.replayDifference().empty());
}

TEST_CASE("scribe: a round that fails takes nothing of those before it", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    int always = 1'000;
    constexpr std::uint32_t kRounds = 20;
    for (std::uint32_t i = 1; i <= kRounds; ++i) {
        // Answered before the views are committed: they may still be open when the next round
        // folds a note and fails.
        CHECK(f.does(f.delivery()).targets[0] == Uid(i));
        f.scribe().note(RecordVerifyRun{});
        CHECK(f.refusalOf(NeedsRoom{&always}) == "DiskFull");
    }
    CHECK(f.append(inbox) == Uid(kRounds + 1));
    CHECK(f.count(Kind::VerifyRun) == kRounds);
    CHECK(f.messages(inbox).size() == kRounds + 1);
    CHECK(f.fatal().empty());
    CHECK(f.replayDifference().empty());
}

TEST_CASE("scribe: when storage fails nobody is told yes any more", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    f.append(inbox);
    const Seq before = f.head();
    CHECK(f.refusalOf(BreaksDown{}) == "StorageFailed");
    CHECK_FALSE(f.fatal().empty());
    CHECK(f.refusalOf(f.appending(inbox)) == "StorageFailed");
    f.scribe().note(RecordVerifyRun{});
    f.restart();
    CHECK(f.head() == before);
    CHECK(f.append(inbox) == Uid(2));
}
