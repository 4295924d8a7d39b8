// The operator's side of sending: `daybook queue`, `status`, `suppression` and what `journal` says,
// on a data directory that a scribe has filled, without a server.
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "journal/base/encoding.h"
#include "tests/support/scribe_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::int64_t kDay = 86'400 * kSecondNs;

struct Ran {
    int status = -1;
    std::string out;  // and standard error, unless it is JSON
};

// Alice's mail for elsewhere.test and for herself; closed before the tool comes.
class House {
public:
    House() {
        std::ofstream(fixture_.folder() / "daybook.toml")
            << "hostname = \"mail.example.org\"\n[[listener]]\nprotocol = \"smtp\"\n"
               "address = \"127.0.0.1\"\nport = 0\n";
        std::filesystem::create_directory(fixture_.folder() / "run");
    }

    MessageId send(
        const std::vector<std::string>& forwardPaths,
        bool toHerself = false,
        const std::string& reversePath = "alice@example.org") {
        if (closed_) reopen();
        Deliver command;
        command.origin = {.actor = event::Actor::OWNER, .actorId = fixture_.alice()};
        command.protocol = event::Protocol::SUBMISSION;
        command.message = fixture_.random().orderedId<MessageId>();
        command.blob = fixture_.blob();
        command.reversePath = reversePath;
        command.helo = "laptop.test";
        command.ip = "192.0.2.9";
        command.envelope.envelopeId = "E-1";
        command.expiresNs = fixture_.clock().now() + 5 * kDay;
        if (toHerself) {
            command.targets.push_back(fixture_.target(fixture_.alice()));
            command.targets.back().forwardPath = "alice@example.org";
        }
        for (const std::string& path : forwardPaths) {
            command.relays.push_back({
                .forwardPath = path,
                .domain = path.substr(path.find('@') + 1),
                .options = {},
                .newDestination = fixture_.random().id<DestinationId>(),
            });
        }
        const MessageId message = command.message;
        fixture_.does(std::move(command));
        settle();
        return message;
    }

    struct Answer {
        OutcomeState state = OutcomeState::Relayed;
        std::uint16_t code = 250;
        std::uint32_t enhancedCode = 0x020000;
        std::string text = "250 2.0.0 kept as 1";
    };

    // Offered to a server, which answers.
    void offer(MessageId message, const std::vector<RecipientNumber>& recipients, Answer answer) {
        if (closed_) reopen();
        const auto attempt = fixture_.random().id<AttemptId>();
        fixture_.does(StartAttempt{
            .origin = {.actor = event::Actor::SYSTEM},
            .attempt = attempt,
            .of = {.message = message, .recipients = recipients},
            .host = "mx.elsewhere.test",
            .ip = "192.0.2.25",
        });
        settle();
        AttemptResult result;
        result.state = answer.state;
        result.recipients = recipients;
        result.code = answer.code;
        result.enhancedCode = answer.enhancedCode;
        result.text = std::move(answer.text);
        result.tls.tls.version = 0x0304;
        result.tls.policy = event::TlsPolicy::DANE;
        result.tls.verified = true;
        fixture_.does(RecordOutcome{
            .origin = {.actor = event::Actor::SYSTEM},
            .attempt = attempt,
            .message = message,
            .host = "mx.elsewhere.test",
            .ip = "192.0.2.25",
            .results = {std::move(result)},
            .nextNs = fixture_.clock().now() + 900 * kSecondNs,
            .delayWarningNs = 0,
            .newSuppressions = fixture_.random().id<SuppressionId>(),
        });
        settle();
    }

