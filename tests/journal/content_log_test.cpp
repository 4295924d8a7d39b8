#include "journal/content_log.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "journal/base/crc32c.h"
#include "journal/base/encoding.h"
#include "tests/support/temporary_folder.h"

using namespace daybook;
using namespace std::string_literals;

namespace {

ContentRef appendOne(
    ContentLog& log, std::string_view content, ContentKind kind = ContentKind::Blob) {
    return log.append(kind, std::span(&content, 1));
}

std::string rawOf(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void flipBit(const std::filesystem::path& file, std::uint64_t offset, unsigned bit) {
    std::fstream io(file, std::ios::binary | std::ios::in | std::ios::out);
    io.seekg(static_cast<std::streamoff>(offset));
    const char octet = static_cast<char>(io.get() ^ (1 << bit));
    io.seekp(static_cast<std::streamoff>(offset));
    io.put(octet);
}

std::string patterned(std::size_t octets, unsigned seed) {
    std::string content(octets, '\0');
    for (std::size_t i = 0; i < octets; ++i)
        content[i] = static_cast<char>((i * 31 + seed * 7 + i / 251) & 0xFF);
    return content;
}

struct Fixture {
    test::TemporaryFolder folder;
    SystemRandom random;
    std::filesystem::path content = folder.path() / "content";
    ContentLog::Options options{.segmentOctets = 1U << 20U};

    std::filesystem::path segment(int number) const {
        return content / ("0000000" + std::to_string(number) + ".seg");
    }
};

}  // namespace

TEST_CASE("crc32c: the vectors of RFC 3720 hold with and without the instruction", "[content]") {
    // RFC 3720 §B.4.
    CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAU);
    CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43U);
    CHECK(crc32c("123456789") == 0xE3069283U);
    const std::string content = patterned(1001, 3);
    CHECK(crc32c(content) == crc32cPortable(content));
    CHECK(crc32c(content.substr(7), crc32c(content.substr(0, 7))) == crc32c(content));
}

TEST_CASE("content log: what is not there is damage, never content", "[content]") {
    Fixture f;
    ContentLog log(f.content, f.options, f.random);
    CHECK_THROWS_AS(log.read({.segment = 1, .offset = 64}), ContentDamaged);
    const ContentRef one = appendOne(log, "one");
    CHECK_THROWS_AS(log.read({.segment = 1, .offset = one.place.offset + 8}), ContentDamaged);
    CHECK_THROWS_AS(log.read({.segment = 1, .offset = std::uint64_t{1} << 60U}), ContentDamaged);
    CHECK_THROWS_AS(log.read({.segment = 9, .offset = 64}), ContentDamaged);
    std::string into;
    CHECK_THROWS_AS(log.read(one.place, 2, 2, into), ContentDamaged);
    CHECK_THROWS_AS(log.read(one.place, UINT64_MAX, 2, into), ContentDamaged);
    CHECK(into.empty());
}

TEST_CASE("content log: records of every size around a chunk are read as written", "[content]") {
    Fixture f;
    ContentLog log(f.content, f.options, f.random);
    std::vector<std::pair<ContentRef, std::string>> all;
    for (const std::size_t octets :
         {0U, 1U, 7U, 8U, 65'535U, 65'536U, 65'537U, 200'000U, 1'048'000U, 3'000'000U}) {
        const std::string content = patterned(octets, static_cast<unsigned>(octets));
        const std::string_view view = content;
        const std::array pieces{
            view.substr(0, octets / 3), std::string_view(), view.substr(octets / 3)};
        all.emplace_back(log.append(ContentKind::Annex, pieces), content);
    }
    log.sync();
    for (const auto& [reference, content] : all) {
        CHECK(reference.octets == content.size());
        CHECK((log.read(reference.place) == content));
        CHECK((log.readVerified(reference) == content));
        std::string part = "before ";
        const std::size_t from = content.size() / 2;
        REQUIRE(log.read(reference.place, from, content.size() - from, part));
        CHECK((part == "before " + content.substr(from)));
    }
    ContentRef wrong = all[3].first;
    wrong.commitment[5] ^= std::byte{1};
    CHECK_THROWS_AS(log.readVerified(wrong), ContentDamaged);
}

