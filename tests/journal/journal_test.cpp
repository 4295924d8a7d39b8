#include "journal/journal.h"

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>

#include "journal/base/encoding.h"
#include "journal/content_segment.h"
#include "journal/journal_format.h"
#include "journal/merkle_log.h"
#include "tests/journal/journal_fixture.h"

using namespace daybook;
using namespace daybook::test;
using namespace std::string_literals;

namespace {

template <class Body>
std::string refusalOf(const Body& body) {
    try {
        body();
    } catch (const JournalUnusable& unusable) {
        return unusable.what();
    }
    return {};
}

std::size_t countStates(const ContentLog& content, ContentState state) {
    std::size_t count = 0;
    for (const std::uint32_t segment : content.segments()) {
        for (const ContentLog::Found& record : content.scan(segment, 0))
            count += record.state == state ? 1U : 0U;
    }
    return count;
}

}  // namespace

TEST_CASE("journal: what is no journal, or a newer one, is refused with advice", "[journal]") {
    SystemRandom random;
    const TemporaryFolder empty;
    CHECK_THAT(
        refusalOf([&] { const Journal journal(empty.path(), kSmall, random); }),
        Catch::Contains("holds no journal") && Catch::Contains("daybook init"));
    {
        lmdb::Environment other(empty.path() / "journal", {.mapOctets = 1U << 20U});
        other.openTable("somebody", false);
    }
    CHECK_THAT(
        refusalOf([&] { const Journal journal(empty.path(), kSmall, random); }),
        Catch::Contains("not a Daybook journal"));
    CHECK_THAT(
        refusalOf([&] { Journal::create(empty.path(), random); }), Catch::Contains("already"));

    JournalFixture f;
    {
        const Journal journal(f.folder.path(), kSmall, f.random);
        lmdb::WriteTransaction txn(journal.environment());
        txn.put(journal.tables().meta, format::kFormatKey, format::encodeNumber32(2));
        txn.put(journal.tables().meta, format::kVersionKey, "9.9.9");
        txn.commit();
    }
    const std::string refusal =
        refusalOf([&] { const Journal journal(f.folder.path(), kSmall, f.random); });
    CHECK_THAT(refusal, Catch::Contains("format 2") && Catch::Contains("9.9.9"));
    CHECK_THAT(refusal, Catch::Contains("install the newer Daybook"));
}

TEST_CASE("journal: content without a journal is not built over", "[journal]") {
    JournalFixture f;
    {
        Journal journal(f.folder.path(), kSmall, f.random);
        JournalWriter writer(journal);
        appendNamed(writer, "one");
    }
    std::filesystem::remove_all(f.folder.path() / "journal");
    CHECK_THAT(
        refusalOf([&] { Journal::create(f.folder.path(), f.random); }),
        Catch::Contains("content but no journal"));
}

TEST_CASE("journal: an interrupted creation is begun anew", "[journal]") {
    const TemporaryFolder folder;
    SystemRandom random;
    std::filesystem::create_directory(folder.path() / "journal.new");
    std::ofstream(folder.path() / "journal.new" / "data.mdb") << "half";
    Journal::create(folder.path(), random);
    const Journal journal(folder.path(), kSmall, random);
    CHECK(journal.head().size == 0);
    CHECK(journal.head().root == MerkleLog().root());
    CHECK(journal.journalId() != 0);
}

TEST_CASE("journal: an aborted batch leaves nothing, the next one is whole", "[journal]") {
    JournalFixture f;
    Journal journal(f.folder.path(), kSmall, f.random);
    JournalWriter writer(journal);
    appendNamed(writer, "one", 100);
    const JournalHead before = journal.head();

    Draft lost = named("lost");
    writer.begin(1);
    writer.append(lost, 500);
    CHECK(writer.nextSeq() == Seq(3));
    CHECK(writer.lastTimeNs() == 500);
    writer.abort();
    CHECK(writer.nextSeq() == Seq(2));
    CHECK(writer.lastTimeNs() == 100);
    CHECK(journal.head().root == before.root);
    CHECK(countStates(journal.content(), ContentState::Unused) == 1);

    Draft two = named("two");
    Draft three = named("three");
    writer.begin(1);
    writer.append(two, 50);
    writer.append(three, 200);
    CHECK(journal.head().size == 1);
    writer.commit();
    CHECK(namesIn(journal) == std::vector{"one"s, "two"s, "three"s});
    CHECK(two.core().getTimeNs() == 100);
    CHECK(journal.head().size == 3);
    CHECK(journal.head().timeNs == 200);
    CHECK(journal.rootAt(3) == journal.head().root);
    CHECK(journal.rootAt(1) == before.root);
    CHECK(journal.rootAt(0) == MerkleLog().root());
    CHECK_FALSE(journal.rootAt(2));

    writer.begin(1);
    writer.commit();
    CHECK(journal.head().size == 3);
}

