// Who may do what in a mailbox of somebody else's: RFC 4314 §4, decided.

#include <catch2/catch.hpp>

#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;
using Names = std::vector<std::string>;

namespace {

const UidRanges kFirst{{Uid(1), Uid(1)}};

// alice's mailbox Work with one message, and bob, who asks.
class Shared {
public:
    Shared() {
        work = f.create("Work");
        f.append(work, {.system = kFlagged, .keywords = {"$Important"}});
        bob = f.addAccount("bob@example.org");
    }

    void grant(std::uint16_t rights, FlagEdit edit = FlagEdit::Replace) {
        f.does(SetAcl{
            .origin = ScribeFixture::owner(),
            .account = f.alice(),
            .mailbox = work,
            .grantee = bob,
            .edit = edit,
            .rights = rights,
        });
    }

    Origin asBob() const { return {.actor = event::Actor::OWNER, .actorId = bob}; }

    // The same command, asked by bob.
    template <class Command>
    std::string refusalOf(Command command) {
        command.origin = asBob();
        return f.refusalOf(std::move(command));
    }

    StoreFlags storing(FlagEdit edit, FlagSet flags) {
        StoreFlags command = f.storing(work, kFirst, edit, std::move(flags));
        command.origin = asBob();
        return command;
    }

    MailboxId bobs(const std::string& name) {
        return f.views().snapshot().mailboxes().find(bob, name)->id;
    }

    std::uint16_t rights() {
        return f.views().snapshot().accessRights().rightsOf(bob, f.alice(), work);
    }

    ScribeFixture f;
    MailboxId work;
    AccountId bob;
};

}  // namespace

TEST_CASE("acl: given, widened, narrowed and taken", "[scribe]") {
    Shared s;
    s.grant(kMayLookup | kMayRead);
    s.grant(kMayInsert, FlagEdit::Add);
    CHECK(s.rights() == (kMayLookup | kMayRead | kMayInsert));
    s.grant(kMayRead, FlagEdit::Remove);
    CHECK(s.rights() == (kMayLookup | kMayInsert));
    const Seq before = s.f.head();
    s.grant(kMayInsert, FlagEdit::Add);
    CHECK(s.f.head() == before);
    s.grant(0);
    CHECK(s.rights() == 0);
    SetAcl command{.account = s.f.alice(), .mailbox = s.work, .grantee = s.f.alice()};
    CHECK(s.f.refusalOf(command) == "NotPermitted");
    command.grantee = AccountId(77);
    command.rights = kMayRead;
    CHECK(s.f.refusalOf(command) == "NoSuchAccount");
    command.mailbox = MailboxId(78);
    CHECK(s.f.refusalOf(command) == "NoSuchMailbox");
    CHECK(s.f.replayDifference().empty());
}

TEST_CASE("acl: who may not look it up is told that there is no mailbox", "[scribe]") {
    Shared s;
    const SetAcl taking{.account = s.f.alice(), .mailbox = s.work, .grantee = s.bob, .rights = 1};
    const Expunge expunge{.account = s.f.alice(), .mailbox = s.work};
    const DeleteMailbox deletion{.account = s.f.alice(), .name = "Work"};
    CHECK(s.refusalOf(taking) == "NoSuchMailbox");
    CHECK(s.refusalOf(s.f.appending(s.work)) == "NoSuchMailbox");
    CHECK(s.refusalOf(expunge) == "NoSuchMailbox");
    CHECK(s.refusalOf(deletion) == "NoSuchMailbox");
    s.grant(kMayLookup);
    CHECK(s.refusalOf(taking) == "NotPermitted");
    CHECK(s.refusalOf(s.f.appending(s.work)) == "NotPermitted");
    CHECK(s.refusalOf(expunge) == "NotPermitted");
    CHECK(s.refusalOf(deletion) == "NotPermitted");
    const OpenAccess reading{.account = s.f.alice(), .mailbox = s.work};
    CHECK(s.refusalOf(reading) == "NotPermitted");
    s.grant(kAllRights);
    CHECK(s.refusalOf(reading).empty());
    CHECK(s.refusalOf(expunge).empty());
    CHECK(s.refusalOf(deletion).empty());
    CHECK(s.f.views().snapshot().accessRights().grantsTo(s.bob).empty());
    CHECK(s.f.replayDifference().empty());
}

