// An operator's calls, straight and through the control socket of a running server: the same
// outcomes, whatever is asked; and what becomes of the socket.
#include <catch2/catch.hpp>
#include <fstream>
#include <sys/stat.h>
#include <thread>

#include "engine/authentication/dkim_key.h"
#include "engine/control/control_client.h"
#include "engine/control/control_server.h"
#include "engine/control/data_directory.h"
#include "projections/replay.h"
#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr const char* kPassword = "correct horse";

// Where nothing answers to reload() by itself.
class House {
public:
    House() { directory_.makeRunFolders(); }

    Administration& local() { return local_; }

    std::filesystem::path socket() const { return directory_.controlSocket(); }

    std::unique_ptr<ControlServer> serve() { return serveAt(socket()); }

    std::unique_ptr<ControlServer> serveAt(const std::filesystem::path& socket) {
        return std::make_unique<ControlServer>(
            socket,
            local_,
            ControlServer::Facts{
                .version = "7.7",
                .sessions = [] { return std::size_t{3}; },
                .appliedSeq = [this] { return fixture_.scribe().appliedSeq(); },
            },
            log_);
    }

    ScribeFixture& fixture() { return fixture_; }

    SecretsStore& secrets() { return secrets_; }

    Log& log() { return log_; }

private:
    ScribeFixture fixture_;
    Log log_{LogLevel::Error};
    DataDirectory directory_{fixture_.folder()};
    SecretsStore secrets_{fixture_.folder()};
    LocalAdministration local_{LocalAdministration::Parts{
        .scribe = fixture_.scribe(),
        .journal = fixture_.journal(),
        .secrets = secrets_,
        .random = fixture_.random(),
        .reload = [] { return refuse(RefusalReason::InvalidArgument, "line 3"); },
    }};
};

// "" if it was done; else the refusal's name and detail.
template <class T>
std::string said(const Outcome<T>& outcome) {
    if (outcome) return "";
    return std::string(nameOf(outcome.error().reason)) + "|" + outcome.error().detail;
}

// Every kind of call; what was answered, in order.
std::vector<std::string> conversation(
    Administration& administration, const std::filesystem::path& elsewhere) {
    std::vector<std::string> answers{
        said(administration.addDomain("Example.NET")),
        said(administration.addDomain("example.net")),
        said(administration.addDomain("no domain")),
        said(administration.addAccount("Bob@example.net", "Bob \"\xC3\xBC\"", kPassword)),
        said(administration.addAccount("bob@example.net", "", kPassword)),
        said(administration.addAccount("bob@elsewhere.test", "", kPassword)),
        said(administration.addAccount("carol@example.net", "", "short")),
        said(administration.addAccount("nobody", "", kPassword)),
        said(administration.setPassword("bob@example.net", "another password")),
        said(administration.setPassword("dora@example.net", "another password")),
        said(administration.setAccountState("bob@example.net", event::AccountState::DISABLED)),
        said(administration.addAlias("info@example.net", "bob@example.net")),
        said(administration.addAlias("info@example.net", "bob@example.net")),
        said(administration.removeDomain("example.net")),
        said(administration.removeAlias("info@example.net", "bob@example.net")),
        said(administration.removeAlias("info@example.net", "bob@example.net")),
        said(administration.setDelegation("bob@example.net", "nobody@example.net", 1)),
        said(administration.setDelegation("nobody@example.net", "bob@example.net", 1)),
        said(administration.setDelegation("bob@example.net", "bob@example.net", 1)),
        said(administration.addAccount("dora@example.net", "", kPassword)),
        said(administration.suppress("dora@example.net", "X@elsewhere.test", Suppressed::Yes)),
        said(administration.suppress("dora@example.net", "no address", Suppressed::Yes)),
        said(administration.suppress("nobody@example.net", "x@elsewhere.test", Suppressed::Yes)),
        said(administration.suppress("dora@example.net", "x@Elsewhere.test", Suppressed::No)),
        said(administration.suppress("dora@example.net", "x@elsewhere.test", Suppressed::No)),
        said(administration.removeAccount("dora@example.net")),
        said(administration.actOnQueue(event::QueueOperation::RETRY, MessageId(77), {})),
        said(administration.recordJournalRead(Seq(1), Seq(9), "journal log", "root")),
        said(administration.recordVerifyRun(Seq(1), Seq(9), 0)),
        said(administration.adoptViews(elsewhere)),
        said(administration.reload()),
        said(administration.removeAccount("bob@example.net")),
        said(administration.removeAccount("bob@example.net")),
        said(administration.removeDomain("example.net")),
    };
    return answers;
}

}  // namespace

