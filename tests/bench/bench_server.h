// bench_server.h
//
// A daybookd of its own in a temporary folder, as an operator would start it, and what the kernel
// says about it: processor time, octets written, memory. Ends and removes it. Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace daybook::bench {

struct Usage {
    double processorSeconds = 0;
    // As the kernel accounts dirty pages to the process: whole folios, so far too many where small
    // pieces of a large file change.
    double dirtiedOctets = 0;
    // By everybody on the data directory's disk: close, on a machine without other work.
    double deviceOctets = 0;
};

class BenchServer {
public:
    // `programs`: the folder of daybook and daybookd. `place`: where the data directory is made.
    BenchServer(
        std::filesystem::path programs, const std::filesystem::path& place, unsigned accounts);
    ~BenchServer();
    BenchServer(const BenchServer&) = delete;
    BenchServer& operator=(const BenchServer&) = delete;

    // Returns when the server accepts connections; the seconds that took.
    double start();
    void stop();
    // SIGKILL.
    void kill();

    std::uint16_t port(const std::string& listener) const;
    std::string login(unsigned account) const;
    const std::string& password(unsigned account) const;

    pid_t process() const { return process_; }

    const std::filesystem::path& data() const { return data_; }

    Usage usage() const;
    double proportionalKilobytes() const;

private:
    void initialise(unsigned accounts);
    void readPorts();
    double deviceOctets() const;

    std::filesystem::path programs_;
    std::filesystem::path folder_;
    std::filesystem::path data_;
    std::vector<std::string> passwords_;
    std::map<std::string, std::uint16_t> ports_;
    pid_t process_ = 0;
};

}  // namespace daybook::bench
