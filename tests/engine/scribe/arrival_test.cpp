#include <catch2/catch.hpp>

#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;
using Kinds = std::vector<std::string>;

TEST_CASE("deliver: one message for two accounts is one blob and a story of each", "[scribe]") {
    ScribeFixture f;
    const AccountId bob = f.addAccount("bob@example.org");
    const Seq before = f.head();
    Deliver command = f.delivery();
    command.targets.push_back(f.target(bob));
    const MessageId message = command.message;
    const Deliver::Answer answer = f.does(command);

    REQUIRE(answer.targets.size() == 2);
    CHECK(answer.targets[0] == Uid(1));
    CHECK(answer.targets[1] == Uid(1));
    const Seq first(before.number() + 1);
    CHECK(f.kindsFrom(first) == Kinds{"Received", "Accepted", "Stored", "Accepted", "Stored"});
    CHECK(answer.received == first);
    for (std::uint64_t step = 0; step < 5; ++step) {
        f.withEvent(Seq(first.number() + step), [&](const Record& record) {
            CHECK(MessageId(record.core().getMessage()) == message);
            const std::uint64_t causes[] = {
                0, first.number(), first.number() + 1, first.number(), first.number() + 3};
            CHECK(record.core().getCause() == causes[step]);
        });
    }
    f.withEvent(first, [&](const Record& record) {
        CHECK(record.core().getAccount() == 0);
        CHECK(record.core().getReceived().getRecipients() == 2);
        CHECK(record.annex(0)->getReceived().getReversePath() == "carol@example.net");
    });
    f.withEvent(Seq(first.number() + 4), [&](const Record& record) {
        CHECK(AccountId(record.core().getAccount()) == bob);
        const auto stored = record.core().getStored();
        CHECK(stored.getModSeq() == record.seq().number() + f.journal().modSeqBase());
        CHECK(stored.getPrefixOctets() == command.targets[1].prefix.size());
        CHECK(stored.getOctets() == stored.getPrefixOctets() + command.blob.octets);
        CHECK(stored.getInternalDateNs() == f.clock().now());
        CHECK(record.annex(0)->getStored().getPrefix() == command.targets[1].prefix);
    });
    CHECK(f.replayDifference().empty());
}

TEST_CASE("deliver: two targets in one mailbox get UIDs one after the other", "[scribe]") {
    ScribeFixture f;
    Deliver command = f.delivery();
    command.targets.push_back(f.target(f.alice()));
    command.targets.push_back(f.target(f.alice(), "Junk"));
    command.targets.push_back(f.target(f.alice(), "nowhere"));
    const Deliver::Answer answer = f.does(command);
    CHECK(answer.targets[0] == Uid(1));
    CHECK(answer.targets[1] == Uid(2));
    CHECK(answer.targets[2] == Uid(1));
    CHECK(answer.targets[3] == Uid(3));
    CHECK(f.messages(f.mailbox("INBOX")).size() == 3);
    CHECK(f.row(f.mailbox("INBOX")).uidNext == Uid(4));
    CHECK(f.row(f.mailbox("Junk")).messages == 1);
    CHECK(f.replayDifference().empty());
}

TEST_CASE("deliver: who is gone or disabled is refused alone, and on record", "[scribe]") {
    ScribeFixture f;
    const AccountId bob = f.addAccount("bob@example.org");
    const AccountId dora = f.addAccount("dora@example.org");
    f.does(SetAccountState{.account = bob, .state = event::AccountState::DISABLED});
    f.does(RemoveAccount{.account = dora});

    const Seq before = f.head();
    Deliver command = f.delivery();
    command.targets.insert(command.targets.begin(), f.target(bob));
    command.targets.push_back(f.target(dora));
    const Deliver::Answer answer = f.does(command);
    REQUIRE_FALSE(answer.targets[0]);
    CHECK(answer.targets[0].error().reason == RefusalReason::AccountDisabled);
    CHECK(answer.targets[1] == Uid(1));
    REQUIRE_FALSE(answer.targets[2]);
    CHECK(answer.targets[2].error().reason == RefusalReason::NoSuchAccount);
    CHECK(
        f.kindsFrom(Seq(before.number() + 1)) ==
        Kinds{"Received", "Rejected", "Accepted", "Stored", "Rejected"});
    f.withEvent(Seq(before.number() + 1), [](const Record& record) {
        CHECK(record.core().getReceived().getRecipients() == 1);
    });
}

TEST_CASE("deliver: when all are refused nothing names the blob", "[scribe]") {
    ScribeFixture f;
    f.does(SetAccountState{.account = f.alice(), .state = event::AccountState::DISABLED});
    const Seq before = f.head();
    const Deliver command = f.delivery();
    CHECK(f.refusalOf(command) == "AccountDisabled");
    CHECK(f.kindsFrom(Seq(before.number() + 1)) == Kinds{"Rejected"});
    // As the submitter does.
    f.journal().content().release(command.blob.content.place);
    CHECK_FALSE(f.journal().content().read(command.blob.content.place));

    Deliver nobody = f.delivery();
    nobody.targets.clear();
    CHECK(f.refusalOf(nobody) == "NoSuchAddress");
}

