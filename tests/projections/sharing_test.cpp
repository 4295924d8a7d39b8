// Grants, quotas and annotations: what their folds keep, and what goes with a mailbox or an
// account.

#include <catch2/catch.hpp>

#include "tests/projections/fold_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr AccountId kAlice(1);
constexpr AccountId kBob(2);
constexpr AccountId kCarol(3);
constexpr MailboxId kWork(11);
constexpr MailboxId kHome(12);
constexpr std::uint16_t kLookupAndRead = kMayLookup | kMayRead;

// Two mailboxes of alice's.
EventHistory twoMailboxes() {
    EventHistory history;
    history.append(accountCreated(1, "alice@example.org", "Alice"));
    history.append(accountCreated(2, "bob@example.org", "Bob"));
    history.append(mailboxCreated(1, 11, "Work", 5, 3));
    history.append(mailboxCreated(1, 12, "Home", 6, 4));
    return history;
}

std::vector<std::uint64_t> mailboxesOf(const std::vector<GrantRow>& rows) {
    std::vector<std::uint64_t> ids;
    for (const GrantRow& row : rows)
        ids.push_back(row.mailbox.number());
    return ids;
}

}  // namespace

TEST_CASE(
    "acl: the owner may do everything, others what was granted to them and to anyone",
    "[projections]") {
    EventHistory history = twoMailboxes();
    history.append(aclChanged(1, 11, 2, kLookupAndRead));
    history.append(aclChanged(1, 11, 0, kMayPost));
    history.append(aclChanged(1, 12, 0, kMayLookup));
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const AccessRightsView acl = reader.accessRights();
        CHECK(acl.rightsOf(kAlice, kAlice, kWork) == kAllRights);
        CHECK(acl.rightsOf(kBob, kAlice, kWork) == (kLookupAndRead | kMayPost));
        CHECK(acl.rightsOf(kCarol, kAlice, kWork) == kMayPost);
        CHECK(acl.grantedTo(kBob, kAlice, kWork) == kLookupAndRead);
        CHECK(acl.grantsOf(kAlice, kWork).size() == 2);
        CHECK(acl.grantsOf(kAlice).size() == 3);
        CHECK(mailboxesOf(acl.sharedWith(kBob)) == std::vector<std::uint64_t>{11, 12});
        CHECK(acl.sharedWith(kBob)[0].rights == (kLookupAndRead | kMayPost));
        CHECK(acl.sharedWith(kAlice).empty());
        CHECK(mailboxesOf(acl.grantsTo(kBob)) == std::vector<std::uint64_t>{11});
    });
    history.append(aclChanged(1, 11, 2, 0));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK(reader.accessRights().rightsOf(kBob, kAlice, kWork) == kMayPost);
        CHECK(reader.accessRights().grantsTo(kBob).empty());
    });
}

TEST_CASE("acl: goes with the mailbox, and with its account", "[projections]") {
    EventHistory history = twoMailboxes();
    history.append(aclChanged(1, 11, 2, kLookupAndRead));
    history.append(aclChanged(1, 12, 2, kLookupAndRead));
    history.append(mailboxDeleted(1, 11, 9));
    FoldedViews views;
    views.fold(history);
    CHECK(views.keys(&ViewTables::acl).size() == 1);
    CHECK(views.keys(&ViewTables::aclGrants).size() == 1);
    history.append(accountDeleted(1));
    views.fold(history);
    CHECK(views.keys(&ViewTables::acl).empty());
    CHECK(views.keys(&ViewTables::aclGrants).empty());
}

TEST_CASE("quota: what the account has not of its own is as the setting says", "[projections]") {
    EventHistory history = twoMailboxes();
    const QuotaLimits defaults{.storageOctets = 100, .messages = 7};
    FoldedViews views;
    const auto limits = [&] {
        views.fold(history);
        return views.read(
            [&](const ViewsReader& reader) { return reader.quotas().limitsOf(kAlice, defaults); });
    };
    CHECK(limits() == defaults);
    history.append(quotaSet(1, 50, std::nullopt));
    CHECK(limits() == QuotaLimits{.storageOctets = 50, .messages = 7});
    history.append(quotaSet(1, kNoLimit, 0));
    CHECK(limits() == QuotaLimits{.storageOctets = kNoLimit, .messages = 0});
    history.append(quotaSet(1, std::nullopt, std::nullopt));
    CHECK(limits() == defaults);
    history.append(quotaSet(1, 50, std::nullopt));
    history.append(quotaExceeded(1, 11));
    history.append(quotaExceeded(1, 12));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK(
            reader.quotas().lastNotice(kAlice, kWork) < reader.quotas().lastNotice(kAlice, kHome));
        CHECK_FALSE(reader.quotas().lastNotice(kBob, kWork));
    });
    history.append(mailboxDeleted(1, 11, 9));
    views.fold(history);
    CHECK(views.keys(&ViewTables::quotaNotices).size() == 1);
    history.append(accountDeleted(1));
    CHECK(limits() == defaults);
    CHECK(views.keys(&ViewTables::quotaNotices).empty());
}

