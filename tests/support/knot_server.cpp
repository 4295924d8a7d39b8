#include "tests/support/knot_server.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace daybook::test {

namespace {

constexpr const char* kKnotd = "/usr/sbin/knotd";
constexpr const char* kKeymgr = "/usr/sbin/keymgr";
constexpr int kPortTries = 20;

std::system_error failed(const char* what) {
    return std::system_error(errno, std::generic_category(), what);
}

// Bound to the port of 127.0.0.1; nothing: it is taken. Closed at once.
bool isFree(int type, std::uint16_t& port) {
    const int number = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (number < 0) throw failed("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    const bool bound = ::bind(number, plain, size) == 0;
    if (bound && ::getsockname(number, plain, &size) == 0) port = ntohs(address.sin_port);
    ::close(number);
    return bound;
}

std::uint16_t freePort() {
    for (int i = 0; i < kPortTries; ++i) {
        std::uint16_t port = 0;
        if (isFree(SOCK_STREAM, port) && isFree(SOCK_DGRAM, port)) return port;
    }
    throw std::runtime_error("knot: no free port");
}

void writeZone(const std::filesystem::path& folder, const KnotZone& zone) {
    std::ofstream file(folder / (zone.name + ".zone"));
    file << "$ORIGIN " << zone.name << ".\n$TTL 300\n"
         << "@ SOA ns hostmaster 1 3600 600 86400 60\n"
         << "@ NS ns\n"
         << "ns A 127.0.0.1\n"
         << zone.records;
}

void writeConfiguration(
    const std::filesystem::path& file,
    const std::filesystem::path& folder,
    std::uint16_t port,
    const std::vector<KnotZone>& zones) {
    std::ofstream text(file);
    text << "server:\n"
         << "    rundir: " << folder.string() << "\n"
         << "    listen: 127.0.0.1@" << port << "\n"
         << "log:\n  - target: stdout\n    server: info\n    zone: error\n"
         << "database:\n    storage: " << folder.string() << "\n"
         << "    kasp-db-max-size: 8M\n    timer-db-max-size: 8M\n    journal-db-max-size: 8M\n"
         << "policy:\n  - id: own\n    algorithm: ecdsap256sha256\n    single-type-signing: on\n"
         << "template:\n  - id: default\n    storage: " << folder.string() << "\n"
         << "    file: \"%s.zone\"\n    zonefile-sync: -1\n    journal-content: none\n"
         << "    dnssec-policy: own\nzone:\n";
    for (const KnotZone& zone : zones) {
        text << "  - domain: " << zone.name
             << "\n    dnssec-signing: " << (zone.signing == ZoneSigning::Dnssec ? "on" : "off")
             << "\n";
    }
}

// In the child: nothing but system calls.
[[noreturn]] void become(const char* configuration, int output, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::execl(kKnotd, kKnotd, "-c", configuration, static_cast<char*>(nullptr));
    ::_exit(127);
}

}  // namespace

KnotServer::KnotServer(const std::vector<KnotZone>& zones) {
    for (const KnotZone& zone : zones)
        writeZone(folder_.path(), zone);
    for (int i = 0; i < kPortTries; ++i) {
        if (!start(zones)) continue;
        writeAnchor(zones);
        return;
    }
    throw std::runtime_error("knot: every port that was free was taken before knot came");
}

KnotServer::~KnotServer() { end(); }

std::string KnotServer::address() const { return "127.0.0.1@" + std::to_string(port_); }

bool KnotServer::start(const std::vector<KnotZone>& zones) {
    port_ = freePort();
    writeConfiguration(configuration_, folder_.path(), port_, zones);
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw failed("pipe2");
    const pid_t parent = ::getpid();
    process_ = ::fork();
    if (process_ == 0) become(configuration_.c_str(), ends[1], parent);
    ::close(ends[1]);
    output_ = ends[0];
    if (process_ < 0) throw failed("fork");

    // It says that it has started when the zones are loaded and signed.
    std::string said;
    std::array<char, 4096> buffer{};
    while (said.find("server started") == std::string::npos) {
        const ssize_t count = ::read(output_, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        const bool isTaken = said.find("cannot bind") != std::string::npos;
        if (count <= 0 || isTaken) {
            end();
            if (isTaken) return false;
            throw std::runtime_error("knot does not start (is it installed?):\n" + said);
        }
        said.append(buffer.data(), static_cast<std::size_t>(count));
    }
    if (said.find("cannot bind") == std::string::npos) return true;
    end();
    return false;
}

void KnotServer::end() {
    if (process_ > 0) {
        ::kill(process_, SIGTERM);
        while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
        }
        process_ = -1;
    }
    if (output_ >= 0) ::close(output_);
    output_ = -1;
}

void KnotServer::writeAnchor(const std::vector<KnotZone>& zones) const {
    std::ofstream anchor(trustAnchor_);
    for (const KnotZone& zone : zones) {
        if (zone.signing == ZoneSigning::None) continue;
        const std::string command =
            std::string(kKeymgr) + " -c '" + configuration_.string() + "' " + zone.name + " ds";
        const std::unique_ptr<FILE, int (*)(FILE*)> output(
            ::popen(command.c_str(), "r"), &::pclose);
        if (!output) throw failed("popen");
        std::array<char, 4096> buffer{};
        std::size_t octets = 0;
        while (const std::size_t count =
                   std::fread(buffer.data(), 1, buffer.size(), output.get())) {
            anchor.write(buffer.data(), static_cast<std::streamsize>(count));
            octets += count;
        }
        if (octets == 0) throw std::runtime_error("knot: no DS record of " + zone.name);
    }
}

}  // namespace daybook::test