TEST_CASE("a call through the socket is answered like one without it") {
    House here;
    const std::filesystem::path elsewhere = here.fixture().folder() / "elsewhere" / "9";
    const std::vector<std::string> expected = conversation(here.local(), elsewhere);
    CHECK(std::count(expected.begin(), expected.end(), "") == 14);

    House there;
    const auto server = there.serve();
    ControlClient client(there.socket());
    const ServerHello hello = client.hello();
    CHECK(hello.version == "7.7");
    CHECK(hello.sessions == 3);
    CHECK(hello.appliedSeq == there.fixture().scribe().appliedSeq());
    const std::vector<std::string> answers = conversation(client, elsewhere);
    CHECK(answers.size() == expected.size());
    for (std::size_t i = 0; i < answers.size(); ++i) {
        if (answers[i].find(elsewhere.string()) == std::string::npos) {
            CHECK(answers[i] == expected[i]);
        }
    }
    CHECK_FALSE(std::filesystem::exists(elsewhere));
    CHECK(here.fixture().head() == there.fixture().head());
    CHECK(there.secrets().ids().empty());
}

TEST_CASE("the queue is acted upon with and without the socket") {
    House house;
    ScribeFixture& fixture = house.fixture();
    Deliver command = fixture.delivery();
    command.targets.clear();
    command.expiresNs = fixture.clock().now() + 1'000 * kSecondNs;
    for (const char* const path : {"bob@elsewhere.test", "carol@elsewhere.test"}) {
        command.relays.push_back({
            .forwardPath = path,
            .domain = "elsewhere.test",
            .options = {},
            .newDestination = fixture.random().id<DestinationId>(),
        });
    }
    const MessageId message = command.message;
    fixture.does(std::move(command));
    const auto server = house.serve();
    ControlClient client(house.socket());
    const RecipientNumber second(2);
    using enum event::QueueOperation;
    CHECK(client.actOnQueue(HOLD, message, {second}) == 1U);
    CHECK(house.local().actOnQueue(HOLD, message, {}) == 1U);
    CHECK(said(client.actOnQueue(RETRY, message, {})).starts_with("NoSuchMessage|"));
    CHECK(client.actOnQueue(RELEASE, message, {}) == 2U);
    CHECK(client.actOnQueue(REMOVE, message, {RecipientNumber(1), RecipientNumber(9)}) == 1U);
    CHECK(house.local().actOnQueue(RETRY, message, {}) == 1U);
    fixture.scribe().betweenRounds([] {});
    const Snapshot snapshot = fixture.views().snapshot();
    CHECK(
        snapshot.deliveries().delivery(message, RecipientNumber(1))->state ==
        DeliveryState::Removed);
    CHECK(snapshot.deliveries().delivery(message, second)->state == DeliveryState::Waiting);
}

TEST_CASE("a password that is set makes the old ones useless and gone") {
    House house;
    REQUIRE(house.local().addAccount("bob@example.org", "", kPassword));
    const std::vector<CredentialId> first = house.secrets().ids();
    REQUIRE(first.size() == 1);
    REQUIRE(house.local().setPassword("bob@example.org", "another password"));
    const std::vector<CredentialId> second = house.secrets().ids();
    REQUIRE(second.size() == 1);
    CHECK(first != second);
    // A refused account leaves no secret behind.
    CHECK_FALSE(house.local().addAccount("bob@example.org", "", kPassword));
    CHECK(house.secrets().ids() == second);
}

TEST_CASE("a server ends with clients connected, and its socket with it") {
    House house;
    auto server = house.serve();
    struct stat state{};
    REQUIRE(::stat(house.socket().parent_path().c_str(), &state) == 0);
    CHECK((state.st_mode & 077U) == 0);
    {
        ControlClient client(house.socket());
        CHECK(client.hello().version == "7.7");
        server.reset();
        CHECK_FALSE(std::filesystem::exists(house.socket()));
        CHECK_THROWS_AS(client.hello(), ServerUnreachable);
    }
    CHECK_THROWS_AS(ControlClient(house.socket()), ServerUnreachable);

    // A socket that a killed server left behind is in nobody's way.
    std::ofstream(house.socket()).close();
    CHECK_THROWS_AS(ControlClient(house.socket()), ServerUnreachable);
    server = house.serve();
    CHECK(ControlClient(house.socket()).hello().version == "7.7");
}

