#include <catch2/catch.hpp>

#include "tests/projections/fold_fixture.h"

using namespace daybook;
using namespace daybook::test;

TEST_CASE(
    "accounts: a domain is found by name in any case until it is switched off", "[projections]") {
    EventHistory history;
    FoldedViews views;
    history.append(domainChanged(7, true, "Example.ORG"));
    history.append(domainChanged(8, true, "a.example"));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK_FALSE(reader.accounts().findDomain("example.com"));
        CHECK_FALSE(reader.accounts().findDomain(""));
        REQUIRE(reader.accounts().findDomain("example.org"));
        CHECK(reader.accounts().findDomain("example.org")->id == DomainId(7));
        CHECK(reader.accounts().domains().size() == 2);
    });
    history.append(domainChanged(7, false, ""));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK_FALSE(reader.accounts().findDomain("example.org"));
        REQUIRE(reader.accounts().domains().size() == 1);
        CHECK(reader.accounts().domains()[0].name == "a.example");
    });
}

TEST_CASE("accounts: an account is created, disabled, enabled and deleted", "[projections]") {
    EventHistory history;
    FoldedViews views;
    history.append(accountCreated(1, "Zoe@Example.org", "Zoe"));
    history.append(accountCreated(2, "bob@example.org", "Bob"));
    history.append(accountStateChanged(2, event::AccountState::DISABLED));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const AccountsView accounts = reader.accounts();
        CHECK_FALSE(accounts.findLogin("nobody@example.org"));
        const auto zoe = accounts.findLogin("ZOE@example.ORG");
        REQUIRE(zoe);
        CHECK(zoe->id == AccountId(1));
        CHECK(zoe->login == "zoe@example.org");
        CHECK(zoe->displayName == "Zoe");
        CHECK(zoe->createdNs == kSecondNs);
        CHECK(zoe->domain == DomainId(1));
        CHECK(zoe->nextKeyword == KeywordId(1));
        CHECK(zoe->state == event::AccountState::ACTIVE);
        CHECK(accounts.account(AccountId(2))->state == event::AccountState::DISABLED);
        REQUIRE(accounts.accounts().size() == 2);
        CHECK(accounts.accounts()[0].login == "bob@example.org");
    });
    history.append(accountStateChanged(2, event::AccountState::ACTIVE));
    history.append(addressChanged(1, 10, true, "zoe@example.org"));
    history.append(credentialSet(1, 20, "phone"));
    history.append(accountDeleted(1));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const AccountsView accounts = reader.accounts();
        CHECK(accounts.account(AccountId(2))->state == event::AccountState::ACTIVE);
        CHECK_FALSE(accounts.findLogin("zoe@example.org"));
        REQUIRE(accounts.account(AccountId(1)));
        CHECK(accounts.account(AccountId(1))->deleted);
        CHECK(accounts.accounts().size() == 1);
        CHECK(accounts.resolve("zoe@example.org").empty());
        CHECK_FALSE(accounts.isInForce(AccountId(1), CredentialId(20)));
    });
    // The name is free again, and an end of the old account's does not touch the new one's.
    history.append(accountCreated(3, "zoe@example.org", ""));
    history.append(accountDeleted(1));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        REQUIRE(reader.accounts().findLogin("zoe@example.org"));
        CHECK(reader.accounts().findLogin("zoe@example.org")->id == AccountId(3));
    });
}

TEST_CASE(
    "accounts: an address leads to everybody who has it, and to nobody else", "[projections]") {
    EventHistory history;
    FoldedViews views;
    history.append(addressChanged(1, 10, true, "team@example.org"));
    history.append(addressChanged(2, 11, true, "team@example.org"));
    history.append(addressChanged(2, 12, true, "team@example.orga"));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const AccountsView accounts = reader.accounts();
        CHECK(accounts.resolve("team@example.or").empty());
        CHECK(accounts.resolve("").empty());
        REQUIRE(accounts.resolve("Team@example.org").size() == 2);
        CHECK(accounts.resolve("team@example.org")[0].account == AccountId(1));
        CHECK(accounts.resolve("team@example.org")[1].id == AddressId(11));
        CHECK(accounts.addressesOf(AccountId(2)).size() == 2);
        CHECK(accounts.addresses().size() == 3);
    });
    history.append(addressChanged(1, 10, false));
    history.append(addressChanged(2, 12, true, "other@example.org"));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const AccountsView accounts = reader.accounts();
        REQUIRE(accounts.resolve("team@example.org").size() == 1);
        CHECK(accounts.resolve("team@example.org")[0].account == AccountId(2));
        CHECK(accounts.resolve("team@example.orga").empty());
        CHECK(accounts.resolve("other@example.org").size() == 1);
        CHECK(accounts.addressesOf(AccountId(1)).empty());
    });
}

