#include <algorithm>
#include <array>
#include <catch2/catch.hpp>

#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;
using Names = std::vector<std::string>;

namespace {

AddAccount account(ScribeFixture& f, const std::string& login) {
    AddAccount command{
        .login = login,
        .displayName = "Somebody",
        .newId = f.random().id<AccountId>(),
        .newAddress = f.random().id<AddressId>(),
        .credential = f.random().id<CredentialId>(),
    };
    for (int i = 0; i < 6; ++i) {
        command.newMailboxes.push_back(f.random().id<MailboxId>());
        command.newSubscriptions.push_back(f.random().number());
    }
    return command;
}

AddAddress alias(ScribeFixture& f, AccountId account, const std::string& address) {
    return {.account = account, .address = address, .newId = f.random().id<AddressId>()};
}

}  // namespace

TEST_CASE("domain: added once, removed when nobody is in it", "[scribe]") {
    ScribeFixture f;
    CHECK(f.refusalOf(AddDomain{.name = "example.org", .newId = DomainId(7)}) == "DomainExists");
    CHECK(f.refusalOf(AddDomain{.newId = DomainId(7)}) == "InvalidArgument");
    CHECK(f.refusalOf(RemoveDomain{.name = "example.net"}) == "NoSuchDomain");
    CHECK(f.refusalOf(RemoveDomain{.name = "example.org"}) == "DomainInUse");
    f.does(AddDomain{.name = "example.net", .newId = DomainId(8)});
    f.does(alias(f, f.alice(), "alice@example.net"));
    CHECK(f.refusalOf(RemoveDomain{.name = "example.net"}) == "DomainInUse");
    f.does(RemoveAddress{.account = f.alice(), .address = "alice@example.net"});
    f.does(RemoveDomain{.name = "example.net"});
    f.does(RemoveAccount{.account = f.alice()});
    f.does(RemoveDomain{.name = "example.org"});
    CHECK(f.views().snapshot().accounts().domains().empty());
    CHECK(f.replayDifference().empty());
}

TEST_CASE("domain: keys wait, sign and are retired", "[scribe]") {
    ScribeFixture f;
    const auto keys = [&f] {
        return std::vector<NewDkimKey>{
            {.id = f.random().id<CredentialId>(), .publicKey = "rsa"},
            {.id = f.random().id<CredentialId>(),
             .algorithm = event::DkimAlgorithm::ED25519_SHA256,
             .publicKey = "ed"},
        };
    };
    const auto states = [&f](const char* domain = "second.example") {
        constexpr std::array kLetters{'p', 'a', 'r'};
        std::vector<std::string> all;
        const Snapshot snapshot = f.views().snapshot();
        const auto row = snapshot.accounts().findDomain(domain);
        for (const DkimKeyRow& key : snapshot.accounts().dkimKeysOf(row->id)) {
            all.push_back(key.selector + ' ' + kLetters.at(static_cast<std::size_t>(key.state)));
        }
        return all;
    };
    CHECK(
        f.refusalOf(RotateDkimKeys{.domain = "second.example", .keys = keys()}) == "NoSuchDomain");
    CHECK(f.refusalOf(ActivateDkimKeys{.domain = "second.example"}) == "NoSuchDomain");
    CHECK(f.refusalOf(RetireDkimKey{.domain = "second.example"}) == "NoSuchDomain");
    f.does(AddDomain{.name = "second.example", .newId = DomainId(8), .keys = keys()});
    CHECK(states() == Names{"ed25519-20261124 a", "rsa-20261124 a"});
    CHECK(f.refusalOf(RotateDkimKeys{.domain = "second.example"}) == "InvalidArgument");
    CHECK(f.refusalOf(ActivateDkimKeys{.domain = "second.example"}) == "InvalidArgument");
    f.does(RotateDkimKeys{.domain = "second.example", .keys = keys()});
    CHECK(
        f.refusalOf(RotateDkimKeys{.domain = "second.example", .keys = keys()}) ==
        "InvalidArgument");
    CHECK(std::ranges::count(states(), "rsa-20261124-2 p") == 1);
    f.does(ActivateDkimKeys{.domain = "second.example"});
    CHECK(std::ranges::count(states(), "rsa-20261124 r") == 1);
    CHECK(std::ranges::count(states(), "rsa-20261124-2 a") == 1);
    f.clock().advanceSeconds(24 * 3600);
    f.does(RotateDkimKeys{.domain = "second.example", .keys = keys(), .use = DkimUse::Now});
    CHECK(std::ranges::count(states(), "rsa-20261124-2 r") == 1);
    CHECK(std::ranges::count(states(), "rsa-20261125 a") == 1);
    const RetireDkimKey retired{.domain = "second.example", .selector = "rsa-20261125"};
    f.does(retired);
    CHECK(f.refusalOf(retired) == "NoSuchCredential");
    CHECK(std::ranges::count(states(), "ed25519-20261125 a") == 1);
    const Seq before = f.head();
    f.does(RemoveDomain{.name = "second.example"});
    CHECK(f.kindsFrom(Seq(before.number() + 1)) == Names{"DkimKeyRotated", "DomainChanged"});
    CHECK(f.views().snapshot().accounts().dkimKeysOf(DomainId(8)).empty());
    CHECK(f.replayDifference().empty());
}