    Ran run(const std::string& arguments, bool withErrors = true) {
        if (!closed_) {
            fixture_.close();
            closed_ = true;
        }
        const std::string command = std::string(DAYBOOK_BINARY_DIR) + "/bin/daybook --dir " +
                                    fixture_.folder().string() + " " + arguments +
                                    (withErrors ? " 2>&1" : " 2>/dev/null");
        Ran ran;
        FILE* const pipe = ::popen(command.c_str(), "r");
        REQUIRE(pipe != nullptr);
        char octets[4'096];
        for (std::size_t count = 0; (count = std::fread(octets, 1, sizeof octets, pipe)) != 0;)
            ran.out.append(octets, count);
        const int status = ::pclose(pipe);
        REQUIRE(WIFEXITED(status));
        ran.status = WEXITSTATUS(status);
        return ran;
    }

    nlohmann::json json(const std::string& arguments) {
        const Ran ran = run(arguments + " --json", false);
        CAPTURE(arguments, ran.out);
        CHECK(ran.status == 0);
        return nlohmann::json::parse(ran.out);
    }

    ScribeFixture& fixture() { return fixture_; }

private:
    void reopen() {
        fixture_.open();
        closed_ = false;
    }

    void settle() {
        fixture_.scribe().betweenRounds([] {});
        fixture_.clock().advanceSeconds(1);
    }

    ScribeFixture fixture_;
    bool closed_ = false;
};

const House::Answer kLater{
    .state = OutcomeState::Deferred,
    .code = 451,
    .enhancedCode = 0x040701,
    .text = "451 4.7.1 Greylisted",
};
const House::Answer kUnknown{
    .state = OutcomeState::Bounced,
    .code = 550,
    .enhancedCode = 0x050101,
    .text = "550 5.1.1 no bob here",
};

constexpr RecipientNumber kFirst(1);
constexpr RecipientNumber kSecond(2);

std::string idOf(MessageId message) { return idText(message.number()); }

auto contains(const std::string& text) { return Catch::Contains(text); }

}  // namespace

TEST_CASE("daybook queue: an empty queue is shown empty, and nothing can be done to it") {
    House house;
    CHECK(house.run("queue list").status == 0);
    CHECK(house.json("queue list").empty());
    CHECK(house.run("queue retry --all").status == 1);
    CHECK(house.run("queue show 0123456789abcdef").status == 1);
    CHECK(house.run("queue remove 0123456789abcdef").status == 1);
}

TEST_CASE("daybook queue: wrong usage is 2") {
    House house;
    CHECK(house.run("queue").status == 2);
    CHECK(house.run("queue retry").status == 2);
    CHECK(house.run("queue hold nonsense").status == 2);
    CHECK(house.run("queue show nonsense").status == 2);
    CHECK(house.run("queue stats --days 0").status == 2);
    CHECK(house.run("status nonsense").status == 2);
    CHECK(house.run("status alice@example.org --limit 0").status == 2);
    CHECK(house.run("queue list --account nobody@example.org").status == 1);
}

TEST_CASE("daybook queue: list and show say what waits, for whom and why") {
    House house;
    const MessageId one = house.send({"bob@elsewhere.test", "carol@third.test"});
    const MessageId two = house.send({"dora@third.test"});
    house.offer(one, {kFirst}, kLater);

    const Ran list = house.run("queue list");
    CHECK(list.status == 0);
    CHECK_THAT(list.out, contains(idOf(one)) && contains(idOf(two)));
    CHECK_THAT(list.out, contains("<alice@example.org>") && contains("and 1 more"));
    const Ran show = house.run("queue show " + idOf(one));
    CHECK(show.status == 0);
    CHECK_THAT(show.out, contains(idOf(one)) && contains("alice@example.org") && contains("E-1"));
    CHECK_THAT(show.out, contains("bob@elsewhere.test") && contains("451 4.7.1 Greylisted"));
    CHECK_THAT(show.out, contains("TLS 1.3, DANE, verified"));

    const nlohmann::json all = house.json("queue list");
    REQUIRE(all.size() == 3);
    CHECK(all[0]["message"] == idOf(one));
    CHECK(all[0]["recipient"] == "bob@elsewhere.test");
    CHECK(all[0]["state"] == "waiting");
    CHECK(all[0]["tries"] == 1);
    CHECK(all[0]["code"] == 451);
    CHECK(all[0]["status"] == "4.7.1");
    CHECK(all[0]["tls_policy"] == "DANE");
    CHECK(all[0]["sender"] == "alice@example.org");
    CHECK(all[0]["account"] == "alice@example.org");
    CHECK(house.json("queue show " + idOf(one)).size() == 2);
    CHECK(house.json("queue list --destination THIRD.test").size() == 2);
    CHECK(house.json("queue list --recipient dora@third.test").size() == 1);
    CHECK(house.json("queue list --account alice@example.org").size() == 3);
    CHECK(house.json("queue list --sender bob@example.org").empty());
    CHECK(house.json("queue list --held").empty());
}

