#include <catch2/catch.hpp>

#include "engine/scribe/access_record.h"
#include "engine/scribe/session_record.h"
#include "engine/scribe/strangers.h"
#include "tests/support/running_scribe.h"
#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;
using Kinds = std::vector<std::string>;
using Uids = std::vector<Uid>;

namespace {

// A session of alice's that reads her INBOX.
struct Reading : ScribeFixture {
    Reading()
        : session(
              scribe(),
              random(),
              {.protocol = event::Protocol::IMAP, .ip = "192.0.2.9", .localPort = 993}),
          inbox(mailbox("INBOX")) {
        for (int i = 0; i < 5; ++i)
            append(inbox);
        session.authenticated(alice(), CredentialId(3), event::Mechanism::PLAIN);
        settle();
        start = head();
    }

    std::unique_ptr<AccessRecord> record() {
        return std::make_unique<AccessRecord>(
            scribe(), clock(), session, event::Protocol::IMAP, alice(), inbox);
    }

    Outcome<Uids> before(AccessRecord& access, UidRanges markSeen = {}) {
        return runTask(
            reactor, access.beforeReading(event::AccessClass::BIND, std::move(markSeen)));
    }

    // What was noted is written.
    void settle() { does(RecordVerifyRun{}); }

    // Without those that settle() leaves.
    Kinds kinds() {
        settle();
        Kinds all = kindsFrom(Seq(start.number() + 1));
        std::erase(all, "VerifyRun");
        return all;
    }

    // The last Fetched.
    void withFetched(const std::function<void(event::Fetched::Reader)>& visit) {
        settle();
        for (std::uint64_t seq = head().number(); seq > start.number(); --seq) {
            bool found = false;
            withEvent(Seq(seq), [&](const Record& one) {
                found = one.kind() == Kind::Fetched;
                if (found) visit(one.core().getFetched());
            });
            if (found) return;
        }
        FAIL("no Fetched");
    }

    Reactor reactor;
    SessionRecord session;
    MailboxId inbox;
    Seq start;
};

const ReadNote kWhole{.parts = kReadFull, .octets = 100, .peek = false};
const ReadNote kEnvelope{.parts = kReadEnvelope};

}  // namespace

TEST_CASE("access: the window is durable before the first octet, once", "[scribe]") {
    Reading f;
    auto access = f.record();
    CHECK(f.before(*access)->empty());
    CHECK(f.kinds() == Kinds{"AccessOpened"});
    const Seq opened = f.views().snapshot().histories().openAccess().at(0).opened;
    CHECK(f.before(*access)->empty());
    CHECK(f.kinds() == Kinds{"AccessOpened"});
    access->note(Uid(1), kWhole);
    access.reset();
    CHECK(f.kinds() == Kinds{"AccessOpened", "Fetched"});
    f.withFetched([&](event::Fetched::Reader fetched) {
        CHECK(Seq(fetched.getOpened()) == opened);
        CHECK(fetched.getLast());
    });
    CHECK(f.views().snapshot().histories().openAccess().empty());
}

TEST_CASE("access: \\Seen is in the same commit, also later", "[scribe]") {
    Reading f;
    auto access = f.record();
    CHECK(*f.before(*access, {{Uid(1), Uid(2)}}) == Uids{Uid(1), Uid(2)});
    CHECK(*f.before(*access, {{Uid(1), Uid(3)}}) == Uids{Uid(3)});
    CHECK(f.before(*access, {{Uid(1), Uid(3)}})->empty());
    CHECK(f.kinds() == Kinds{"AccessOpened", "FlagsChanged", "FlagsChanged"});
    for (const std::uint64_t step : {2U, 3U}) {
        f.withEvent(Seq(f.start.number() + step), [&](const Record& record) {
            CHECK(record.core().getFlagsChanged().getReason() == event::FlagsReason::FETCH);
            CHECK(record.core().getCause() == f.start.number() + 1);
        });
    }
    CHECK(f.row(f.inbox).unseen == 2);
}

