#include "engine/dns/unbound_resolver.h"

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <optional>
#include <set>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "engine/dns/mail_routes.h"
#include "engine/dns/records.h"
#include "engine/runtime/nursery.h"
#include "tests/support/knot_server.h"
#include "tests/support/scripted_resolver.h"

using namespace daybook;
using namespace daybook::dns;
using namespace daybook::test;

namespace {

const Log kLog(LogLevel::Error);

std::string longText() { return std::string(6'000, 't'); }

// As a zone file has it, in strings of 200.
std::string quotedLongText() {
    std::string quoted;
    for (int i = 0; i < 30; ++i)
        quoted += "\"" + longText().substr(0, 200) + "\" ";
    return quoted;
}

std::vector<KnotZone> zones() {
    const std::string both =
        "@ MX 20 mx2\n"
        "@ MX 10 mx1\n"
        "mx1 A 192.0.2.1\n"
        "mx1 AAAA 2001:db8::1\n"
        "mx2 A 192.0.2.2\n"
        "alias CNAME mx1\n"
        "dangling CNAME nothing\n"
        "null MX 0 .\n"
        "_25._tcp.mx1 TLSA 3 1 1 "
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
        "text TXT \"v=spf1 \" \"-all\"\n"
        "text TXT \"other\"\n"
        "long TXT " +
        quotedLongText() + "\n";
    std::string numbered;
    for (int i = 0; i < 200; ++i)
        numbered += "n" + std::to_string(i) + " A 192.0.2." + std::to_string(i) + "\n";
    return {
        {.name = "signed.test",
         .signing = ZoneSigning::Dnssec,
         .records = both + "away CNAME mx1.plain.test.\n"},
        {.name = "plain.test", .records = both + numbered},
    };
}

UnboundOptions optionsFor(const KnotServer& knot) {
    return {
        .forwarders = {knot.address()},
        .trustAnchorFile = knot.trustAnchor(),
        .reservedZones = {"test"},
    };
}

Task<void> askInto(Resolver& resolver, std::string name, RecordType type, Answer& answer) {
    answer = co_await resolver.query(std::move(name), type);
}

Answer ask(Resolver& resolver, const std::string& name, RecordType type) {
    Answer answer;
    Reactor reactor;
    runUntilDone(reactor, askInto(resolver, name, type, answer));
    return answer;
}

template <class Read>
auto readAll(const Answer& answer, Read read) {
    std::vector<typename std::invoke_result_t<Read, std::string_view>::value_type> values;
    for (const std::string& data : answer.records) {
        auto value = read(data);
        REQUIRE(value.has_value());
        values.push_back(*value);
    }
    return values;
}

// Takes questions and says nothing.
class SilentServer {
public:
    SilentServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const plain = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(::bind(socket_, plain, size) == 0);
        REQUIRE(::getsockname(socket_, plain, &size) == 0);
        port_ = ntohs(address.sin_port);
    }

    ~SilentServer() { ::close(socket_); }

    SilentServer(const SilentServer&) = delete;
    SilentServer& operator=(const SilentServer&) = delete;

    std::string address() const { return "127.0.0.1@" + std::to_string(port_); }

    // Speaks up: NXDOMAIN, until there is no more to hear for good.
    void denyAll() const {
        std::array<char, 512> message{};
        sockaddr_in peer{};
        auto* const plain = reinterpret_cast<sockaddr*>(&peer);
        while (true) {
            socklen_t size = sizeof peer;
            const ssize_t count =
                ::recvfrom(socket_, message.data(), message.size(), 0, plain, &size);
            if (count <= 0) return;
            // RFC 1035 §4.1.1: QR and RD, RA and NXDOMAIN.
            message[2] = static_cast<char>(0x81);
            message[3] = static_cast<char>(0x83);
            ::sendto(socket_, message.data(), static_cast<std::size_t>(count), 0, plain, size);
        }
    }

    // Ends denyAll().
    void shutDown() const { ::shutdown(socket_, SHUT_RD); }

    // Waits until a question comes.
    void hears() const {
        std::array<char, 512> question{};
        CHECK(::recv(socket_, question.data(), question.size(), 0) > 0);
    }

private:
    int socket_;
    std::uint16_t port_ = 0;
};

UnboundOptions optionsFor(const SilentServer& server, std::chrono::milliseconds timeout) {
    return {
        .forwarders = {server.address()},
        .validate = false,
        .reservedZones = {"test"},
        .timeout = timeout,
    };
}

constexpr std::chrono::milliseconds kShort{200};
constexpr std::chrono::milliseconds kForEver{3'600'000};

// The numbers of this process's Unix sockets: libunbound and its thread speak over them.
std::set<int> unixSockets() {
    std::set<int> numbers;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const int number = std::stoi(entry.path().filename().string());
        int domain = 0;
        socklen_t size = sizeof domain;
        const int known = ::getsockopt(number, SOL_SOCKET, SO_DOMAIN, &domain, &size);
        if (known == 0 && domain == AF_UNIX) numbers.insert(number);
    }
    return numbers;
}

std::string whatFails(const UnboundOptions& options) {
    try {
        const UnboundResolver resolver(options, kLog);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "nothing";
}

}  // namespace

TEST_CASE("resolver: a signed zone's answers are secure", "[engine]") {
    const KnotServer knot(zones());
    UnboundResolver resolver(optionsFor(knot), kLog);
    CHECK(resolver.validates());

    const Answer mx = ask(resolver, "Signed.TEST.", RecordType::Mx);
    CHECK(mx.result == Result::Found);
    CHECK(mx.secure);
    CHECK(mx.canonicalName == "signed.test");
    CHECK(mx.timeToLive > std::chrono::seconds(0));
    CHECK(mx.timeToLive <= std::chrono::seconds(300));
    CHECK_THAT(
        readAll(mx, readMx),
        Catch::UnorderedEquals(
            std::vector<MxRecord>{{10, "mx1.signed.test"}, {20, "mx2.signed.test"}}));

    const Answer tlsa = ask(resolver, "_25._tcp.mx1.signed.test", RecordType::Tlsa);
    CHECK(tlsa.secure);
    const std::vector<TlsaRecord> records = readAll(tlsa, readTlsa);
    REQUIRE(records.size() == 1);
    CHECK(records[0].usage == 3);
    CHECK(records[0].data.size() == 32);
    CHECK(records[0].data.starts_with("\x01\x23\x45"));

    const Answer txt = ask(resolver, "text.signed.test", RecordType::Txt);
    CHECK_THAT(
        readAll(txt, readTxt),
        Catch::UnorderedEquals(std::vector<std::string>{"v=spf1 -all", "other"}));
}

TEST_CASE("resolver: absence is told apart, and is secure where it is proven", "[engine]") {
    const KnotServer knot(zones());
    UnboundResolver resolver(optionsFor(knot), kLog);
    for (const std::string zone : {"signed.test", "plain.test"}) {
        INFO(zone);
        const bool isSigned = zone == "signed.test";
        const Answer noName = ask(resolver, "nothing." + zone, RecordType::A);
        CHECK(noName.result == Result::NoSuchName);
        CHECK(noName.secure == isSigned);
        CHECK(noName.records.empty());
        CHECK(noName.timeToLive <= std::chrono::seconds(60));
        const Answer noData = ask(resolver, "mx2." + zone, RecordType::Aaaa);
        CHECK(noData.result == Result::NoData);
        CHECK(noData.secure == isSigned);
        CHECK(noData.records.empty());
        const Answer noTlsa = ask(resolver, "_25._tcp.mx2." + zone, RecordType::Tlsa);
        CHECK(noTlsa.result == Result::NoSuchName);
        CHECK(noTlsa.secure == isSigned);
        const Answer dangling = ask(resolver, "dangling." + zone, RecordType::A);
        CHECK(dangling.result == Result::NoSuchName);
        CHECK(dangling.secure == isSigned);
        CHECK(dangling.canonicalName == "nothing." + zone);
    }
}

TEST_CASE("resolver: an unsigned zone's answers are not secure", "[engine]") {
    const KnotServer knot(zones());
    UnboundResolver resolver(optionsFor(knot), kLog);
    const Answer mx = ask(resolver, "plain.test", RecordType::Mx);
    CHECK(mx.result == Result::Found);
    CHECK_FALSE(mx.secure);
    CHECK(mx.records.size() == 2);
}

TEST_CASE("resolver: a CNAME is followed, and is as secure as its weakest part", "[engine]") {
    const KnotServer knot(zones());
    UnboundResolver resolver(optionsFor(knot), kLog);
    const Answer inside = ask(resolver, "alias.signed.test", RecordType::A);
    CHECK(readAll(inside, readA) == std::vector<std::string>{"192.0.2.1"});
    CHECK(inside.secure);
    CHECK(inside.canonicalName == "mx1.signed.test");

    const Answer away = ask(resolver, "away.signed.test", RecordType::A);
    CHECK(readAll(away, readA) == std::vector<std::string>{"192.0.2.1"});
    CHECK_FALSE(away.secure);
    CHECK(away.canonicalName == "mx1.plain.test");
    const Answer alias = ask(resolver, "away.signed.test", RecordType::Cname);
    CHECK(readAll(alias, readName) == std::vector<std::string>{"mx1.plain.test"});
    CHECK(alias.secure);
}

TEST_CASE("resolver: what another key signed is bogus, and gives no records", "[engine]") {
    const KnotServer knot(zones());
    const KnotServer other(zones());
    UnboundOptions options = optionsFor(knot);
    options.trustAnchorFile = other.trustAnchor();
    UnboundResolver resolver(options, kLog);
    for (const std::string name : {"signed.test", "nothing.signed.test"}) {
        const Answer mx = ask(resolver, name, RecordType::Mx);
        INFO(name);
        CHECK(mx.result == Result::Bogus);
        CHECK_FALSE(mx.secure);
        CHECK(mx.records.empty());
        CHECK(mx.why.find("signed.test") != std::string::npos);
    }
    CHECK(ask(resolver, "plain.test", RecordType::Mx).result == Result::Found);

    options.validate = false;
    UnboundResolver trusting(options, kLog);
    CHECK_FALSE(trusting.validates());
    const Answer mx = ask(trusting, "signed.test", RecordType::Mx);
    CHECK(mx.result == Result::Found);
    CHECK_FALSE(mx.secure);
}

TEST_CASE("resolver: an answer too large for a datagram comes over TCP", "[engine]") {
    const KnotServer knot(zones());
    UnboundResolver resolver(optionsFor(knot), kLog);
    const Answer txt = ask(resolver, "long.signed.test", RecordType::Txt);
    CHECK(readAll(txt, readTxt) == std::vector<std::string>{longText()});
    CHECK(txt.secure);
}

TEST_CASE("resolver: mail routes over a real name server", "[engine]") {
    const KnotServer knot(zones());
    UnboundResolver resolver(optionsFor(knot), kLog);
    SystemRandom random;

    struct Body {
        static Task<void> run(Resolver& dns, Random& dice) {
            const MailRoutes routes = co_await routesFor(dns, dice, "signed.test", {});
            REQUIRE(routes.hosts.size() == 2);
            CHECK(routes.secure);
            CHECK(routes.hosts[0].name == "mx1.signed.test");
            const HostAddresses host = co_await addressesOf(dns, routes.hosts[0].name);
            CHECK(host.addresses == std::vector<std::string>{"2001:db8::1", "192.0.2.1"});
            CHECK(host.secure);
            const MailRoutes null = co_await routesFor(dns, dice, "null.signed.test", {});
            CHECK(null.trouble == RouteTrouble::NullMx);
            const MailRoutes implicit = co_await routesFor(dns, dice, "mx2.signed.test", {});
            REQUIRE(implicit.hosts.size() == 1);
            CHECK(implicit.hosts[0].implicit);
            CHECK(implicit.secure);
            const MailRoutes none = co_await routesFor(dns, dice, "no.signed.test", {});
            CHECK(none.trouble == RouteTrouble::NoSuchDomain);
        }
    };

    Reactor reactor;
    runUntilDone(reactor, Body::run(resolver, random));
}

TEST_CASE("resolver: a server that does not serve the zone is a failure", "[engine]") {
    const KnotServer knot(zones());
    UnboundResolver resolver(optionsFor(knot), kLog);
    const Answer answer = ask(resolver, "example.unserved.test", RecordType::Mx);
    CHECK(answer.result == Result::Failed);
    CHECK(answer.why == "example.unserved.test: SERVFAIL");
}

TEST_CASE("resolver: reserved names are not asked for unless it is said", "[engine]") {
    const SilentServer silent;
    UnboundOptions options = optionsFor(silent, kForEver);
    options.reservedZones.clear();
    UnboundResolver resolver(options, kLog);
    const Answer answer = ask(resolver, "plain.test", RecordType::Mx);
    CHECK(answer.result == Result::NoSuchName);
    CHECK_FALSE(answer.secure);
}

TEST_CASE("resolver: what is no name is not there", "[engine]") {
    const SilentServer silent;
    UnboundResolver resolver(optionsFor(silent, kForEver), kLog);
    for (const std::string& name :
         {std::string(),
          std::string("a..test"),
          std::string("plain.test\0x", 12),
          std::string(64, 'a') + ".test"}) {
        const Answer answer = ask(resolver, name, RecordType::A);
        CHECK(answer.result == Result::NoSuchName);
        CHECK_FALSE(answer.secure);
        CHECK_FALSE(answer.why.empty());
    }
}

TEST_CASE("resolver: a question ends at its deadline", "[engine]") {
    const SilentServer silent;
    UnboundResolver resolver(optionsFor(silent, kShort), kLog);
    const Answer answer = ask(resolver, "plain.test", RecordType::Mx);
    CHECK(answer.result == Result::Failed);
    CHECK(answer.why == "plain.test: no answer in time");
    // Again while libunbound is still at it, and another.
    CHECK(ask(resolver, "plain.test", RecordType::Mx).result == Result::Failed);
    CHECK(ask(resolver, "other.test", RecordType::Mx).result == Result::Failed);
}

TEST_CASE("resolver: what comes after the deadline is there for who asks again", "[engine]") {
    const SilentServer server;
    UnboundResolver resolver(optionsFor(server, kShort), kLog);
    CHECK(ask(resolver, "plain.test", RecordType::Mx).result == Result::Failed);
    std::thread late([&] { server.denyAll(); });
    Answer answer;
    while (answer.result == Result::Failed)
        answer = ask(resolver, "plain.test", RecordType::Mx);
    CHECK(answer.result == Result::NoSuchName);
    server.shutDown();
    late.join();
}

TEST_CASE("resolver: a question ends at its deadline while it waits for its turn", "[engine]") {
    const SilentServer silent;
    UnboundOptions options = optionsFor(silent, kShort);
    options.inFlightMax = 1;
    UnboundResolver resolver(options, kLog);
    for (const std::string name : {"first.test", "second.test", "third.test", "second.test"}) {
        CHECK(ask(resolver, name, RecordType::A).why == name + ": no answer in time");
    }
}

TEST_CASE("resolver: the second forwarder is asked when the first is dead", "[engine]") {
    const SilentServer silent;
    const KnotServer knot(zones());
    UnboundOptions options = optionsFor(knot);
    options.forwarders.insert(options.forwarders.begin(), silent.address());
    UnboundResolver resolver(options, kLog);
    CHECK(ask(resolver, "signed.test", RecordType::Mx).secure);
}

TEST_CASE("resolver: many questions of several reactors, few at a time", "[engine]") {
    const KnotServer knot(zones());
    UnboundOptions options = optionsFor(knot);
    options.inFlightMax = 7;
    UnboundResolver resolver(options, kLog);

    struct Asker {
        static Task<void> all(Resolver& dns, std::vector<Answer>& answers) {
            Nursery nursery(*Reactor::current(), [](const std::exception_ptr& thrown) {
                std::rethrow_exception(thrown);
            });
            for (std::size_t i = 0; i < answers.size(); ++i) {
                const std::string name = "n" + std::to_string(i) + ".plain.test";
                nursery.start(askInto(dns, name, RecordType::A, answers[i]));
            }
            co_await nursery.join();
        }

        void run(Resolver& dns) {
            Reactor reactor;
            runUntilDone(reactor, all(dns, answers));
        }

        std::vector<Answer> answers = std::vector<Answer>(200);
    };

    std::array<Asker, 3> askers;
    std::vector<std::thread> threads;
    for (Asker& asker : askers)
        threads.emplace_back([&] { asker.run(resolver); });
    for (std::thread& thread : threads)
        thread.join();
    for (const Asker& asker : askers) {
        for (std::size_t i = 0; i < asker.answers.size(); ++i) {
            const std::vector<std::string> expected{"192.0.2." + std::to_string(i)};
            CHECK(readAll(asker.answers[i], readA) == expected);
        }
    }
}

TEST_CASE("resolver: when libunbound breaks down who waits is told, and it goes on", "[engine]") {
    const SilentServer server;
    const std::set<int> before = unixSockets();
    UnboundResolver resolver(optionsFor(server, kForEver), kLog);
    Answer answer;
    std::thread waiting([&] { answer = ask(resolver, "plain.test", RecordType::Mx); });
    server.hears();
    for (const int number : unixSockets()) {
        if (!before.contains(number)) ::shutdown(number, SHUT_RDWR);
    }
    waiting.join();
    CHECK(answer.result == Result::Failed);
    CHECK(answer.why == "the resolver broke down");
    std::thread speaking([&] { server.denyAll(); });
    CHECK(ask(resolver, "plain.test", RecordType::Mx).result == Result::NoSuchName);
    server.shutDown();
    speaking.join();
}

TEST_CASE("resolver: a stop answers who waits, and whoever asks later", "[engine]") {
    const SilentServer silent;
    UnboundResolver resolver(optionsFor(silent, kForEver), kLog);
    Answer answer;
    std::thread waiting([&] { answer = ask(resolver, "plain.test", RecordType::Mx); });
    silent.hears();
    resolver.stop();
    waiting.join();
    CHECK(answer.result == Result::Failed);
    CHECK(answer.why == "the resolver has been stopped");
    CHECK(ask(resolver, "plain.test", RecordType::Mx).result == Result::Failed);
    resolver.stop();
}

TEST_CASE("resolver: it may go before the coroutines that wait for it", "[engine]") {
    const SilentServer silent;

    struct Body {
        static Task<void> run(std::optional<UnboundResolver>& resolver, Answer& answer) {
            Nursery nursery(*Reactor::current(), [](const std::exception_ptr& thrown) {
                std::rethrow_exception(thrown);
            });
            nursery.start(askInto(*resolver, "plain.test", RecordType::Mx, answer));
            resolver.reset();
            co_await nursery.join();
        }
    };

    std::optional<UnboundResolver> resolver;
    resolver.emplace(optionsFor(silent, kForEver), kLog);
    Answer answer;
    Reactor reactor;
    runUntilDone(reactor, Body::run(resolver, answer));
    CHECK(answer.result == Result::Failed);
    CHECK(answer.why == "the resolver has been stopped");
}

TEST_CASE("resolver: a coroutine that waits may be destroyed, with its reactor", "[engine]") {
    const KnotServer knot(zones());
    UnboundResolver resolver(optionsFor(knot), kLog);

    struct Body {
        static Task<void> run(Resolver& dns) {
            Answer never;
            {
                const Task<void> task = askInto(dns, "signed.test", RecordType::Mx, never);
                // Runs to its wait; what it would go on with is nothing.
                CHECK(task.operator co_await().await_suspend(std::noop_coroutine()));
            }
            CHECK(never.result == Result::Failed);
            co_return;
        }
    };

    for (int i = 0; i < 20; ++i) {
        Reactor reactor;
        runUntilDone(reactor, Body::run(resolver));
    }
    CHECK(ask(resolver, "signed.test", RecordType::Mx).result == Result::Found);
}

TEST_CASE("resolver: a wrong option is named at the start", "[engine]") {
    const TemporaryFolder folder;
    const std::filesystem::path file = folder.path() / "anchor";
    CHECK(
        whatFails({.forwarders = {"dns.example.org"}, .validate = false}) ==
        "dns: \"dns.example.org\" is not a resolver's address (\"127.0.0.1@5353\"): syntax error");
    CHECK(
        whatFails({.trustAnchorFile = file}) ==
        "dns: the trust anchor " + file.string() + " cannot be read");
    std::ofstream(file) << "; no DS here\n";
    CHECK(
        whatFails({.trustAnchorFile = file}) ==
        "dns: the trust anchor " + file.string() + " has no DS or DNSKEY record in it");
    std::ofstream(file) << "test. IN DS not a record\n";
    CHECK(
        whatFails({.trustAnchorFile = file}) ==
        "dns: libunbound does not start; is " + file.string() + " a file of DS or DNSKEY records?");
    CHECK(
        whatFails({.validate = false, .reservedZones = {"a..b"}}) ==
        "dns: the reserved zone \"a..b\" is not taken: syntax error");
}