TEST_CASE("daybook queue: hold, release, retry and remove say how many") {
    House house;
    const MessageId one = house.send({"bob@elsewhere.test", "carol@third.test"});
    const MessageId two = house.send({"dora@third.test"});

    const Ran held = house.run("queue hold --destination third.test");
    CHECK(held.status == 0);
    CHECK_THAT(held.out, contains("2 recipients of 2 messages"));
    CHECK(house.json("queue list --held").size() == 2);
    CHECK(house.run("queue hold --destination third.test").status == 1);
    CHECK(house.json("queue show " + idOf(one))[1]["state"] == "held");

    const Ran released = house.run("queue release " + idOf(two));
    CHECK_THAT(released.out, contains("1 recipient of 1 message:"));
    CHECK(house.run("queue release " + idOf(two)).status == 1);
    CHECK_THAT(house.run("queue retry --all").out, contains("2 recipients of 2 messages"));

    // One that is not there does not keep the others from it.
    const Ran removed = house.run("queue remove 0123456789abcdef " + idOf(one));
    CHECK(removed.status == 1);
    CHECK_THAT(removed.out, contains("0123456789abcdef") && contains("2 recipients of 1 message"));
    CHECK(house.json("status " + idOf(one))["recipients"][0]["state"] == "removed");
    CHECK(house.run("queue retry " + idOf(one)).status == 1);
    CHECK(house.json("queue list").size() == 1);
}

TEST_CASE("daybook status: tells for each recipient where the message is") {
    House house;
    const MessageId one =
        house.send({"bob@elsewhere.test", "carol@elsewhere.test", "dora@third.test"}, true);
    house.offer(one, {RecipientNumber(2)}, {});
    house.offer(one, {RecipientNumber(3)}, kUnknown);

    const nlohmann::json json = house.json("status " + idOf(one));
    CHECK(json["message"] == idOf(one));
    CHECK(json["sender"] == "alice@example.org");
    CHECK(json["envelope_id"] == "E-1");
    const auto& recipients = json["recipients"];
    REQUIRE(recipients.size() == 4);
    CHECK(recipients[0]["recipient"] == "alice@example.org");
    CHECK(recipients[0]["state"] == "delivered");
    CHECK(recipients[0]["mailbox"] == "INBOX");
    CHECK(recipients[1]["state"] == "relayed");
    CHECK(recipients[1]["host"] == "mx.elsewhere.test");
    CHECK(recipients[1]["ip"] == "192.0.2.25");
    CHECK(recipients[1]["tls"] == "TLS 1.3");
    CHECK(recipients[1]["tls_verified"] == true);
    CHECK(recipients[1]["text"] == "250 2.0.0 kept as 1");
    CHECK(recipients[2]["state"] == "failed");
    CHECK(recipients[2]["reason"] == "refused");
    CHECK(recipients[3]["state"] == "waiting");
    CHECK(recipients[3].contains("next"));

    const Ran table = house.run("status " + idOf(one));
    CHECK(table.status == 0);
    CHECK_THAT(table.out, contains("INBOX of alice@example.org") && contains("third.test"));
    CHECK_THAT(table.out, contains("mx.elsewhere.test [192.0.2.25]") && contains("5.1.1"));
    CHECK_THAT(table.out, contains("TLS 1.3, DANE, verified"));
    // It looked into the journal.
    CHECK_THAT(house.run("journal log --kind JournalRead").out, contains("status " + idOf(one)));
}

TEST_CASE("daybook status: as a report of RFC 3464") {
    House house;
    const MessageId one = house.send({"bob@elsewhere.test", "carol@third.test"}, true);
    house.offer(one, {RecipientNumber(2)}, kUnknown);
    const Ran report = house.run("status --rfc3464 " + idOf(one), false);
    CHECK(report.status == 0);
    for (const char* const words :
         {"Content-Type: multipart/report",
          "Reporting-MTA: dns; mail.example.org",
          "Original-Envelope-Id: E-1",
          "Arrival-Date: ",
          "Final-Recipient: rfc822;bob@elsewhere.test",
          "Action: failed",
          "Status: 5.1.1",
          "Remote-MTA: dns; mx.elsewhere.test",
          "Diagnostic-Code: smtp; 550 5.1.1 no bob here",
          "Last-Attempt-Date: ",
          "Action: delayed",
          "Will-Retry-Until: ",
          "Action: delivered",
          "Subject: x"}) {
        CHECK_THAT(report.out, contains(words));
    }
}