TEST_CASE("deliver: a message id is used once", "[scribe]") {
    ScribeFixture f;
    const Deliver command = f.delivery();
    f.does(command);
    const Seq before = f.head();
    CHECK(f.refusalOf(command) == "InvalidArgument");
    CHECK(f.head() == before);
}

TEST_CASE("deliver: what an owner submits is the owner's", "[scribe]") {
    ScribeFixture f;
    Deliver command = f.delivery();
    command.protocol = event::Protocol::SUBMISSION;
    command.origin = {.actor = event::Actor::OWNER, .actorId = f.alice()};
    const Deliver::Answer answer = f.does(command);
    f.withEvent(answer.received, [&](const Record& record) {
        CHECK(AccountId(record.core().getAccount()) == f.alice());
        CHECK(AccountId(record.core().getAnnexes()[0].getSubject()) == f.alice());
    });
}

TEST_CASE("append: flags and keywords come with the message", "[scribe]") {
    ScribeFixture f;
    const MailboxId drafts = f.mailbox("Drafts");
    const Seq before = f.head();
    Append command = f.appending(drafts, {.system = kDraft | kSeen, .keywords = {"$Work", "b"}});
    command.messages[0].internalDateNs = 1'000 * kSecondNs;
    command.messages[0].zoneMinutes = -90;
    const Append::Answer answer = f.does(command);
    CHECK(answer.uid == Uid(1));
    CHECK(
        f.kindsFrom(Seq(before.number() + 1)) ==
        Kinds{"KeywordDefined", "KeywordDefined", "Received", "Stored"});
    const std::vector<MessageRow> rows = f.messages(drafts);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].systemFlags == (kDraft | kSeen));
    CHECK(f.keywords(rows[0]) == Kinds{"$Work", "b"});
    CHECK(rows[0].internalDateNs == 1'000 * kSecondNs);
    CHECK(rows[0].zoneMinutes == -90);
    CHECK(answer.uidValidity == f.row(drafts).uidValidity);
    // Another case is the same keyword.
    const Seq second = f.head();
    f.append(drafts, {.keywords = {"$WORK", "$work"}});
    CHECK(f.kindsFrom(Seq(second.number() + 1)) == Kinds{"Received", "Stored"});
    CHECK(f.replayDifference().empty());
}

TEST_CASE("append: a refused one leaves nothing", "[scribe]") {
    ScribeFixture f;
    const Seq before = f.head();
    CHECK(f.refusalOf(f.appending(MailboxId(7))) == "NoSuchMailbox");
    const MailboxId inbox = f.mailbox("INBOX");
    CHECK(f.refusalOf(f.appending(inbox, {.keywords = {"good", "not good"}})) == "InvalidArgument");
    CHECK(f.refusalOf(f.appending(inbox, {.keywords = {"good", ""}})) == "InvalidArgument");
    const std::string tooLong(129, 'k');
    CHECK(f.refusalOf(f.appending(inbox, {.keywords = {"ok", tooLong}})) == "InvalidArgument");
    Append foreign = f.appending(inbox);
    foreign.account = AccountId(9);
    CHECK(f.refusalOf(foreign) == "NoSuchAccount");
    CHECK(f.head() == before);
}

TEST_CASE("append: an import says so", "[scribe]") {
    ScribeFixture f;
    Append command = f.appending(f.mailbox("INBOX"));
    command.via = event::Via::IMPORT;
    f.does(command);
    f.withEvent(f.head(), [](const Record& record) {
        CHECK((record.core().getFlags() & kFlagImported) != 0);
        CHECK(record.core().getStored().getVia() == event::Via::IMPORT);
    });
}

TEST_CASE("reject: an owner's is the owner's, a stranger's nobody's", "[scribe]") {
    ScribeFixture f;
    RecordRejection command{.smtpCode = 550, .count = 3, .ip = "192.0.2.7", .text = "no"};
    f.does(command);
    f.withEvent(f.head(), [](const Record& record) {
        CHECK(record.isIgnorable());
        CHECK(record.core().getAccount() == 0);
        CHECK(record.core().getRejected().getCount() == 3);
        CHECK(record.annex(0)->getRejected().getIp() == "192.0.2.7");
    });
    command.origin = {.actor = event::Actor::OWNER, .actorId = f.alice()};
    f.does(command);
    f.withEvent(f.head(), [&](const Record& record) {
        CHECK(AccountId(record.core().getAnnexes()[0].getSubject()) == f.alice());
    });
}