TEST_CASE("acl: flags change as far as the rights go", "[scribe]") {
    Shared s;
    s.grant(kMayLookup | kMayRead | kMaySetSeen);
    CHECK(s.f.refusalOf(s.storing(FlagEdit::Add, {.system = kDeleted})) == "NotPermitted");
    CHECK(s.f.refusalOf(s.storing(FlagEdit::Add, {.keywords = {"New"}})) == "NotPermitted");
    const StoreFlags::Answer some =
        s.f.does(s.storing(FlagEdit::Add, {.system = kSeen | kDeleted, .keywords = {"New"}}));
    CHECK(some.changed == std::vector<Uid>{Uid(1)});
    CHECK(s.f.messages(s.work)[0].systemFlags == (kSeen | kFlagged));
    CHECK_FALSE(s.f.views().snapshot().accounts().findKeyword(s.f.alice(), "New"));
    s.f.does(s.storing(FlagEdit::Replace, {}));
    CHECK(s.f.messages(s.work)[0].systemFlags == kFlagged);
    CHECK(s.f.messages(s.work)[0].keywords.size() == 1);
    s.f.withEvent(s.f.head(), [&](const Record& record) {
        CHECK(record.core().getActor() == event::Actor::DELEGATE);
        CHECK(record.core().getActorId() == s.bob.number());
        CHECK(record.core().getAccount() == s.f.alice().number());
    });
    // Reading marks nothing without "s".
    s.grant(kMayLookup | kMayRead);
    const OpenAccess reading{
        .origin = s.asBob(), .account = s.f.alice(), .mailbox = s.work, .markSeen = kFirst};
    CHECK(s.f.does(reading).changed.empty());
    CHECK(s.f.replayDifference().empty());
}

TEST_CASE("acl: what is appended keeps the flags that the rights are for", "[scribe]") {
    Shared s;
    s.grant(kMayLookup | kMayInsert | kMaySetDeleted);
    Append command =
        s.f.appending(s.work, {.system = kSeen | kDeleted | kDraft, .keywords = {"$Important"}});
    command.origin = s.asBob();
    s.f.does(command);
    const MessageRow message = s.f.messages(s.work).back();
    CHECK(message.systemFlags == kDeleted);
    CHECK(message.keywords.empty());
}

TEST_CASE(
    "acl: mailboxes below are made with \"k\" and have what their parent grants", "[scribe]") {
    Shared s;
    CreateMailbox below = s.f.creation("Work/Plans");
    CHECK(s.refusalOf(below) == "NoSuchMailbox");
    s.grant(kMayLookup | kMayCreate);
    CHECK(s.refusalOf(s.f.creation("Top")) == "NotPermitted");
    below.origin = s.asBob();
    const MailboxId made = s.f.does(below).mailbox;
    CHECK(
        s.f.views().snapshot().accessRights().rightsOf(s.bob, s.f.alice(), made) ==
        (kMayLookup | kMayCreate));
    CHECK(s.refusalOf(s.f.renaming("Work/Plans", "Work/Done")) == "NotPermitted");
    s.grant(kAllRights);
    CHECK(s.refusalOf(s.f.renaming("Work", "Top")) == "NotPermitted");
    CHECK(s.f.refusalOf(s.f.renaming("Work", "Top")).empty());
    CHECK(s.rights() == kAllRights);
    CHECK(s.f.refusalOf(s.f.creation("Other Users/x")) == "MailboxNameInvalid");
    CHECK(s.f.replayDifference().empty());
}

TEST_CASE("special use: moves to the new mailbox, and some cannot be had", "[scribe]") {
    Shared s;
    constexpr std::uint16_t kSent = specialUseBit(event::SpecialUse::SENT);
    constexpr std::uint16_t kDrafts = specialUseBit(event::SpecialUse::DRAFTS);
    CreateMailbox command = s.f.creation("Posted");
    command.specialUses = specialUseBit(event::SpecialUse::ALL);
    CHECK(s.f.refusalOf(command) == "SpecialUseRefused");
    command.specialUses = kSent | kDrafts;
    const MailboxId posted = s.f.does(command).mailbox;
    CHECK(s.f.row(posted).specialUses == (kSent | kDrafts));
    CHECK(s.f.row(s.f.mailbox("Sent")).specialUses == 0);
    SetMetadata back{.account = s.f.alice(), .mailbox = s.f.mailbox("Sent")};
    back.specialUses = kSent;
    CHECK(s.f.does(back).lostSpecialUse == std::vector<MailboxId>{posted});
    CHECK(s.f.row(posted).specialUses == kDrafts);
    back.specialUses = 0;
    s.f.does(back);
    CHECK(s.f.row(s.f.mailbox("Sent")).specialUses == 0);
    CHECK(s.f.replayDifference().empty());
}

