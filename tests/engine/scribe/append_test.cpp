// Append of several messages, with REPLACE, and the threads that messages come into.

#include <array>
#include <catch2/catch.hpp>

#include "tests/support/events.h"
#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

using Kinds = std::vector<std::string>;

AppendedMessage another(ScribeFixture& f, FlagSet flags = {}) {
    return f.appending(MailboxId(1), std::move(flags)).messages.front();
}

void link(
    ScribeFixture& f, StoredBlob& blob, std::vector<std::uint64_t> keys, std::uint64_t subject) {
    const std::string octets = "Subject: x\r\n\r\nx\r\n";
    blob.summary = threadSummary(keys, subject);
    const std::array<std::string_view, 2> pieces{octets, blob.summary};
    blob.content = f.journal().content().append(ContentKind::Blob, pieces);
    blob.octets = octets.size();
    blob.threadKeys = std::move(keys);
    blob.subjectKey = subject;
}

// Stores a message of alice; returns its EMAILID and its THREADID.
std::pair<std::uint64_t, std::uint64_t> threaded(
    ScribeFixture& f, std::vector<std::uint64_t> keys, std::uint64_t subject) {
    const MailboxId inbox = f.mailbox("INBOX");
    Append command = f.appending(inbox);
    link(f, command.messages[0].blob, std::move(keys), subject);
    f.does(command);
    const MessageRow row = f.messages(inbox).back();
    return {row.emailId.number(), row.threadId};
}

}  // namespace

TEST_CASE("append: several messages come in one commit, or none does", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    Append command = f.appending(inbox, {.system = kSeen, .keywords = {"a"}});
    command.messages.push_back(another(f, {.keywords = {"B", "b"}}));
    command.messages.push_back(another(f, {.keywords = {"A"}}));
    Append broken = command;
    broken.messages.back().flags.keywords = {"not good"};
    const Seq before = f.head();
    CHECK(f.refusalOf(broken) == "InvalidArgument");
    broken.messages.clear();
    CHECK(f.refusalOf(broken) == "InvalidArgument");
    CHECK(f.head() == before);
    const Append::Answer answer = f.does(command);
    CHECK(answer.uid == Uid(1));
    CHECK(
        f.kindsFrom(Seq(before.number() + 1)) == Kinds{
                                                     "KeywordDefined",
                                                     "KeywordDefined",
                                                     "Received",
                                                     "Stored",
                                                     "Received",
                                                     "Stored",
                                                     "Received",
                                                     "Stored"});
    const std::vector<MessageRow> rows = f.messages(inbox);
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].systemFlags == kSeen);
    CHECK(f.keywords(rows[0]) == Kinds{"a"});
    CHECK(f.keywords(rows[1]) == Kinds{"B"});
    CHECK(f.keywords(rows[2]) == Kinds{"a"});
    CHECK(rows[0].modSeq < rows[1].modSeq);
    CHECK(f.row(inbox).uidNext == Uid(4));
    CHECK(f.replayDifference().empty());
}

TEST_CASE("append: what is replaced goes in the same commit", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    const MailboxId drafts = f.mailbox("Drafts");
    f.append(drafts);
    f.append(drafts);
    Append command = f.appending(inbox);
    command.replaces = ReplacedMessage{.account = f.alice(), .mailbox = drafts, .uid = Uid(1)};
    const Seq before = f.head();
    f.does(command);
    CHECK(f.kindsFrom(Seq(before.number() + 1)) == Kinds{"Received", "Stored", "Expunged"});
    CHECK(f.messages(inbox).size() == 1);
    REQUIRE(f.messages(drafts).size() == 1);
    CHECK(f.messages(drafts)[0].uid == Uid(2));
    CHECK(f.row(drafts).highestModSeq > f.row(inbox).highestModSeq);
    // It is gone: nothing is appended either.
    Append again = f.appending(inbox);
    again.replaces = command.replaces;
    const Seq after = f.head();
    CHECK(f.refusalOf(again) == "NoSuchMessage");
    again.replaces->mailbox = MailboxId(7);
    CHECK(f.refusalOf(again) == "NoSuchMailbox");
    CHECK(f.head() == after);
    CHECK(f.replayDifference().empty());
}

TEST_CASE("threads: who names the same id under the same subject belongs together", "[scribe]") {
    ScribeFixture f;
    const auto [first, thread] = threaded(f, {1}, 7);
    CHECK(thread == first);
    CHECK(threaded(f, {2, 1}, 7).second == thread);
    CHECK(threaded(f, {3, 2}, 7).second == thread);
    // Another subject begins another thread (RFC 8621 §3).
    const auto [fourth, changed] = threaded(f, {4, 1}, 8);
    CHECK(changed == fourth);
    CHECK(threaded(f, {5, 4, 1}, 8).second == changed);
    // The answer came first: what it answers joins it.
    const auto [answer, late] = threaded(f, {11, 10}, 7);
    CHECK(late == answer);
    CHECK(threaded(f, {10}, 7).second == late);
    // Nothing links it to anything.
    const auto [single, own] = threaded(f, {}, 7);
    CHECK(own == single);
    f.restart();
    CHECK(threaded(f, {12, 3}, 7).second == thread);
    CHECK(f.replayDifference().empty());
}

TEST_CASE("threads: those of one command, and of one account", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    Append command = f.appending(inbox);
    command.messages.push_back(another(f));
    link(f, command.messages[0].blob, {1}, 7);
    link(f, command.messages[1].blob, {2, 1}, 7);
    f.does(command);
    const std::vector<MessageRow> rows = f.messages(inbox);
    REQUIRE(rows.size() == 2);
    CHECK(rows[1].threadId == rows[0].threadId);
    CHECK(rows[0].threadId == rows[0].emailId.number());

    const AccountId bob = f.addAccount("bob@example.org");
    Deliver delivery = f.delivery();
    delivery.targets.push_back(f.target(bob));
    link(f, delivery.blob, {3, 1}, 7);
    f.does(delivery);
    CHECK(f.messages(inbox).back().threadId == rows[0].threadId);
    const MailboxId bobs = f.views().snapshot().mailboxes().find(bob, "INBOX")->id;
    const MessageRow his = f.messages(bobs).back();
    CHECK(his.threadId == his.emailId.number());
    // A copy keeps it.
    CopyMessages copying;
    copying.origin = ScribeFixture::owner();
    copying.account = f.alice();
    copying.from = inbox;
    copying.to = f.mailbox("Archive");
    copying.uids = {{Uid(1), Uid(3)}};
    f.does(copying);
    for (const MessageRow& row : f.messages(f.mailbox("Archive")))
        CHECK(row.threadId == rows[0].threadId);
    CHECK(f.replayDifference().empty());
}
