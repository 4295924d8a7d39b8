// serve_bench.cpp
//
// Drives a daybookd of its own, as clients do, over loopback. Prints JSON lines.
//
//   ingest   SMTP, pipelined, 1, 8 and 64 connections; messages of 1 KB, 15 KB and 1 MB, each to
//            one of eight accounts. ackMs: from the message's last octet to the 250. processorMs
//            is the server's, its rest after the last 250 included; written is the disk's,
//            whoever wrote.
//   lmtp     the same over LMTP, 8 connections.
//   notify   one connection delivers, one is in IDLE: milliseconds from the 250 to the EXISTS
//            (negative: the EXISTS came first).
//   folder   a folder of 100,000 messages of 6 KB: SELECT, FETCH of flags, of envelopes and
//            structures, of bodies, SEARCH; and POP3's download of 10,000 of them.
//   idle     10,000 sessions after LOGIN, SELECT and IDLE, plain and TLS: the server's
//            proportional set size (smaps_rollup) before and after.
//   restart  kill -9 right after the above, and the seconds until the server accepts again.
//
// Beside other work `chrt -r 10 serve_bench` (as root) takes the processors for both; the kernel's
// own threads wait then, so that p99 is worse than it is.
// --only NAME,... chooses; --smoke runs everything with small numbers, to see that it works.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fmt/format.h>
#include <functional>
#include <mutex>
#include <poll.h>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include "tests/bench/bench_client.h"
#include "tests/bench/bench_server.h"

using daybook::bench::BenchClient;
using daybook::bench::BenchServer;
using daybook::bench::Usage;

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr unsigned kAccounts = 8;
// Connections from one loopback address: well below its local ports.
constexpr unsigned kConnectionsPerSource = 5'000;

struct Options {
    bool smoke = false;
    std::vector<std::string> only;
    std::string place = "/tmp";
    unsigned folderMessages = 100'000;
    unsigned idleSessions = 10'000;
    double seconds = 6;  // an ingest run

    bool wants(const std::string& name) const {
        return only.empty() || std::ranges::find(only, name) != only.end();
    }
};

double secondsSince(SteadyTime start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double quantile(std::vector<double>& values, double part) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const auto last = static_cast<double>(values.size() - 1);
    return values[static_cast<std::size_t>(last * part)];
}

// Runs `work(index)` on that many threads; the first failure is thrown.
void inParallel(unsigned threads, const std::function<void(unsigned)>& work) {
    std::mutex mutex;
    std::exception_ptr failure;
    {
        std::vector<std::jthread> running;
        for (unsigned i = 0; i < threads; ++i) {
            running.emplace_back([&, i] {
                try {
                    work(i);
                } catch (const std::exception&) {
                    const std::lock_guard lock(mutex);
                    failure = std::current_exception();
                }
            });
        }
    }
    if (failure) std::rethrow_exception(failure);
}

// A message of two parts with a Message-ID of its own; no line begins with a dot.
class MessageMaker {
public:
    explicit MessageMaker(std::size_t octets) {
        text_ =
            "From: Sender of Benchmarks <sender@sender.test>\r\n"
            "To: A Recipient <recipient@example.test>\r\n"
            "Subject: A message to measure with, number ";
        numberAt_ = text_.size();
        text_ +=
            "0000000000\r\n"
            "Date: Tue, 24 Nov 2026 03:00:00 +0000\r\n"
            "Message-ID: <0000000000@sender.test>\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: multipart/mixed; boundary=\"the-boundary\"\r\n\r\n"
            "--the-boundary\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
            "Words to read, and an attachment.\r\n"
            "--the-boundary\r\nContent-Type: application/octet-stream; name=\"data.bin\"\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n";
        idAt_ = text_.find('<', text_.find("Message-ID")) + 1;
        constexpr std::string_view kLine =
            "QW5kIGhlcmUgaXMgYW5vdGhlciBsaW5lIG9mIGJhc2U2NCB0aGF0IGlzIDc2IG9jdGV0cyBsb25n\r\n";
        while (text_.size() + kLine.size() < octets)
            text_ += kLine;
        text_ += "--the-boundary--\r\n";
        octets_ = text_.size();
        text_ += ".\r\n";
    }

