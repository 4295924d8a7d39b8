// login_fixture.h
//
// An authenticator with accounts, verifiers, workers and a reactor, and a scribe of its own for the
// records. Tasks are run to their end on this thread. One thread.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "engine/authentication/authenticator.h"
#include "engine/authentication/password.h"
#include "engine/runtime/nursery.h"
#include "journal/base/log.h"
#include "tests/support/known_accounts.h"
#include "tests/support/test_clock.h"

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
class RecordingScribe {
public:
    explicit RecordingScribe(const Clock& clock)
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

    const Views& views() const { return views_; }

    const Journal& journal() const { return journal_; }

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

class LoginFixture {
public:
    explicit LoginFixture(bool plaintextOnLoopback = false)
        : secrets_(folder_.path()),
          workers_(1),
          recording_(clock_),
          strangers_(recording_.scribe(), clock_),
          authenticator_({
              .views = accounts_.views(),
              .secrets = secrets_,
              .workers = workers_,
              .strangers = strangers_,
              .random = random_,
              .clock = clock_,
              .plaintextLoginOnLoopback = plaintextOnLoopback,
              .hostname = "mail.example.org",
          }) {
        accounts_.domain(1, "example.org");
    }

    // Account `id`, credential id + 200.
    void account(std::uint64_t id, std::string_view login, std::string_view password) {
        accounts_.account(id, login);
        accounts_.credential(id, id + 200);
        secrets_.put(CredentialId(id + 200), makeVerifier(password, random_));
    }

    KnownAccounts& accounts() { return accounts_; }

    SecretsStore& secrets() { return secrets_; }

    TestClock& clock() { return clock_; }

    Strangers& strangers() { return strangers_; }

    RecordingScribe& recording() { return recording_; }

    Authenticator& authenticator() { return authenticator_; }

    template <class T>
    T run(Task<T> task) {
        return runTask(reactor_, std::move(task));
    }

private:
    TemporaryFolder folder_;
    SystemRandom random_;
    TestClock clock_;
    KnownAccounts accounts_;
    SecretsStore secrets_;
    Reactor reactor_;
    WorkerPool workers_;
    RecordingScribe recording_;
    Strangers strangers_;
    Authenticator authenticator_;
};

// One connection; by default with TLS and without a channel binding.
class LoginPeer {
public:
    explicit LoginPeer(LoginFixture& fixture, std::string ip = "192.0.2.1")
        : session_(
              fixture.recording().scribe(),
              random_,
              {.protocol = event::Protocol::IMAP, .ip = std::move(ip)}),
          fixture_(fixture),
          peer_{.session = session_, .isTls = true} {}

    AuthenticationPeer& facts() { return peer_; }

    const SessionRecord& session() const { return session_; }

    Outcome<Identity> logIn(std::string login, std::string password) {
        return fixture_.run(
            fixture_.authenticator().checkPassword(peer_, std::move(login), std::move(password)));
    }

    Outcome<std::unique_ptr<SaslExchange>> begin(std::string_view mechanism) {
        return fixture_.authenticator().begin(peer_, mechanism);
    }

    Outcome<SaslExchange::Step> step(SaslExchange& exchange, std::string response) {
        return fixture_.run(exchange.step(std::move(response)));
    }

private:
    SystemRandom random_;
    SessionRecord session_;
    LoginFixture& fixture_;
    AuthenticationPeer peer_;
};

}  // namespace daybook::test
