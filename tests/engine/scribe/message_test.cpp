#include <catch2/catch.hpp>

#include "journal/base/limits.h"
#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;
using Kinds = std::vector<std::string>;
using Uids = std::vector<Uid>;

namespace {

// An INBOX with so many messages, UIDs from 1.
struct Filled : ScribeFixture {
    explicit Filled(int count) : inbox(mailbox("INBOX")) {
        for (int i = 0; i < count; ++i)
            append(inbox);
    }

    StoreFlags store(UidRanges uids, FlagEdit edit, FlagSet flags) {
        return storing(inbox, std::move(uids), edit, std::move(flags));
    }

    Kinds kindsOf(const auto& command) {
        const Seq before = head();
        does(command);
        return kindsFrom(Seq(before.number() + 1));
    }

    MailboxId inbox;
};

UidRanges range(std::uint32_t first, std::uint32_t last) { return {{Uid(first), Uid(last)}}; }

Uids uidsOf(const std::vector<MessageRow>& rows) {
    Uids uids;
    for (const MessageRow& row : rows)
        uids.push_back(row.uid);
    return uids;
}

}  // namespace

TEST_CASE("store: only what really changes is in the event", "[scribe]") {
    Filled f(5);
    CHECK(f.does(f.store(range(2, 2), FlagEdit::Add, {.system = kSeen})).changed == Uids{Uid(2)});
    const StoreFlags command = f.store(range(1, 4), FlagEdit::Add, {.system = kSeen});
    const Seq before = f.head();
    const StoreFlags::Answer answer = f.does(command);
    CHECK(answer.changed == Uids{Uid(1), Uid(3), Uid(4)});
    f.withEvent(Seq(before.number() + 1), [&](const Record& record) {
        const auto changed = record.core().getFlagsChanged();
        REQUIRE(changed.getUids().size() == 2);
        CHECK(changed.getUids()[0].getFirst() == 1);
        CHECK(changed.getUids()[0].getLast() == 1);
        CHECK(changed.getUids()[1].getFirst() == 3);
        CHECK(changed.getUids()[1].getLast() == 4);
        CHECK(changed.getAddSystem() == kSeen);
        CHECK(answer.highest.number() == changed.getModSeq());
    });
    CHECK(f.kindsOf(command).empty());
    CHECK(f.does(command).highest == answer.highest);
}

TEST_CASE("store: messages that change alike share an event", "[scribe]") {
    Filled f(6);
    f.does(f.store(range(1, 2), FlagEdit::Add, {.system = kSeen, .keywords = {"a"}}));
    f.does(f.store(range(3, 4), FlagEdit::Add, {.system = kDeleted}));
    const Kinds kinds =
        f.kindsOf(f.store(range(1, 6), FlagEdit::Replace, {.system = kFlagged, .keywords = {"b"}}));
    CHECK(kinds == Kinds{"KeywordDefined", "FlagsChanged", "FlagsChanged", "FlagsChanged"});
    for (const MessageRow& row : f.messages(f.inbox)) {
        CHECK(row.systemFlags == kFlagged);
        CHECK(f.keywords(row) == Kinds{"b"});
    }
    CHECK(f.row(f.inbox).deletedMessages == 0);
    f.does(f.store(range(1, 6), FlagEdit::Remove, {.system = kFlagged, .keywords = {"B", "no"}}));
    for (const MessageRow& row : f.messages(f.inbox))
        CHECK((row.systemFlags == 0 && row.keywords.empty()));
    CHECK(f.replayDifference().empty());
}