    // With the end of DATA; valid until the next call.
    std::string_view next(std::uint64_t number) {
        const std::string digits = fmt::format("{:010}", number);
        text_.replace(numberAt_, digits.size(), digits);
        text_.replace(idAt_, digits.size(), digits);
        return text_;
    }

    std::size_t octets() const { return octets_; }

private:
    std::string text_;
    std::size_t numberAt_ = 0;
    std::size_t idAt_ = 0;
    std::size_t octets_ = 0;
};

class MailClient {
public:
    MailClient(const BenchServer& server, const std::string& listener)
        : client_(server.port(listener), false) {
        client_.expect("220");
        client_.send(listener == "lmtp" ? "LHLO client.test\r\n" : "EHLO client.test\r\n");
        client_.expect("250");
    }

    // Up to the last octet of the message.
    void submit(const std::string& recipient, std::string_view message) {
        client_.send("MAIL FROM:<sender@sender.test>\r\nRCPT TO:<" + recipient + ">\r\nDATA\r\n");
        client_.expect("250");
        client_.expect("250");
        client_.expect("354");
        client_.send(message);
    }

    void acknowledged() { client_.expect("250"); }

    int descriptor() const { return client_.descriptor(); }

private:
    BenchClient client_;
};

struct IngestPlan {
    std::string listener;
    unsigned connections;
    std::size_t octets;
    double seconds;
    std::uint64_t messagesMax;
    unsigned accounts = kAccounts;
};

struct IngestResult {
    std::uint64_t messages = 0;
    double seconds = 0;
    std::size_t octets = 0;
    std::vector<double> ackMs;
};

IngestResult ingest(const BenchServer& server, const IngestPlan& plan) {
    IngestResult result;
    std::mutex mutex;
    std::atomic<std::uint64_t> numbers = 0;
    const SteadyTime start = std::chrono::steady_clock::now();
    inParallel(plan.connections, [&](unsigned index) {
        MessageMaker maker(plan.octets);
        MailClient client(server, plan.listener);
        const std::string recipient = server.login(index % plan.accounts);
        std::vector<double> ackMs;
        while (secondsSince(start) < plan.seconds) {
            const std::uint64_t number = numbers++;
            if (number >= plan.messagesMax) break;
            client.submit(recipient, maker.next(number));
            const SteadyTime sent = std::chrono::steady_clock::now();
            client.acknowledged();
            ackMs.push_back(secondsSince(sent) * 1e3);
        }
        const std::lock_guard lock(mutex);
        result.messages += ackMs.size();
        result.octets = maker.octets();
        result.ackMs.insert(result.ackMs.end(), ackMs.begin(), ackMs.end());
    });
    result.seconds = secondsSince(start);
    return result;
}

// Views and notes that follow the last answer belong to the work.
Usage usageAtRest(const BenchServer& server) {
    Usage usage = server.usage();
    while (true) {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        const Usage now = server.usage();
        if (now.processorSeconds - usage.processorSeconds < 0.015) return now;
        usage = now;
    }
}

void measureIngest(const BenchServer& server, const IngestPlan& plan) {
    const Usage before = usageAtRest(server);
    IngestResult result = ingest(server, plan);
    const Usage after = usageAtRest(server);
    const auto messages = static_cast<double>(std::max<std::uint64_t>(result.messages, 1));
    const double written = after.deviceOctets - before.deviceOctets;
    fmt::print(
        "{{\"bench\":\"ingest\",\"protocol\":\"{}\",\"connections\":{},\"octets\":{},"
        "\"messages\":{},\"perSecond\":{:.0f},\"ackMsP50\":{:.3f},\"ackMsP99\":{:.3f},"
        "\"processorMs\":{:.3f},\"writtenPerOctet\":{:.2f},\"writtenKilobytes\":{:.1f},"
        "\"dirtiedKilobytes\":{:.1f}}}\n",
        plan.listener,
        plan.connections,
        result.octets,
        result.messages,
        messages / result.seconds,
        quantile(result.ackMs, 0.5),
        quantile(result.ackMs, 0.99),
        (after.processorSeconds - before.processorSeconds) * 1e3 / messages,
        written / messages / static_cast<double>(result.octets),
        written / messages / 1024,
        (after.dirtiedOctets - before.dirtiedOctets) / messages / 1024);
    std::fflush(stdout);
}

