// journal_bench.cpp
//
// How many events a second the journal takes, against bare LMDB given the same octets: cores of 300
// octets with one annex of 240, alone (shape "event") and with a blob of 15 KB each ("message"), in
// batches of 1, 8, 64 and 256, each batch durable before the next. Prints a JSON line a case: the
// median of the rounds, which alternate between the two so that the disk's moods meet both.
//
//   journal_bench [--smoke] [--dir DIR] [--rounds N]     DIR: on the disk to be measured
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "journal/journal_reader.h"
#include "journal/journal_writer.h"
#include "journal/verify.h"
#include "tests/support/temporary_folder.h"

namespace daybook {

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kCoreOctets = 300;
constexpr std::size_t kAnnexOctets = 240;
constexpr std::size_t kBlobOctets = 15'360;

struct Case {
    std::size_t batch;
    bool hasBlob;
    std::size_t commits;
};

struct Measured {
    double eventsPerSecond = 0;
    double p50Ms = 0;
    double p99Ms = 0;
};

double seconds(Steady::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

Measured summarize(std::vector<double>& commitSeconds, std::size_t batch) {
    double all = 0;
    for (const double one : commitSeconds)
        all += one;
    std::ranges::sort(commitSeconds);
    return {
        .eventsPerSecond =
            static_cast<double>(batch) * static_cast<double>(commitSeconds.size()) / all,
        .p50Ms = commitSeconds[commitSeconds.size() / 2] * 1e3,
        .p99Ms = commitSeconds[commitSeconds.size() * 99 / 100] * 1e3,
    };
}

template <class Step>
Measured measure(const Case& one, const Step& step) {
    std::vector<double> commitSeconds;
    for (std::size_t i = 0; i < one.commits; ++i) {
        const auto before = Steady::now();
        step();
        commitSeconds.push_back(seconds(Steady::now() - before));
    }
    return summarize(commitSeconds, one.batch);
}

// A Stored with keywords enough to be 300 octets long, and an annex of 240.
Draft makeDraft(const std::optional<ContentRef>& blob) {
    Draft draft(Kind::Stored);
    draft.core().setAccount(1);
    auto stored = draft.core().initStored();
    if (blob) {
        auto reference = stored.initBlob();
        reference.setSegment(blob->place.segment);
        reference.setOffset(blob->place.offset);
        reference.setOctets(blob->octets);
        reference.setCommitment(capnp::Data::Reader(
            reinterpret_cast<const kj::byte*>(blob->commitment.data()), blob->commitment.size()));
    } else {
        stored.initKeywords(36);
    }
    draft.addAnnex(AccountId(1))
        .initStored()
        .setPrefix(std::string(kAnnexOctets - 24, 'p').c_str());
    return draft;
}

Measured measureJournal(const std::filesystem::path& folder, const Case& one) {
    SystemRandom random;
    Journal::create(folder, random);
    Journal journal(folder, {}, random);
    JournalWriter writer(journal);
    const std::string blob(kBlobOctets, 'b');
    const std::string_view piece = blob;
    return measure(one, [&] {
        std::deque<Draft> drafts;
        for (std::size_t i = 0; i < one.batch; ++i) {
            std::optional<ContentRef> written;
            if (one.hasBlob)
                written = journal.content().append(ContentKind::Blob, std::span(&piece, 1));
            drafts.push_back(makeDraft(written));
        }
        writer.begin(1);
        for (Draft& draft : drafts)
            writer.append(draft, 1);
        writer.commit();
    });
}

Measured measureBare(const std::filesystem::path& folder, const Case& one) {
    lmdb::Environment environment(folder, {});
    const lmdb::Table cores = environment.openTable("cores", true).value();
    const lmdb::Table annexes = environment.openTable("annexes", true).value();
    const lmdb::Table blobs = environment.openTable("blobs", true).value();
    const std::string core(kCoreOctets / 8 * 8, 'c');
    const std::string annex(kAnnexOctets, 'a');
    const std::string blob(kBlobOctets, 'b');
    std::uint64_t seq = 0;
    return measure(one, [&] {
        lmdb::WriteTransaction txn(environment);
        for (std::size_t i = 0; i < one.batch; ++i) {
            ++seq;
            txn.append(cores, seq, core);
            txn.append(annexes, seq, annex);
            if (one.hasBlob) txn.append(blobs, seq, blob);
        }
        txn.commit();
    });
}

Measured medianOf(std::vector<Measured> rounds) {
    std::ranges::sort(rounds, {}, &Measured::eventsPerSecond);
    return rounds[rounds.size() / 2];
}

void print(std::string_view engine, const Case& one, const Measured& measured) {
    fmt::print(
        "{{\"bench\":\"journal\",\"engine\":\"{}\",\"shape\":\"{}\",\"batch\":{},"
        "\"events_per_second\":{:.0f},\"commit_p50_ms\":{:.3f},\"commit_p99_ms\":{:.3f}}}\n",
        engine,
        one.hasBlob ? "message" : "event",
        one.batch,
        measured.eventsPerSecond,
        measured.p50Ms,
        measured.p99Ms);
}

void compare(const std::filesystem::path& folder, const Case& one, int rounds) {
    std::vector<Measured> journal;
    std::vector<Measured> bare;
    for (int i = 0; i < rounds; ++i) {
        journal.push_back(measureJournal(folder / "journal", one));
        std::filesystem::remove_all(folder / "journal");
        bare.push_back(measureBare(folder / "bare", one));
        std::filesystem::remove_all(folder / "bare");
    }
    print("journal", one, medianOf(std::move(journal)));
    print("lmdb", one, medianOf(std::move(bare)));
}

// What replay and verify start from: reading cores, reading cores with annexes, checking all.
void measureReading(const std::filesystem::path& folder, std::size_t commits) {
    const Case one{.batch = 256, .hasBlob = false, .commits = commits};
    measureJournal(folder / "journal", one);
    const auto events = static_cast<double>(one.batch * one.commits);
    SystemRandom random;
    const auto report = [&](const char* what, Steady::time_point before) {
        fmt::print(
            "{{\"bench\":\"journal_read\",\"what\":\"{}\",\"events_per_second\":{:.0f}}}\n",
            what,
            events / seconds(Steady::now() - before));
    };
    {
        const Journal journal(folder / "journal", {.readOnly = true}, random);
        JournalReader reader(journal);
        std::uint64_t sum = 0;
        auto before = Steady::now();
        reader.forEach(Seq(1), Seq(one.batch * one.commits), [&](const Record& record) {
            sum += record.core().getStored().getKeywords().size();
            return true;
        });
        report("cores", before);
        before = Steady::now();
        reader.forEach(Seq(1), Seq(one.batch * one.commits), [&](const Record& record) {
            sum += record.annex(0)->getStored().getPrefix().size();
            return true;
        });
        report("annexes", before);
        if (sum == 0) throw std::runtime_error("nothing was read");
    }
    for (const VerifyDepth depth : {VerifyDepth::Fast, VerifyDepth::Full}) {
        const auto before = Steady::now();
        if (verify(folder / "journal", {.depth = depth}).result != VerifyResult::Whole)
            throw std::runtime_error("the measured journal is not whole");
        report(depth == VerifyDepth::Fast ? "verify_fast" : "verify_full", before);
    }
}

}  // namespace

}  // namespace daybook

int main(int argc, char** argv) {
    CLI::App app("measures the journal against bare LMDB");
    bool smoke = false;
    std::string directory;
    int rounds = 3;
    app.add_flag("--smoke", smoke, "a few commits a case: shows that it runs, measures nothing");
    app.add_option("--dir", directory, "an empty folder on the disk to be measured");
    app.add_option("--rounds", rounds, "repetitions of a case")->check(CLI::Range(1, 99));
    CLI11_PARSE(app, argc, argv);
    const daybook::test::TemporaryFolder temporary;
    const std::filesystem::path folder =
        directory.empty() ? temporary.path() : std::filesystem::path(directory);
    for (const bool hasBlob : {false, true}) {
        for (const std::size_t batch : {1U, 8U, 64U, 256U}) {
            const std::size_t commits = smoke ? 3 : std::max<std::size_t>(30, 400 / batch);
            daybook::compare(
                folder,
                {.batch = batch, .hasBlob = hasBlob, .commits = commits},
                smoke ? 1 : rounds);
        }
    }
    daybook::measureReading(folder, smoke ? 2 : 400);
    return 0;
}
