#include "journal/verify.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <random>

#include "journal/base/encoding.h"
#include "journal/journal_format.h"
#include "tests/journal/journal_fixture.h"

using namespace daybook;
using namespace daybook::test;
using namespace std::string_literals;

namespace {

// A journal of 60 events in commits of one and of five, with annexes and blobs, closed again.
struct VerifyFixture : JournalFixture {
    Hash256 root{};
    std::vector<std::string> cores;
    std::vector<ContentRef> content;

    VerifyFixture() {
        Journal journal(folder.path(), kSmall, random);
        JournalWriter writer(journal);
        for (int i = 0; i < 10; ++i) {
            appendNamed(writer, "name " + std::to_string(i), i);
            Draft arrived = stored(journal, std::string(900, 'm') + std::to_string(i), "summary");
            std::deque<Draft> batch;
            for (int n = 0; n < 4; ++n)
                batch.push_back(named("batch"));
            writer.begin(1);
            writer.append(arrived, i);
            for (Draft& draft : batch)
                writer.append(draft, i);
            writer.commit();
        }
        root = journal.head().root;
        JournalReader(journal).forEach(Seq(1), Seq(60), [&](const Record& record) {
            cores.emplace_back(asText(record.octets()));
            for (const auto annex : record.core().getAnnexes())
                content.push_back(refOf(annex));
            if (const auto blob = blobOf(record.core())) content.push_back(refOf(*blob));
            return true;
        });
        // Without what copy-on-write left of older pages, so that every octet found is in use.
        std::filesystem::create_directory(folder.path() / "compact");
        journal.environment().copyTo(folder.path() / "compact", true);
    }

    void useCompact() const {
        std::filesystem::rename(
            folder.path() / "compact" / "data.mdb", folder.path() / "journal" / "data.mdb");
    }

    std::filesystem::path data() const { return folder.path() / "journal" / "data.mdb"; }

    std::filesystem::path segment() const { return folder.path() / "content" / "00000001.seg"; }

    VerifyReport check(VerifyDepth depth = VerifyDepth::Full) const {
        return verify(folder.path(), {.depth = depth});
    }

