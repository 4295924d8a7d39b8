#include <catch2/catch.hpp>

#include "tests/projections/fold_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr AccountId kAccount(1);
constexpr MailboxId kInbox(5);
constexpr MailboxId kOther(6);

std::vector<std::string> changes(
    const ViewsReader& reader, MailboxId mailbox, std::uint64_t since) {
    std::vector<std::string> found;
    reader.messages().changedSince(mailbox, ModSeq(since), [&](const Change& change) {
        found.push_back(
            std::to_string(change.modSeq.number()) + ":" + std::to_string(change.uid.number()) +
            (change.expunged ? "x" : ""));
    });
    return found;
}

std::vector<std::uint32_t> uids(const ViewsReader& reader, MailboxId mailbox) {
    std::vector<std::uint32_t> found;
    reader.messages().forEachUid(mailbox, [&](Uid uid) { found.push_back(uid.number()); });
    return found;
}

// Two mailboxes; three messages in the first, MODSEQ 11 to 13.
EventHistory threeMessages() {
    EventHistory history;
    history.append(mailboxCreated(1, 5, "INBOX", 100, 1, event::SpecialUse::INBOX));
    history.append(mailboxCreated(1, 6, "Other", 101, 2));
    history.append(stored(1, 5, {.uid = 1, .modSeq = 11, .message = 71, .flags = kSeen}));
    history.append(stored(1, 5, {.uid = 2, .modSeq = 12, .message = 72, .octets = 50}));
    history.append(stored(
        1,
        5,
        {.uid = 3,
         .modSeq = 13,
         .message = 73,
         .flags = kDeleted,
         .keywords = {4, 2},
         .octets = 7,
         .threadId = 75}));
    return history;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("messages: what was stored is there, and counted", "[projections]") {
    const EventHistory history = threeMessages();
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK_FALSE(reader.messages().message(kInbox, Uid(4)));
        CHECK_FALSE(reader.messages().message(kOther, Uid(1)));
        const auto row = reader.messages().message(kInbox, Uid(3));
        REQUIRE(row);
        CHECK(row->uid == Uid(3));
        CHECK(row->systemFlags == kDeleted);
        CHECK(row->modSeq == ModSeq(13));
        CHECK(row->message == MessageId(73));
        CHECK(row->emailId == EmailId(74));
        CHECK(row->threadId == 75);
        CHECK(row->storedSeq == Seq(5));
        CHECK(row->savedNs == 5 * kSecondNs);
        CHECK(row->internalDateNs == kSecondNs);
        CHECK(row->octets == 7);
        CHECK(row->blob == Place{.segment = 1, .offset = 73 * 8});
        CHECK(row->blobOctets == 7);
        CHECK(row->keywords == std::vector{KeywordId(2), KeywordId(4)});

        const auto mailbox = reader.mailboxes().mailbox(kAccount, kInbox);
        CHECK(mailbox->messages == 3);
        CHECK(mailbox->unseen == 2);
        CHECK(mailbox->deletedMessages == 1);
        CHECK(mailbox->octets == 1'057);
        CHECK(mailbox->uidNext == Uid(4));
        CHECK(mailbox->highestModSeq == ModSeq(13));
        CHECK(uids(reader, kInbox) == std::vector<std::uint32_t>{1, 2, 3});
        CHECK(changes(reader, kInbox, 11) == Strings{"12:2", "13:3"});
    });
}

TEST_CASE("messages: a scan stays inside its bounds and stops when told", "[projections]") {
    EventHistory history;
    for (std::uint32_t uid = 1; uid <= 10; ++uid) {
        history.append(stored(1, 5, {.uid = uid, .modSeq = uid}));
        history.append(stored(1, 6, {.uid = uid, .modSeq = uid + 100}));
    }
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        std::vector<std::uint32_t> seen;
        reader.messages().forEach(kInbox, Uid(3), Uid(9), [&](const MessageRow& row) {
            seen.push_back(row.uid.number());
            return row.uid < Uid(5);
        });
        CHECK(seen == std::vector<std::uint32_t>{3, 4, 5});
        seen.clear();
        reader.messages().forEach(kInbox, Uid(9), Uid(UINT32_MAX), [&](const MessageRow& row) {
            seen.push_back(row.uid.number());
            return true;
        });
        CHECK(seen == std::vector<std::uint32_t>{9, 10});
        CHECK(changes(reader, kInbox, UINT64_MAX).empty());
    });
}

TEST_CASE(
    "messages: repeated changes of flags leave one change and right counts", "[projections]") {
    EventHistory history = threeMessages();
    history.append(flagsChanged(1, 5, {.modSeq = 20, .uids = {{1, 2}}, .add = kSeen | kFlagged}));
    history.append(flagsChanged(1, 5, {.modSeq = 21, .uids = {{2, 2}}, .add = kSeen}));
    history.append(
        flagsChanged(1, 5, {.modSeq = 22, .uids = {{1, 1}, {3, 3}}, .remove = kSeen | kDeleted}));
    history.append(flagsChanged(
        1, 5, {.modSeq = 23, .uids = {{3, 9}}, .addKeywords = {3, 2}, .removeKeywords = {4, 8}}));
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK(reader.messages().message(kInbox, Uid(1))->systemFlags == kFlagged);
        CHECK(reader.messages().message(kInbox, Uid(2))->systemFlags == (kSeen | kFlagged));
        const auto third = reader.messages().message(kInbox, Uid(3));
        CHECK(third->systemFlags == 0);
        CHECK(third->keywords == std::vector{KeywordId(2), KeywordId(3)});
        CHECK(changes(reader, kInbox, 0) == Strings{"21:2", "22:1", "23:3"});
        const auto mailbox = reader.mailboxes().mailbox(kAccount, kInbox);
        CHECK(mailbox->unseen == 2);
        CHECK(mailbox->deletedMessages == 0);
        CHECK(mailbox->messages == 3);
        CHECK(mailbox->highestModSeq == ModSeq(23));
    });
}

