#include "tests/bench/imap_peers.h"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace daybook::bench {

namespace {

constexpr const char* kDovecot = "/usr/sbin/dovecot";
// Not of any user of the system: each account has an uid of its own, since the kernel counts
// inotify instances by uid, and IDLE needs one a session.
constexpr unsigned kFirstUid = 700'000;
constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kPoll{5};

std::string contentOf(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// Fields of /proc/PID/stat from the third on; empty: it has ended.
std::vector<double> statOf(pid_t process) {
    const std::string stat = contentOf(fmt::format("/proc/{}/stat", process));
    std::vector<double> fields;
    if (stat.empty()) return fields;
    std::istringstream words(stat.substr(stat.rfind(')') + 1));
    std::string word;
    while (words >> word)
        fields.push_back(std::strtod(word.c_str(), nullptr));
    return fields;
}

constexpr std::size_t kParent = 1;  // field 4
constexpr std::size_t kUserTime = 11;
constexpr std::size_t kTimeFields = 4;  // utime, stime, cutime, cstime

// `root` and all below it.
std::vector<pid_t> familyOf(pid_t root) {
    std::multimap<pid_t, pid_t> children;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const pid_t process = std::atoi(entry.path().filename().c_str());
        if (process <= 0) continue;
        const std::vector<double> fields = statOf(process);
        if (fields.size() > kParent) children.emplace(static_cast<pid_t>(fields[kParent]), process);
    }
    std::vector<pid_t> family = {root};
    for (std::size_t i = 0; i < family.size(); ++i) {
        const auto [begin, end] = children.equal_range(family[i]);
        for (auto child = begin; child != end; ++child)
            family.push_back(child->second);
    }
    return family;
}

std::uint16_t freePort() {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(descriptor, plain, size) != 0 || ::getsockname(descriptor, plain, &size) != 0) {
        throw std::runtime_error("no free port");
    }
    ::close(descriptor);
    return ntohs(address.sin_port);
}

bool accepts(std::uint16_t port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is =
        ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(descriptor);
    return is;
}

class DaybookPeer : public ImapPeer {
public:
    DaybookPeer(
        const std::filesystem::path& programs,
        const std::filesystem::path& place,
        unsigned accounts)
        : server_(programs, place, accounts), programs_(programs) {}

    const std::string& name() const override { return name_; }

    void start(PeerMode) override { server_.start(); }

    void stop() override { server_.stop(); }

    std::uint16_t imapPort() const override { return server_.port("imap"); }

    std::uint16_t lmtpPort() const override { return server_.port("lmtp"); }

    std::string login(unsigned account) const override { return server_.login(account); }

    std::string password(unsigned account) const override { return server_.password(account); }

    double processorSeconds() const override { return server_.usage().processorSeconds; }

    double proportionalKilobytes() const override { return server_.proportionalKilobytes(); }

    // They are made when a message arrives.
    void forgetSummaries() override {}

    std::uint64_t commits() const override {
        const std::string command = fmt::format(
            "'{}' journal stats --json --dir '{}'",
            (programs_ / "daybook").string(),
            server_.data().string());
        std::string text;
        FILE* const pipe = ::popen(command.c_str(), "re");
        if (pipe == nullptr) throw std::runtime_error("cannot run daybook");
        std::array<char, 4096> piece{};
        while (const std::size_t count = ::fread(piece.data(), 1, piece.size(), pipe))
            text.append(piece.data(), count);
        if (::pclose(pipe) != 0) throw std::runtime_error("daybook journal stats failed: " + text);
        return nlohmann::json::parse(text).at("commits").get<std::uint64_t>();
    }

private:
    BenchServer server_;
    std::filesystem::path programs_;
    std::string name_ = "daybook";
};

class DovecotPeer : public ImapPeer {
public:
    DovecotPeer(
        std::string format,
        DovecotSync fsync,
        const std::filesystem::path& place,
        unsigned accounts)
        : format_(std::move(format)),
          fsync_(fsync == DovecotSync::Always ? "always" : "optimized"),
          name_("dovecot-" + format_ + (fsync == DovecotSync::Always ? "-always" : "")) {
        if (const std::string why = dovecotMissing(); !why.empty()) throw std::runtime_error(why);
        std::string name = place / "dovecot-bench-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        folder_ = name;
        // Its own users must get through.
        std::filesystem::permissions(folder_, std::filesystem::perms(0755));
        std::ofstream users(folder_ / "users");
        for (unsigned i = 0; i < accounts; ++i) {
            const unsigned uid = kFirstUid + i;
            const std::filesystem::path home = folder_ / fmt::format("u{}", i);
            std::filesystem::create_directory(home);
            if (::chown(home.c_str(), uid, uid) != 0) throw std::runtime_error("chown failed");
            users << fmt::format(
                "{}:{{PLAIN}}{}:{}:{}::{}::\n", login(i), password(i), uid, uid, home.string());
        }
        imapPort_ = freePort();
        lmtpPort_ = freePort();
    }