    template <class Body>
    void change(const Body& body) {
        const Journal journal(folder.path(), kSmall, random);
        lmdb::WriteTransaction txn(journal.environment());
        body(journal.tables(), txn);
        txn.commit();
    }
};

void flipBit(const std::filesystem::path& file, std::uint64_t offset, unsigned bit) {
    std::fstream io(file, std::ios::binary | std::ios::in | std::ios::out);
    io.seekg(static_cast<std::streamoff>(offset));
    const char octet = static_cast<char>(io.get() ^ (1 << bit));
    io.seekp(static_cast<std::streamoff>(offset));
    io.put(octet);
}

std::string rawOf(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

bool names(const VerifyReport& report, std::uint64_t seq, const std::string& what) {
    return std::ranges::any_of(report.faults, [&](const VerifyFault& fault) {
        return fault.seq == seq && fault.what.find(what) != std::string::npos;
    });
}

}  // namespace

TEST_CASE("verify: an untouched journal is whole, also from a child", "[verify]") {
    const VerifyFixture f;
    std::uint64_t last = 0;
    const VerifyOptions options{.progress = [&](std::uint64_t done, std::uint64_t all) {
        CHECK(all == 60);
        last = done;
    }};
    for (const VerifyReport& report : {f.check(), verifyInChild(f.folder.path(), options)}) {
        CHECK(report.result == VerifyResult::Whole);
        CHECK(report.faultCount == 0);
        CHECK(report.events == 60);
        CHECK(report.leaves == 60);
        CHECK(report.annexesPresent == 60);
        CHECK(report.blobsPresent == 10);
        CHECK(report.commits == 20);
        CHECK(report.root == f.root);
        CHECK(report.octetsChecked > 60 * 200);
    }
    CHECK(last == 60);
    CHECK(f.check(VerifyDepth::Fast).annexesPresent == 0);
    CHECK(verify(f.folder.path(), {.fromSeq = 51}).annexesPresent == 10);
}

TEST_CASE("verify: what is no journal is unreadable", "[verify]") {
    const TemporaryFolder empty;
    const VerifyReport report = verifyInChild(empty.path(), {});
    CHECK(report.result == VerifyResult::Unreadable);
    CHECK(names(report, 0, "holds no journal"));
}

TEST_CASE("verify: a crash of the check is a report that names the signal", "[verify]") {
    const VerifyFixture f;
    // Behind the meta pages nothing is left: LMDB's map ends in the void.
    std::filesystem::resize_file(f.data(), 8192);
    const VerifyReport report = verifyInChild(f.folder.path(), {});
    CHECK(report.result == VerifyResult::Unreadable);
    CHECK(names(report, 0, "signal"));
}

TEST_CASE("verify: changed, missing and additional events are named", "[verify]") {
    VerifyFixture f;
    SECTION("changed") {
        f.change([&](const Journal::Tables& tables, lmdb::WriteTransaction& txn) {
            std::string core = f.cores[30];
            core[8] = static_cast<char>(core[8] ^ 1);
            txn.put(tables.events, 31, core);
        });
        const VerifyReport report = f.check();
        CHECK(report.result == VerifyResult::Tampered);
        CHECK(report.events == 60);
        CHECK(report.annexesPresent >= 59);
        CHECK(names(report, 31, "the root that was committed with events 31 to 31"));
    }
    SECTION("unreadable") {
        f.change([](const Journal::Tables& tables, lmdb::WriteTransaction& txn) {
            txn.put(tables.events, 31, std::string(80, '\x55'));
        });
        const VerifyReport report = f.check();
        CHECK(report.result == VerifyResult::Tampered);
        CHECK(report.events == 60);
        CHECK(names(report, 31, "cannot be read"));
    }
    SECTION("missing") {
        f.change([](const Journal::Tables& tables, lmdb::WriteTransaction& txn) {
            txn.erase(tables.events, 31);
            txn.erase(tables.events, 59);
            txn.erase(tables.events, 60);
        });
        const VerifyReport report = f.check();
        CHECK(report.result == VerifyResult::Tampered);
        CHECK(report.events == 57);
        CHECK(names(report, 31, "the event is missing"));
        CHECK(names(report, 59, "events 59 to 60 are missing"));
    }
    SECTION("swapped") {
        f.change([&](const Journal::Tables& tables, lmdb::WriteTransaction& txn) {
            txn.put(tables.events, 10, f.cores[10]);
            txn.put(tables.events, 11, f.cores[9]);
        });
        const VerifyReport report = f.check();
        CHECK(report.result == VerifyResult::Tampered);
        CHECK(names(report, 10, "the core says seq 11"));
        CHECK(names(report, 11, "the core says seq 10"));
    }
    SECTION("additional") {
        f.change([&](const Journal::Tables& tables, lmdb::WriteTransaction& txn) {
            txn.put(tables.events, 61, f.cores[59]);
        });
        const VerifyReport report = f.check();
        CHECK(report.result == VerifyResult::Tampered);
        CHECK(names(report, 61, "behind the head"));
    }
    SECTION("cut off, and the head with it") {
        f.change([&](const Journal::Tables& tables, lmdb::WriteTransaction& txn) {
            txn.put(tables.meta, format::kHeadKey, format::encodeHead({.size = 55}));
        });
        CHECK(f.check().result == VerifyResult::Tampered);
    }
    SECTION("another kind") {
        Draft draft(static_cast<Kind>(999));
        {
            Journal journal(f.folder.path(), kSmall, f.random);
            JournalWriter writer(journal);
            writer.begin(1);
            writer.append(draft, 100);
            writer.commit();
        }
        CHECK(names(f.check(), 61, "kind 999 is not known"));
    }
}

TEST_CASE("verify: commits that do not fit are found", "[verify]") {
    VerifyFixture f;
    SECTION("one is missing") {
        f.change([](const Journal::Tables& tables, lmdb::WriteTransaction& txn) {
            txn.erase(tables.commits, 7);
        });
    }
    SECTION("one is additional") {
        f.change([&](const Journal::Tables& tables, lmdb::WriteTransaction& txn) {
            txn.put(tables.commits, 500, format::encodeCommit({.first = 61}));
        });
    }
    SECTION("one has another root") {
        f.change([&](const Journal::Tables& tables, lmdb::WriteTransaction& txn) {
            format::Commit commit =
                format::decodeCommit(txn.get(tables.commits, 7).value()).value();
            commit.root[0] ^= std::byte{1};
            txn.put(tables.commits, 7, format::encodeCommit(commit));
        });
    }
    CHECK(f.check(VerifyDepth::Fast).result == VerifyResult::Tampered);
}

TEST_CASE("verify: content that is gone is no erasure", "[verify]") {
    VerifyFixture f;
    {
        const Journal journal(f.folder.path(), kSmall, f.random);
        journal.content().erase(f.content[0].place, ContentState::Erased);
        journal.content().erase(f.content[2].place, ContentState::Unused);
    }
    VerifyReport report = f.check();
    CHECK(report.result == VerifyResult::Tampered);
    CHECK(report.faultCount == 2);
    CHECK(names(report, 1, "annex 0 is gone without an event that erased it"));
    CHECK(names(report, 2, "the blob is gone"));
    CHECK(report.annexesBad == 1);
    CHECK(report.blobsBad == 1);

    std::filesystem::remove(f.segment());
    report = f.check();
    CHECK(report.faultCount == 70);
    CHECK(report.annexesBad == 60);
    CHECK(f.check(VerifyDepth::Fast).result == VerifyResult::Whole);
}

TEST_CASE("verify: a lost segment file is incomplete, not tampered with", "[verify]") {
    JournalFixture f;
    {
        Journal journal(f.folder.path(), kSmall, f.random);
        JournalWriter writer(journal);
        for (int i = 0; i < 3; ++i) {
            Draft draft = stored(journal, std::string(900'000, 'm'), "s");
            writer.begin(1);
            writer.append(draft, 1);
            writer.commit();
        }
    }
    std::filesystem::remove(f.folder.path() / "content" / "00000002.seg");
    const VerifyReport report = verify(f.folder.path(), {});
    CHECK(report.result == VerifyResult::Incomplete);
    CHECK(names(report, 2, "missing"));
}

TEST_CASE("verify: every flipped bit of a committed core is found", "[verify]") {
    const VerifyFixture f;
    f.useCompact();
    REQUIRE(f.check().result == VerifyResult::Whole);
    const std::string raw = rawOf(f.data());
    std::mt19937_64 choose(1);
    for (int i = 0; i < 200; ++i) {
        const std::string& core = f.cores[choose() % f.cores.size()];
        const std::size_t at = raw.find(core);
        REQUIRE(at != std::string::npos);
        const std::size_t offset = at + choose() % core.size();
        const auto bit = static_cast<unsigned>(choose() % 8);
        flipBit(f.data(), offset, bit);
        CAPTURE(i, offset, bit);
        REQUIRE(f.check(VerifyDepth::Fast).result == VerifyResult::Tampered);
        flipBit(f.data(), offset, bit);
    }
    CHECK(f.check().result == VerifyResult::Whole);
}

TEST_CASE("verify: a flipped bit anywhere is found, or has changed nothing", "[verify]") {
    const VerifyFixture f;
    f.useCompact();
    const std::string raw = rawOf(f.data());
    std::mt19937_64 choose(2);
    int found = 0;
    for (int i = 0; i < 300; ++i) {
        // Half of them in the pages' headers and pointers, where LMDB may crash.
        std::size_t offset = choose() % raw.size();
        if (i % 2 == 0) offset = offset / 4096 * 4096 + choose() % 160;
        const auto bit = static_cast<unsigned>(choose() % 8);
        flipBit(f.data(), offset, bit);
        CAPTURE(i, offset, bit);
        const VerifyReport report = verifyInChild(f.folder.path(), {});
        if (report.result == VerifyResult::Whole) {
            REQUIRE(report.root == f.root);
            REQUIRE(report.events == 60);
        } else {
            ++found;
        }
        flipBit(f.data(), offset, bit);
    }
    CHECK(found > 50);
    CHECK(f.check().result == VerifyResult::Whole);
}

TEST_CASE("verify: every flipped bit of named content is found", "[verify]") {
    const VerifyFixture f;
    std::map<Place, std::uint64_t> ends;
    SystemRandom random;
    for (const auto& record :
         ContentLog(f.folder.path() / "content", {.readOnly = true}, random).scan(1, 0))
        ends[record.place] = record.end;
    std::mt19937_64 choose(3);
    for (int i = 0; i < 300; ++i) {
        const Place place = f.content[choose() % f.content.size()].place;
        const std::size_t offset = place.offset + choose() % (ends[place] - place.offset);
        const auto bit = static_cast<unsigned>(choose() % 8);
        flipBit(f.segment(), offset, bit);
        CAPTURE(i, offset, bit);
        const VerifyReport report = f.check();
        REQUIRE(report.result == VerifyResult::Tampered);
        REQUIRE(report.annexesBad + report.blobsBad == 1);
        flipBit(f.segment(), offset, bit);
    }
    CHECK(f.check().result == VerifyResult::Whole);
}