TEST_CASE("access: without a window nothing may be sent", "[scribe]") {
    Reading f;
    auto access = f.record();
    f.does(Expunge{.account = f.alice(), .mailbox = f.inbox, .onlyDeleted = false});
    f.scribe().stop();
    const Outcome<Uids> answer = f.before(*access);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().reason == RefusalReason::ShuttingDown);
}

TEST_CASE("access: many messages are few ranges", "[scribe]") {
    Reading f;
    auto access = f.record();
    CHECK(f.before(*access));
    for (std::uint32_t uid = 1; uid <= 100'000; ++uid)
        access->note(Uid(uid), kWhole);
    for (const std::uint32_t uid : {200'002U, 200'000U, 200'001U, 200'000U, 199'998U})
        access->note(Uid(uid), kEnvelope);
    access->finish();
    f.withFetched([](event::Fetched::Reader fetched) {
        CHECK(fetched.getOperations() == 100'005);
        REQUIRE(fetched.getItems().size() == 2);
        const auto envelopes = fetched.getItems()[0];
        REQUIRE(envelopes.getUids().size() == 2);
        CHECK(envelopes.getUids()[0].getFirst() == 199'998);
        CHECK(envelopes.getUids()[0].getLast() == 199'998);
        CHECK(envelopes.getUids()[1].getFirst() == 200'000);
        CHECK(envelopes.getUids()[1].getLast() == 200'002);
        const auto whole = fetched.getItems()[1];
        REQUIRE(whole.getUids().size() == 1);
        CHECK(whole.getUids()[0].getLast() == 100'000);
        CHECK(whole.getOctets() == 10'000'000);
        CHECK_FALSE(whole.getPeek());
    });
    CHECK(f.kinds() == Kinds{"AccessOpened", "Fetched"});
}

TEST_CASE("access: 256 ranges or two minutes are written, and the window goes on", "[scribe]") {
    Reading f;
    auto access = f.record();
    CHECK(f.before(*access));
    for (std::uint32_t uid = 1; uid < 2 * 256; uid += 2)
        access->note(Uid(uid), kWhole);
    CHECK(f.kinds() == Kinds{"AccessOpened", "Fetched"});
    f.withFetched([](event::Fetched::Reader fetched) {
        CHECK_FALSE(fetched.getLast());
        CHECK(fetched.getItems()[0].getUids().size() == 256);
    });
    access->note(
        Uid(1), {.parts = kReadSection, .section = "1.2.MIME", .octets = 5, .partial = true});
    access->flushIfDue();
    f.clock().advanceSeconds(119);
    access->flushIfDue();
    CHECK(f.count(Kind::Fetched) == 1);
    f.clock().advanceSeconds(1);
    access->flushIfDue();
    access->flushIfDue();
    CHECK(f.kinds() == Kinds{"AccessOpened", "Fetched", "Fetched"});
    f.withFetched([](event::Fetched::Reader fetched) {
        CHECK_FALSE(fetched.getLast());
        REQUIRE(fetched.getItems().size() == 1);
        CHECK(fetched.getItems()[0].getSections()[0] == "1.2.MIME");
        CHECK(fetched.getItems()[0].getPartial());
        CHECK(fetched.getItems()[0].getPeek());
    });
    // The last one closes the window, even if nothing was read since.
    access->finish();
    access->finish();
    f.withFetched([](event::Fetched::Reader fetched) {
        CHECK(fetched.getLast());
        CHECK(fetched.getItems().size() == 0);
    });
    CHECK(f.count(Kind::Fetched) == 3);
    CHECK(f.views().snapshot().histories().openAccess().empty());
}

TEST_CASE("access: envelopes alone wait for nothing and are on record", "[scribe]") {
    Reading f;
    auto access = f.record();
    access->note(Uid(1), kEnvelope);
    access->note(Uid(2), kEnvelope);
    CHECK(f.kinds().empty());
    access.reset();
    CHECK(f.kinds() == Kinds{"AccessOpened", "Fetched"});
    f.withFetched([&](event::Fetched::Reader fetched) {
        CHECK(fetched.getOpened() > f.start.number());
        CHECK(fetched.getLast());
    });
    CHECK(f.views().snapshot().histories().openAccess().empty());
    f.record().reset();
    CHECK(f.count(Kind::Fetched) == 1);
}

TEST_CASE("access: read before the mailbox was deleted is read", "[scribe]") {
    Reading f;
    const MailboxId gone = f.create("gone");
    f.append(gone);
    const auto opened = f.does(OpenAccess{.account = f.alice(), .mailbox = gone}).opened;
    f.does(DeleteMailbox{.account = f.alice(), .name = "gone"});
    f.does(RecordFetched{.account = f.alice(), .mailbox = gone, .opened = opened, .last = true});
    f.does(RecordFetched{.account = f.alice(), .mailbox = gone});
    CHECK(f.count(Kind::Fetched) == 2);
    CHECK(f.replayDifference().empty());
}

TEST_CASE("session: those who do nothing leave nothing", "[scribe]") {
    ScribeFixture f;
    const Seq before = f.head();
    {
        const SessionRecord session(f.scribe(), f.random(), {});
    }
    {
        SessionRecord session(f.scribe(), f.random(), {});
        session.close(event::CloseReason::QUIT, 1, 2);
    }
    f.restart();
    CHECK(f.head() == before);
}

TEST_CASE("session: its life is told in order", "[scribe]") {
    ScribeFixture f;
    const Seq before = f.head();
    SessionId id;
    {
        SessionRecord session(
            f.scribe(), f.random(), {.protocol = event::Protocol::IMAP, .ip = "192.0.2.9"});
        id = session.id();
        CHECK(session.origin().actor == event::Actor::REMOTE_MTA);
        session.setClient("Mutt");
        session.authenticated(f.alice(), CredentialId(3), event::Mechanism::SCRAM_SHA256);
        CHECK(session.origin().actor == event::Actor::OWNER);
        CHECK(session.origin().actorId == f.alice());
        session.open();
        session.countCommand();
        session.close(event::CloseReason::QUIT, 10, 20);
        session.close(event::CloseReason::ERRORS, 10, 20);
    }
    f.restart();
    const Seq first(before.number() + 1);
    CHECK(f.kindsFrom(first) == Kinds{"SessionOpened", "AuthSucceeded", "SessionClosed"});
    f.withEvent(first, [&](const Record& record) {
        CHECK(record.isIgnorable());
        CHECK(SessionId(record.core().getSession()) == id);
        CHECK(AccountId(record.core().getAnnexes()[0].getSubject()) == f.alice());
        CHECK(record.annex(0)->getSession().getClient() == "Mutt");
    });
    f.withEvent(f.head(), [&](const Record& record) {
        const auto closed = record.core().getSessionClosed();
        CHECK(closed.getReason() == event::CloseReason::QUIT);
        CHECK(closed.getCommands() == 1);
        CHECK(closed.getOctetsOut() == 20);
    });
}

TEST_CASE("session: another one on the same connection knows nothing of the first", "[scribe]") {
    ScribeFixture f;
    const Seq before = f.head();
    SessionId first;
    SessionId second;
    {
        SessionRecord session(f.scribe(), f.random(), {.ip = "192.0.2.9", .peerPort = 1});
        first = session.id();
        session.setClient("one");
        session.authenticated(f.alice(), CredentialId(3), event::Mechanism::PLAIN);
        session.countCommand();
        session.beginAgain(f.random(), {.ip = "192.0.2.10", .peerPort = 2}, 10, 20);
        second = session.id();
        CHECK(session.origin().actor == event::Actor::REMOTE_MTA);
        CHECK_FALSE(session.origin().credential);
        CHECK_FALSE(session.account());
        session.open();
        session.close(event::CloseReason::PEER_GONE, 15, 50);
    }
    CHECK(second != first);
    f.restart();
    const auto seqAt = [&](std::uint64_t offset) { return Seq(before.number() + offset); };
    CHECK(
        f.kindsFrom(seqAt(1)) ==
        Kinds{"SessionOpened", "AuthSucceeded", "SessionClosed", "SessionOpened", "SessionClosed"});
    f.withEvent(seqAt(3), [&](const Record& record) {
        CHECK(SessionId(record.core().getSession()) == first);
        CHECK(record.core().getSessionClosed().getOctetsIn() == 10);
    });
    f.withEvent(seqAt(4), [&](const Record& record) {
        CHECK(SessionId(record.core().getSession()) == second);
        CHECK(record.annex(0)->getSession().getIp() == "192.0.2.10");
        CHECK(record.annex(0)->getSession().getPort() == 2);
        CHECK(record.annex(0)->getSession().getClient() == "");
    });
    f.withEvent(seqAt(5), [&](const Record& record) {
        const auto closed = record.core().getSessionClosed();
        CHECK(closed.getReason() == event::CloseReason::PEER_GONE);
        CHECK(closed.getCommands() == 0);
        CHECK(closed.getOctetsIn() == 5);
        CHECK(closed.getOctetsOut() == 30);
    });
}

TEST_CASE("session: one that falls over says so", "[scribe]") {
    ScribeFixture f;
    {
        SessionRecord session(f.scribe(), f.random(), {});
        session.open();
    }
    f.restart();
    f.withEvent(f.head(), [](const Record& record) {
        CHECK(record.core().getSessionClosed().getReason() == event::CloseReason::SERVER_FAULT);
    });
}

TEST_CASE("strangers: the first at once, the rest of the minute as one", "[scribe]") {
    ScribeFixture f;
    Strangers strangers(f.scribe(), f.clock());
    RecordRejection rejection{.smtpCode = 550, .forwardPath = "a@example.org", .ip = "192.0.2.1"};
    const auto written = [&] {
        f.does(RecordVerifyRun{});
        return f.count(Kind::Rejected);
    };
    strangers.rejected(rejection);
    CHECK(written() == 1);
    for (int i = 0; i < 7; ++i) {
        f.clock().advanceSeconds(1);
        strangers.rejected(rejection);
    }
    strangers.flush(false);
    CHECK(written() == 1);
    // Another address, another kind: each has a first of its own.
    rejection.ip = "192.0.2.2";
    strangers.rejected(rejection);
    rejection.smtpCode = 451;
    strangers.rejected(rejection);
    CHECK(written() == 3);
    f.clock().advanceSeconds(60);
    strangers.flush(false);
    CHECK(written() == 4);
    f.withEvent(Seq(f.head().number() - 1), [](const Record& record) {
        const auto rejected = record.core().getRejected();
        CHECK(rejected.getCount() == 7);
        CHECK(rejected.getSmtpCode() == 550);
        CHECK(rejected.getWindowNs() > 0);
    });
    strangers.flush(true);
    CHECK(written() == 4);
}

TEST_CASE("strangers: failed logins are counted for each account", "[scribe]") {
    ScribeFixture f;
    Strangers strangers(f.scribe(), f.clock());
    RecordAuthFailed failure{.ip = "192.0.2.1", .login = "secret-password"};
    for (int i = 0; i < 3; ++i)
        strangers.authFailed(failure);
    failure.account = f.alice();
    failure.login = "alice@example.org";
    for (int i = 0; i < 3; ++i)
        strangers.authFailed(failure);
    strangers.flush(true);
    f.restart();
    CHECK(f.count(Kind::AuthFailed) == 4);
    std::uint32_t count = 0;
    for (std::uint64_t seq = 1; seq <= f.head().number(); ++seq) {
        f.withEvent(Seq(seq), [&](const Record& record) {
            if (record.kind() != Kind::AuthFailed) return;
            count += record.core().getAuthFailed().getCount();
            const bool isKnown = record.core().getAccount() != 0;
            CHECK(record.annex(0)->getAuthFailed().hasLogin() == isKnown);
        });
    }
    CHECK(count == 6);
}

TEST_CASE("strangers: a flood from many addresses does not grow", "[scribe]") {
    ScribeFixture f;
    Strangers strangers(f.scribe(), f.clock());
    constexpr int kAddresses = 12'000;
    RecordRejection rejection{.smtpCode = 550};
    for (int i = 0; i < kAddresses; ++i) {
        rejection.ip = "2001:db8::" + std::to_string(i);
        strangers.rejected(rejection);
    }
    strangers.flush(true);
    f.restart();
    CHECK(f.count(Kind::Rejected) == kAddresses);
}
