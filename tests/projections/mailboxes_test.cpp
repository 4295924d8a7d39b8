#include <catch2/catch.hpp>

#include "tests/projections/fold_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr AccountId kAccount(1);

}  // namespace

TEST_CASE("mailboxes: INBOX is INBOX in any case, also as a first level", "[projections]") {
    CHECK(canonicalMailboxName("inbox") == "INBOX");
    CHECK(canonicalMailboxName("iNbOx/a/inbox") == "INBOX/a/inbox");
    CHECK(canonicalMailboxName("inboxes") == "inboxes");
    CHECK(canonicalMailboxName("a/inbox") == "a/inbox");
    CHECK(canonicalMailboxName("") == "");
}

TEST_CASE("mailboxes: a new mailbox is empty and found by its name", "[projections]") {
    EventHistory history;
    FoldedViews views;
    history.append(mailboxCreated(1, 5, "inbox", 100, 11, event::SpecialUse::INBOX));
    history.append(mailboxCreated(1, 6, "Work", 101, 12, event::SpecialUse::ARCHIVE));
    history.append(mailboxCreated(2, 7, "Work", 50, 13));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const MailboxesView mailboxes = reader.mailboxes();
        CHECK_FALSE(mailboxes.find(kAccount, "work"));
        CHECK_FALSE(mailboxes.find(kAccount, ""));
        CHECK_FALSE(mailboxes.mailbox(kAccount, MailboxId(7)));
        const auto inbox = mailboxes.find(kAccount, "InBox");
        REQUIRE(inbox);
        CHECK(inbox->id == MailboxId(5));
        CHECK(inbox->name == "INBOX");
        CHECK(inbox->uidValidity == UidValidity(100));
        CHECK(inbox->uidNext == Uid(1));
        CHECK(inbox->highestModSeq == ModSeq(11));
        CHECK(inbox->messages == 0);
        CHECK(inbox->createdNs == kSecondNs);
        CHECK(
            mailboxes.find(kAccount, "Work")->specialUses ==
            specialUseBit(event::SpecialUse::ARCHIVE));
        REQUIRE(mailboxes.mailboxesOf(kAccount).size() == 2);
        CHECK(mailboxes.mailboxesOf(kAccount)[1].name == "Work");
        CHECK(mailboxes.lastUidValidity(kAccount) == UidValidity(101));
        CHECK(mailboxes.lastUidValidity(AccountId(3)) == UidValidity(0));
    });
}

TEST_CASE("mailboxes: renamed, deleted and created again", "[projections]") {
    EventHistory history;
    FoldedViews views;
    history.append(mailboxCreated(1, 6, "Work", 101, 12));
    history.append(stored(1, 6, {.uid = 1, .modSeq = 13}));
    history.append(mailboxRenamed(1, 6, "Play", 14));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK_FALSE(reader.mailboxes().find(kAccount, "Work"));
        const auto play = reader.mailboxes().find(kAccount, "Play");
        REQUIRE(play);
        CHECK(play->messages == 1);
        CHECK(play->uidValidity == UidValidity(101));
        CHECK(play->highestModSeq == ModSeq(14));
    });
    history.append(mailboxDeleted(1, 6, 15));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK_FALSE(reader.mailboxes().find(kAccount, "Play"));
        CHECK_FALSE(reader.mailboxes().mailbox(kAccount, MailboxId(6)));
        CHECK(reader.mailboxes().lastUidValidity(kAccount) == UidValidity(101));
    });
    history.append(mailboxCreated(1, 8, "Play", 102, 16));
    history.append(mailboxDeleted(1, 6, 17));  // says nothing any more
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const auto play = reader.mailboxes().find(kAccount, "Play");
        REQUIRE(play);
        CHECK(play->id == MailboxId(8));
        CHECK(play->messages == 0);
        CHECK(play->uidNext == Uid(1));
        CHECK(reader.mailboxes().lastUidValidity(kAccount) == UidValidity(102));
    });
}

TEST_CASE("mailboxes: children are seen below a name, not beside it", "[projections]") {
    const std::string deep(450, 'x');  // longer than what a key holds of a name
    EventHistory history;
    FoldedViews views;
    history.append(mailboxCreated(1, 5, "a", 1, 1));
    history.append(mailboxCreated(1, 6, "a/b", 2, 2));
    history.append(mailboxCreated(1, 7, "ab", 3, 3));
    history.append(mailboxCreated(1, 8, deep, 4, 4));
    history.append(mailboxCreated(1, 9, deep + "y", 5, 5));
    history.append(mailboxCreated(1, 10, deep + "y/z", 6, 6));
    views.fold(history);
    views.read([&](const ViewsReader& reader) {
        const MailboxesView mailboxes = reader.mailboxes();
        CHECK(mailboxes.hasChildren(kAccount, "a"));
        CHECK_FALSE(mailboxes.hasChildren(kAccount, "a/b"));
        CHECK_FALSE(mailboxes.hasChildren(kAccount, "ab"));
        CHECK_FALSE(mailboxes.hasChildren(AccountId(2), "a"));
        CHECK_FALSE(mailboxes.hasChildren(kAccount, deep));
        CHECK(mailboxes.hasChildren(kAccount, deep + "y"));
        REQUIRE(mailboxes.find(kAccount, deep + "y"));
        CHECK(mailboxes.find(kAccount, deep + "y")->id == MailboxId(9));
        CHECK_FALSE(mailboxes.find(kAccount, deep + "z"));
    });
}

TEST_CASE("mailboxes: a subscription is a name of its own", "[projections]") {
    EventHistory history;
    FoldedViews views;
    history.append(subscriptionChanged(1, 30, true, "z/gone"));
    history.append(subscriptionChanged(1, 31, true, "a"));
    history.append(subscriptionChanged(2, 32, true, "b"));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const auto rows = reader.mailboxes().subscriptionsOf(kAccount);
        REQUIRE(rows.size() == 2);
        CHECK(rows[0].name == "a");
        CHECK(rows[1].id == 30);
    });
    history.append(subscriptionChanged(1, 30, false));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK(reader.mailboxes().subscriptionsOf(kAccount).size() == 1);
    });
}

TEST_CASE(
    "mailboxes: an erased name leaves the mailbox, and INBOX keeps its own", "[projections]") {
    EventHistory history;
    history.append(mailboxCreated(1, 5, "INBOX", 100, 1, event::SpecialUse::INBOX));
    history.append(mailboxCreated(1, 6, "Work", 101, 2));
    history.append(mailboxCreated(1, 7, "Play", 102, 3));
    history.append(mailboxRenamed(1, 7, "Secret", 4));
    history.eraseDetails(Seq(1));
    history.eraseDetails(Seq(2));
    history.eraseDetails(Seq(4));
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const MailboxesView mailboxes = reader.mailboxes();
        CHECK(mailboxes.find(kAccount, "inbox"));
        CHECK_FALSE(mailboxes.find(kAccount, "Work"));
        CHECK_FALSE(mailboxes.find(kAccount, "Play"));
        REQUIRE(mailboxes.mailbox(kAccount, MailboxId(6)));
        CHECK(mailboxes.mailbox(kAccount, MailboxId(6))->name.empty());
        CHECK(mailboxes.mailboxesOf(kAccount).size() == 3);
    });
}
