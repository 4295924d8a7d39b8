#include "engine/delivery/reception.h"

#include <catch2/catch.hpp>

#include "journal/base/encoding.h"
#include "journal/base/limits.h"
#include "journal/journal_reader.h"
#include "journal/schema/summary.capnp.h"
#include "projections/messages.h"
#include "tests/support/running_scribe.h"
#include "tests/support/test_clock.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::string_view kMessage =
    "From: Carol <carol@example.net>\r\n"
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    "Message-ID: <1@example.net>\r\n"
    "Date: Tue, 24 Nov 2026 01:37:58 +0000\r\n"
    "\r\n"
    "Hello.\r\n";

// Signs with a field that says for whom, and over what.
class NotingSigner final : public Signer {
public:
    std::optional<std::string> domainFor(
        AccountId, std::string_view reversePath, std::string_view header) const override {
        if (header.find("no domain of ours") != std::string_view::npos) return std::nullopt;
        return std::string(reversePath.substr(reversePath.find('@') + 1));
    }

    std::string signatureFor(
        const std::string& domain, std::span<const std::string_view> pieces) const override {
        covered_.clear();
        for (const std::string_view piece : pieces) {
            covered_ += piece;
        }
        return "DKIM-Signature: d=" + domain + "\r\n";
    }

    const std::string& covered() const { return covered_; }

private:
    mutable std::string covered_;
};

// alice and bob at example.org, and a connection that mail comes in by.
class Server {
public:
    Server()
        : scribe_(clock_),
          workers_(1),
          session_(
              scribe_.scribe(),
              random_,
              {.protocol = event::Protocol::SMTP, .ip = "192.0.2.1", .peerPort = 4'321}),
          directory_(scribe_.views()),
          reception_({
              .scribe = scribe_.scribe(),
              .content = scribe_.content(),
              .workers = workers_,
              .random = random_,
              .clock = clock_,
              .directory = directory_,
              .hostname = "mail.example.org",
              .signer = &signer_,
          }) {
        scribe_.domain("example.org");
        alice_ = scribe_.account("alice@example.org");
        bob_ = scribe_.account("bob@example.org");
    }

    RunningScribe& scribe() { return scribe_; }

    const NotingSigner& signer() const { return signer_; }

    AccountId alice() const { return alice_; }

    AccountId bob() const { return bob_; }

    SessionRecord& session() { return session_; }

    // What RCPT accepts.
    Arrival envelope(const std::vector<std::string>& recipients) const {
        Arrival arrival{.reversePath = "carol@example.net"};
        arrival.trace.helo = "mx.example.net";
        arrival.trace.ip = "192.0.2.1";
        arrival.trace.by = "mail.example.org";
        arrival.trace.with = "ESMTP";
        for (const std::string& recipient : recipients) {
            const auto resolved = directory_.resolve(recipient);
            REQUIRE(resolved);
            arrival.recipients.push_back({.forwardPath = recipient, .recipients = *resolved});
        }
        return arrival;
    }

    Outcome<Receipt> receive(Arrival arrival, std::string_view message) {
        Spool spool(scribe_.folder());
        spool.append(message);
        Outcome<Receipt> receipt =
            runTask(reactor_, reception_.receive(session_, std::move(arrival), spool));
        scribe_.waitForViews();
        return receipt;
    }

    Outcome<Receipt> receive(const std::vector<std::string>& to, std::string_view message) {
        return receive(envelope(to), message);
    }

    Outcome<Reception::Appended> append(
        MailboxId mailbox, FlagSet flags, std::string_view message) {
        Spool spool(scribe_.folder());
        spool.append(message);
        return runTask(
            reactor_,
            reception_.append(
                session_,
                {
                    .account = alice_,
                    .mailbox = mailbox,
                    .pieces = {{
                        .end = message.size(),
                        .flags = std::move(flags),
                        .internalDateNs = 1'000 * kSecondNs,
                        .zoneMinutes = 60,
                    }},
                },
                spool));
    }

    MailboxRow mailbox(AccountId account, std::string_view name = "INBOX") const {
        return scribe_.views().snapshot().mailboxes().find(account, name).value();
    }

    std::vector<MessageRow> messages(AccountId account, std::string_view name = "INBOX") const {
        const MailboxId id = mailbox(account, name).id;
        std::vector<MessageRow> rows;
        scribe_.views().snapshot().messages().forEach(
            id, Uid(1), Uid(UINT32_MAX), [&rows](const MessageRow& row) {
            rows.push_back(row);
            return true;
        });
        return rows;
    }

    std::string prefix(const MessageRow& row) const {
        return std::string(scribe_.views().snapshot().summaries().prefix(row.storedSeq));
    }

    std::string blob(const MessageRow& row) const {
        std::string octets;
        REQUIRE(scribe_.content().read(row.blob, 0, row.blobOctets, octets));
        return octets;
    }

    // Blobs in the content log that are in this state.
    std::size_t blobs(ContentState state) const {
        std::size_t count = 0;
        for (const std::uint32_t segment : scribe_.content().segments()) {
            for (const ContentLog::Found& found : scribe_.content().scan(segment, 0)) {
                if (found.kind == ContentKind::Blob && found.state == state) ++count;
            }
        }
        return count;
    }

private:
    TestClock clock_;
    SystemRandom random_;
    Reactor reactor_;
    RunningScribe scribe_;
    WorkerPool workers_;
    SessionRecord session_;
    Directory directory_;
    NotingSigner signer_;
    Reception reception_;
    AccountId alice_;
    AccountId bob_;
};

std::string receivedFields(int count) {
    std::string fields;
    for (int i = 0; i < count; ++i)
        fields += "Received: from a by b; Tue, 24 Nov 2026\r\n";
    return fields;
}

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("reception: a message is stored with its trace fields", "[engine]") {
    Server server;
    const Outcome<Receipt> receipt = server.receive({"alice@example.org"}, kMessage);
    REQUIRE(receipt);
    REQUIRE(receipt->recipients.size() == 1);
    CHECK(receipt->recipients[0]);

    const std::vector<MessageRow> messages = server.messages(server.alice());
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].message == receipt->message);
    CHECK(
        server.prefix(messages[0]) ==
        "Return-Path: <carol@example.net>\r\nDelivered-To: alice@example.org\r\n");
    const std::string blob = server.blob(messages[0]);
    CHECK(blob.starts_with("Received: from mx.example.net"));
    CHECK(blob.ends_with("\r\n" + std::string(kMessage)));
    CHECK(has(blob, "for <alice@example.org>"));
    CHECK(has(blob, idText(receipt->message.number())));
    CHECK(messages[0].octets == blob.size() + server.prefix(messages[0]).size());
    CHECK(server.messages(server.bob()).empty());
}