TEST_CASE("daybook status: what was given up is reported as to its sender, not with the last 4xx") {
    House house;
    const MessageId one = house.send({"bob@elsewhere.test", "carol@third.test"});
    house.offer(one, {kSecond}, kLater);
    CHECK(house.run("queue remove --recipient carol@third.test").status == 0);
    const Ran removed = house.run("status --rfc3464 " + idOf(one), false);
    CHECK_THAT(removed.out, contains("Action: delayed") && contains("Status: 4.0.0"));
    CHECK_THAT(removed.out, contains("Action: failed") && contains("Status: 5.7.0"));
    CHECK_THAT(removed.out, !contains("Status: 4.7.1"));

    house.fixture().clock().advanceSeconds(5 * kDay / kSecondNs);
    house.offer(one, {kFirst}, kLater);
    const Ran expired = house.run("status --rfc3464 " + idOf(one), false);
    CHECK_THAT(expired.out, contains("Status: 5.4.7") && contains("451 4.7.1 Greylisted"));
    CHECK_THAT(expired.out, !contains("Status: 4.7.1") && !contains("Action: delayed"));
}

TEST_CASE("daybook status: a report about a message without a sender goes to nobody") {
    House house;
    const MessageId one = house.send({"bob@elsewhere.test"}, false, "");
    const Ran report = house.run("status --rfc3464 " + idOf(one), false);
    CHECK(report.status == 0);
    CHECK_THAT(report.out, contains("Action: delayed"));
    CHECK_THAT(report.out, !contains("\nTo:") && !contains("erased"));
    CHECK_THAT(house.run("status " + idOf(one)).out, contains("<>"));
    CHECK_THAT(house.run("queue show " + idOf(one)).out, contains("<>"));
}

TEST_CASE("daybook status: finds messages by address and by Message-ID, newest first") {
    House house;
    const MessageId one = house.send({"bob@elsewhere.test", "carol@elsewhere.test"});
    const MessageId two = house.send({"Bob@elsewhere.test"}, true);

    const nlohmann::json to = house.json("status bob@ELSEWHERE.test");
    REQUIRE(to.size() == 2);
    CHECK(to[0]["message"] == idOf(two));
    CHECK(to[1]["message"] == idOf(one));
    // The others are none of that recipient's business.
    CHECK(to[1]["recipients"].size() == 1);
    CHECK(house.json("status bob@elsewhere.test --limit 1").size() == 1);
    const nlohmann::json from = house.json("status alice@example.org");
    REQUIRE(from.size() == 2);
    CHECK(from[1]["recipients"].size() == 2);
    CHECK_THAT(house.run("status bob@elsewhere.test").out, !contains("carol"));

    const nlohmann::json named = house.json("status '<1@example.net>'");
    REQUIRE(named.size() == 1);
    CHECK(named[0]["message"] == idOf(two));
    CHECK(house.run("status nobody@elsewhere.test").status == 1);
    CHECK(house.run("status '<2@example.net>'").status == 1);
    CHECK(house.run("status 0123456789abcdef").status == 1);
}

