// running_scribe.h
//
// A journal in a folder of its own, the scribe that writes it and its views, and verbs for what
// tests need of both; a task is run to its end on the caller's reactor. One thread.
#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/nursery.h"
#include "engine/scribe/scribe.h"
#include "journal/base/log.h"
#include "tests/support/temporary_folder.h"

namespace daybook::test {

template <class T>
Task<void> keepResult(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await task);
}

// Runs the task on the reactor; returns its result.
template <class T>
T runTask(Reactor& reactor, Task<T> task) {
    std::optional<T> result;
    runUntilDone(reactor, keepResult(std::move(task), result));
    return std::move(*result);
}

// A journal and the scribe that writes it.
class RunningScribe {
public:
    explicit RunningScribe(const Clock& clock)
        : journal_(created(folder_.path(), random_), options(), random_),
          views_(folder_.path(), {.mapOctets = std::size_t{1} << 28U, .sync = lmdb::Sync::None}),
          log_(LogLevel::Error),
          scribe_({
              .journal = journal_,
              .views = views_,
              .hub = hub_,
              .clock = clock,
              .random = random_,
              .log = log_,
              .fatal = [](const std::string& why) { throw std::runtime_error(why); },
          }) {
        scribe_.start();
    }

    Scribe& scribe() { return scribe_; }

    template <class Command>
    typename Command::Answer does(Command command) {
        auto answer = scribe_.submitAndWait(std::move(command));
        if (!answer) throw std::runtime_error(nameOf(answer.error().reason));
        return *answer;
    }

    // The views have everything that was answered (Deliver is answered before they have it).
    void waitForViews() {
        scribe_.betweenRounds([] {});
    }

    void domain(const std::string& name) {
        does(AddDomain{.name = name, .newId = random_.id<DomainId>()});
    }

    AccountId account(const std::string& login) {
        AddAccount command{
            .login = login,
            .newId = random_.id<AccountId>(),
            .newAddress = random_.id<AddressId>(),
        };
        for (int i = 0; i < 6; ++i) {
            command.newMailboxes.push_back(random_.id<MailboxId>());
            command.newSubscriptions.push_back(random_.number());
        }
        return does(std::move(command)).account;
    }

    void address(AccountId account, const std::string& text) {
        does(AddAddress{.account = account, .address = text, .newId = random_.id<AddressId>()});
    }

    void mailbox(AccountId account, const std::string& name) {
        does(CreateMailbox{.account = account, .name = name, .newIds = {random_.id<MailboxId>()}});
    }

    void disable(AccountId account) {
        does(SetAccountState{.account = account, .state = event::AccountState::DISABLED});
    }

    const Views& views() const { return views_; }

    const Journal& journal() const { return journal_; }

    ContentLog& content() const { return journal_.content(); }

    const std::filesystem::path& folder() const { return folder_.path(); }

private:
    static std::filesystem::path created(const std::filesystem::path& directory, Random& random) {
        Journal::create(directory, random);
        return directory;
    }

    static JournalOptions options() {
        return {.mapOctets = std::size_t{1} << 28U, .segmentOctets = 1U << 20U};
    }

    TemporaryFolder folder_;
    SystemRandom random_;
    Journal journal_;
    Views views_;
    Hub hub_;
    Log log_;
    Scribe scribe_;
};

}  // namespace daybook::test