TEST_CASE("reception: the summary and the journal know whose message it is", "[engine]") {
    Server server;
    REQUIRE(server.receive({"alice@example.org"}, kMessage));
    const MessageRow row = server.messages(server.alice()).at(0);
    const Snapshot snapshot = server.scribe().views().snapshot();
    FlatMessage flat(snapshot.summaries().summary(row.storedSeq).value());
    const auto summary = flat.root<summary::Summary>();
    CHECK(
        std::string_view(summary.getSubject().cStr()) ==
        "Gr\xc3\xbc\xc3\x9f"
        "e");
    CHECK(std::string_view(summary.getMessageId().cStr()) == "<1@example.net>");
    // Its offsets count from the first octet of the blob, the Received field included.
    CHECK(server.blob(row).substr(summary.getParts()[0].getBodyOffset()) == "Hello.\r\n");

    std::size_t received = 0;
    JournalReader reader(server.scribe().journal());
    reader.forEach(Seq(1), Seq(UINT64_MAX), [&](const Record& record) {
        if (record.kind() != Kind::Received) return true;
        ++received;
        const auto details = record.annex(0).value().getReceived();
        CHECK(std::string_view(details.getReversePath().cStr()) == "carol@example.net");
        CHECK(std::string_view(details.getIp().cStr()) == "192.0.2.1");
        CHECK(std::string_view(details.getHelo().cStr()) == "mx.example.net");
        CHECK(std::string_view(details.getMessageId().cStr()) == "<1@example.net>");
        const Hash256 hash = sha256(asBytes(server.blob(row)));
        CHECK(
            asText(std::as_bytes(
                std::span(details.getContentHash().begin(), details.getContentHash().size()))) ==
            asText(hash));
        return true;
    });
    CHECK(received == 1);
}

TEST_CASE("reception: many recipients share one blob and learn nothing of each other", "[engine]") {
    Server server;
    const Outcome<Receipt> receipt =
        server.receive({"alice@example.org", "bob@example.org"}, kMessage);
    REQUIRE(receipt);
    REQUIRE(receipt->recipients.size() == 2);
    const MessageRow alices = server.messages(server.alice()).at(0);
    const MessageRow bobs = server.messages(server.bob()).at(0);
    CHECK(alices.blob == bobs.blob);
    CHECK(alices.message == bobs.message);
    CHECK(alices.emailId != bobs.emailId);
    CHECK(has(server.prefix(alices), "Delivered-To: alice@example.org\r\n"));
    CHECK(has(server.prefix(bobs), "Delivered-To: bob@example.org\r\n"));
    CHECK_FALSE(has(server.blob(bobs), "alice@"));
    CHECK_FALSE(has(server.blob(bobs), "bob@"));
    CHECK(server.blobs(ContentState::Written) == 1);
}

