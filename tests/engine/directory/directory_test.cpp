#include "engine/directory/directory.h"

#include <catch2/catch.hpp>

#include "tests/support/known_accounts.h"

using namespace daybook;
using namespace daybook::test;

namespace {

std::vector<std::uint64_t> accountsOf(const Outcome<std::vector<Recipient>>& outcome) {
    std::vector<std::uint64_t> accounts;
    if (!outcome) return accounts;
    for (const Recipient& recipient : *outcome)
        accounts.push_back(recipient.account.number());
    return accounts;
}

using Accounts = std::vector<std::uint64_t>;

// alice (1) and bob (2) at example.org, carol (3) at example.net.
struct Three : KnownAccounts {
    Three() {
        domain(1, "example.org");
        domain(2, "example.net");
        account(1, "alice@example.org");
        account(2, "bob@example.org");
        account(3, "carol@example.net", 2);
    }

    Outcome<std::vector<Recipient>> resolve(std::string_view address) const {
        return Directory(views()).resolve(address);
    }

    bool mayUse(std::uint64_t account, std::string_view address) const {
        return Directory(views()).mayUseAddress(AccountId(account), address);
    }
};

}  // namespace

TEST_CASE("directory: says why an address leads nowhere", "[engine]") {
    const Three server;
    CHECK(server.resolve("").error().reason == RefusalReason::InvalidArgument);
    CHECK(server.resolve("alice").error().reason == RefusalReason::InvalidArgument);
    CHECK(server.resolve("a@b@example.org").error().reason == RefusalReason::InvalidArgument);
    CHECK(server.resolve("nobody@example.org").error().reason == RefusalReason::NoSuchAddress);
    CHECK(server.resolve("carol@example.org").error().reason == RefusalReason::NoSuchAddress);
    CHECK(server.resolve("alice@example.com").error().reason == RefusalReason::RelayDenied);
    CHECK(server.resolve("alice@sub.example.org").error().reason == RefusalReason::RelayDenied);
    CHECK(server.resolve("alice@[192.0.2.1]").error().reason == RefusalReason::RelayDenied);
    // The percent hack and source routes are no way around it.
    CHECK(
        server.resolve("alice%example.com@example.org").error().reason ==
        RefusalReason::NoSuchAddress);
}

TEST_CASE("directory: an address leads to its account, whatever its case", "[engine]") {
    const Three server;
    const auto found = server.resolve("ALICE@Example.Org");
    REQUIRE(accountsOf(found) == Accounts{1});
    CHECK(found->front().address == AddressId(101));
    CHECK(found->front().detail.empty());
    CHECK(found->front().deliveredTo == "alice@example.org");
    CHECK(accountsOf(server.resolve("\"alice\"@example.org")) == Accounts{1});
}

TEST_CASE("directory: a plus detail is tried after the exact address", "[engine]") {
    Three server;
    const auto found = server.resolve("alice+lists@example.org");
    REQUIRE(accountsOf(found) == Accounts{1});
    CHECK(found->front().detail == "lists");
    CHECK(found->front().deliveredTo == "alice@example.org");
    CHECK(accountsOf(server.resolve("alice+@example.org")) == Accounts{1});
    CHECK(server.resolve("+alice@example.org").error().reason == RefusalReason::NoSuchAddress);
    CHECK(server.resolve("nobody+x@example.org").error().reason == RefusalReason::NoSuchAddress);

    server.address(2, 50, "alice+lists@example.org");
    const auto exact = server.resolve("alice+lists@example.org");
    REQUIRE(accountsOf(exact) == Accounts{2});
    CHECK(exact->front().detail.empty());
}

TEST_CASE("directory: an alias leads to several accounts, to those that may receive", "[engine]") {
    Three server;
    server.address(1, 60, "team@example.org");
    server.address(2, 61, "team@example.org");
    server.address(3, 62, "team@example.org");
    CHECK(accountsOf(server.resolve("team@example.org")) == Accounts{1, 2, 3});
    CHECK(accountsOf(server.resolve("team+x@example.org")) == Accounts{1, 2, 3});
    server.disable(2);
    CHECK(accountsOf(server.resolve("team@example.org")) == Accounts{1, 3});
    CHECK(server.resolve("bob@example.org").error().reason == RefusalReason::AccountDisabled);
}