TEST_CASE("store: what changed since is passed over and told", "[scribe]") {
    Filled f(3);
    const ModSeq seen = f.row(f.inbox).highestModSeq;
    f.does(f.store(range(2, 2), FlagEdit::Add, {.system = kSeen}));
    StoreFlags command = f.store(range(1, 9), FlagEdit::Add, {.system = kFlagged});
    command.unchangedSince = seen;
    const StoreFlags::Answer answer = f.does(command);
    CHECK(answer.changed == Uids{Uid(1), Uid(3)});
    CHECK(answer.modified == Uids{Uid(2)});
    // The boundary: as new as it says is unchanged.
    command.unchangedSince = answer.highest;
    command.flags.system = kAnswered;
    CHECK(f.does(command).modified.empty());
    command.unchangedSince = ModSeq(0);
    CHECK(f.does(command).modified == Uids{Uid(1), Uid(2), Uid(3)});
}

TEST_CASE("store: UIDs that are not there, and ranges as they come", "[scribe]") {
    Filled f(5);
    CHECK(f.kindsOf(f.store(range(77, 99), FlagEdit::Add, {.keywords = {"new"}})).empty());
    const UidRanges untidy{{Uid(4), Uid(3)}, {Uid(1), Uid(2)}, {Uid(2), Uid(4)}};
    const StoreFlags::Answer answer = f.does(f.store(untidy, FlagEdit::Add, {.system = kSeen}));
    CHECK(answer.changed == Uids{Uid(1), Uid(2), Uid(3), Uid(4)});
    CHECK(f.refusalOf(f.storing(MailboxId(3), range(1, 1), FlagEdit::Add, {})) == "NoSuchMailbox");
}

TEST_CASE("store: an account has a thousand keywords and no more", "[scribe]") {
    Filled f(1);
    FlagSet flags;
    for (std::size_t i = 0; i + 1 < limits::kKeywordsPerAccountMax; ++i)
        flags.keywords.push_back("k" + std::to_string(i));
    f.does(f.store(range(1, 1), FlagEdit::Add, flags));
    const Seq before = f.head();
    const FlagSet two{.keywords = {"one", "two"}};
    CHECK(f.refusalOf(f.store(range(1, 1), FlagEdit::Add, two)) == "TooManyKeywords");
    CHECK(f.head() == before);
    f.does(f.store(range(1, 1), FlagEdit::Add, {.keywords = {"one"}}));
    CHECK(
        f.refusalOf(f.store(range(1, 1), FlagEdit::Add, {.keywords = {"two"}})) ==
        "TooManyKeywords");
    f.does(f.store(range(1, 1), FlagEdit::Remove, {.keywords = {"K0", "unheard-of"}}));
    CHECK(f.messages(f.inbox)[0].keywords.size() == limits::kKeywordsPerAccountMax - 1);
    CHECK(f.replayDifference().empty());
}

TEST_CASE("copy: UIDs follow one another, flags come along", "[scribe]") {
    Filled f(4);
    const MailboxId trash = f.mailbox("Trash");
    f.append(trash);
    f.does(f.store(range(3, 3), FlagEdit::Add, {.system = kFlagged, .keywords = {"a"}}));
    const CopyMessages command{
        .account = f.alice(), .from = f.inbox, .to = trash, .uids = {{Uid(3), Uid(9)}}};
    const CopyMessages::Answer answer = f.does(command);
    using Pairs = std::vector<std::pair<Uid, Uid>>;
    CHECK(answer.uids == Pairs{{Uid(3), Uid(2)}, {Uid(4), Uid(3)}});
    CHECK(answer.targetUidValidity == f.row(trash).uidValidity);
    const std::vector<MessageRow> copies = f.messages(trash);
    const std::vector<MessageRow> sources = f.messages(f.inbox);
    REQUIRE(copies.size() == 3);
    CHECK(copies[1].emailId == sources[2].emailId);
    CHECK(copies[1].keywords == sources[2].keywords);
    CHECK(copies[1].systemFlags == kFlagged);
    CHECK(f.kindsOf(CopyMessages{
                        .account = f.alice(), .from = f.inbox, .to = trash, .uids = range(80, 90)})
              .empty());
    CHECK(f.replayDifference().empty());
}

