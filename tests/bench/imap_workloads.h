// imap_workloads.h
//
// The workloads of imap_bench (described there), and the table of what they gave. Thread: one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/imap_load.h"
#include "tests/bench/imap_peers.h"

namespace daybook::bench {

struct ImapOptions {
    unsigned runs = 3;
    std::uint32_t messages = 100'000;
    std::uint32_t stores = 10'000;
    unsigned idleFew = 1'000;
    unsigned idleMany = 10'000;
    unsigned sessions = 50;  // that read, and whose memory is measured
    unsigned reads = 100;    // of each of them
    unsigned deliveries = 40;
    double mixedSeconds = 10;
    std::string place = "/tmp";
    std::vector<std::string> servers = {"daybook", "dovecot-sdbox", "dovecot-maildir"};
    std::vector<std::string> only;

    bool wants(const std::string& workload) const;
};

class ImapBench {
public:
    explicit ImapBench(ImapOptions options);

    void run();

private:
    using Values = std::vector<std::pair<std::string, double>>;

    void fillAll();
    void commands(ImapPeer& peer);
    void stores(ImapPeer& peer);
    void searches(ImapPeer& peer);
    void notify(ImapPeer& peer);
    void idle(ImapPeer& peer, const std::string& workload, unsigned sessions);
    void mixed(ImapPeer& peer);
    void reads(ImapPeer& peer);
    void sessionMemory(ImapPeer& peer, const std::string& workload);
    void makeHoles(ImapPeer& peer);

    std::vector<double> deliveryDelays(ImapPeer& peer, unsigned account);
    // Runs `work` if `workload` is wanted; reports wall and processor times.
    void measure(
        ImapPeer& peer,
        const std::string& workload,
        const std::function<Values(BenchClient&)>& work,
        std::uint32_t warmUps = 0);
    void byTurns(const std::function<void(ImapPeer&)>& work);
    void report(const ImapPeer& peer, const std::string& workload, const Values& values);
    void printTable() const;

    ImapOptions options_;
    CorpusLoad load_;
    std::vector<std::unique_ptr<ImapPeer>> peers_;
    unsigned run_ = 0;
    std::uint32_t delivered_ = 0;
    std::vector<std::string> order_;  // "workload value", as they came
    std::map<std::string, std::map<std::string, std::vector<double>>> results_;
};

}  // namespace daybook::bench
