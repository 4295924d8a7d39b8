#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <deque>
#include <fmt/format.h>
#include <random>
#include <sched.h>

#include "journal/verify.h"
#include "tests/journal/journal_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

// Appends batches of named events and messages, and tells each head that is durable. Until killed.
[[noreturn]] void appendForEver(const std::filesystem::path& directory, int acknowledge) {
    SystemRandom random;
    Journal journal(directory, kSmall, random);
    JournalWriter writer(journal);
    for (std::uint64_t round = 0;; ++round) {
        std::deque<Draft> drafts;
        for (std::uint64_t i = 0; i < 1 + round % 5; ++i)
            drafts.push_back(
                round % 3 == 0 ? stored(journal, std::string(30'000 * (round % 4), 'm'), "summary")
                               : named("n" + std::to_string(writer.nextSeq().number() + i)));
        writer.begin(1);
        for (Draft& draft : drafts)
            writer.append(draft, 1);
        writer.commit();
        const std::uint64_t head = writer.nextSeq().number() - 1;
        if (::write(acknowledge, &head, sizeof head) != sizeof head) ::_exit(1);
    }
}

// The greatest head that the child has acknowledged when it is dead.
std::uint64_t runAndKill(const std::filesystem::path& directory, std::mt19937_64& choose) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        try {
            appendForEver(directory, ends[1]);
        } catch (const std::exception& exception) {
            // Not into the test program's main, of which this is a copy.
            fmt::print(stderr, "the writing child: {}\n", exception.what());
            ::_exit(98);
        }
    }
    ::close(ends[1]);
    std::uint64_t acknowledged = 0;
    for (std::uint64_t i = choose() % 25 + 1; i > 0; --i)
        REQUIRE(::read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged);
    // Somewhere in the next batches.
    for (std::uint64_t i = choose() % 3'000; i > 0; --i)
        ::sched_yield();
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    std::uint64_t later = 0;
    while (::read(ends[0], &later, sizeof later) == sizeof later)
        acknowledged = later;
    ::close(ends[0]);
    return acknowledged;
}

}  // namespace

TEST_CASE("journal: 20 times killed, nothing acknowledged is missing", "[journal][crash]") {
    JournalFixture f;
    std::mt19937_64 choose(std::random_device{}());
    std::uint64_t size = 0;
    for (int cycle = 0; cycle < 20; ++cycle) {
        CAPTURE(cycle);
        const std::uint64_t acknowledged = runAndKill(f.folder.path(), choose);
        const VerifyReport report = verifyInChild(f.folder.path(), {});
        CHECK(report.result == VerifyResult::Whole);
        CHECK(report.faultCount == 0);
        CHECK(report.events >= acknowledged);
        CHECK(acknowledged > size);
        size = report.events;

        // Opened for writing it is put in order: what no event names is gone.
        const Journal journal(f.folder.path(), kSmall, f.random);
        std::uint64_t written = 0;
        for (const std::uint32_t segment : journal.content().segments()) {
            for (const ContentLog::Found& record : journal.content().scan(segment, 0))
                written += record.state == ContentState::Written ? 1U : 0U;
        }
        CHECK(written == report.annexesPresent + report.blobsPresent);
    }
    CHECK(verify(f.folder.path(), {}).result == VerifyResult::Whole);
}