TEST_CASE("directory: mail for postmaster always leads somewhere", "[engine]") {
    Three server;
    SECTION("to the oldest account of the domain, if nobody has the address") {
        CHECK(accountsOf(server.resolve("postmaster@example.org")) == Accounts{1});
        CHECK(accountsOf(server.resolve("PostMaster@example.net")) == Accounts{3});
        CHECK(accountsOf(server.resolve("Postmaster")) == Accounts{1});
        CHECK(server.resolve("postmaster")->front().deliveredTo == "postmaster");
        CHECK(
            server.resolve("postmaster@example.com").error().reason == RefusalReason::RelayDenied);
    }
    SECTION("to who has the address") {
        server.address(2, 70, "postmaster@example.org");
        CHECK(accountsOf(server.resolve("postmaster@example.org")) == Accounts{2});
        CHECK(accountsOf(server.resolve("postmaster")) == Accounts{2});
        CHECK(accountsOf(server.resolve("postmaster@example.net")) == Accounts{3});
    }
    SECTION("past accounts that are disabled") {
        server.address(2, 70, "postmaster@example.org");
        server.disable(2);
        CHECK(accountsOf(server.resolve("postmaster@example.org")) == Accounts{1});
        server.disable(1);
        CHECK(accountsOf(server.resolve("postmaster@example.org")) == Accounts{3});
    }
    SECTION("in a domain without accounts") {
        server.domain(9, "empty.example");
        CHECK(accountsOf(server.resolve("postmaster@empty.example")) == Accounts{1});
    }
}

TEST_CASE("directory: without any account there is no postmaster either", "[engine]") {
    KnownAccounts server;
    server.domain(1, "example.org");
    const Directory directory(server.views());
    CHECK(directory.resolve("postmaster").error().reason == RefusalReason::NoSuchAddress);
    CHECK(
        directory.resolve("postmaster@example.org").error().reason == RefusalReason::NoSuchAddress);
}

TEST_CASE("directory: local domains in any of their forms", "[engine]") {
    Three server;
    server.domain(4, "xn--mller-kva.de");
    const Directory directory(server.views());
    CHECK(directory.isLocalDomain("EXAMPLE.org"));
    CHECK(directory.isLocalDomain("Müller.de"));
    CHECK_FALSE(directory.isLocalDomain("example.com"));
    CHECK_FALSE(directory.isLocalDomain(""));
    CHECK_FALSE(directory.isLocalDomain("example.org."));
}

TEST_CASE("directory: an account sends as its own addresses only", "[engine]") {
    Three server;
    server.address(1, 80, "team@example.org");
    server.address(2, 81, "team@example.org");
    server.address(2, 82, "alice+secret@example.org");
    CHECK(server.mayUse(1, "alice@example.org"));
    CHECK(server.mayUse(1, "Alice+anything@EXAMPLE.org"));
    CHECK(server.mayUse(1, "team@example.org"));
    CHECK(server.mayUse(2, "team@example.org"));
    CHECK_FALSE(server.mayUse(3, "team@example.org"));
    CHECK_FALSE(server.mayUse(1, "bob@example.org"));
    CHECK_FALSE(server.mayUse(1, "bob+alice@example.org"));
    CHECK_FALSE(server.mayUse(1, ""));
    CHECK_FALSE(server.mayUse(1, "postmaster@example.org"));
    CHECK_FALSE(server.mayUse(1, "alice@example.com"));
    // The exact address is somebody else's: the detail does not help.
    CHECK_FALSE(server.mayUse(1, "alice+secret@example.org"));
    CHECK(server.mayUse(2, "alice+secret@example.org"));
}

TEST_CASE("directory: a delegate may use the owner's addresses as long as it is one", "[engine]") {
    Three server;
    server.address(1, 201, "info@example.org");
    CHECK_FALSE(server.mayUse(2, "alice@example.org"));
    // Some other right is not this one.
    server.delegate(1, 2, 2);
    CHECK_FALSE(server.mayUse(2, "alice@example.org"));
    server.delegate(1, 2, kMaySendAs);
    CHECK(server.mayUse(2, "alice@example.org"));
    CHECK(server.mayUse(2, "Info+x@Example.Org"));
    CHECK_FALSE(server.mayUse(1, "bob@example.org"));
    CHECK_FALSE(server.mayUse(3, "alice@example.org"));
    server.delegate(1, 2, 0);
    CHECK_FALSE(server.mayUse(2, "alice@example.org"));
}