TEST_CASE("account: comes with its address, password and mailboxes", "[scribe]") {
    ScribeFixture f;
    const AddAccount command = account(f, "bob@example.org");
    CHECK(f.does(command).account == command.newId);
    const Snapshot snapshot = f.views().snapshot();
    const auto row = snapshot.accounts().findLogin("bob@example.org");
    REQUIRE(row);
    CHECK(row->displayName == "Somebody");
    CHECK(snapshot.accounts().isInForce(row->id, command.credential));
    const std::vector<AddressRow> addresses = snapshot.accounts().resolve("bob@example.org");
    REQUIRE(addresses.size() == 1);
    CHECK(addresses[0].primary);
    Names names;
    for (const MailboxRow& mailbox : snapshot.mailboxes().mailboxesOf(row->id)) {
        names.push_back(mailbox.name);
        CHECK(mailbox.specialUses != 0);
    }
    CHECK(names == Names{"Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"});
    CHECK(snapshot.mailboxes().subscriptionsOf(row->id).size() == 6);
}

TEST_CASE("account: what is refused leaves nothing", "[scribe]") {
    ScribeFixture f;
    f.does(alias(f, f.alice(), "postmaster@example.org"));
    const Seq before = f.head();
    CHECK(f.refusalOf(account(f, "bob@example.net")) == "NoSuchDomain");
    CHECK(f.refusalOf(account(f, "alice@example.org")) == "AccountExists");
    CHECK(f.refusalOf(account(f, "postmaster@example.org")) == "AddressExists");
    CHECK(f.refusalOf(account(f, "@example.org")) == "InvalidArgument");
    AddAccount idless = account(f, "bob@example.org");
    idless.newMailboxes.pop_back();
    CHECK(f.refusalOf(idless) == "InvalidArgument");
    AddAccount twin = account(f, "bob@example.org");
    twin.newId = f.alice();
    CHECK(f.refusalOf(twin) == "InvalidArgument");
    CHECK(f.head() == before);
}

TEST_CASE("account: removed, its name can be given again", "[scribe]") {
    ScribeFixture f;
    const AddAccount first = account(f, "bob@example.org");
    f.does(first);
    f.does(alias(f, first.newId, "robert@example.org"));
    const Seq before = f.head();
    f.does(RemoveAccount{.account = first.newId});
    CHECK(
        f.kindsFrom(Seq(before.number() + 1)) ==
        Names{"AddressChanged", "AddressChanged", "CredentialRevoked", "AccountDeleted"});
    const auto views = [&] { return f.views().snapshot(); };
    CHECK(views().accounts().resolve("robert@example.org").empty());
    CHECK_FALSE(views().accounts().isInForce(first.newId, first.credential));
    CHECK(f.refusalOf(RemoveAccount{.account = first.newId}) == "NoSuchAccount");
    CHECK(f.refusalOf(SetAccountState{.account = first.newId}) == "NoSuchAccount");
    const AddAccount second = account(f, "bob@example.org");
    f.does(second);
    CHECK(views().accounts().findLogin("bob@example.org")->id == second.newId);
    CHECK(f.replayDifference().empty());
}

