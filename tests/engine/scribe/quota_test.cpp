// What is refused for lack of room, and what is on record of it (RFC 9208).

#include <catch2/catch.hpp>

#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::uint64_t kBlobOctets = 17;  // of ScribeFixture::blob()

SetQuota quota(
    AccountId account,
    std::optional<std::uint64_t> octets,
    std::optional<std::uint64_t> messages = {}) {
    return {.account = account, .quota = {.storageOctets = octets, .messages = messages}};
}

}  // namespace

TEST_CASE(
    "quota: an append that does not fit is refused, and that is said once an hour", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    f.does(quota(f.alice(), 2 * kBlobOctets));
    f.append(inbox);
    f.append(inbox);
    CHECK(f.refusalOf(f.appending(inbox)) == "MailboxFull");
    CHECK(f.refusalOf(f.appending(inbox)) == "MailboxFull");
    CHECK(f.count(Kind::QuotaExceeded) == 1);
    f.withEvent(f.head(), [](const Record& record) {
        CHECK(record.core().getQuotaExceeded().getUsed() == 2 * kBlobOctets);
        CHECK(record.core().getQuotaExceeded().getLimit() == 2 * kBlobOctets);
    });
    CHECK(f.refusalOf(f.appending(f.mailbox("Sent"))) == "MailboxFull");
    CHECK(f.count(Kind::QuotaExceeded) == 2);
    f.clock().advanceSeconds(3'601);
    CHECK(f.refusalOf(f.appending(inbox)) == "MailboxFull");
    CHECK(f.count(Kind::QuotaExceeded) == 3);
    f.does(Expunge{.account = f.alice(), .mailbox = inbox, .onlyDeleted = false});
    CHECK(f.append(inbox) == Uid(3));
    CHECK(f.replayDifference().empty());
}

TEST_CASE("quota: messages are counted too, and the operator alone sets limits", "[scribe]") {
    ScribeFixture f;
    const MailboxId inbox = f.mailbox("INBOX");
    f.does(quota(f.alice(), std::nullopt, 1));
    f.append(inbox);
    CHECK(f.refusalOf(f.appending(inbox)) == "MailboxFull");
    const CopyMessages copy{
        .account = f.alice(),
        .from = inbox,
        .to = f.mailbox("Archive"),
        .uids = {{Uid(1), Uid(1)}},
    };
    CHECK(f.refusalOf(copy) == "MailboxFull");
    CopyMessages move = copy;
    move.move = true;
    CHECK(f.refusalOf(move).empty());
    SetQuota command = quota(f.alice(), kNoLimit);
    command.origin = {.actor = event::Actor::OWNER, .actorId = f.alice()};
    CHECK(f.refusalOf(command) == "NotPermitted");
    const Seq before = f.head();
    f.does(quota(f.alice(), std::nullopt, 1));
    CHECK(f.head() == before);
    CHECK(f.refusalOf(quota(AccountId(7), 1)) == "NoSuchAccount");
}

TEST_CASE("quota: a delivery to a full account is refused by the policy", "[scribe]") {
    ScribeFixture f({.quota = {.limits = {.messages = 0}, .refusesForGood = true}});
    const AccountId bob = f.addAccount("bob@example.org");
    f.does(quota(bob, std::nullopt, kNoLimit));
    Deliver lmtp = f.delivery();
    lmtp.protocol = event::Protocol::LMTP;
    CHECK(f.refusalOf(lmtp) == "OverQuota");
    CHECK(f.count(Kind::QuotaExceeded) == 1);
    CHECK(f.count(Kind::Received) == 0);

    // LMTP answers for each of them.
    lmtp = f.delivery();
    lmtp.protocol = event::Protocol::LMTP;
    lmtp.targets.push_back(f.target(bob));
    const Deliver::Answer some = f.does(lmtp);
    REQUIRE(some.targets.size() == 2);
    CHECK_FALSE(some.targets[0].has_value());
    CHECK(some.targets[1].has_value());
    CHECK(f.count(Kind::Rejected) == 2);

    // SMTP's one reply speaks for both: nobody gets it twice.
    Deliver smtp = f.delivery();
    smtp.targets.push_back(f.target(bob));
    const Deliver::Answer both = f.does(smtp);
    CHECK(both.targets[0].has_value());
    CHECK(both.targets[1].has_value());
    CHECK(f.refusalOf(f.delivery()) == "OverQuota");

    // What became of other mail is always told.
    Deliver report = f.delivery();
    report.protocol = event::Protocol::NONE;
    CHECK(f.refusalOf(report).empty());
    CHECK(f.replayDifference().empty());
}