TEST_CASE("what cannot be a socket is an error with its path") {
    House house;
    std::filesystem::create_directories(house.socket() / "in the way");
    CHECK_THROWS_WITH(house.serve(), Catch::Contains(house.socket().string()));
}

TEST_CASE("a path too long for a socket is no obstacle") {
    House house;
    const std::filesystem::path folder = house.fixture().folder() / std::string(120, 'x');
    std::filesystem::create_directories(folder);
    const auto server = house.serveAt(folder / "control.sock");
    CHECK(ControlClient(folder / "control.sock").hello().version == "7.7");
}

TEST_CASE("the private key of a domain is there as long as it may sign") {
    House house;
    const auto server = house.serve();
    ControlClient client(house.socket());
    const auto keys = [&house](event::DkimState state) {
        std::vector<DkimKeyRow> found;
        const Snapshot snapshot = house.fixture().views().snapshot();
        const auto domain = snapshot.accounts().findDomain("second.test");
        for (const DkimKeyRow& key : snapshot.accounts().dkimKeysOf(domain->id)) {
            if (key.state == state) found.push_back(key);
        }
        return found;
    };
    REQUIRE(client.addDomain("second.test"));
    const std::vector<DkimKeyRow> first = keys(event::DkimState::ACTIVE);
    REQUIRE(first.size() == 2);
    for (const DkimKeyRow& key : first) {
        const auto secret = house.secrets().findSigningKey(key.id);
        REQUIRE(secret);
        CHECK(dkimPublicKey(*secret) == key.publicKey);
    }
    REQUIRE_FALSE(client.addDomain("second.test"));
    CHECK(house.secrets().signingKeyIds().size() == 2);

    REQUIRE(client.rotateDkimKeys("Second.test", DkimUse::Later));
    CHECK(keys(event::DkimState::PUBLISHED).size() == 2);
    CHECK(house.secrets().signingKeyIds().size() == 4);
    REQUIRE_FALSE(client.rotateDkimKeys("second.test", DkimUse::Later));
    CHECK(house.secrets().signingKeyIds().size() == 4);
    REQUIRE(client.activateDkimKeys("second.test"));
    CHECK_FALSE(house.secrets().findSigningKey(first[0].id));
    CHECK(house.secrets().signingKeyIds().size() == 2);

    const std::string selector = keys(event::DkimState::ACTIVE)[0].selector;
    REQUIRE(client.retireDkimKey("second.test", selector));
    REQUIRE_FALSE(client.retireDkimKey("second.test", selector));
    CHECK(house.secrets().signingKeyIds().size() == 1);
    REQUIRE(client.rotateDkimKeys("second.test", DkimUse::Now));
    CHECK(house.secrets().signingKeyIds().size() == 2);
    REQUIRE(client.removeDomain("second.test"));
    CHECK(house.secrets().signingKeyIds().empty());
    REQUIRE_FALSE(client.rotateDkimKeys("second.test", DkimUse::Now));
    CHECK(house.secrets().signingKeyIds().empty());
}

TEST_CASE("several clients, one call at a time") {
    House house;
    const auto server = house.serve();
    std::vector<std::jthread> operators;
    std::atomic<int> done = 0;
    for (int number = 0; number < 4; ++number) {
        operators.emplace_back([&, number] {
            ControlClient client(house.socket());
            for (int i = 0; i < 5; ++i) {
                const auto name = std::to_string(number) + "-" + std::to_string(i) + ".test";
                if (client.addDomain(name)) ++done;
            }
        });
    }
    operators.clear();
    CHECK(done == 20);
    CHECK(house.fixture().count(Kind::DomainChanged) == 21);
}

TEST_CASE("rebuilt views are taken over, and a second process may not have the directory") {
    House house;
    const auto server = house.serve();
    ControlClient client(house.socket());
    const std::filesystem::path folder = house.fixture().views().freshFolder();
    replayInto(house.fixture().journal(), folder, Seq(), {});
    const Outcome<AdoptedViews> adopted = client.adoptViews(folder);
    REQUIRE(adopted);
    CHECK_FALSE(adopted->differed);
    CHECK(house.fixture().count(Kind::ViewsRebuilt) == 1);
    CHECK(house.fixture().replayDifference().empty());

    const DataDirectory directory(house.fixture().folder());
    const WriterLock lock(directory);
    CHECK_THROWS_AS(WriterLock(directory), DirectoryLocked);
}