TEST_CASE("messages: an expunged message is a tombstone in its place of MODSEQs", "[projections]") {
    EventHistory history = threeMessages();
    history.append(expunged(1, 5, 20, {{1, 1}, {3, 3}}));
    history.append(flagsChanged(1, 5, {.modSeq = 21, .uids = {{1, 3}}, .add = kSeen}));
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK(uids(reader, kInbox) == std::vector<std::uint32_t>{2});
        CHECK(changes(reader, kInbox, 0) == Strings{"20:1x", "20:3x", "21:2"});
        CHECK(changes(reader, kInbox, 20) == Strings{"21:2"});
        CHECK_FALSE(reader.messages().message(kInbox, Uid(3)));
        CHECK_FALSE(reader.messages().tombstone(kInbox, Uid(2)));
        const auto gone = reader.messages().tombstone(kInbox, Uid(3));
        REQUIRE(gone);
        CHECK(gone->systemFlags == kDeleted);
        CHECK(gone->modSeq == ModSeq(20));
        CHECK(gone->message == MessageId(73));
        const auto mailbox = reader.mailboxes().mailbox(kAccount, kInbox);
        CHECK(mailbox->messages == 1);
        CHECK(mailbox->unseen == 0);
        CHECK(mailbox->deletedMessages == 0);
        CHECK(mailbox->octets == 50);
        CHECK(mailbox->uidNext == Uid(4));
    });
}

TEST_CASE("messages: a copy keeps what the message is, not where it stands", "[projections]") {
    EventHistory history = threeMessages();
    history.append(copied(
        1,
        {.source = 5,
         .target = 6,
         .modSeq = 30,
         .sourceUids = {3, 9, 1},
         .targetUids = {1, 2, 3}}));
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const auto source = reader.messages().message(kInbox, Uid(3));
        const auto target = reader.messages().message(kOther, Uid(1));
        REQUIRE(source);
        REQUIRE(target);
        CHECK(target->emailId == source->emailId);
        CHECK(target->storedSeq == source->storedSeq);
        CHECK(target->keywords == source->keywords);
        CHECK(target->internalDateNs == source->internalDateNs);
        CHECK(target->savedNs == 6 * kSecondNs);
        CHECK(target->modSeq == ModSeq(30));
        CHECK(source->modSeq == ModSeq(13));
        CHECK(uids(reader, kOther) == std::vector<std::uint32_t>{1, 3});
        CHECK(reader.mailboxes().mailbox(kAccount, kInbox)->messages == 3);
        const auto mailbox = reader.mailboxes().mailbox(kAccount, kOther);
        CHECK(mailbox->messages == 2);
        CHECK(mailbox->unseen == 1);
        CHECK(mailbox->deletedMessages == 1);
        CHECK(mailbox->octets == 1'007);
        CHECK(mailbox->uidNext == Uid(4));
        CHECK(mailbox->highestModSeq == ModSeq(30));
    });
}

TEST_CASE("messages: a move leaves tombstones, also within one mailbox", "[projections]") {
    EventHistory history = threeMessages();
    history.append(moved(
        1, {.source = 5, .target = 6, .modSeq = 30, .sourceUids = {1, 3}, .targetUids = {1, 2}}));
    history.append(
        moved(1, {.source = 5, .target = 5, .modSeq = 31, .sourceUids = {2}, .targetUids = {4}}));
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK(changes(reader, kInbox, 0) == Strings{"30:1x", "30:3x", "31:2x", "31:4"});
        CHECK(changes(reader, kOther, 0) == Strings{"30:1", "30:2"});
        CHECK(reader.messages().tombstone(kInbox, Uid(1))->systemFlags == kSeen);
        CHECK(reader.messages().message(kOther, Uid(1))->message == MessageId(71));
        CHECK(reader.messages().message(kInbox, Uid(4))->message == MessageId(72));
        const auto inbox = reader.mailboxes().mailbox(kAccount, kInbox);
        CHECK(inbox->messages == 1);
        CHECK(inbox->unseen == 1);
        CHECK(inbox->octets == 50);
        CHECK(inbox->uidNext == Uid(5));
        CHECK(inbox->highestModSeq == ModSeq(31));
        CHECK(reader.mailboxes().mailbox(kAccount, kOther)->messages == 2);
    });
}

TEST_CASE("messages: a deleted mailbox's messages become tombstones", "[projections]") {
    EventHistory history;
    history.append(mailboxCreated(1, 5, "Work", 100, 1));
    // More than the fold reads at a time.
    for (std::uint32_t uid = 1; uid <= 2'500; ++uid) {
        history.append(stored(1, 5, {.uid = uid, .modSeq = uid + 1}));
    }
    history.append(stored(1, 6, {.uid = 1, .modSeq = 9'000}));
    history.append(mailboxDeleted(1, 5, 10'000));
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK(uids(reader, kInbox).empty());
        CHECK(changes(reader, kInbox, 9'999).size() == 2'500);
        CHECK(changes(reader, kInbox, 0).size() == 2'500);
        CHECK(reader.messages().tombstone(kInbox, Uid(2'500)));
        CHECK(uids(reader, kOther).size() == 1);
        CHECK_FALSE(reader.mailboxes().mailbox(kAccount, kInbox));
    });
}
