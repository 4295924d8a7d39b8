#include "tests/bench/bench_server.h"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace daybook::bench {

namespace {

constexpr std::chrono::seconds kStartPatience{300};
constexpr std::chrono::milliseconds kStartPoll{1};

pid_t spawn(const std::vector<std::string>& words, const std::filesystem::path& output) {
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("fork failed");
    if (child > 0) return child;
    // Whatever ends this program ends the server.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    std::vector<char*> arguments;
    for (const std::string& word : words)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execv(arguments[0], arguments.data());
    std::_Exit(127);
}

int waitFor(pid_t process) {
    int status = 0;
    if (::waitpid(process, &status, 0) < 0) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string contentOf(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

void replaceLine(std::string& text, std::string_view key, const std::string& line) {
    const std::size_t at = text.find("\n" + std::string(key) + " = ");
    if (at == std::string::npos) throw std::runtime_error("no setting " + std::string(key));
    text.replace(at + 1, text.find('\n', at + 1) - at - 1, line);
}

// "Name:   12 kB" of /proc, or "name: 12".
double fieldOf(const std::string& text, const std::string& name) {
    const std::size_t at = text.find(name);
    if (at == std::string::npos) throw std::runtime_error("no field " + name);
    return std::strtod(text.c_str() + at + name.size(), nullptr);
}

}  // namespace

BenchServer::BenchServer(
    std::filesystem::path programs, const std::filesystem::path& place, unsigned accounts)
    : programs_(std::move(programs)) {
    std::string name = place / "daybook-bench-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
    data_ = folder_ / "data";
    initialise(accounts);
}

BenchServer::~BenchServer() {
    if (process_ > 0) {
        ::kill(process_, SIGKILL);
        waitFor(process_);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void BenchServer::initialise(unsigned accounts) {
    std::vector<std::string> words = {
        programs_ / "daybook",
        "init",
        "--dir",
        data_,
        "--dev",
        "--free-ports",
        "--domain",
        "example.test",
        "--hostname",
        "localhost"};
    for (unsigned i = 0; i < accounts; ++i) {
        words.emplace_back("--account");
        words.push_back(fmt::format("u{}", i));
    }
    const std::filesystem::path output = folder_ / "init.txt";
    if (waitFor(spawn(words, output)) != 0) {
        throw std::runtime_error("daybook init: " + contentOf(output));
    }
    std::istringstream said(contentOf(output));
    for (std::string line; std::getline(said, line);) {
        if (line.starts_with("password")) passwords_.push_back(line.substr(line.rfind(' ') + 1));
    }
    const std::filesystem::path config = data_ / "daybook.toml";
    std::string text = contentOf(config);
    replaceLine(text, "connections", "connections = 30000");
    replaceLine(text, "connections_per_address", "connections_per_address = 30000");
    std::ofstream(config) << text;
}

double BenchServer::start() {
    const auto begin = std::chrono::steady_clock::now();
    const std::filesystem::path ports = data_ / "run" / "ports.json";
    std::filesystem::remove(ports);
    const std::filesystem::path log = folder_ / "daybookd.log";
    process_ = spawn({programs_ / "daybookd", "--config", data_ / "daybook.toml"}, log);
    while (!std::filesystem::exists(ports)) {
        if (::waitpid(process_, nullptr, WNOHANG) != 0) {
            process_ = 0;
            throw std::runtime_error("daybookd ended: " + contentOf(log));
        }
        if (std::chrono::steady_clock::now() - begin > kStartPatience) {
            throw std::runtime_error("daybookd does not come up");
        }
        std::this_thread::sleep_for(kStartPoll);
    }
    readPorts();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void BenchServer::readPorts() {
    const auto ports = nlohmann::json::parse(contentOf(data_ / "run" / "ports.json"));
    ports_ = ports.get<std::map<std::string, std::uint16_t>>();
}

void BenchServer::stop() {
    ::kill(process_, SIGTERM);
    const int status = waitFor(process_);
    process_ = 0;
    if (status != 0) throw std::runtime_error(fmt::format("daybookd ended with {}", status));
}

void BenchServer::kill() {
    ::kill(process_, SIGKILL);
    waitFor(process_);
    process_ = 0;
}

std::uint16_t BenchServer::port(const std::string& listener) const { return ports_.at(listener); }

std::string BenchServer::login(unsigned account) const {
    return fmt::format("u{}@example.test", account);
}

const std::string& BenchServer::password(unsigned account) const { return passwords_.at(account); }

Usage BenchServer::usage() const {
    const std::string stat = contentOf(fmt::format("/proc/{}/stat", process_));
    // Behind the name, which may hold anything: field 3 and on; utime and stime are 14 and 15.
    std::istringstream fields(stat.substr(stat.rfind(')') + 1));
    std::string word;
    double ticks = 0;
    for (int field = 3; field <= 15 && fields >> word; ++field) {
        if (field >= 14) ticks += std::strtod(word.c_str(), nullptr);
    }
    const std::string io = contentOf(fmt::format("/proc/{}/io", process_));
    return {
        .processorSeconds = ticks / static_cast<double>(::sysconf(_SC_CLK_TCK)),
        .dirtiedOctets = fieldOf(io, "\nwrite_bytes:"),
        .deviceOctets = deviceOctets(),
    };
}

// 0 where the file system has no block device of its own.
double BenchServer::deviceOctets() const {
    struct stat status{};
    if (::stat(data_.c_str(), &status) != 0) return 0;
    std::istringstream fields(contentOf(
        fmt::format("/sys/dev/block/{}:{}/stat", major(status.st_dev), minor(status.st_dev))));
    constexpr int kSectorsWritten = 7;
    constexpr double kSectorOctets = 512;
    double value = 0;
    for (int field = 1; field <= kSectorsWritten; ++field)
        fields >> value;
    return value * kSectorOctets;
}

double BenchServer::proportionalKilobytes() const {
    return fieldOf(contentOf(fmt::format("/proc/{}/smaps_rollup", process_)), "\nPss:");
}

}  // namespace daybook::bench