TEST_CASE("account: the same state again is no event", "[scribe]") {
    ScribeFixture f;
    const SetAccountState off{.account = f.alice(), .state = event::AccountState::DISABLED};
    f.does(off);
    const Seq before = f.head();
    f.does(off);
    CHECK(f.head() == before);
}

TEST_CASE("address: an alias may lead to several, an account's name only to it", "[scribe]") {
    ScribeFixture f;
    const AccountId bob = f.addAccount("bob@example.org");
    f.does(alias(f, f.alice(), "team@example.org"));
    f.does(alias(f, bob, "team@example.org"));
    CHECK(f.views().snapshot().accounts().resolve("team@example.org").size() == 2);
    CHECK(f.refusalOf(alias(f, bob, "team@example.org")) == "AddressExists");
    CHECK(f.refusalOf(alias(f, bob, "alice@example.org")) == "AddressExists");
    CHECK(f.refusalOf(alias(f, bob, "bob@example.net")) == "NoSuchDomain");
    CHECK(
        f.refusalOf(RemoveAddress{.account = bob, .address = "bob@example.org"}) == "NotPermitted");
    CHECK(
        f.refusalOf(RemoveAddress{.account = bob, .address = "x@example.org"}) == "NoSuchAddress");
    f.does(RemoveAddress{.account = f.alice(), .address = "team@example.org"});
    const auto left = f.views().snapshot().accounts().resolve("team@example.org");
    REQUIRE(left.size() == 1);
    CHECK(left[0].account == bob);
}

TEST_CASE("password: a new one takes the place of those before", "[scribe]") {
    ScribeFixture f;
    const auto set = [&](std::uint64_t id) {
        return f.does(SetPassword{.account = f.alice(), .credential = CredentialId(id)}).revoked;
    };
    CHECK(set(1).empty());
    CHECK(set(2) == std::vector{CredentialId(1)});
    // The same id again revokes nothing.
    CHECK(set(2).empty());
    const Snapshot snapshot = f.views().snapshot();
    CHECK_FALSE(snapshot.accounts().isInForce(f.alice(), CredentialId(1)));
    CHECK(snapshot.accounts().isInForce(f.alice(), CredentialId(2)));
}

TEST_CASE("account: lets another one act for it, until either is gone", "[scribe]") {
    ScribeFixture f;
    const AccountId bob = f.does(account(f, "bob@example.org")).account;
    const auto set = [&](AccountId owner, AccountId delegate, std::uint16_t rights) {
        return SetDelegation{.account = owner, .delegate = delegate, .rights = rights};
    };
    CHECK(f.refusalOf(set(f.alice(), f.alice(), kMaySendAs)) == "InvalidArgument");
    CHECK(f.refusalOf(set(f.alice(), AccountId(1), kMaySendAs)) == "NoSuchAccount");
    CHECK(f.refusalOf(set(AccountId(1), bob, kMaySendAs)) == "NoSuchAccount");

    const auto rights = [&](AccountId owner, AccountId delegate) {
        return f.views().snapshot().accounts().rightsOf(owner, delegate);
    };
    f.does(set(f.alice(), bob, kMaySendAs));
    CHECK(rights(f.alice(), bob) == kMaySendAs);
    CHECK(rights(bob, f.alice()) == 0);
    f.does(set(f.alice(), bob, 0));
    CHECK(rights(f.alice(), bob) == 0);

    f.does(set(f.alice(), bob, kMaySendAs));
    f.does(set(bob, f.alice(), kMaySendAs));
    f.does(RemoveAccount{.account = bob});
    CHECK(f.views().snapshot().accounts().delegations().empty());
    CHECK(f.replayDifference().empty());
}