TEST_CASE("journal: a record serves its details before and after the commit", "[journal]") {
    JournalFixture f;
    Journal journal(f.folder.path(), kSmall, f.random);
    JournalWriter writer(journal);
    Draft draft = stored(journal, "From: a\r\n\r\nhello", "the summary");
    draft.addAnnex(AccountId(8)).initName().setText("second");
    writer.begin(1);
    const Record& fresh = writer.append(draft, 5);
    CHECK(fresh.seq() == Seq(1));
    CHECK(fresh.kind() == Kind::Stored);
    CHECK(fresh.summary() == "the summary"s);
    CHECK(fresh.annex(1)->getName().getText() == "second");
    CHECK_FALSE(fresh.annex(2));
    draft.summary = asBytes("from memory");
    CHECK(fresh.summary() == "from memory"s);
    const std::string octets(asText(fresh.octets()));
    writer.commit();

    JournalReader reader(journal);
    CHECK_FALSE(reader.at(Seq(2), [](const Record&) {}));
    REQUIRE(reader.at(Seq(1), [&](const Record& record) {
        CHECK((asText(record.octets()) == octets));
        CHECK(record.summary() == "the summary"s);
        CHECK(record.annex(0)->getStored().getPrefix() == "Return-Path: <>\r\n");
        const auto blob = blobOf(record.core());
        REQUIRE(blob);
        std::string message;
        REQUIRE(journal.content().read(refOf(*blob).place, 0, blob->getOctets(), message));
        CHECK(message == "From: a\r\n\r\nhello");
        const auto reference = record.core().getAnnexes()[1];
        CHECK(reference.getSubject() == 8);
        journal.content().erase(refOf(reference).place, ContentState::Erased);
        CHECK_FALSE(record.annex(1));
        CHECK(record.annex(0));
    }));
}

TEST_CASE("journal: a reader stops where it is told, and at the head", "[journal]") {
    JournalFixture f;
    Journal journal(f.folder.path(), kSmall, f.random);
    JournalWriter writer(journal);
    for (int i = 1; i <= 9; ++i)
        appendNamed(writer, std::to_string(i));
    JournalReader reader(journal);
    std::string seen;
    const auto visit = [&](const Record& record) {
        seen += record.name();
        return record.name() != "6";
    };
    CHECK(reader.forEach(Seq(20), Seq(30), visit) == Seq(20));
    CHECK(reader.forEach(Seq(0), Seq(2), visit) == Seq(3));
    CHECK(reader.forEach(Seq(3), Seq(9), visit) == Seq(7));
    CHECK(reader.forEach(Seq(7), Seq(100), visit) == Seq(10));
    CHECK(seen == "123456789");
    CHECK(reader.waitBeyond(8, std::chrono::seconds(0)).size == 9);
}

TEST_CASE("journal: a core that cannot be read is named", "[journal]") {
    JournalFixture f;
    Journal journal(f.folder.path(), kSmall, f.random);
    JournalWriter writer(journal);
    appendNamed(writer, "one");
    appendNamed(writer, "two");
    {
        lmdb::WriteTransaction txn(journal.environment());
        txn.put(journal.tables().events, 2, std::string(64, '\x7F'));
        txn.commit();
    }
    JournalReader reader(journal);
    int visited = 0;
    CHECK_THROWS_WITH(
        reader.forEach(
            Seq(1),
            Seq(9),
            [&](const Record&) {
        ++visited;
        return true;
    }),
        Catch::Contains("event 2"));
    CHECK(visited == 1);
}