TEST_CASE("content log: many threads append at once, a scan sees every record", "[content]") {
    Fixture f;
    ContentLog log(f.content, f.options, f.random);
    std::mutex mutex;
    std::map<Place, std::string> written;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (unsigned i = 0; i < 60; ++i) {
                const std::string content = patterned(i % 7 == 0 ? 90'000 : 500 + i, t * 100 + i);
                const ContentRef reference = appendOne(log, content);
                if (i % 20 == 0) log.sync();
                const std::scoped_lock lock(mutex);
                written.emplace(reference.place, content);
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    log.sync();
    std::size_t found = 0;
    for (const std::uint32_t segment : log.segments()) {
        for (const ContentLog::Found& record : log.scan(segment, 0)) {
            ++found;
            REQUIRE(written.contains(record.place));
            REQUIRE((log.read(record.place) == written[record.place]));
        }
    }
    CHECK(found == written.size());
    CHECK(log.segments().size() > 2);
}

TEST_CASE("content log: erasing leaves zeros in the file and steps over the record", "[content]") {
    Fixture f;
    ContentLog log(f.content, f.options, f.random);
    const std::string secret = "Grete wohnt in der Lindenstrasse";
    appendOne(log, "before");
    const ContentRef erased = appendOne(log, secret + patterned(20'000, 1));
    const ContentRef released = appendOne(log, secret);
    const ContentRef after = appendOne(log, "after");
    log.sync();
    REQUIRE(rawOf(f.segment(1)).find(secret) != std::string::npos);
    log.erase(erased.place, ContentState::Erased);
    log.erase(erased.place, ContentState::Erased);
    log.release(released.place);

    CHECK(rawOf(f.segment(1)).find("Grete") == std::string::npos);
    CHECK(rawOf(f.segment(1)).find(patterned(64, 1).substr(40)) == std::string::npos);
    CHECK_FALSE(log.read(erased.place));
    CHECK_FALSE(log.readVerified(erased));
    std::string into;
    CHECK_FALSE(log.read(erased.place, 0, 5, into));
    CHECK(log.read(after.place) == "after"s);
    const auto records = log.scan(1, 0);
    REQUIRE(records.size() == 4);
    CHECK(records[1].state == ContentState::Erased);
    CHECK(records[2].state == ContentState::Unused);
    CHECK(records[2].octets == secret.size());
}

TEST_CASE("content log: every flipped bit of a record is found by a read", "[content]") {
    Fixture f;
    ContentRef reference;
    {
        ContentLog log(f.content, f.options, f.random);
        appendOne(log, "before");
        reference = appendOne(log, patterned(333, 5));
        appendOne(log, "after");
        log.sync();
    }
    ContentLog log(f.content, {.readOnly = true}, f.random);
    const auto records = log.scan(1, 0);
    REQUIRE(records.size() == 3);
    for (std::uint64_t offset = reference.place.offset; offset < records[1].end; ++offset) {
        const auto bit = static_cast<unsigned>(offset % 8);
        flipBit(f.segment(1), offset, bit);
        REQUIRE_THROWS_AS(log.readVerified(reference), ContentDamaged);
        flipBit(f.segment(1), offset, bit);
    }
    CHECK((log.readVerified(reference) == patterned(333, 5)));
}

TEST_CASE("content log: a torn tail is overwritten, old records stay", "[content]") {
    Fixture f;
    ContentRef kept;
    {
        ContentLog log(f.content, f.options, f.random);
        kept = appendOne(log, "kept");
        appendOne(log, patterned(3'000, 1));
        appendOne(log, "behind the tear");
        log.sync();
    }
    std::uint64_t tail = 0;
    {
        ContentLog log(f.content, f.options, f.random);
        tail = log.scan(1, 0)[0].end;
        // As if the second fixed part had not reached the disk, but the third had.
        flipBit(f.segment(1), tail + 2, 3);
        CHECK(log.scan(1, 0).size() == 1);
        log.continueAt(1, tail);
        CHECK(rawOf(f.segment(1)).find("behind the tear") == std::string::npos);
        const ContentRef fresh = appendOne(log, "fresh");
        CHECK(fresh.place == Place{.segment = 1, .offset = tail});
        CHECK(log.read(fresh.place) == "fresh"s);
    }
    ContentLog log(f.content, f.options, f.random);
    CHECK(log.scan(1, 0).size() == 2);
    CHECK(log.read(kept.place) == "kept"s);
    CHECK(appendOne(log, "without a place to continue").place.segment == 2);
}

TEST_CASE("content log: the ends stay before the oldest undecided record", "[content]") {
    Fixture f;
    ContentLog log(f.content, f.options, f.random);
    CHECK(log.openEnds(1).empty());
    log.committedTo(10);
    const ContentRef first = appendOne(log, "first");
    log.committedTo(20);
    const ContentRef second = appendOne(log, "second");
    auto ends = log.openEnds(25);
    REQUIRE(ends.size() == 1);
    CHECK(ends[0].end == first.place.offset);
    CHECK(ends[0].seq == 10);
    log.settle(first.place);
    ends = log.openEnds(25);
    CHECK(ends[0].end == second.place.offset);
    CHECK(ends[0].seq == 20);
    const ContentRef large = appendOne(log, patterned(2'000'000, 1));
    log.release(large.place);
    ends = log.openEnds(30);
    REQUIRE(ends.size() == 2);
    CHECK(ends[0].end == second.place.offset);
    CHECK(ends[1].segment == 2);
    CHECK(ends[1].seq == 30);
    log.settle(second.place);
    CHECK(log.openEnds(30).size() == 1);
}

TEST_CASE("content log: a reader sees segments that appear later", "[content]") {
    Fixture f;
    ContentLog writer(f.content, f.options, f.random);
    appendOne(writer, "one");
    const ContentLog reader(f.content, {.readOnly = true}, f.random);
    const ContentRef large = appendOne(writer, patterned(1'500'000, 2));
    CHECK(large.place.segment == 2);
    CHECK((reader.readVerified(large) == patterned(1'500'000, 2)));
}