TEST_CASE("usage: the sum over the account's mailboxes", "[projections]") {
    EventHistory history = twoMailboxes();
    history.append(stored(1, 11, {.uid = 1, .modSeq = 5, .octets = 100}));
    history.append(stored(1, 12, {.uid = 1, .modSeq = 6, .octets = 20}));
    history.append(stored(1, 12, {.uid = 2, .modSeq = 7, .octets = 3}));
    FoldedViews views;
    views.fold(history);
    const auto usage = [&] {
        return views.read(
            [](const ViewsReader& reader) { return reader.mailboxes().usageOf(kAlice); });
    };
    CHECK(usage().octets == 123);
    CHECK(usage().messages == 3);
    history.append(expunged(1, 12, 8, {{1, 1}}));
    history.append(mailboxDeleted(1, 11, 9));
    views.fold(history);
    CHECK(usage().octets == 3);
    CHECK(usage().messages == 1);
}

TEST_CASE("metadata: by mailbox, account and server; an erased one has no name", "[projections]") {
    EventHistory history = twoMailboxes();
    const Seq shared = history.append(
        metadataSet(1, 11, {.entry = 5, .user = 0, .name = "/shared/comment", .value = "all"}));
    history.append(
        metadataSet(1, 11, {.entry = 6, .user = 2, .name = "/private/comment", .value = "bob's"}));
    history.append(
        metadataSet(2, 0, {.entry = 7, .user = 2, .name = "/private/comment", .value = "mine"}));
    history.append(
        metadataSet(0, 0, {.entry = 8, .user = 0, .name = "/shared/admin", .value = "mailto:x"}));
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const std::vector<MetadataRow> rows = reader.metadata().entriesOf(kAlice, kWork);
        REQUIRE(rows.size() == 2);
        CHECK(rows[0].name == "/shared/comment");
        CHECK(rows[0].value == "all");
        CHECK_FALSE(rows[0].user);
        CHECK(rows[1].user == kBob);
        CHECK(reader.metadata().entriesOf(kBob, MailboxId()).size() == 1);
        CHECK(reader.metadata().entriesOf(AccountId(), MailboxId())[0].value == "mailto:x");
        const std::vector<MetadataRow> elsewhere = reader.metadata().entriesElsewhere(kBob);
        REQUIRE(elsewhere.size() == 1);
        CHECK(elsewhere[0].entry == 6);
    });
    history.eraseDetails(shared);
    FoldedViews erased;
    erased.fold(history);
    erased.read([](const ViewsReader& reader) {
        const std::vector<MetadataRow> rows = reader.metadata().entriesOf(kAlice, kWork);
        REQUIRE(rows.size() == 2);
        CHECK(rows[0].name.empty());
        CHECK(rows[0].value.empty());
    });
    history.append(metadataSet(2, 0, {.entry = 7, .user = 2, .name = {}, .value = std::nullopt}));
    history.append(mailboxDeleted(1, 11, 9));
    views.fold(history);
    CHECK(views.keys(&ViewTables::metadata).size() == 1);
}

TEST_CASE("special use: of several kinds, and changed later", "[projections]") {
    EventHistory history = twoMailboxes();
    static constexpr std::uint16_t kDraftsAndSent =
        specialUseBit(event::SpecialUse::DRAFTS) | specialUseBit(event::SpecialUse::SENT);
    history.append(specialUseChanged(1, 11, kDraftsAndSent));
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK(reader.mailboxes().find(kAlice, "Work")->specialUses == kDraftsAndSent);
        CHECK(reader.mailboxes().find(kAlice, "Home")->specialUses == 0);
    });
}