TEST_CASE("journal: recovery reclaims what no event names, and only that", "[journal][recovery]") {
    JournalFixture f;
    const std::string large(200'000, 'L');
    // A child that is gone at the worst moments: content written, and the events not committed.
    const int status = inChild([&] {
        Journal journal(f.folder.path(), kSmall, f.random);
        JournalWriter writer(journal);
        const std::string_view orphan = "an orphan from the beginning";
        journal.content().append(ContentKind::Blob, std::span(&orphan, 1));
        Draft early = stored(journal, "early", "s");
        for (int i = 0; i < 5; ++i)
            appendNamed(writer, "kept " + std::to_string(i));
        writer.begin(1);
        writer.append(early, 1);
        writer.commit();
        Draft pending = stored(journal, large, "summary of a pending one");
        for (int i = 0; i < 8; ++i)
            journal.content().append(ContentKind::Blob, std::array{std::string_view(large)});
        writer.begin(1);
        writer.append(pending, 1);
        journal.content().sync();
        ::_exit(0);
    });
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 0);
    for (int round = 0; round < 2; ++round) {
        Journal journal(f.folder.path(), kSmall, f.random);
        CHECK(journal.head().size == 6);
        // 5 names, and the blob and the prefix of "early".
        CHECK(countStates(journal.content(), ContentState::Written) == 7);
        CHECK(countStates(journal.content(), ContentState::Unused) == 11);
    }
    Journal journal(f.folder.path(), kSmall, f.random);
    JournalWriter writer(journal);
    const std::uint32_t newest = journal.content().segments().back();
    appendNamed(writer, "after");
    CHECK(journal.content().segments().back() == newest);
    const std::vector<std::string> names = namesIn(journal);
    REQUIRE(names.size() == 7);
    CHECK(names[4] == "kept 4");
    CHECK(names[6] == "after");
    JournalReader reader(journal);
    CHECK(reader.at(Seq(6), [](const Record& record) { CHECK(record.summary() == "s"s); }));
}

TEST_CASE("journal: a segment that was begun and never used is used", "[journal][recovery]") {
    JournalFixture f;
    {
        Journal journal(f.folder.path(), kSmall, f.random);
        JournalWriter writer(journal);
        appendNamed(writer, "one");
    }
    content::Segment::create(f.folder.path() / "content", 2, kSmall.segmentOctets);
    {
        Journal journal(f.folder.path(), kSmall, f.random);
        JournalWriter writer(journal);
        appendNamed(writer, "two");
        CHECK(journal.content().segments() == std::vector<std::uint32_t>{1, 2});
    }
    const Journal journal(f.folder.path(), kSmall, f.random);
    CHECK(namesIn(journal) == std::vector{"one"s, "two"s});
}

TEST_CASE("journal: it opens without its newest segment, whose number is spent", "[recovery]") {
    JournalFixture f;
    {
        Journal journal(f.folder.path(), kSmall, f.random);
        JournalWriter writer(journal);
        appendNamed(writer, "one");
    }
    std::filesystem::remove(f.folder.path() / "content" / "00000001.seg");
    Journal journal(f.folder.path(), kSmall, f.random);
    JournalWriter writer(journal);
    appendNamed(writer, "two");
    CHECK(journal.content().segments() == std::vector<std::uint32_t>{2});
    JournalReader reader(journal);
    CHECK(reader.at(Seq(2), [](const Record& record) { CHECK(record.name() == "two"); }));
}

TEST_CASE("journal: a reader in another process follows the writer", "[journal][processes]") {
    JournalFixture f;
    std::array<int, 2> go{};
    REQUIRE(::pipe(go.data()) == 0);
    const pid_t follower = ::fork();
    if (follower == 0) {
        char octet = 0;
        if (::read(go[0], &octet, 1) != 1) ::_exit(1);
        const Journal journal(f.folder.path(), kSmallReadOnly, f.random);
        JournalReader reader(journal);
        Seq next(1);
        int seen = 0;
        while (seen < 200) {
            if (reader.waitBeyond(next.number() - 1, std::chrono::seconds(20)).size < next.number())
                ::_exit(2);
            next = reader.forEach(next, Seq(UINT64_MAX - 1), [&](const Record& record) {
                if (record.name() != std::to_string(seen) + std::string(9'000, 'x')) ::_exit(3);
                ++seen;
                return true;
            });
        }
        ::_exit(seen == 200 ? 0 : 4);
    }
    Journal journal(f.folder.path(), kSmall, f.random);
    JournalWriter writer(journal);
    for (int i = 0; i < 200; ++i) {
        appendNamed(writer, std::to_string(i) + std::string(9'000, 'x'));
        if (i == 20) CHECK(::write(go[1], "g", 1) == 1);
    }
    int status = 0;
    ::waitpid(follower, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(journal.content().segments().size() > 1);
    ::close(go[0]);
    ::close(go[1]);
}
