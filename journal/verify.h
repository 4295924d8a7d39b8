// verify.h
//
// Checks the whole record: cores against the Merkle log, annexes and blobs against their
// commitments, the commits' roots. Goes on past a bad record and names each. Reads only; works on a
// live journal and on a copy. LMDB may crash on a damaged file: callers run this in a child process
// (verifyInChild). Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "journal/journal.h"

namespace daybook {

enum class VerifyDepth { Fast, Full };  // Fast: cores and roots; Full: annexes and blobs too

// The exit status of `journal verify` (DESIGN 9). Where several hold, Unreadable (the check could
// not be finished) goes before Tampered, and that before Incomplete (segment files are missing, the
// rest is as it was written).
enum class VerifyResult { Whole = 0, Tampered = 1, Incomplete = 2, Unreadable = 3 };

struct VerifyFault {
    std::uint64_t seq = 0;  // 0: not one event's
    std::string what;
};

struct VerifyReport {
    VerifyResult result = VerifyResult::Whole;
    std::uint64_t events = 0;
    std::uint64_t leaves = 0;
    std::uint64_t annexesPresent = 0;
    std::uint64_t annexesErased = 0;
    std::uint64_t annexesBad = 0;
    std::uint64_t blobsPresent = 0;
    std::uint64_t blobsErased = 0;
    std::uint64_t blobsBad = 0;
    std::uint64_t commits = 0;
    std::uint64_t octetsChecked = 0;
    Hash256 root{};
    std::vector<VerifyFault> faults;  // the first 1,000
    std::uint64_t faultCount = 0;
};

struct VerifyOptions {
    VerifyDepth depth = VerifyDepth::Full;
    // Annexes and blobs of earlier events are left out; the cores are always read from the first.
    std::uint64_t fromSeq = 1;
    // Called now and then with the events done and in all.
    std::function<void(std::uint64_t, std::uint64_t)> progress;
};

// Throws nothing of the journal's: what cannot be read is in the report.
VerifyReport verify(const std::filesystem::path& directory, const VerifyOptions& options);

// The same in a child process: a crash of the child is a report of Unreadable that names the
// signal. `progress` is called in this process. Throws std::system_error if there is no child to be
// had.
VerifyReport verifyInChild(const std::filesystem::path& directory, const VerifyOptions& options);

}  // namespace daybook
