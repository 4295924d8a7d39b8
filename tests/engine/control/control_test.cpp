// An operator's calls, straight and through the control socket of a running server: the same
// outcomes, whatever is asked; and what becomes of the socket.
#include <catch2/catch.hpp>
#include <fstream>
#include <sys/stat.h>
#include <thread>

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
    CHECK(std::count(expected.begin(), expected.end(), "") == 10);

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
