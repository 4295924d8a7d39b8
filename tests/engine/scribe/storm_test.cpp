// A storm of commands of all kinds, many of them nonsense; afterwards the views are what a replay
// of the journal makes. A seed that failed is run again with DAYBOOK_SEED=N scribe_test "storm*".
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fmt/format.h>
#include <random>

#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr int kCommands = 3'000;

std::uint64_t seedOfTheDay() {
    const char* const wanted = std::getenv("DAYBOOK_SEED");
    if (wanted != nullptr) return std::strtoull(wanted, nullptr, 10);
    return SystemRandom().number() % 1'000'000;
}

class Storm {
public:
    explicit Storm(ScribeFixture& fixture, std::uint64_t seed)
        : f_(fixture), dice_(seed), bob_(fixture.addAccount("bob@example.org")) {}

    void blow() {
        switch (below(24)) {
            case 0:
            case 1:
            case 2: return give(delivery());
            case 3:
            case 4: return give(f_.appending(mailbox(), flags()));
            case 5:
            case 6:
            case 7: return give(store());
            case 8:
            case 9: return give(copy());
            case 10: return give(expunge());
            case 11: return give(access());
            case 12: return give(fetched());
            case 13: return give(f_.creation(name()));
            case 14: return give(DeleteMailbox{.account = f_.alice(), .name = name()});
            case 15: return give(f_.renaming(name(), name()));
            case 16: return give(subscription());
            case 17: return domain();
            case 18: return account();
            case 19: return address();
            case 20:
                return give(
                    SetPassword{.account = someone(), .credential = CredentialId(1 + below(5))});
            case 21: return session();
            case 22: return audit();
            default: return give(f_.scribe().describeStart());
        }
    }

private:
    std::uint32_t below(std::uint32_t count) {
        return std::uniform_int_distribution<std::uint32_t>(0, count - 1)(dice_);
    }

    // Most are notes, so that one round decides many; now and then somebody waits.
    template <class Command>
    void give(Command command) {
        if (below(8) == 0) {
            f_.submit(std::move(command)).has_value() ? ++done_ : ++refused_;
        } else {
            f_.scribe().note(std::move(command));
        }
    }

    AccountId someone() { return below(4) == 0 ? bob_ : f_.alice(); }

    std::string name() {
        static constexpr std::array kNames = {
            "INBOX",
            "Junk",
            "Trash",
            "a",
            "a/b",
            "a/b/c",
            "b",
            "b/c",
            "c",
            "x/y/z",
            "INBOX/a",
            "Past/no",
            "x//y",
            "Archive"};
        return kNames[below(kNames.size())];
    }