BenchClient loggedIn(const BenchServer& server, bool tls, unsigned account, unsigned source = 1) {
    BenchClient client(server.port(tls ? "imaps" : "imap"), tls, source);
    client.expect("* OK");
    client.command("LOGIN " + server.login(account) + " " + server.password(account));
    return client;
}

void beginIdle(BenchClient& client) {
    client.command("SELECT INBOX");
    client.send("i IDLE\r\n");
    while (!client.readLine().starts_with("+")) {
    }
}

void measureNotify(const BenchServer& server, unsigned deliveries) {
    BenchClient idle = loggedIn(server, false, 0);
    beginIdle(idle);
    MailClient sender(server, "smtp");
    MessageMaker maker(15'000);
    std::vector<double> delays;
    for (unsigned i = 0; i < deliveries; ++i) {
        sender.submit(server.login(0), maker.next(i));
        bool acknowledged = false;
        bool notified = false;
        SteadyTime ack;
        SteadyTime news;
        while (!acknowledged || !notified) {
            std::array<pollfd, 2> waits = {
                pollfd{.fd = acknowledged ? -1 : sender.descriptor(), .events = POLLIN},
                pollfd{.fd = notified ? -1 : idle.descriptor(), .events = POLLIN}};
            ::poll(waits.data(), waits.size(), -1);
            const SteadyTime now = std::chrono::steady_clock::now();
            if (waits[0].revents != 0) {
                ack = now;
                sender.acknowledged();
                acknowledged = true;
            }
            while (waits[1].revents != 0 && !notified) {
                news = now;
                notified = idle.readLine().ends_with("EXISTS");
            }
            while (notified && idle.hasBuffered())
                idle.readLine();  // RECENT
        }
        delays.push_back(std::chrono::duration<double, std::milli>(news - ack).count());
    }
    fmt::print(
        "{{\"bench\":\"notify\",\"deliveries\":{},\"msP50\":{:.3f},\"msP99\":{:.3f}}}\n",
        deliveries,
        quantile(delays, 0.5),
        quantile(delays, 0.99));
    std::fflush(stdout);
}

// The first and the best of three: pages are cold or warm as they come.
void measureCommand(const BenchServer& server, BenchClient& client, const std::string& command) {
    std::vector<double> milliseconds;
    std::uint64_t octets = 0;
    const Usage before = server.usage();
    for (int run = 0; run < 3; ++run) {
        const SteadyTime start = std::chrono::steady_clock::now();
        octets = client.command(command);
        milliseconds.push_back(secondsSince(start) * 1e3);
    }
    const Usage after = server.usage();
    const double first = milliseconds.front();
    fmt::print(
        "{{\"bench\":\"command\",\"command\":\"{}\",\"octets\":{},\"firstMs\":{:.1f},"
        "\"bestMs\":{:.1f},\"processorMs\":{:.1f}}}\n",
        command,
        octets,
        first,
        *std::ranges::min_element(milliseconds),
        (after.processorSeconds - before.processorSeconds) * 1e3 / 3);
    std::fflush(stdout);
}

void measureDownload(const BenchServer& server, unsigned messages) {
    BenchClient client(server.port("pop3"), false);
    client.expect("+OK");
    client.send("USER " + server.login(0) + "\r\n");
    client.expect("+OK");
    client.send("PASS " + server.password(0) + "\r\n");
    client.expect("+OK");
    const Usage before = server.usage();
    const SteadyTime start = std::chrono::steady_clock::now();
    std::uint64_t octets = 0;
    for (unsigned i = 1; i <= messages; ++i) {
        client.send(fmt::format("RETR {}\r\n", i));
        client.expect("+OK");
        octets += client.readDotted();
    }
    const double seconds = secondsSince(start);
    const Usage after = server.usage();
    fmt::print(
        "{{\"bench\":\"pop3\",\"messages\":{},\"octets\":{},\"perSecond\":{:.0f},"
        "\"processorMs\":{:.3f}}}\n",
        messages,
        octets,
        messages / seconds,
        (after.processorSeconds - before.processorSeconds) * 1e3 / messages);
    std::fflush(stdout);
    client.send("QUIT\r\n");
    client.expect("+OK");
}

void measureFolder(const BenchServer& server, const Options& options) {
    measureIngest(
        server,
        {.listener = "smtp",
         .connections = 16,
         .octets = 6'200,
         .seconds = 600,
         .messagesMax = options.folderMessages,
         .accounts = 1});
    BenchClient client = loggedIn(server, false, 0);
    for (const char* const command :
         {"SELECT INBOX",
          "FETCH 1:* (UID FLAGS)",
          "FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE)",
          "FETCH 1:* BODY.PEEK[]",
          "FETCH 1:* (BODY.PEEK[HEADER.FIELDS (From Subject Date)])",
          "SEARCH SUBJECT invoice",
          "SEARCH UNSEEN SINCE 1-Jan-2026",
          "SEARCH TEXT nowhere-to-be-found"}) {
        measureCommand(server, client, command);
    }
    measureDownload(server, std::min(options.folderMessages, 10'000U));
}

void measureIdle(const BenchServer& server, const Options& options, bool tls) {
    constexpr unsigned kThreads = 4;
    const double before = server.proportionalKilobytes();
    const Usage used = server.usage();
    const SteadyTime start = std::chrono::steady_clock::now();
    std::vector<std::vector<BenchClient>> clients(kThreads);
    inParallel(kThreads, [&](unsigned thread) {
        const unsigned each = options.idleSessions / kThreads;
        clients[thread].reserve(each);
        for (unsigned i = 0; i < each; ++i) {
            const unsigned source = 2 + (thread * each + i) / kConnectionsPerSource;
            // Another account than the one with the large folder.
            clients[thread].push_back(loggedIn(server, tls, 1 + i % (kAccounts - 1), source));
            beginIdle(clients[thread].back());
        }
    });
    const double seconds = secondsSince(start);
    const Usage usedThen = usageAtRest(server);
    const double after = server.proportionalKilobytes();
    fmt::print(
        "{{\"bench\":\"idle\",\"tls\":{},\"sessions\":{},\"kilobytesEach\":{:.2f},"
        "\"kilobytesInAll\":{:.0f},\"openedPerSecond\":{:.0f},\"processorMsEach\":{:.3f}}}\n",
        tls,
        options.idleSessions,
        (after - before) / options.idleSessions,
        after,
        options.idleSessions / seconds,
        (usedThen.processorSeconds - used.processorSeconds) * 1e3 / options.idleSessions);
    std::fflush(stdout);
}

void measureRestart(BenchServer& server) {
    server.kill();
    const double seconds = server.start();
    fmt::print("{{\"bench\":\"restart\",\"seconds\":{:.3f}}}\n", seconds);
    std::fflush(stdout);
}

void measureAll(BenchServer& server, const Options& options) {
    if (options.wants("ingest")) {
        for (const std::size_t octets : {1'000UL, 15'000UL, 1'000'000UL}) {
            for (const unsigned connections : {1U, 8U, 64U}) {
                measureIngest(server, {"smtp", connections, octets, options.seconds, UINT64_MAX});
            }
        }
    }
    if (options.wants("lmtp")) {
        measureIngest(server, {"lmtp", 8, 15'000, options.seconds, UINT64_MAX});
    }
    if (options.wants("notify")) measureNotify(server, options.smoke ? 10 : 1'000);
    if (options.wants("folder")) measureFolder(server, options);
    if (options.wants("idle")) {
        measureIdle(server, options, false);
        measureIdle(server, options, true);
    }
    if (options.wants("restart")) measureRestart(server);
    server.stop();
}

void raiseDescriptorLimit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::filesystem::path ownFolder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Measures a daybookd over loopback");
    app.add_flag("--smoke", options.smoke);
    app.add_option("--only", options.only)->delimiter(',');
    app.add_option("--place", options.place);
    app.add_option("--folder-messages", options.folderMessages);
    app.add_option("--idle-sessions", options.idleSessions);
    app.add_option("--seconds", options.seconds);
    CLI11_PARSE(app, argc, argv);
    if (options.smoke) {
        options.folderMessages = 50;
        options.idleSessions = 20;
        options.seconds = 0.1;
    }
    raiseDescriptorLimit();
    try {
        BenchServer server(ownFolder(), options.place, kAccounts);
        server.start();
        measureAll(server, options);
    } catch (const std::exception& failure) {
        fmt::print(stderr, "serve_bench: {}\n", failure.what());
        return 1;
    }
    return 0;
}