TEST_CASE("daybook journal: the story of a message tells its sending") {
    House house;
    const MessageId one = house.send({"bob@elsewhere.test", "carol@third.test"});
    house.offer(one, {kFirst}, kLater);
    house.fixture().clock().advanceSeconds(1'000);
    house.offer(one, {kFirst}, {});
    house.offer(one, {kSecond}, kUnknown);
    const Ran told = house.run("journal history " + idOf(one));
    CHECK(told.status == 0);
    for (const char* const words :
         {"queued for <bob@elsewhere.test> at elsewhere.test",
          "offered to mx.elsewhere.test [192.0.2.25] for <bob@elsewhere.test> (try 1)",
          "deferred for <bob@elsewhere.test> until ",
          "over TLS 1.3 (DANE, verified)",
          "451 4.7.1 Greylisted",
          "(try 2)",
          "relayed to mx.elsewhere.test [192.0.2.25]",
          "250 2.0.0 kept as 1",
          "failed for good for <carol@third.test> (refused)",
          "the sender is to be told"}) {
        CHECK_THAT(told.out, contains(words));
    }
    CHECK_THAT(told.out, !contains("an event of kind"));

    CHECK_THAT(
        house.run("journal log --address carol@third.test --kind Queued").out,
        contains("queued for <carol@third.test>"));
    CHECK_THAT(
        house.run("journal log --address mx.elsewhere.test --kind Relayed").out,
        contains("kept as 1"));
    CHECK_THAT(
        house.run("journal log --ip 192.0.2.25 --kind AttemptStarted").out, contains("(try 1)"));
    const Ran line = house.run("journal log --kind AttemptStarted --limit 1 --json", false);
    const nlohmann::json attempt = nlohmann::json::parse(line.out);
    CHECK(attempt["attemptStarted"]["attempt"].get<std::string>().size() == 16);
    CHECK(house.json("journal history " + idOf(one)).size() > 6);
}

TEST_CASE("daybook journal: says who may send as whom and which key signs, and who said so") {
    House house;
    house.fixture().addAccount("bob@example.org");
    CHECK(house.run("delegate add alice@example.org bob@example.org").status == 0);
    CHECK(house.run("delegate remove alice@example.org bob@example.org").status == 0);
    const Ran given = house.run("journal log --kind DelegationChanged");
    CHECK_THAT(
        given.out,
        contains("bob@example.org may send as alice@example.org, said the operator") &&
            contains("bob@example.org may no longer send as alice@example.org, said the operator"));
    CHECK(house.run("domain add second.test").status == 0);
    const Ran keys = house.run("journal log --kind DkimKeyRotated");
    CHECK_THAT(keys.out, contains("the Ed25519 signing key ") && contains("the RSA signing key "));
    CHECK_THAT(keys.out, contains(" of second.test signs from now on, said the operator"));
}

TEST_CASE("daybook queue stats: counts per day and domain") {
    House house;
    const MessageId one = house.send({"bob@elsewhere.test", "carol@third.test"});
    house.offer(one, {kFirst}, {});
    const nlohmann::json all = house.json("queue stats --days 36500");
    REQUIRE(all.size() == 2);
    const nlohmann::json some = house.json("queue stats --days 36500 --domain Elsewhere.test");
    REQUIRE(some.size() == 1);
    CHECK(some[0]["domain"] == "elsewhere.test");
    CHECK(some[0]["queued"] == "1");
    CHECK(some[0]["relayed"] == "1");
    CHECK(some[0]["bounced"] == "0");
}

TEST_CASE("daybook suppression: listed, added, removed") {
    House house;
    CHECK(house.json("suppression list").empty());
    CHECK(house.run("suppression add alice@example.org Bob@elsewhere.test").status == 0);
    CHECK(house.run("suppression add nobody@example.org bob@elsewhere.test").status == 1);
    CHECK(house.run("suppression add alice@example.org nonsense").status == 1);
    CHECK(house.run("suppression add alice@example.org").status == 2);
    CHECK_THAT(
        house.run("suppression remove --help").out, contains("[OPTIONS] [account] address\n"));
    const nlohmann::json listed = house.json("suppression list");
    REQUIRE(listed.size() == 1);
    CHECK(listed[0]["account"] == "alice@example.org");
    CHECK(listed[0]["address"] == "bob@elsewhere.test");
    CHECK(house.json("suppression list bob@example.org").empty());
    CHECK(house.run("suppression remove carol@elsewhere.test").status == 1);
    CHECK(house.run("suppression remove bob@elsewhere.test").status == 0);
    CHECK(house.json("suppression list").empty());
    CHECK(house.run("suppression remove alice@example.org bob@elsewhere.test").status == 1);
    CHECK_THAT(
        house.run("journal log --kind SuppressionChanged").out,
        contains("mail of alice@example.org for \"bob@elsewhere.test\" is not taken any more"));
}