    MailboxId mailbox() {
        if (below(50) == 0) return MailboxId(12'345);
        const auto rows = f_.views().snapshot().mailboxes().mailboxesOf(f_.alice());
        return rows[below(static_cast<std::uint32_t>(rows.size()))].id;
    }

    UidRanges uids() {
        UidRanges ranges;
        for (std::uint32_t i = 0; i <= below(3); ++i) {
            const std::uint32_t first = 1 + below(60);
            ranges.emplace_back(Uid(first), Uid(first + below(20)));
        }
        if (below(10) == 0) ranges = {{Uid(1), Uid(UINT32_MAX)}};
        return ranges;
    }

    FlagSet flags() {
        FlagSet set{.system = static_cast<std::uint16_t>(below(32))};
        for (std::uint32_t i = 0; i < below(3); ++i)
            set.keywords.push_back(fmt::format("{}{}", below(2) == 0 ? "Key" : "key", below(12)));
        if (below(60) == 0) set.keywords.emplace_back("not a keyword");
        return set;
    }

    Deliver delivery() {
        Deliver command = f_.delivery();
        for (std::uint32_t i = 0; i < below(3); ++i)
            command.targets.push_back(f_.target(someone(), name()));
        if (below(20) == 0) command.targets.push_back(f_.target(AccountId(99)));
        return command;
    }

    StoreFlags store() {
        const auto edit = static_cast<FlagEdit>(below(3));
        StoreFlags command = f_.storing(mailbox(), uids(), edit, flags());
        if (below(4) == 0) {
            const Seq since(f_.scribe().appliedSeq().number() - below(20));
            command.unchangedSince = ModSeq(since.number() + f_.journal().modSeqBase());
        }
        return command;
    }

    CopyMessages copy() {
        return {
            .account = f_.alice(),
            .from = mailbox(),
            .to = mailbox(),
            .uids = uids(),
            .move = below(2) == 0,
        };
    }

    Expunge expunge() {
        Expunge command{.account = f_.alice(), .mailbox = mailbox(), .onlyDeleted = below(4) != 0};
        if (!command.onlyDeleted || below(2) == 0) command.uids = uids();
        return command;
    }

    OpenAccess access() {
        OpenAccess command{.account = f_.alice(), .mailbox = mailbox()};
        if (below(2) == 0) command.markSeen = uids();
        return command;
    }

    RecordFetched fetched() {
        RecordFetched command{.account = f_.alice(), .mailbox = mailbox(), .last = below(2) == 0};
        const auto open = f_.views().snapshot().histories().openAccess();
        if (!open.empty() && below(3) != 0) {
            command.opened = open[below(static_cast<std::uint32_t>(open.size()))].opened;
        }
        command.items.push_back({.uids = uids(), .parts = 4, .sections = {"HEADER"}});
        return command;
    }

    Subscribe subscription() {
        return {
            .account = f_.alice(),
            .name = name(),
            .on = below(2) == 0,
            .newId = f_.random().number(),
        };
    }

    void domain() {
        const std::string text = fmt::format("d{}.example", below(3));
        if (below(2) == 0) return give(RemoveDomain{.name = text});
        give(AddDomain{.name = text, .newId = f_.random().id<DomainId>()});
    }

    void account() {
        if (below(3) == 0) {
            const auto rows = f_.views().snapshot().accounts().accounts();
            const AccountRow& row = rows[below(static_cast<std::uint32_t>(rows.size()))];
            const bool isKept = row.id == f_.alice() || row.id == bob_;
            if (!isKept) return give(RemoveAccount{.account = row.id});
        }
        if (below(2) == 0) {
            const auto state =
                below(3) == 0 ? event::AccountState::DISABLED : event::AccountState::ACTIVE;
            return give(SetAccountState{.account = bob_, .state = state});
        }
        AddAccount command{
            .login = fmt::format("u{}@{}", below(4), below(2) == 0 ? "example.org" : "d0.example"),
            .newId = f_.random().id<AccountId>(),
            .newAddress = f_.random().id<AddressId>(),
            .credential = f_.random().id<CredentialId>(),
        };
        for (int i = 0; i < 6; ++i) {
            command.newMailboxes.push_back(f_.random().id<MailboxId>());
            command.newSubscriptions.push_back(f_.random().number());
        }
        give(std::move(command));
    }

    void address() {
        const std::string text = fmt::format("alias{}@example.org", below(4));
        if (below(3) == 0) return give(RemoveAddress{.account = someone(), .address = text});
        give(AddAddress{
            .account = someone(), .address = text, .newId = f_.random().id<AddressId>()});
    }

    void session() {
        const Origin origin{.session = SessionId(1 + below(9))};
        give(RecordSessionOpened{.origin = origin, .ip = "192.0.2.1", .account = f_.alice()});
        give(RecordAuthSucceeded{.origin = origin, .account = f_.alice()});
        give(RecordAuthFailed{.origin = origin, .ip = "192.0.2.1", .login = "x"});
        give(RecordSessionClosed{.origin = origin, .account = f_.alice()});
    }

    void audit() {
        give(RecordRejection{.smtpCode = 550, .ip = "192.0.2.3"});
        give(RecordJournalRead{.from = Seq(1), .to = Seq(2), .query = "all", .user = "root"});
        give(RecordVerifyRun{.from = Seq(1), .to = Seq(2)});
        give(ClaimRecent{.account = f_.alice(), .mailbox = mailbox(), .uidNext = Uid(5)});
        give(RecordServerStopped{});
        f_.clock().advanceSeconds(below(3));
    }

public:
    int done_ = 0;
    int refused_ = 0;

private:
    ScribeFixture& f_;
    std::mt19937_64 dice_;
    AccountId bob_;
};

// What the rows come to is what the totals say, and no number was given out twice.
void checkMailboxes(ScribeFixture& f) {
    std::set<UidValidity> validities;
    for (const MailboxRow& row : f.views().snapshot().mailboxes().mailboxesOf(f.alice())) {
        CHECK(validities.insert(row.uidValidity).second);
        std::uint32_t unseen = 0;
        std::uint64_t octets = 0;
        const std::vector<MessageRow> messages = f.messages(row.id);
        for (const MessageRow& message : messages) {
            unseen += (message.systemFlags & kSeen) == 0 ? 1U : 0U;
            octets += message.octets;
            CHECK(message.uid < row.uidNext);
            CHECK(message.modSeq <= row.highestModSeq);
            CHECK(f.journal().content().read(message.blob).has_value());
        }
        CHECK(row.messages == messages.size());
        CHECK(row.unseen == unseen);
        CHECK(row.octets == octets);
    }
}

}  // namespace

TEST_CASE("storm: live views are what a replay makes", "[scribe]") {
    const std::uint64_t seed = seedOfTheDay();
    INFO("DAYBOOK_SEED=" << seed << " scribe_test \"storm*\"");
    ScribeFixture f;
    Storm storm(f, seed);
    for (int i = 0; i < kCommands; ++i) {
        storm.blow();
        if (i == kCommands / 2) f.restart();
    }
    f.does(RecordVerifyRun{});  // what was noted is written
    CHECK(f.fatal().empty());
    CHECK(storm.done_ > 100);
    CHECK(storm.refused_ > 10);
    checkMailboxes(f);
    CHECK(f.replayDifference() == "");
    f.restart();
    CHECK(f.replayDifference() == "");
}
