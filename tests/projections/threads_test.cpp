#include "projections/threads.h"

#include <catch2/catch.hpp>

#include "tests/projections/fold_fixture.h"

using namespace daybook;
using namespace daybook::test;

TEST_CASE("threads: an id leads to the thread of the oldest that names it", "[projections]") {
    EventHistory history;
    history.append(accountCreated(1, "a@example.org", "a"));
    const auto store = [&history](
                           std::uint64_t account,
                           std::uint64_t thread,
                           const std::vector<std::uint64_t>& keys,
                           std::uint64_t subject) {
        StoredMessage message;
        message.uid = static_cast<std::uint32_t>(history.last().number());
        message.modSeq = history.last().number() + 1;
        message.message = 100 + history.last().number();
        message.threadId = thread;
        message.summary = threadSummary(keys, subject);
        history.append(stored(account, 9, message));
    };
    store(1, 71, {5, 6}, 1);
    store(1, 72, {6, 7}, 2);
    store(1, 73, {6, 7}, 1);
    store(2, 74, {5}, 1);
    FoldedViews views;
    views.fold(history);
    views.read([](const ViewsReader& reader) {
        const ThreadsView threads = reader.threads();
        CHECK(threads.find(AccountId(1), 5, 1) == 71);
        CHECK(threads.find(AccountId(1), 6, 1) == 71);
        CHECK(threads.find(AccountId(1), 6, 2) == 72);
        CHECK(threads.find(AccountId(1), 7, 1) == 73);
        CHECK(threads.find(AccountId(2), 5, 1) == 74);
        CHECK_FALSE(threads.find(AccountId(1), 5, 2));
        CHECK_FALSE(threads.find(AccountId(2), 6, 1));
    });
    // Erased: the next one that names it.
    history.eraseDetails(Seq(2));
    FoldedViews erased;
    erased.fold(history);
    erased.read([](const ViewsReader& reader) {
        CHECK_FALSE(reader.threads().find(AccountId(1), 5, 1));
        CHECK(reader.threads().find(AccountId(1), 6, 1) == 73);
    });
}