TEST_CASE("reception: an account that is reached twice gets one copy", "[engine]") {
    Server server;
    server.scribe().address(server.alice(), "team@example.org");
    server.scribe().address(server.bob(), "team@example.org");
    const Outcome<Receipt> receipt =
        server.receive({"alice@example.org", "team@example.org", "Alice+x@example.org"}, kMessage);
    REQUIRE(receipt);
    REQUIRE(receipt->recipients.size() == 3);
    for (const Outcome<Done>& recipient : receipt->recipients)
        CHECK(recipient);
    REQUIRE(server.messages(server.alice()).size() == 1);
    CHECK(server.messages(server.bob()).size() == 1);
    CHECK(has(
        server.prefix(server.messages(server.alice())[0]), "Delivered-To: alice@example.org\r\n"));
    // The same message again is another one: nothing is deduplicated.
    REQUIRE(server.receive({"alice@example.org"}, kMessage));
    CHECK(server.messages(server.alice()).size() == 2);
}

TEST_CASE("reception: a plus detail names a mailbox if there is one", "[engine]") {
    Server server;
    server.scribe().mailbox(server.alice(), "lists");
    REQUIRE(server.receive({"alice+lists@example.org"}, kMessage));
    REQUIRE(server.receive({"alice+none@example.org"}, kMessage));
    REQUIRE(server.receive({"alice+trash@example.org"}, kMessage));  // "Trash" is another name
    CHECK(server.messages(server.alice(), "lists").size() == 1);
    CHECK(server.messages(server.alice()).size() == 2);
    CHECK(server.messages(server.alice(), "Trash").empty());
}

TEST_CASE("reception: who went away since RCPT is refused by himself", "[engine]") {
    Server server;
    Arrival arrival = server.envelope({"alice@example.org", "bob@example.org"});
    server.scribe().disable(server.alice());
    const Outcome<Receipt> receipt = server.receive(std::move(arrival), kMessage);
    REQUIRE(receipt);
    REQUIRE(receipt->recipients.size() == 2);
    REQUIRE_FALSE(receipt->recipients[0]);
    CHECK(receipt->recipients[0].error().reason == RefusalReason::AccountDisabled);
    CHECK(receipt->recipients[1]);
    CHECK(server.messages(server.alice()).empty());
    CHECK(server.messages(server.bob()).size() == 1);
}

TEST_CASE("reception: what nobody takes leaves nothing in the content log", "[engine]") {
    Server server;
    Arrival arrival = server.envelope({"alice@example.org"});
    server.scribe().disable(server.alice());
    const Outcome<Receipt> receipt = server.receive(std::move(arrival), kMessage);
    REQUIRE_FALSE(receipt);
    CHECK(receipt.error().reason == RefusalReason::AccountDisabled);
    CHECK(server.blobs(ContentState::Written) == 0);
    CHECK(server.blobs(ContentState::Unused) == 1);
}

TEST_CASE("reception: a message that went round too often is a loop", "[engine]") {
    Server server;
    const auto most = static_cast<int>(limits::kSmtpReceivedFieldsMax);
    const Outcome<Receipt> looping =
        server.receive({"alice@example.org"}, receivedFields(most + 1) + std::string(kMessage));
    REQUIRE_FALSE(looping);
    CHECK(looping.error().reason == RefusalReason::MailLoop);
    CHECK(server.blobs(ContentState::Written) + server.blobs(ContentState::Unused) == 0);
    // In the body they mean nothing.
    CHECK(server.receive({"alice@example.org"}, std::string(kMessage) + receivedFields(most + 1)));
    CHECK(server.receive({"alice@example.org"}, receivedFields(most) + std::string(kMessage)));
}

TEST_CASE("reception: completes the header of what is submitted, where it lacks", "[engine]") {
    Server server;
    const auto submit = [&server](std::string_view text) {
        Arrival arrival = server.envelope({"alice@example.org"});
        arrival.completeHeader = true;
        REQUIRE(server.receive(std::move(arrival), text));
        return server.blob(server.messages(server.alice()).back());
    };
    const std::string bare = submit("Subject: x\r\n\r\nDate: in the body\r\n");
    CHECK(has(bare, "\r\nDate: Tue, 24 Nov 2026 01:37:58 +0000\r\n"));
    CHECK(has(bare, "\r\nMessage-ID: <"));
    CHECK(has(bare, "@mail.example.org>\r\nSubject: x\r\n\r\n"));
    const std::string whole = submit(kMessage);
    CHECK(whole.ends_with("\r\nDKIM-Signature: d=example.net\r\n" + std::string(kMessage)));
    CHECK_FALSE(has(whole, "@mail.example.org>"));
    // What is relayed is not touched.
    REQUIRE(server.receive({"alice@example.org"}, "Subject: x\r\n\r\n"));
    const std::string relayed = server.blob(server.messages(server.alice()).back());
    CHECK_FALSE(has(relayed, "\r\nDate: "));
}

