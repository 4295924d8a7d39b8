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
#include "tests/support/known_accounts.h"
#include "tests/support/running_scribe.h"
#include "tests/support/test_clock.h"

namespace daybook::test {

class LoginFixture {
public:
    explicit LoginFixture(
        bool plaintextOnLoopback = false,
        bool offersPlus = true,
        std::optional<OauthSettings> oauth = std::nullopt)
        : secrets_(folder_.path()),
          workers_(1),
          scribe_(clock_),
          strangers_(scribe_.scribe(), clock_),
          authenticator_({
              .views = accounts_.views(),
              .secrets = secrets_,
              .workers = workers_,
              .strangers = strangers_,
              .random = random_,
              .clock = clock_,
              .plaintextLoginOnLoopback = plaintextOnLoopback,
              .offersPlus = offersPlus,
              .hostname = "mail.example.org",
              .oauth = std::move(oauth),
          }) {
        accounts_.domain(1, "example.org");
    }

    // Account `id`, credential id + 200.
    void account(std::uint64_t id, std::string_view login, std::string_view password) {
        accounts_.account(id, login);
        accounts_.credential(id, id + 200);
        secrets_.put(
            CredentialId(id + 200),
            makeVerifier(password, random_),
            makeVerifier(password, random_, ScramHash::Sha1));
    }

    KnownAccounts& accounts() { return accounts_; }

    SecretsStore& secrets() { return secrets_; }

    TestClock& clock() { return clock_; }

    Strangers& strangers() { return strangers_; }

    RunningScribe& scribe() { return scribe_; }

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
    RunningScribe scribe_;
    Strangers strangers_;
    Authenticator authenticator_;
};

// One connection; by default with TLS and without a channel binding.
class LoginPeer {
public:
    explicit LoginPeer(LoginFixture& fixture, std::string ip = "192.0.2.1")
        : session_(
              fixture.scribe().scribe(),
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