TEST_CASE("metadata: private by person, shared for who may write", "[scribe]") {
    Shared s;
    SetMetadata command{.account = s.f.alice(), .mailbox = s.work};
    command.edits = {{.name = "/shared/comment", .value = "all", .newId = 5}};
    s.f.does(command);
    const Seq before = s.f.head();
    s.f.does(command);
    CHECK(s.f.head() == before);
    CHECK(s.refusalOf(command) == "NoSuchMailbox");
    s.grant(kMayLookup | kMayRead);
    CHECK(s.refusalOf(command) == "NotPermitted");
    command.edits = {{.name = "/private/comment", .value = "bob's", .newId = 6}};
    CHECK(s.refusalOf(command).empty());
    const auto entries = [&] {
        return s.f.views().snapshot().metadata().entriesOf(s.f.alice(), s.work);
    };
    REQUIRE(entries().size() == 2);
    CHECK(entries()[1].user == s.bob);
    command.edits = {{.name = "/private/comment", .value = std::nullopt}};
    s.f.does(command);  // alice has none
    CHECK(entries().size() == 2);
    CHECK(s.refusalOf(command).empty());
    CHECK(entries().size() == 1);
    SetMetadata ofServer{.account = s.bob};
    ofServer.edits = {{.name = "/shared/admin", .value = "x", .newId = 7}};
    CHECK(s.refusalOf(ofServer) == "NotPermitted");
    ofServer.edits = {{.name = "/private/comment", .value = "x", .newId = 7}};
    CHECK(s.refusalOf(ofServer).empty());
    ofServer.edits.clear();
    for (std::uint64_t i = 0; i < 100; ++i)
        ofServer.edits.push_back(
            {.name = "/private/" + std::to_string(i), .value = "x", .newId = 100 + i});
    CHECK(s.refusalOf(ofServer) == "TooManyAnnotations");
    CHECK(s.f.replayDifference().empty());
}

TEST_CASE("copy: into another account the message is a new one with the same blob", "[scribe]") {
    Shared s;
    const StoredBlob blob = s.f.blob("Subject: brought\r\n\r\nx\r\n");
    Append append = s.f.appending(s.work, {.system = kSeen, .keywords = {"$Label1"}});
    append.messages[0].blob = blob;
    const Uid uid = s.f.does(append).uid;
    const MessageRow source = s.f.messages(s.work).back();
    CopyMessages command{
        .origin = s.asBob(),
        .account = s.f.alice(),
        .from = s.work,
        .to = s.bobs("Archive"),
        .uids = {{uid, uid}},
        .targetAccount = s.bob,
    };
    command.brought = {
        {.uid = uid, .storedSeq = source.storedSeq, .blob = blob, .newEmailId = EmailId(99)}};
    CHECK(s.f.refusalOf(command) == "NoSuchMailbox");
    s.grant(kMayLookup | kMayRead);
    const Seq before = s.f.head();
    const CopyMessages::Answer copied = s.f.does(command);
    CHECK(copied.uids == std::vector<std::pair<Uid, Uid>>{{uid, Uid(1)}});
    CHECK(
        s.f.kindsFrom(Seq(before.number() + 1)) ==
        Names{"KeywordDefined", "AccessOpened", "Fetched", "Stored"});
    const MessageRow there = s.f.messages(command.to).back();
    CHECK(there.blob.offset == source.blob.offset);
    CHECK(there.emailId == EmailId(99));
    CHECK(there.message == source.message);
    CHECK(there.systemFlags == kSeen);
    REQUIRE(there.keywords.size() == 1);
    CHECK(s.f.views().snapshot().accounts().keywordName(s.bob, there.keywords[0]) == "$Label1");
    // One that is not the message that was brought.
    command.brought[0].storedSeq = Seq(1);
    CHECK(s.f.does(command).uids.empty());
    CHECK(s.f.replayDifference().empty());
}

