// Properties over random histories: what a fold makes does not depend on batches, and which rows
// there are does not depend on details that may be erased.

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "tests/projections/fold_fixture.h"
#include "tests/support/outbound_events.h"

using namespace daybook;
using namespace daybook::test;

namespace {

// Tables whose keys are names: an erased name is in none of them.
const std::set<std::string_view> kNameIndexes = {
    "domainNames",
    "logins",
    "addressNames",
    "keywordNames",
    "mailboxNames",
    "deliveriesByAddress",
    "sentByMessageId",
    "destinationNames",
    "suppressionNames",
    "threads",
};

// Makes events as a scribe might, without looking at any view.
class RandomHistory {
public:
    RandomHistory(unsigned seed, std::uint64_t count) : dice_(seed) {
        for (std::uint64_t account = 1; account <= 3; ++account) {
            history.append(accountCreated(account, name() + "@example.org", name()));
        }
        while (history.last().number() < count) {
            step();
        }
    }

    EventHistory history;

private:
    struct Mailbox {
        std::uint64_t account;
        std::uint64_t id;
        std::uint32_t uidNext = 1;
    };

    std::uint64_t pick(std::uint64_t below) { return dice_() % below; }

    std::string name() { return "name" + std::to_string(pick(40)); }

    std::uint64_t modSeq() const { return history.last().number() + 1; }

    Mailbox& mailbox() { return mailboxes_[pick(mailboxes_.size())]; }

    UidRanges ranges(const Mailbox& mailbox) {
        const auto first = static_cast<std::uint32_t>(1 + pick(mailbox.uidNext));
        return {{first, first + static_cast<std::uint32_t>(pick(4))}};
    }

    void step() {
        if (mailboxes_.size() < 3) return create();
        switch (pick(28)) {
            case 20: return send();
            case 21:
            case 22:
            case 23: return attempt();
            case 24: return report();
            case 25: return destinations();
            case 26: return sharing();
            case 27: return notes();
            case 0: return create();
            case 1: return pick(4) == 0 ? remove() : rename();
            case 2: return directory();
            case 3: return names();
            case 4:
            case 5: return place();
            case 6: return expunge();
            case 7: return access();
            case 8:
            case 9:
            case 10:
            case 11: return flags();
            default: return store();
        }
    }

    void create() {
        const std::uint64_t account = 1 + pick(3);
        mailboxes_.push_back({.account = account, .id = ++nextId_});
        const auto uidValidity = static_cast<std::uint32_t>(nextId_);
        const auto use = event::SpecialUse(pick(9));
        history.append(mailboxCreated(account, nextId_, name(), uidValidity, modSeq(), use));
    }

    void rename() {
        const Mailbox& chosen = mailbox();
        history.append(mailboxRenamed(chosen.account, chosen.id, name(), modSeq()));
    }

    void remove() {
        const auto at = mailboxes_.begin() + static_cast<std::ptrdiff_t>(pick(mailboxes_.size()));
        history.append(mailboxDeleted(at->account, at->id, modSeq()));
        mailboxes_.erase(at);
    }

    void directory() {
        const std::uint64_t account = 1 + pick(3);
        switch (pick(6)) {
            case 0: history.append(domainChanged(1 + pick(4), pick(3) != 0, name())); return;
            case 1: history.append(credentialSet(account, 1 + pick(5), name())); return;
            case 2: history.append(credentialRevoked(account, 1 + pick(5))); return;
            case 3:
                if (pick(4) == 0) history.append(accountDeleted(account));
                return;
            default:
                history.append(addressChanged(account, 1 + pick(5), pick(3) != 0, name()));
                return;
        }
    }

    void names() {
        const std::uint64_t account = 1 + pick(3);
        if (pick(2) == 0) {
            history.append(keywordDefined(account, ++nextKeyword_, name()));
        } else {
            history.append(subscriptionChanged(account, 1 + pick(9), pick(3) != 0, name()));
        }
    }