TEST_CASE(
    "accounts: a credential is in force from its setting to its revocation", "[projections]") {
    EventHistory history;
    FoldedViews views;
    history.append(credentialSet(1, 20, "old phone"));
    history.append(credentialSet(1, 21, "laptop"));
    history.append(credentialSet(1, 20, "new phone"));
    history.append(credentialRevoked(1, 21));
    history.append(credentialRevoked(1, 99));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const AccountsView accounts = reader.accounts();
        CHECK(accounts.isInForce(AccountId(1), CredentialId(20)));
        CHECK_FALSE(accounts.isInForce(AccountId(1), CredentialId(21)));
        CHECK_FALSE(accounts.isInForce(AccountId(2), CredentialId(20)));
        REQUIRE(accounts.credentialsOf(AccountId(1)).size() == 1);
        const CredentialRow row = accounts.credentialsOf(AccountId(1))[0];
        CHECK(row.label == "new phone");
        CHECK(row.algorithm == 1);
        CHECK(row.createdNs == 3 * kSecondNs);
    });
}

TEST_CASE("accounts: keywords are numbered per account and found in any case", "[projections]") {
    EventHistory history;
    FoldedViews views;
    history.append(accountCreated(1, "a@example.org", ""));
    history.append(keywordDefined(1, 1, "$Forwarded"));
    history.append(keywordDefined(1, 2, "Work"));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const AccountsView accounts = reader.accounts();
        CHECK(accounts.account(AccountId(1))->nextKeyword == KeywordId(3));
        CHECK(accounts.findKeyword(AccountId(1), "WORK") == KeywordId(2));
        CHECK_FALSE(accounts.findKeyword(AccountId(1), "wor"));
        CHECK_FALSE(accounts.findKeyword(AccountId(2), "work"));
        CHECK(accounts.keywordName(AccountId(1), KeywordId(1)) == "$Forwarded");
        CHECK_FALSE(accounts.keywordName(AccountId(1), KeywordId(3)));
        REQUIRE(accounts.keywordsOf(AccountId(1)).size() == 2);
        CHECK(accounts.keywordsOf(AccountId(1))[1].second == "Work");
    });
}

TEST_CASE("accounts: an erased name leaves its row, empty and in no index", "[projections]") {
    EventHistory history;
    history.append(domainChanged(7, true, "example.org"));
    history.append(accountCreated(1, "a@example.org", "A"));
    history.append(addressChanged(1, 10, true, "a@example.org"));
    history.append(keywordDefined(1, 1, "Work"));
    for (std::uint64_t seq = 1; seq <= history.last().number(); ++seq) {
        history.eraseDetails(Seq(seq));
    }
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const AccountsView accounts = reader.accounts();
        CHECK_FALSE(accounts.findDomain("example.org"));
        CHECK(accounts.domains().size() == 1);
        CHECK_FALSE(accounts.findLogin("a@example.org"));
        REQUIRE(accounts.account(AccountId(1)));
        CHECK(accounts.account(AccountId(1))->login.empty());
        CHECK(accounts.account(AccountId(1))->nextKeyword == KeywordId(2));
        CHECK(accounts.addressesOf(AccountId(1)).size() == 1);
        CHECK(accounts.resolve("a@example.org").empty());
        CHECK(accounts.keywordName(AccountId(1), KeywordId(1)) == "");
    });
    // What has no name can be taken away all the same.
    history.append(domainChanged(7, false, ""));
    history.append(addressChanged(1, 10, false));
    history.append(accountDeleted(1));
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        CHECK(reader.accounts().domains().empty());
        CHECK(reader.accounts().addresses().empty());
    });
}
