#include "engine/delivery/spool.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#include "journal/base/limits.h"
#include "journal/content_log.h"

namespace daybook {

namespace {

[[noreturn]] void fail(const char* what) { throw ContentError(what, errno); }

void writeAll(int file, std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t written = ::write(file, octets.data(), octets.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("cannot write an arriving message to run/spool");
        octets.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

Spool::Spool(std::filesystem::path folder) : folder_(std::move(folder)) {}

Spool::~Spool() { clear(); }

Spool::Spool(Spool&& other) noexcept
    : folder_(std::move(other.folder_)),
      memory_(std::exchange(other.memory_, {})),
      joined_(std::exchange(other.joined_, {})),
      file_(std::exchange(other.file_, -1)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, nullptr)),
      mappedOctets_(std::exchange(other.mappedOctets_, 0)) {}

void Spool::append(std::string_view octets) {
    if (file_ < 0 && size_ + octets.size() > limits::kSpoolMemoryOctets) spill();
    if (file_ < 0) {
        memory_.append(octets);
    } else {
        writeAll(file_, octets);
    }
    size_ += octets.size();
}

std::string_view Spool::view() {
    if (file_ < 0) return memory_;
    if (mapped_ != nullptr && mappedOctets_ == size_) return {mapped_, size_};
    return viewAfter({});
}

std::string_view Spool::viewAfter(std::string_view head) {
    if (file_ < 0) {
        joined_.clear();
        joined_.reserve(head.size() + memory_.size());
        joined_.append(head).append(memory_);
        return joined_;
    }
    unmap();
    // One range of addresses: anonymous pages that end with the head, then the file's own.
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t front = (head.size() + page - 1) / page * page;
    void* const range =
        ::mmap(nullptr, front + size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (range == MAP_FAILED) fail("cannot map an arriving message");
    mapped_ = static_cast<char*>(range);
    mappedOctets_ = front + size_;
    const int flags = MAP_PRIVATE | MAP_FIXED;
    if (::mmap(mapped_ + front, size_, PROT_READ, flags, file_, 0) == MAP_FAILED) {
        fail("cannot map an arriving message");
    }
    char* const begin = mapped_ + front - head.size();
    head.copy(begin, head.size());
    return {begin, head.size() + size_};
}

void Spool::unmap() {
    if (mapped_ == nullptr) return;
    ::munmap(mapped_, mappedOctets_);
    mapped_ = nullptr;
    mappedOctets_ = 0;
}

void Spool::clear() {
    unmap();
    if (file_ >= 0) ::close(std::exchange(file_, -1));
    size_ = 0;
    // A session that waits keeps no buffer of the message before.
    memory_ = std::string();
    joined_ = std::string();
}

// The file has no name: it is gone when the process is, however that ends.
void Spool::spill() {
    const int file = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0) fail("cannot make a file in run/spool");
    try {
        writeAll(file, memory_);
    } catch (const ContentError&) {
        ::close(file);
        throw;
    }
    file_ = file;
    memory_ = std::string();
}

}  // namespace daybook