TEST_CASE("reception: signs what is submitted, over what other servers get", "[engine]") {
    Server server;
    const auto submit = [&server](std::string_view text, bool submitted = true) {
        Arrival arrival = server.envelope({"alice@example.org"});
        arrival.completeHeader = submitted;
        REQUIRE(server.receive(std::move(arrival), text));
        return server.blob(server.messages(server.alice()).back());
    };
    constexpr std::string_view kSignature = "DKIM-Signature: d=example.net\r\n";
    const std::string bare = submit("Subject: x\r\n\r\nx\r\n");
    CHECK(bare.ends_with("\r\n" + std::string(kSignature) + server.signer().covered()));
    CHECK(server.signer().covered().starts_with("Date: "));
    CHECK(server.signer().covered().ends_with("\r\nSubject: x\r\n\r\nx\r\n"));
    // A large one lies in a file.
    const std::string large = std::string(kMessage) + std::string(3'000'000, 'x') + "\r\n";
    CHECK(submit(large).ends_with("\r\n" + std::string(kSignature) + large));
    CHECK(server.signer().covered() == large);

    CHECK_FALSE(has(submit("Subject: no domain of ours\r\n\r\n"), kSignature));
    CHECK_FALSE(has(submit(kMessage, false), kSignature));
}

TEST_CASE("reception: a message of nothing is a message", "[engine]") {
    Server server;
    REQUIRE(server.receive({"alice@example.org"}, ""));
    CHECK(server.messages(server.alice()).size() == 1);
}

TEST_CASE("reception: APPEND stores the octets as they are", "[engine]") {
    Server server;
    const MailboxRow inbox = server.mailbox(server.alice());
    const auto appended = server.append(inbox.id, {.keywords = {"$Todo"}}, kMessage);
    REQUIRE(appended);
    CHECK(appended->uidValidity == inbox.uidValidity);
    CHECK(appended->uid == inbox.uidNext);
    const MessageRow row = server.messages(server.alice()).at(0);
    CHECK(row.message == appended->messages.front());
    CHECK(server.blob(row) == kMessage);
    CHECK(row.prefixOctets == 0);
    CHECK(row.internalDateNs == 1'000 * kSecondNs);
    CHECK(row.zoneMinutes == 60);
    CHECK(row.keywords.size() == 1);

    const auto refused = server.append(MailboxId(12'345), {}, kMessage);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == RefusalReason::NoSuchMailbox);
    CHECK(server.blobs(ContentState::Written) == 1);
    CHECK(server.blobs(ContentState::Unused) == 1);
}

TEST_CASE("reception: a large message goes through the spool and a worker", "[engine]") {
    Server server;
    std::string text(kMessage);
    std::uint32_t number = 1;
    while (text.size() < 60'000'000) {
        number = number * 1'664'525U + 1'013'904'223U;
        text += std::to_string(number) + std::string(60, static_cast<char>('a' + number % 26));
        text += "\r\n";
    }
    const Outcome<Receipt> receipt = server.receive({"alice@example.org", "bob@example.org"}, text);
    REQUIRE(receipt);
    const MessageRow row = server.messages(server.bob()).at(0);
    const std::string blob = server.blob(row);
    REQUIRE(blob.size() > text.size());
    CHECK((std::string_view(blob).substr(blob.size() - text.size()) == text));
    CHECK(blob.starts_with("Received: from mx.example.net"));
}

TEST_CASE("reception: says so when the server is stopping, and keeps nothing", "[engine]") {
    Server server;
    Arrival arrival = server.envelope({"alice@example.org"});
    server.scribe().scribe().stop();
    Spool spool(server.scribe().folder());
    spool.append(kMessage);
    Reactor reactor;
    SystemRandom random;
    TestClock clock;
    WorkerPool workers(1);
    const Directory directory(server.scribe().views());
    Reception reception({
        .scribe = server.scribe().scribe(),
        .content = server.scribe().content(),
        .workers = workers,
        .random = random,
        .clock = clock,
        .directory = directory,
        .hostname = "mail.example.org",
    });
    const Outcome<Receipt> receipt =
        runTask(reactor, reception.receive(server.session(), std::move(arrival), spool));
    REQUIRE_FALSE(receipt);
    CHECK(receipt.error().reason == RefusalReason::ShuttingDown);
    CHECK(server.blobs(ContentState::Written) == 0);
}
