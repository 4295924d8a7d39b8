#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "tests/projections/journaled_views.h"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string currentIn(const std::filesystem::path& folder) {
    std::ifstream file(folder / "views" / "CURRENT");
    std::string name;
    std::getline(file, name);
    return name;
}

// Folds one history into the environment; `name` is the account's.
void foldAccount(ViewsEnvironment& views, std::uint64_t account) {
    EventHistory history;
    history.append(accountCreated(account, "a@example.org", ""));
    lmdb::WriteTransaction txn(views.environment());
    history.withRecord(
        Seq(1), [&](const Record& record) { applyToAll(record, txn, views.tables()); });
    txn.commit();
}

}  // namespace

TEST_CASE("views: the first environment is made, and found again", "[projections]") {
    const TemporaryFolder folder;
    {
        const Views views(folder.path(), kTestViews);
        CHECK(currentIn(folder.path()) == "1");
        CHECK(views.snapshot().appliedSeq() == Seq(0));
        foldAccount(*views.environment(), 9);
    }
    std::filesystem::create_directories(folder.path() / "views" / "7");
    std::filesystem::create_directories(folder.path() / "views" / "check-abc");
    std::filesystem::create_directories(folder.path() / "views" / "mine");
    const Views views(folder.path(), kTestViews);
    CHECK(views.snapshot().accounts().account(AccountId(9)));
    CHECK_FALSE(std::filesystem::exists(folder.path() / "views" / "7"));
    CHECK_FALSE(std::filesystem::exists(folder.path() / "views" / "check-abc"));
    CHECK(std::filesystem::exists(folder.path() / "views" / "mine"));
}

TEST_CASE("views: a reader makes nothing", "[projections]") {
    const TemporaryFolder folder;
    ViewsOptions options = kTestViews;
    options.readOnly = true;
    CHECK_THROWS_AS(Views(folder.path(), options), ViewsUnusable);
    CHECK_FALSE(std::filesystem::exists(folder.path() / "views"));
}

TEST_CASE("views: a reader wants every table", "[projections]") {
    const TemporaryFolder folder;
    {
        const lmdb::Environment none(folder.path() / "some", {.mapOctets = 1U << 20U});
    }
    ViewsOptions options = kTestViews;
    options.readOnly = true;
    CHECK_THROWS_AS(ViewsEnvironment(folder.path() / "some", options), ViewsUnusable);
}

TEST_CASE("views: adopted while a snapshot of the old ones is open", "[projections]") {
    const TemporaryFolder folder;
    Views views(folder.path(), kTestViews);
    foldAccount(*views.environment(), 1);
    const Snapshot old = views.snapshot();
    const std::filesystem::path fresh = views.freshFolder();
    CHECK(fresh == folder.path() / "views" / "2");
    {
        ViewsEnvironment built(fresh, kTestViews);
        foldAccount(built, 2);
    }
    CHECK(views.freshFolder().filename() == "3");
    CHECK_THROWS_AS(views.adopt(folder.path() / "2"), ViewsUnusable);
    views.adopt(fresh);
    CHECK(currentIn(folder.path()) == "2");
    CHECK(old.accounts().account(AccountId(1)));
    CHECK_FALSE(old.accounts().account(AccountId(2)));
    CHECK(views.snapshot().accounts().account(AccountId(2)));
    CHECK_FALSE(views.snapshot().accounts().account(AccountId(1)));
}

TEST_CASE("views: the old environment goes at the next start", "[projections]") {
    const TemporaryFolder folder;
    {
        Views views(folder.path(), kTestViews);
        const std::filesystem::path fresh = views.freshFolder();
        {
            const ViewsEnvironment built(fresh, kTestViews);
        }
        views.adopt(fresh);
        CHECK(std::filesystem::exists(folder.path() / "views" / "1"));
    }
    const Views views(folder.path(), kTestViews);
    CHECK_FALSE(std::filesystem::exists(folder.path() / "views" / "1"));
    CHECK(std::filesystem::exists(folder.path() / "views" / "2"));
}

TEST_CASE(
    "views: a snapshot is of its moment, also when its transaction is used again",
    "[projections]") {
    const TemporaryFolder folder;
    const Views views(folder.path(), kTestViews);
    {
        const Snapshot first = views.snapshot();
    }
    foldAccount(*views.environment(), 1);
    const Snapshot before = views.snapshot();
    CHECK(before.accounts().account(AccountId(1)));
    foldAccount(*views.environment(), 2);
    CHECK_FALSE(before.accounts().account(AccountId(2)));
    CHECK(views.snapshot().accounts().account(AccountId(2)));
}

TEST_CASE("views: threads take snapshots while the views are swapped", "[projections]") {
    const TemporaryFolder folder;
    Views views(folder.path(), kTestViews);
    foldAccount(*views.environment(), 1);
    std::atomic<bool> stop = false;
    std::atomic<unsigned> missing = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            while (!stop) {
                if (!views.snapshot().accounts().account(AccountId(1))) ++missing;
            }
        });
    }
    for (int swap = 0; swap < 5; ++swap) {
        const std::filesystem::path fresh = views.freshFolder();
        {
            ViewsEnvironment built(fresh, kTestViews);
            foldAccount(built, 1);
        }
        views.adopt(fresh);
    }
    stop = true;
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(missing == 0);
}