    // Grantee 0 is anyone.
    void sharing() {
        const Mailbox& chosen = mailbox();
        switch (pick(4)) {
            case 0: history.append(quotaSet(1 + pick(3), 1'000 * pick(9), std::nullopt)); return;
            case 1: history.append(quotaExceeded(chosen.account, chosen.id)); return;
            case 2: {
                const auto uses = static_cast<std::uint16_t>(pick(512));
                history.append(specialUseChanged(chosen.account, chosen.id, uses));
                return;
            }
            default: {
                const auto rights = static_cast<std::uint16_t>(pick(3) == 0 ? 0 : pick(2'048));
                history.append(aclChanged(chosen.account, chosen.id, pick(4), rights));
                return;
            }
        }
    }

    void notes() {
        const Mailbox& chosen = mailbox();
        const bool ofMailbox = pick(3) != 0;
        Annotation annotation{.entry = 1 + pick(6), .user = pick(4), .name = "/shared/" + name()};
        if (pick(4) != 0) annotation.value = name();
        history.append(metadataSet(chosen.account, ofMailbox ? chosen.id : 0, annotation));
    }

    void store() {
        Mailbox& chosen = mailbox();
        StoredMessage message;
        message.uid = chosen.uidNext++;
        message.modSeq = modSeq();
        message.message = 1'000 + pick(500);
        message.flags = static_cast<std::uint16_t>(pick(32));
        message.octets = 2'000 + pick(1'000);
        if (pick(2) == 0) message.prefix = "Delivered-To: " + name() + "\r\n";
        if (pick(2) == 0) message.summary = std::string(8 * (1 + pick(300)), 's');
        if (pick(3) == 0) {
            message.threadId = 1 + pick(50);
            message.summary = threadSummary({pick(40), 40 + pick(40)}, pick(3));
        }
        history.append(stored(chosen.account, chosen.id, message));
    }

    void place() {
        Mailbox& source = mailbox();
        Mailbox& target = mailbox();
        Placement placement{.source = source.id, .target = target.id, .modSeq = modSeq()};
        const auto first = static_cast<std::uint32_t>(1 + pick(source.uidNext));
        for (std::uint32_t uid = first; uid < first + 3 && uid < source.uidNext; ++uid) {
            placement.sourceUids.push_back(uid);
            placement.targetUids.push_back(target.uidNext++);
        }
        const std::uint64_t account = source.account;
        history.append(pick(2) == 0 ? copied(account, placement) : moved(account, placement));
    }

    void flags() {
        const Mailbox& chosen = mailbox();
        FlagChange change{.modSeq = modSeq(), .uids = ranges(chosen)};
        change.add = static_cast<std::uint16_t>(pick(32));
        change.remove = static_cast<std::uint16_t>(pick(32));
        change.addKeywords = {static_cast<std::uint16_t>(1 + pick(5))};
        history.append(flagsChanged(chosen.account, chosen.id, change));
    }

    void expunge() {
        const Mailbox& chosen = mailbox();
        history.append(expunged(chosen.account, chosen.id, modSeq(), ranges(chosen)));
    }

    void access() {
        const Mailbox& chosen = mailbox();
        if (pick(2) == 0) {
            opened_ = history.append(accessOpened(chosen.account, chosen.id, 1 + pick(50)));
        } else {
            history.append(fetched(chosen.account, chosen.id, opened_, pick(2) == 0));
        }
    }

    std::uint64_t someMessage() { return 5'000 + pick(1 + lastSent_ - 5'000); }

    void send() {
        const std::uint64_t account = 1 + pick(3);
        const std::uint64_t message = ++lastSent_;
        history.append(sent({
            .account = account,
            .message = message,
            .relays = 2,
            .reversePath = name() + "@example.org",
            .messageId = "<" + name() + ">",
        }));
        for (const std::uint32_t recipient : {1U, 2U}) {
            history.append(queued({
                .account = account,
                .message = message,
                .recipient = recipient,
                .destination = 1 + pick(5),
                .forwardPath = name() + "@elsewhere.test",
                .dueNs = static_cast<std::int64_t>(pick(1'000)),
                .queueClass = event::QueueClass(pick(3)),
            }));
        }
    }

    SendingOutcome outcome() {
        return {
            .message = someMessage(),
            .attempt = pick(3),
            .recipients = {static_cast<std::uint32_t>(1 + pick(3))},
            .reason = event::OutcomeReason(pick(11)),
            .nextNs = static_cast<std::int64_t>(pick(1'000)),
            .policy = event::TlsPolicy(pick(3)),
            .fault = event::TlsFault(pick(3)),
            .reports = {static_cast<std::uint32_t>(1 + pick(2))},
            .said = {.host = name(), .text = name()},
        };
    }

    void attempt() {
        switch (pick(6)) {
            case 0: history.append(attemptStarted(outcome())); return;
            case 1: history.append(relayed(outcome())); return;
            case 2: history.append(deferred(outcome())); return;
            case 3: history.append(bounced(outcome())); return;
            case 4: history.append(expired(outcome())); return;
            default:
                history.append(
                    outcomeUnknown(outcome(), pick(2) == 0 ? RemoteKnown::No : RemoteKnown::Yes));
                return;
        }
    }

    void report() {
        const auto action = event::DsnAction(pick(5));
        switch (pick(3)) {
            case 0: history.append(dsnIssued(someMessage(), action, {1, 2}, 1 + pick(9))); return;
            case 1: history.append(dsnReceived(someMessage(), action, {1}, {})); return;
            default:
                const auto op = event::QueueOperation(pick(4));
                history.append(queueAction(someMessage(), op, {1, 2}, 77, {1}));
                return;
        }
    }

    void destinations() {
        switch (pick(3)) {
            case 0: history.append(destinationDefined(1 + pick(5), name())); return;
            case 1:
                history.append(suppressionChanged(1 + pick(3), 1 + pick(9), pick(3) != 0, name()));
                return;
            default: history.append(tlsReportIssued(1 + pick(5), 0)); return;
        }
    }

    std::mt19937_64 dice_;
    std::uint64_t lastSent_ = 5'000;
    std::vector<Mailbox> mailboxes_;
    std::uint64_t nextId_ = 100;
    std::uint16_t nextKeyword_ = 0;
    Seq opened_;
};

struct Sum {
    std::uint32_t messages = 0;
    std::uint32_t unseen = 0;
    std::uint32_t deleted = 0;
    std::uint64_t octets = 0;

    bool operator==(const Sum&) const = default;
};

}  // namespace

TEST_CASE("folds: erased details change no row's being there", "[projections]") {
    for (const unsigned seed : {1U, 2U, 3U}) {
        CAPTURE(seed);
        RandomHistory random(seed, 2'000);
        FoldedViews whole;
        whole.fold(random.history);
        std::mt19937_64 dice(seed);
        for (std::uint64_t seq = 1; seq <= random.history.last().number(); ++seq) {
            if (dice() % 3 == 0) random.history.eraseDetails(Seq(seq));
        }
        FoldedViews erased;
        erased.fold(random.history);
        for (const ViewTableSpec& table : allViewTables()) {
            if (kNameIndexes.contains(table.name)) continue;
            CAPTURE(table.name);
            CHECK(whole.keys(table.member) == erased.keys(table.member));
        }
        CHECK_FALSE(
            whole.keys(&ViewTables::mailboxNames) == erased.keys(&ViewTables::mailboxNames));
        const auto threads = whole.keys(&ViewTables::threads);
        const auto left = erased.keys(&ViewTables::threads);
        CHECK(left.size() < threads.size());
        CHECK(std::ranges::includes(threads, left));
        // What the messages come to is in no annex at all.
        CHECK(whole.digests()[2] == erased.digests()[2]);
        CHECK(whole.digests()[4] == erased.digests()[4]);
        // Nor is what is shared and how much there may be.
        CHECK(whole.digests()[6] == erased.digests()[6]);
        CHECK(whole.digests()[7] == erased.digests()[7]);
        CHECK_FALSE(whole.digests()[8] == erased.digests()[8]);
    }
}

TEST_CASE("folds: the digest does not depend on batches", "[projections]") {
    const RandomHistory random(4, 2'000);
    FoldedViews single;
    FoldedViews sevens;
    FoldedViews whole;
    single.fold(random.history, 1);
    sevens.fold(random.history, 7);
    whole.fold(random.history, 10'000);
    CHECK(single.digests() == whole.digests());
    CHECK(sevens.digests() == whole.digests());
    FoldedViews shorter;
    RandomHistory other(4, 1'999);
    shorter.fold(other.history);
    CHECK_FALSE(shorter.digests() == whole.digests());
}

TEST_CASE("folds: totals are the sum of the messages that are there", "[projections]") {
    const RandomHistory random(5, 3'000);
    FoldedViews views;
    views.fold(random.history);
    views.read([](const ViewsReader& reader) {
        std::size_t checked = 0;
        for (std::uint64_t account = 1; account <= 3; ++account) {
            for (const MailboxRow& row : reader.mailboxes().mailboxesOf(AccountId(account))) {
                Sum sum;
                const Uid last(UINT32_MAX);
                reader.messages().forEach(row.id, Uid(1), last, [&](const MessageRow& message) {
                    sum.messages += 1;
                    sum.octets += message.octets;
                    if ((message.systemFlags & kSeen) == 0) sum.unseen += 1;
                    if ((message.systemFlags & kDeleted) != 0) sum.deleted += 1;
                    CHECK(message.uid < row.uidNext);
                    CHECK(message.modSeq <= row.highestModSeq);
                    ++checked;
                    return true;
                });
                CHECK(sum == Sum{row.messages, row.unseen, row.deletedMessages, row.octets});
            }
        }
        CHECK(checked > 100);
    });
}
