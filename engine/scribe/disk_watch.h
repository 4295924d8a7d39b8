// disk_watch.h
//
// Whether the reserve of the file systems is touched (DESIGN 3.3): asked at most every 100 ms. It
// counts as relieved when a quarter more than the reserve is free. Thread: scribe.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "journal/base/log.h"

namespace daybook {

class DiskWatch {
public:
    DiskWatch(
        std::vector<std::filesystem::path> folders, std::uint64_t reserveOctets, const Log& log);

    // Looks if it is time to. Returns whether the reserve is touched.
    bool isTouched();

private:
    // The least of all file systems; nothing: none could be asked.
    std::optional<std::uint64_t> freeOctets() const;

    std::vector<std::filesystem::path> folders_;
    std::uint64_t reserveOctets_;
    const Log& log_;
    std::optional<std::chrono::steady_clock::time_point> looked_;
    bool touched_ = false;
};

}  // namespace daybook