TEST_CASE("move: the source is expunged, also into the same mailbox", "[scribe]") {
    Filled f(3);
    const MailboxId trash = f.mailbox("Trash");
    CopyMessages command{
        .account = f.alice(), .from = f.inbox, .to = trash, .uids = range(1, 2), .move = true};
    CHECK(f.kindsOf(command) == Kinds{"Moved"});
    CHECK(uidsOf(f.messages(f.inbox)) == Uids{Uid(3)});
    CHECK(f.row(trash).messages == 2);
    CHECK(f.row(f.inbox).highestModSeq == f.row(trash).highestModSeq);
    CHECK(f.kindsOf(command).empty());
    command.to = f.inbox;
    command.uids = range(3, 3);
    f.does(command);
    CHECK(uidsOf(f.messages(f.inbox)) == Uids{Uid(4)});
    command.to = MailboxId(1);
    CHECK(f.refusalOf(command) == "NoSuchMailbox");
    CHECK(f.replayDifference().empty());
}

TEST_CASE("copy: what is too much for one event is in several of one commit", "[scribe]") {
    Filled f(1);
    CopyMessages doubling{.account = f.alice(), .from = f.inbox, .to = f.inbox};
    for (int i = 0; i < 13; ++i) {
        doubling.uids = range(1, UINT32_MAX);
        f.does(doubling);
    }
    const std::uint32_t all = f.row(f.inbox).messages;
    REQUIRE(all == 8'192);
    const MailboxId archive = f.mailbox("Archive");
    CHECK(
        f.kindsOf(CopyMessages{
            .account = f.alice(), .from = f.inbox, .to = archive, .uids = range(1, all)}) ==
        Kinds{"Copied", "Copied"});
    CHECK(f.row(archive).uidNext == Uid(all + 1));
    CHECK(f.kindsOf(f.renaming("INBOX", "all")) == Kinds{"MailboxCreated", "Moved", "Moved"});
    CHECK(f.row(f.mailbox("all")).messages == all);
    CHECK(f.replayDifference().empty());
}

TEST_CASE("expunge: the deleted ones, of some or of all", "[scribe]") {
    Filled f(6);
    Expunge command{.account = f.alice(), .mailbox = f.inbox};
    CHECK(f.kindsOf(command).empty());
    f.does(f.store({{Uid(2), Uid(3)}, {Uid(5), Uid(5)}}, FlagEdit::Add, {.system = kDeleted}));
    command.uids = range(3, 6);
    CHECK(f.does(command).uids == Uids{Uid(3), Uid(5)});
    command.uids.reset();
    CHECK(f.does(command).uids == Uids{Uid(2)});
    command.onlyDeleted = false;
    command.uids = range(6, 6);
    CHECK(f.does(command).uids == Uids{Uid(6)});
    CHECK(uidsOf(f.messages(f.inbox)) == Uids{Uid(1), Uid(4)});
    // Their UIDs are spent.
    CHECK(f.append(f.inbox) == Uid(7));
    CHECK(f.replayDifference().empty());
}

TEST_CASE("messages: nothing is done to a removed account's", "[scribe]") {
    Filled f(1);
    f.does(RemoveAccount{.account = f.alice()});
    const Seq before = f.head();
    CHECK(f.refusalOf(f.store(range(1, 1), FlagEdit::Add, {.system = kSeen})) == "NoSuchAccount");
    CHECK(f.refusalOf(Expunge{.account = f.alice(), .mailbox = f.inbox}) == "NoSuchAccount");
    CHECK(f.refusalOf(f.appending(f.inbox)) == "NoSuchAccount");
    CHECK(f.refusalOf(f.creation("x")) == "NoSuchAccount");
    CHECK(f.refusalOf(OpenAccess{.account = f.alice(), .mailbox = f.inbox}) == "NoSuchAccount");
    CHECK(f.head() == before);
}
