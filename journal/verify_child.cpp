#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include "journal/base/encoding.h"
#include "journal/verify.h"

namespace daybook {

namespace {

// What the child says, in the pipe: *( progress / report ), numbers as they lie in memory.
//
//   progress = "P" done:u64 all:u64
//   report   = "R" 13*u64 root:32 count:u64 *( seq:u64 octets:u64 *OCTET )
constexpr char kProgress = 'P';
constexpr char kReport = 'R';
constexpr std::size_t kNumbers = 13;
constexpr std::uint64_t kFaultTextMax = 65'536;

std::array<std::uint64_t, kNumbers> numbersOf(const VerifyReport& report) {
    return {
        static_cast<std::uint64_t>(report.result),
        report.events,
        report.leaves,
        report.annexesPresent,
        report.annexesErased,
        report.annexesBad,
        report.blobsPresent,
        report.blobsErased,
        report.blobsBad,
        report.commits,
        report.octetsChecked,
        report.faultCount,
        report.faults.size(),
    };
}

void put(std::string& out, std::uint64_t number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string encode(const VerifyReport& report) {
    std::string octets(1, kReport);
    for (const std::uint64_t number : numbersOf(report))
        put(octets, number);
    octets += asText(report.root);
    for (const VerifyFault& fault : report.faults) {
        const std::string_view what = std::string_view(fault.what).substr(0, kFaultTextMax);
        put(octets, fault.seq);
        put(octets, what.size());
        octets += what;
    }
    return octets;
}

class Pipe {
public:
    Pipe() {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0)
            throw std::system_error(errno, std::generic_category(), "pipe");
    }

    ~Pipe() {
        closeEnd(0);
        closeEnd(1);
    }

    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    void closeEnd(std::size_t end) {
        if (ends_.at(end) >= 0) ::close(ends_.at(end));
        ends_.at(end) = -1;
    }

    // False at the end of what the child says.
    bool read(void* into, std::size_t count) const {
        auto* at = static_cast<char*>(into);
        while (count > 0) {
            const ssize_t done = ::read(ends_[0], at, count);
            if (done < 0 && errno == EINTR) continue;
            if (done <= 0) return false;
            at += done;
            count -= static_cast<std::size_t>(done);
        }
        return true;
    }

    bool write(std::string_view octets) const {
        while (!octets.empty()) {
            const ssize_t done = ::write(ends_[1], octets.data(), octets.size());
            if (done < 0 && errno == EINTR) continue;
            if (done <= 0) return false;
            octets.remove_prefix(static_cast<std::size_t>(done));
        }
        return true;
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

// The child process; waited for, however the watching ends.
class Child {
public:
    Child() = default;

    ~Child() { wait(); }

    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    bool fork() {
        process_ = ::fork();
        if (process_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
        return process_ == 0;
    }

    int wait() {
        int status = 0;
        if (process_ <= 0) return status;
        while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
        }
        process_ = -1;
        return status;
    }

private:
    pid_t process_ = -1;
};

// Everything after the letter R; false if the child stopped in the midst of it.
bool readReport(const Pipe& pipe, VerifyReport& report) {
    std::array<std::uint64_t, kNumbers> numbers{};
    if (!pipe.read(numbers.data(), sizeof numbers)) return false;
    if (!pipe.read(report.root.data(), report.root.size())) return false;
    report.result = static_cast<VerifyResult>(numbers[0]);
    report.events = numbers[1];
    report.leaves = numbers[2];
    report.annexesPresent = numbers[3];
    report.annexesErased = numbers[4];
    report.annexesBad = numbers[5];
    report.blobsPresent = numbers[6];
    report.blobsErased = numbers[7];
    report.blobsBad = numbers[8];
    report.commits = numbers[9];
    report.octetsChecked = numbers[10];
    report.faultCount = numbers[11];
    for (std::uint64_t i = 0; i < numbers[12]; ++i) {
        std::array<std::uint64_t, 2> fault{};
        if (!pipe.read(fault.data(), sizeof fault) || fault[1] > kFaultTextMax) return false;
        std::string what(fault[1], '\0');
        if (!pipe.read(what.data(), what.size())) return false;
        report.faults.push_back({.seq = fault[0], .what = std::move(what)});
    }
    return true;
}

bool listen(const Pipe& pipe, const VerifyOptions& options, VerifyReport& report) {
    char letter = 0;
    while (pipe.read(&letter, 1)) {
        if (letter == kReport) return readReport(pipe, report);
        std::array<std::uint64_t, 2> progress{};
        if (letter != kProgress || !pipe.read(progress.data(), sizeof progress)) return false;
        if (options.progress) options.progress(progress[0], progress[1]);
    }
    return false;
}

[[noreturn]] void work(
    Pipe& pipe, const std::filesystem::path& directory, const VerifyOptions& options) {
    pipe.closeEnd(0);
    // A crash here is an answer, not a fault of the program: no handlers, no core file.
    for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL})
        ::signal(signal, SIG_DFL);
    const rlimit none{};
    ::setrlimit(RLIMIT_CORE, &none);
    VerifyOptions own = options;
    own.progress = [&pipe](std::uint64_t done, std::uint64_t all) {
        std::string octets(1, kProgress);
        put(octets, done);
        put(octets, all);
        if (!pipe.write(octets)) ::_exit(1);  // nobody listens any more
    };
    ::_exit(pipe.write(encode(verify(directory, own))) ? 0 : 1);
}

std::string describe(int status) {
    if (WIFSIGNALED(status))
        return fmt::format(
            "the journal's files are damaged: reading them ended in signal {} ({})",
            WTERMSIG(status),
            ::strsignal(WTERMSIG(status)));
    return fmt::format(
        "the check ended without a report (exit status {})",
        WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

}  // namespace

VerifyReport verifyInChild(const std::filesystem::path& directory, const VerifyOptions& options) {
    // In this order: when `progress` throws, the pipe goes first, and the child stops.
    Child child;
    Pipe pipe;
    if (child.fork()) work(pipe, directory, options);
    pipe.closeEnd(1);
    VerifyReport report;
    const bool isReported = listen(pipe, options, report);
    pipe.closeEnd(0);
    const int status = child.wait();
    if (isReported) return report;
    return {
        .result = VerifyResult::Unreadable,
        .faults = {{.seq = 0, .what = describe(status)}},
        .faultCount = 1,
    };
}

}  // namespace daybook