    ~DovecotPeer() override {
        if (process_ > 0) {
            ::kill(process_, SIGTERM);
            ::waitpid(process_, nullptr, 0);
        }
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    const std::string& name() const override { return name_; }

    std::uint16_t imapPort() const override { return imapPort_; }

    std::uint16_t lmtpPort() const override { return lmtpPort_; }

    std::string login(unsigned account) const override {
        return fmt::format("u{}@example.test", account);
    }

    std::string password(unsigned) const override { return "measured"; }

    std::uint64_t commits() const override { return 0; }

    void start(PeerMode mode) override {
        std::ofstream(folder_ / "dovecot.conf") << configuration(mode);
        const std::string config = folder_ / "dovecot.conf";
        process_ = ::fork();
        if (process_ < 0) throw std::runtime_error("fork failed");
        if (process_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGTERM);
            const int log =
                ::open((folder_ / "start.log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
            ::dup2(log, STDOUT_FILENO);
            ::dup2(log, STDERR_FILENO);
            ::execl(kDovecot, kDovecot, "-F", "-c", config.c_str(), nullptr);
            std::_Exit(127);
        }
        const auto begin = std::chrono::steady_clock::now();
        while (!accepts(imapPort_) || !accepts(lmtpPort_)) {
            const bool late = std::chrono::steady_clock::now() - begin > kPatience;
            if (late || ::waitpid(process_, nullptr, WNOHANG) != 0) {
                throw std::runtime_error(
                    "dovecot does not come up: " + contentOf(folder_ / "start.log") +
                    contentOf(folder_ / "dovecot.log"));
            }
            std::this_thread::sleep_for(kPoll);
        }
    }

    void stop() override {
        ::kill(process_, SIGTERM);
        int status = 0;
        ::waitpid(process_, &status, 0);
        process_ = 0;
        if (status != 0) throw std::runtime_error(contentOf(folder_ / "dovecot.log"));
    }

    double processorSeconds() const override {
        double ticks = 0;
        for (const pid_t process : familyOf(process_)) {
            const std::vector<double> fields = statOf(process);
            if (fields.size() < kUserTime + kTimeFields) continue;
            // Those that ended and were waited for are in their parents' c...times.
            for (std::size_t i = kUserTime; i < kUserTime + kTimeFields; ++i)
                ticks += fields[i];
        }
        return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }

    double proportionalKilobytes() const override {
        double kilobytes = 0;
        for (const pid_t process : familyOf(process_)) {
            const std::string text = contentOf(fmt::format("/proc/{}/smaps_rollup", process));
            const std::size_t at = text.find("\nPss:");
            if (at != std::string::npos) kilobytes += std::strtod(text.c_str() + at + 5, nullptr);
        }
        return kilobytes;
    }

    void forgetSummaries() override {
        std::vector<std::filesystem::path> caches;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
            if (entry.path().filename() == "dovecot.index.cache") caches.push_back(entry.path());
        }
        for (const std::filesystem::path& cache : caches)
            std::filesystem::remove(cache);
    }

private:
    // Debian's settings but for: places, ports, accounts, limits high enough for the load, no TLS,
    // and login processes that serve many (service_count = 0), which is its own advice for speed.
    std::string configuration(PeerMode mode) const {
        return fmt::format(
            R"(base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = {format}:~/mail
mail_fsync = {fsync}
mail_plugins =
mail_max_userip_connections = 0
first_valid_uid = {uid}
last_valid_uid = 0
first_valid_gid = {uid}
default_process_limit = 20000
default_client_limit = 40000
default_vsz_limit = 2G
{hibernate}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  service_count = 0
  process_min_avail = 2
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service imap {{
  process_limit = 20000
  unix_listener imap-master {{
    user = $default_internal_user
  }}
  extra_groups = $default_internal_group
}}
service imap-hibernate {{
  unix_listener imap-hibernate {{
    mode = 0666
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
)",
            fmt::arg("folder", folder_.string()),
            fmt::arg("format", format_),
            fmt::arg("fsync", mode == PeerMode::Filling ? "never" : fsync_),
            fmt::arg(
                "hibernate", mode == PeerMode::Hibernating ? "imap_hibernate_timeout = 2s" : ""),
            fmt::arg("uid", kFirstUid),
            fmt::arg("imap", imapPort_),
            fmt::arg("lmtp", lmtpPort_));
    }

    std::string format_;
    const char* fsync_;
    std::string name_;
    std::filesystem::path folder_;
    std::uint16_t imapPort_ = 0;
    std::uint16_t lmtpPort_ = 0;
    pid_t process_ = 0;
};

}  // namespace

std::unique_ptr<ImapPeer> makeDaybook(
    const std::filesystem::path& programs, const std::filesystem::path& place, unsigned accounts) {
    return std::make_unique<DaybookPeer>(programs, place, accounts);
}

std::unique_ptr<ImapPeer> makeDovecot(
    const std::string& format,
    DovecotSync fsync,
    const std::filesystem::path& place,
    unsigned accounts) {
    return std::make_unique<DovecotPeer>(format, fsync, place, accounts);
}

std::string dovecotMissing() {
    if (::access(kDovecot, X_OK) != 0) return "Dovecot is not installed (dovecot-imapd)";
    if (::access("/usr/lib/dovecot/lmtp", X_OK) != 0) return "dovecot-lmtpd is not installed";
    if (::geteuid() != 0) return "Dovecot needs root to serve several accounts";
    return "";
}

}  // namespace daybook::bench
