#include <catch2/catch.hpp>

#include "engine/scribe/mailbox_name.h"
#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;
using Names = std::vector<std::string>;

namespace {

DeleteMailbox deletion(const ScribeFixture& f, const std::string& name) {
    return {.account = f.alice(), .name = name};
}

std::string nameOrRefusal(std::string_view name) {
    const Outcome<std::string> checked = checkedMailboxName(name);
    return checked ? *checked : std::string("refused");
}

Names subscriptions(ScribeFixture& f) {
    Names names;
    for (const SubscriptionRow& row : f.views().snapshot().mailboxes().subscriptionsOf(f.alice()))
        names.push_back(row.name);
    return names;
}

}  // namespace

TEST_CASE("mailbox name: what is none", "[scribe]") {
    const std::string deep =
        "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/"
        "25/26/27/28/29/30/31/32/33";
    for (const std::string& wrong :
         {std::string(),
          std::string("/"),
          std::string("/a"),
          std::string("a//b"),
          std::string("a//"),
          std::string("a%"),
          std::string("*"),
          std::string("a\tb"),
          std::string("a\r"),
          std::string("\x7f"),
          std::string("\xff"),
          std::string("Past"),
          std::string("pAST/1"),
          std::string("a\0b", 3),
          std::string(1'001, 'x'),
          deep}) {
        INFO(wrong);
        CHECK(nameOrRefusal(wrong) == "refused");
    }
    CHECK(nameOrRefusal("a/") == "a");
    CHECK(nameOrRefusal("inBox") == "INBOX");
    CHECK(nameOrRefusal("inbox/a") == "INBOX/a");
    CHECK(nameOrRefusal("a/Past") == "a/Past");
    CHECK(nameOrRefusal("Pasta") == "Pasta");
    CHECK(nameOrRefusal("Grüße/日本") == "Grüße/日本");
    CHECK(nameOrRefusal(std::string(1'000, 'x')).size() == 1'000);
}

TEST_CASE("create: parents too, every UIDVALIDITY its own", "[scribe]") {
    ScribeFixture f;
    const CreateMailbox::Answer answer = f.does(f.creation("a/b/c/"));
    CHECK(f.extraMailboxes() == Names{"a", "a/b", "a/b/c"});
    CHECK(f.row(answer.mailbox).name == "a/b/c");
    CHECK(f.row(answer.mailbox).uidValidity == answer.uidValidity);
    const auto validity = [&](const char* name) {
        return f.row(f.mailbox(name)).uidValidity.number();
    };
    CHECK(validity("a") >= static_cast<std::uint32_t>(f.clock().now() / kSecondNs));
    CHECK(validity("a/b") == validity("a") + 1);
    CHECK(validity("a/b/c") == validity("a") + 2);

    CHECK(f.refusalOf(f.creation("a/b")) == "MailboxExists");
    CHECK(f.refusalOf(f.creation("inbox")) == "MailboxExists");
    CHECK(f.refusalOf(f.creation("x//y")) == "MailboxNameInvalid");
    CreateMailbox idless = f.creation("p/q");
    idless.newIds.resize(1);
    CHECK(f.refusalOf(idless) == "InvalidArgument");
    CHECK(f.extraMailboxes() == Names{"a", "a/b", "a/b/c"});
    CHECK(f.replayDifference().empty());
}

TEST_CASE("create: a name that was used before gets a greater UIDVALIDITY", "[scribe]") {
    ScribeFixture f;
    const UidValidity first = f.does(f.creation("a")).uidValidity;
    f.does(deletion(f, "a"));
    CHECK(f.does(f.creation("a")).uidValidity > first);
    f.clock().advanceSeconds(100'000);
    const UidValidity later = f.does(f.creation("b")).uidValidity;
    CHECK(later.number() == static_cast<std::uint32_t>(f.clock().now() / kSecondNs));
}

TEST_CASE("delete: not INBOX; what is below stays", "[scribe]") {
    ScribeFixture f;
    f.create("a/b");
    f.append(f.mailbox("a"));
    CHECK(f.refusalOf(deletion(f, "InBox")) == "MailboxIsInbox");
    CHECK(f.refusalOf(deletion(f, "c")) == "NoSuchMailbox");
    const MailboxId gone = f.mailbox("a");
    f.does(deletion(f, "a"));
    CHECK(f.extraMailboxes() == Names{"a/b"});
    f.withEvent(f.head(), [](const Record& record) {
        CHECK(record.core().getMailboxDeleted().getMessages() == 1);
    });
    CHECK(f.refusalOf(f.appending(gone)) == "NoSuchMailbox");
    CHECK(f.replayDifference().empty());
}

TEST_CASE("rename: the whole tree, into parents that are made", "[scribe]") {
    ScribeFixture f;
    const MailboxId leaf = f.create("a/b/c");
    f.create("ab");
    const Uid uid = f.append(leaf);
    f.does(f.renaming("a", "x/y"));
    CHECK(f.extraMailboxes() == Names{"ab", "x", "x/y", "x/y/b", "x/y/b/c"});
    CHECK(f.mailbox("x/y/b/c") == leaf);
    CHECK(f.messages(leaf)[0].uid == uid);
    // Up again, onto a name that is free only because it was renamed itself.
    f.does(f.renaming("x/y/b", "b"));
    CHECK(f.extraMailboxes() == Names{"ab", "b", "b/c", "x", "x/y"});
    CHECK(f.replayDifference().empty());
}

TEST_CASE("rename: what cannot be leaves everything as it was", "[scribe]") {
    ScribeFixture f;
    f.create("a/b");
    f.create("c");
    f.create("d/b");
    f.does(deletion(f, "d"));
    const Seq before = f.head();
    CHECK(f.refusalOf(f.renaming("nothing", "n")) == "NoSuchMailbox");
    CHECK(f.refusalOf(f.renaming("a", "c")) == "MailboxExists");
    CHECK(f.refusalOf(f.renaming("a", "a")) == "MailboxExists");
    CHECK(f.refusalOf(f.renaming("a", "inbox")) == "MailboxExists");
    CHECK(f.refusalOf(f.renaming("a", "a/b/a")) == "MailboxNameInvalid");
    CHECK(f.refusalOf(f.renaming("a", "Past/a")) == "MailboxNameInvalid");
    CHECK(f.refusalOf(f.renaming("a", "d")) == "MailboxExists");  // d/b is there
    CHECK(f.refusalOf(f.renaming("a", std::string(999, 'x'))) == "MailboxNameInvalid");
    CHECK(f.head() == before);
}

TEST_CASE("rename: INBOX gives its messages away and stays", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    f.create("INBOX/child");
    for (int i = 0; i < 3; ++i)
        f.append(inbox);
    f.does(Expunge{
        .account = f.alice(),
        .mailbox = inbox,
        .uids = UidRanges{{Uid(2), Uid(2)}},
        .onlyDeleted = false});
    const Seq before = f.head();
    f.does(f.renaming("INBOX", "old/mail"));
    CHECK(
        f.kindsFrom(Seq(before.number() + 1)) ==
        Names{"MailboxCreated", "MailboxCreated", "Moved"});
    CHECK(f.extraMailboxes() == Names{"INBOX/child", "old", "old/mail"});
    CHECK(f.mailbox("INBOX") == inbox);
    CHECK(f.messages(inbox).empty());
    const std::vector<MessageRow> moved = f.messages(f.mailbox("old/mail"));
    REQUIRE(moved.size() == 2);
    CHECK(moved[1].uid == Uid(2));
    CHECK(f.append(inbox) == Uid(4));
    CHECK(f.refusalOf(f.renaming("INBOX", "old")) == "MailboxExists");
    f.does(f.renaming("INBOX", "INBOX/below"));
    CHECK(f.messages(f.mailbox("INBOX/below")).size() == 1);
    CHECK(f.replayDifference().empty());
}

TEST_CASE("subscribe: names, once each, mailboxes or not", "[scribe]") {
    ScribeFixture f;
    Subscribe command{.account = f.alice(), .name = "not/there", .newId = f.random().number()};
    f.does(command);
    const Seq before = f.head();
    f.does(command);
    CHECK(f.head() == before);
    CHECK(
        subscriptions(f) ==
        Names{"Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash", "not/there"});
    command.on = false;
    f.does(command);
    f.does(command);
    CHECK(f.head().number() == before.number() + 1);
    command.name = "inbox";
    f.does(command);
    CHECK(subscriptions(f) == Names{"Archive", "Drafts", "Junk", "Sent", "Trash"});
    command.name = "a\nb";
    command.on = true;
    CHECK(f.refusalOf(command) == "MailboxNameInvalid");
    CHECK(f.replayDifference().empty());
}