TEST_CASE("move: out of another account takes \"t\" and \"e\" there", "[scribe]") {
    Shared s;
    const MessageRow source = s.f.messages(s.work)[0];
    CopyMessages command{
        .origin = s.asBob(),
        .account = s.f.alice(),
        .from = s.work,
        .to = s.bobs("Archive"),
        .uids = kFirst,
        .move = true,
        .targetAccount = s.bob,
    };
    command.brought = {{
        .uid = source.uid,
        .storedSeq = source.storedSeq,
        .blob = s.f.blob(),
        .newEmailId = EmailId(99),
    }};
    s.grant(kMayLookup | kMayRead | kMayExpunge);
    CHECK(s.f.refusalOf(command) == "NotPermitted");
    s.grant(kMayLookup | kMayRead | kMayExpunge | kMaySetDeleted);
    const Seq before = s.f.head();
    s.f.does(command);
    CHECK(
        s.f.kindsFrom(Seq(before.number() + 1)) ==
        Names{"KeywordDefined", "AccessOpened", "Fetched", "Stored", "Expunged"});
    CHECK(s.f.messages(s.work).empty());
    CHECK(s.f.replayDifference().empty());
}

TEST_CASE("copy: within another's account loses the flags that may not be set there", "[scribe]") {
    Shared s;
    const MailboxId target = s.f.create("Other");
    s.grant(kMayLookup | kMayRead);
    CopyMessages command{
        .origin = s.asBob(),
        .account = s.f.alice(),
        .from = s.work,
        .to = target,
        .uids = kFirst,
    };
    CHECK(s.f.refusalOf(command) == "NoSuchMailbox");
    s.f.does(SetAcl{
        .account = s.f.alice(),
        .mailbox = target,
        .grantee = s.bob,
        .rights = kMayLookup | kMayInsert,
    });
    s.f.does(command);
    CHECK(s.f.messages(target)[0].systemFlags == 0);
    CHECK(s.f.messages(target)[0].keywords.empty());
    CHECK(s.f.replayDifference().empty());
}

TEST_CASE("account: removed, nothing is shared with it or by it", "[scribe]") {
    Shared s;
    s.grant(kMayLookup | kMayRead);
    SetMetadata note{.origin = s.asBob(), .account = s.f.alice(), .mailbox = s.work};
    note.edits = {{.name = "/private/comment", .value = "bob's", .newId = 6}};
    s.f.does(note);
    const Seq before = s.f.head();
    s.f.does(RemoveAccount{.account = s.bob});
    CHECK(
        s.f.kindsFrom(Seq(before.number() + 1)) ==
        Names{"AddressChanged", "AclChanged", "MailboxMetadataSet", "AccountDeleted"});
    CHECK(s.f.views().snapshot().accessRights().grantsOf(s.f.alice()).empty());
    CHECK(s.f.views().snapshot().metadata().entriesOf(s.f.alice(), s.work).empty());
    CHECK(s.f.replayDifference().empty());
}

TEST_CASE("account: the default folders are a setting", "[scribe]") {
    Shared s;
    AddAccount command{
        .login = "carol@example.org",
        .newId = s.f.random().id<AccountId>(),
        .newAddress = s.f.random().id<AddressId>(),
        .folders = {{.name = "Entwürfe", .use = event::SpecialUse::DRAFTS}},
    };
    for (int i = 0; i < 2; ++i) {
        command.newMailboxes.push_back(s.f.random().id<MailboxId>());
        command.newSubscriptions.push_back(s.f.random().number());
    }
    AddAccount twice = command;
    twice.folders[0].name = "inbox";
    CHECK(s.f.refusalOf(twice) == "MailboxNameInvalid");
    const AccountId carol = s.f.does(command).account;
    Names names;
    for (const MailboxRow& row : s.f.views().snapshot().mailboxes().mailboxesOf(carol))
        names.push_back(row.name);
    CHECK(names == Names{"Entwürfe", "INBOX"});
}
