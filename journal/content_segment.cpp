#include "journal/content_segment.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/base/ascii.h"
#include "journal/content_format.h"

namespace daybook::content {

namespace {

constexpr std::string_view kSuffix = ".seg";
constexpr std::string_view kUnfinished = ".new";

[[noreturn]] void fail(const std::string& what, int errorNumber) {
    throw ContentError(
        fmt::format("content log: {}: {}", what, std::strerror(errorNumber)), errorNumber);
}

std::string nameOf(std::uint32_t number) { return fmt::format("{:08}{}", number, kSuffix); }

std::uint64_t sizeOf(int file) {
    struct stat status{};
    if (::fstat(file, &status) != 0) fail("fstat", errno);
    return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace

void syncFolder(const std::filesystem::path& folder) {
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) fail(folder.string(), errno);
    const int error = ::fsync(file) == 0 ? 0 : errno;
    ::close(file);
    if (error != 0) fail("fsync " + folder.string(), error);
}

std::unique_ptr<Segment> Segment::create(
    const std::filesystem::path& folder, std::uint32_t number, std::uint64_t octets) {
    const std::filesystem::path path = folder / nameOf(number);
    const std::filesystem::path unfinished = path.string() + std::string(kUnfinished);
    const int file = ::open(unfinished.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) fail(unfinished.string(), errno);
    std::unique_ptr<Segment> segment(new Segment(file, number));
    try {
        const int error = ::posix_fallocate(file, 0, static_cast<off_t>(octets));
        if (error != 0) fail("preallocate " + unfinished.string(), error);
        segment->write(0, encodeSegmentHeader(number, octets));
        if (::fsync(file) != 0) fail("fsync " + unfinished.string(), errno);
        if (::rename(unfinished.c_str(), path.c_str()) != 0) fail(path.string(), errno);
    } catch (const ContentError&) {
        ::unlink(unfinished.c_str());
        throw;
    }
    syncFolder(folder);
    return segment;
}

std::unique_ptr<Segment> Segment::open(
    const std::filesystem::path& folder, std::uint32_t number, bool readOnly) {
    const std::filesystem::path path = folder / nameOf(number);
    const int file = ::open(path.c_str(), (readOnly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) return nullptr;
    if (file < 0) fail(path.string(), errno);
    std::unique_ptr<Segment> segment(new Segment(file, number));
    if (!isSegmentHeader(segment->read(0, kSegmentHeaderOctets), number))
        throw ContentDamaged(fmt::format("{}: the segment's header is damaged", path.string()));
    return segment;
}

Segment::~Segment() { ::close(file_); }

void Segment::write(std::uint64_t offset, std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t done =
            ::pwrite(file_, octets.data(), octets.size(), static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) fail(fmt::format("write segment {}", number_), errno);
        octets.remove_prefix(static_cast<std::size_t>(done));
        offset += static_cast<std::uint64_t>(done);
    }
}

std::string Segment::read(std::uint64_t offset, std::uint64_t count) const {
    std::string octets(count, '\0');
    std::size_t have = 0;
    while (have < octets.size()) {
        const ssize_t done = ::pread(
            file_, octets.data() + have, octets.size() - have, static_cast<off_t>(offset + have));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) fail(fmt::format("read segment {}", number_), errno);
        if (done == 0) break;
        have += static_cast<std::size_t>(done);
    }
    octets.resize(have);
    return octets;
}

void Segment::zero(std::uint64_t offset, std::uint64_t count) {
    // The kernel zeroes the edges, which are no whole blocks, itself.
    const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    if (::fallocate(file_, mode, static_cast<off_t>(offset), static_cast<off_t>(count)) == 0)
        return;
    if (errno != EOPNOTSUPP && errno != ENOSYS)
        fail(fmt::format("punch a hole into segment {}", number_), errno);
    const std::string zeros(std::min<std::uint64_t>(count, kChunkOctets), '\0');
    for (std::uint64_t done = 0; done < count; done += zeros.size())
        write(offset + done, std::string_view(zeros).substr(0, count - done));
}

void Segment::clearTail(std::uint64_t offset) {
    const std::uint64_t end = octets();
    if (end <= offset) return;
    zero(offset, end - offset);
    const int error =
        ::posix_fallocate(file_, static_cast<off_t>(offset), static_cast<off_t>(end - offset));
    // A full disk must not keep the server from starting: then writing fails, in its own time.
    if (error != 0 && error != ENOSPC && error != EDQUOT)
        fail(fmt::format("preallocate segment {}", number_), error);
}

void Segment::cut(std::uint64_t octets) {
    if (::ftruncate(file_, static_cast<off_t>(octets)) != 0)
        fail(fmt::format("cut segment {}", number_), errno);
}

void Segment::sync() {
    if (::fdatasync(file_) != 0) fail(fmt::format("fdatasync segment {}", number_), errno);
}

std::uint64_t Segment::octets() const { return sizeOf(file_); }

std::uint64_t Segment::octetsOnDisk() const {
    struct stat status{};
    if (::fstat(file_, &status) != 0) fail("fstat", errno);
    return static_cast<std::uint64_t>(status.st_blocks) * 512U;
}

std::vector<std::uint32_t> segmentsIn(const std::filesystem::path& folder) {
    std::vector<std::uint32_t> numbers;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (!name.ends_with(kSuffix)) continue;
        const auto number =
            parseNumber(std::string_view(name).substr(0, name.size() - kSuffix.size()), UINT32_MAX);
        if (number) numbers.push_back(static_cast<std::uint32_t>(*number));
    }
    if (error) fail(folder.string(), error.value());
    std::ranges::sort(numbers);
    return numbers;
}

void removeUnfinished(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> unfinished;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().string().ends_with(kUnfinished)) unfinished.push_back(entry.path());
    }
    for (const auto& path : unfinished)
        std::filesystem::remove(path);
}

}  // namespace daybook::content
