#include "engine/control/data_directory.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/un.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "journal/base/ascii.h"

namespace daybook {

namespace {

constexpr std::chrono::milliseconds kLockPoll{20};

int pidIn(int file) {
    std::array<char, 32> text{};
    const ssize_t count = ::pread(file, text.data(), text.size(), 0);
    if (count <= 0) return 0;
    const std::string_view digits(text.data(), static_cast<std::size_t>(count));
    return static_cast<int>(parseNumber(trimmed(digits), INT32_MAX).value_or(0));
}

// False: errno says why. Polls, because flock() has no time limit.
bool lockWithin(int file, std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(kLockPoll);
    }
    return true;
}

[[noreturn]] void fail(const std::filesystem::path& file, const char* what) {
    throw std::system_error(
        errno, std::generic_category(), fmt::format("{} {}", what, file.string()));
}

}  // namespace

void DataDirectory::makeRunFolders() const {
    std::filesystem::create_directories(spool());
    std::filesystem::permissions(run(), std::filesystem::perms::owner_all);
}

SocketPath::SocketPath(const std::filesystem::path& socket) : text_(socket.string()) {
    if (text_.size() < sizeof(sockaddr_un::sun_path)) return;
    folder_ = ::open(socket.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder_ < 0) fail(socket.parent_path(), "cannot open");
    text_ = fmt::format("/proc/self/fd/{}/{}", folder_, socket.filename().string());
}

SocketPath::~SocketPath() {
    if (folder_ >= 0) ::close(folder_);
}

DirectoryLocked::DirectoryLocked(const std::filesystem::path& directory, int pid)
    : std::runtime_error(fmt::format(
          "{} is in use by another daybook process (pid {}); stop it first",
          directory.string(),
          pid)),
      pid_(pid) {}

WriterLock::WriterLock(const DataDirectory& directory, std::chrono::milliseconds patience) {
    directory.makeRunFolders();
    const std::filesystem::path path = directory.lockFile();
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) fail(path, "cannot open the lock file");
    if (!lockWithin(file_, patience)) {
        const int why = errno;
        const int pid = pidIn(file_);
        ::close(file_);
        if (why == EWOULDBLOCK) throw DirectoryLocked(directory.path(), pid);
        errno = why;
        fail(path, "cannot lock");
    }
    const std::string pid = fmt::format("{}\n", ::getpid());
    const bool written = ::ftruncate(file_, 0) == 0 && ::pwrite(file_, pid.data(), pid.size(), 0) ==
                                                           static_cast<ssize_t>(pid.size());
    if (!written) {
        ::close(file_);
        fail(path, "cannot write the lock file");
    }
}

WriterLock::~WriterLock() { ::close(file_); }

}  // namespace daybook
