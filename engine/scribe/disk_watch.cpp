#include "engine/scribe/disk_watch.h"

#include <algorithm>
#include <cerrno>
#include <sys/statvfs.h>
#include <system_error>
#include <utility>

namespace daybook {

namespace {

constexpr std::chrono::milliseconds kLookEvery{100};

}  // namespace

DiskWatch::DiskWatch(
    std::vector<std::filesystem::path> folders, std::uint64_t reserveOctets, const Log& log)
    : folders_(std::move(folders)), reserveOctets_(reserveOctets), log_(log) {}

bool DiskWatch::isTouched() {
    const auto now = std::chrono::steady_clock::now();
    if (looked_ && now - *looked_ < kLookEvery) return touched_;
    looked_ = now;
    const std::optional<std::uint64_t> free = freeOctets();
    if (!free) return touched_;
    const std::uint64_t enough = touched_ ? reserveOctets_ + reserveOctets_ / 4 : reserveOctets_;
    const bool touched = *free < enough;
    if (touched != touched_) {
        log_.warning(
            touched ? "disk-reserve-touched" : "disk-reserve-relieved",
            {{"free", std::to_string(*free)}, {"reserve", std::to_string(reserveOctets_)}});
    }
    touched_ = touched;
    return touched_;
}

std::optional<std::uint64_t> DiskWatch::freeOctets() const {
    std::optional<std::uint64_t> least;
    for (const std::filesystem::path& folder : folders_) {
        struct statvfs status{};
        if (::statvfs(folder.c_str(), &status) != 0) {
            log_.error(
                "disk-not-asked",
                {{"folder", folder.string()}, {"why", std::generic_category().message(errno)}});
            continue;
        }
        const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
        least = std::min(least.value_or(free), free);
    }
    return least;
}

}  // namespace daybook
