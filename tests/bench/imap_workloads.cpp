#include "tests/bench/imap_workloads.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <exception>
#include <fmt/format.h>
#include <mutex>
#include <poll.h>
#include <random>
#include <stdexcept>
#include <thread>

namespace daybook::bench {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// The first accounts have work of their own; the others are in IDLE.
constexpr unsigned kLargeAccount = 0;
constexpr unsigned kNotifyAccount = 1;
constexpr unsigned kMixedAccounts = 10;
constexpr unsigned kFirstMixedAccount = 2;
constexpr unsigned kFirstIdleAccount = kFirstMixedAccount + kMixedAccounts;
constexpr unsigned kIdleAccounts = 100;
constexpr unsigned kAccounts = kFirstIdleAccount + kIdleAccounts;
constexpr unsigned kMixedClients = 50;
constexpr std::uint32_t kMixedMessages = 500;
constexpr std::uint32_t kPiped = 500;
constexpr unsigned kOpeners = 4;
// Connections from one loopback address: well below its local ports.
constexpr unsigned kConnectionsPerSource = 5'000;
// Dovecot hibernates two seconds after the last word.
constexpr std::chrono::seconds kHibernationRest{5};

double secondsSince(SteadyTime start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double driverSeconds() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double quantile(std::vector<double> values, double part) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(static_cast<double>(values.size() - 1) * part)];
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

void beginIdle(BenchClient& client, const std::string& mailbox) {
    client.command("SELECT " + mailbox);
    client.send("i IDLE\r\n");
    while (!client.readLine().starts_with('+')) {
    }
}

// In the line of SEARCH, SORT or THREAD; others tell how far the server is.
double numbersIn(const std::string& answer) {
    std::size_t at = 0;
    for (const char* const name : {"* SEARCH", "* SORT", "* THREAD"}) {
        const std::size_t found = answer.find(name);
        if (found != std::string::npos) at = found;
    }
    const std::string line = answer.substr(at, answer.find("\r\n", at) - at);
    const auto isDigit = [&line](std::size_t i) { return line[i] >= '0' && line[i] <= '9'; };
    double count = 0;
    for (std::size_t i = 1; i < line.size(); ++i) {
        if (isDigit(i) && !isDigit(i - 1)) ++count;
    }
    return count;
}

std::unique_ptr<ImapPeer> makePeer(const std::string& name, const std::string& place) {
    if (name == "daybook") {
        const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
        return makeDaybook(programs, place, kAccounts);
    }
    constexpr std::string_view kPrefix = "dovecot-";
    if (!name.starts_with(kPrefix)) throw std::runtime_error("no server is called " + name);
    if (const std::string why = dovecotMissing(); !why.empty()) {
        fmt::print(stderr, "imap_bench: without {}: {}\n", name, why);
        return nullptr;
    }
    std::string format = name.substr(kPrefix.size());
    const std::size_t suffix = format.find("-always");
    format = format.substr(0, suffix);
    const auto fsync = suffix == std::string::npos ? DovecotSync::AsDebian : DovecotSync::Always;
    return makeDovecot(format, fsync, place, kAccounts);
}

}  // namespace

bool ImapOptions::wants(const std::string& workload) const {
    return only.empty() || std::ranges::any_of(only, [&workload](const std::string& each) {
        return workload == each || workload.starts_with(each + "-");
    });
}

ImapBench::ImapBench(ImapOptions options) : options_(std::move(options)) {
    for (const std::string& name : options_.servers) {
        std::unique_ptr<ImapPeer> peer = makePeer(name, options_.place);
        if (peer) peers_.push_back(std::move(peer));
    }
}

void ImapBench::run() {
    fillAll();
    for (run_ = 1; run_ <= options_.runs; ++run_) {
        byTurns([this](ImapPeer& peer) { commands(peer); });
        byTurns([this](ImapPeer& peer) { stores(peer); });
        byTurns([this](ImapPeer& peer) { searches(peer); });
        byTurns([this](ImapPeer& peer) { reads(peer); });
        byTurns([this](ImapPeer& peer) { sessionMemory(peer, "session"); });
        byTurns([this](ImapPeer& peer) { notify(peer); });
        byTurns([this](ImapPeer& peer) { mixed(peer); });
        byTurns([this](ImapPeer& peer) { idle(peer, "idle-1000", options_.idleFew); });
    }
    run_ = 1;  // These take long, and change what the others measure.
    if (options_.wants("idle-10000")) {
        byTurns([this](ImapPeer& peer) {
            peer.stop();
            peer.start(PeerMode::Hibernating);
            idle(peer, "idle-10000", options_.idleMany);
            peer.stop();
            peer.start(PeerMode::Usual);
        });
    }
    if (options_.wants("session-holes")) {
        byTurns([this](ImapPeer& peer) { makeHoles(peer); });
        byTurns([this](ImapPeer& peer) { sessionMemory(peer, "session-holes"); });
    }
    for (const auto& peer : peers_)
        peer->stop();
    printTable();
}

void ImapBench::byTurns(const std::function<void(ImapPeer&)>& work) {
    // Who begins changes with the run: what one leaves behind hits each in turn.
    for (std::size_t i = 0; i < peers_.size(); ++i)
        work(*peers_[(i + run_) % peers_.size()]);
}

void ImapBench::fillAll() {
    for (const auto& peer : peers_) {
        peer->start(PeerMode::Filling);
        const SteadyTime start = std::chrono::steady_clock::now();
        fill(*peer, load_, kLargeAccount, "INBOX", options_.messages);
        report(
            *peer,
            "fill",
            {{"perSecond", options_.messages / secondsSince(start)},
             {"messages", options_.messages}});
        const bool isShared = options_.wants("mixed") || options_.wants("read");
        for (unsigned i = 0; isShared && i < kMixedAccounts; ++i) {
            fill(
                *peer,
                load_,
                kFirstMixedAccount + i,
                "INBOX",
                std::min(kMixedMessages, options_.messages));
        }
        peer->stop();
        peer->start(PeerMode::Usual);
    }
}

void ImapBench::measure(
    ImapPeer& peer,
    const std::string& workload,
    const std::function<Values(BenchClient&)>& work,
    std::uint32_t warmUps) {
    if (!options_.wants(workload)) return;
    BenchClient client = loggedIn(peer, kLargeAccount);
    if (workload != "select") client.command("SELECT INBOX");
    for (std::uint32_t i = 0; i < warmUps; ++i)
        work(client);
    const double serverBefore = peer.processorSeconds();
    const double driverBefore = driverSeconds();
    const SteadyTime start = std::chrono::steady_clock::now();
    Values values = work(client);
    const double milliseconds = secondsSince(start) * 1e3;
    const double driver = (driverSeconds() - driverBefore) * 1e3;
    values.insert(
        values.begin(),
        {{"ms", milliseconds},
         {"serverMs", (peer.processorSeconds() - serverBefore) * 1e3},
         {"driverMs", driver}});
    report(peer, workload, values);
    client.command("LOGOUT");
}

void ImapBench::commands(ImapPeer& peer) {
    const auto fetch = [](const char* command) {
        return [command](BenchClient& client) {
            return Values{{"octets", static_cast<double>(client.bulk(command))}};
        };
    };
    constexpr const char* kStructure = "FETCH 1:* (UID ENVELOPE BODYSTRUCTURE)";
    measure(peer, "select", fetch("SELECT INBOX"));
    measure(peer, "flags", fetch("FETCH 1:* FLAGS"));
    if (options_.wants("structure-first")) peer.forgetSummaries();
    measure(peer, "structure-first", fetch(kStructure));
    measure(peer, "structure", fetch(kStructure));
    measure(peer, "bodies", fetch("FETCH 1:* BODY.PEEK[]"));
}

void ImapBench::stores(ImapPeer& peer) {
    const std::uint32_t count = std::min(options_.stores, options_.messages);
    const auto change = [](std::uint32_t number, char sign) {
        return fmt::format("STORE {} {}FLAGS (\\Flagged)", number, sign);
    };
    const auto undo = [&](const std::string& workload) {
        if (!options_.wants(workload)) return;
        BenchClient client = loggedIn(peer, kLargeAccount);
        client.command("SELECT INBOX");
        client.bulk(fmt::format("STORE 1:{} -FLAGS.SILENT (\\Flagged)", count));
    };
    measure(peer, "store-each", [&](BenchClient& client) {
        for (std::uint32_t i = 1; i <= count; ++i)
            client.command(change(i, '+'));
        return Values{};
    });
    undo("store-each");
    measure(peer, "store-piped", [&](BenchClient& client) {
        for (std::uint32_t i = 1; i <= count;) {
            std::string text;
            const std::uint32_t end = std::min(count + 1, i + kPiped);
            for (; i + 1 < end; ++i)
                text += "p " + change(i, '+') + "\r\n";
            client.send(text);
            client.command(change(i++, '+'));
        }
        return Values{};
    });
    undo("store-piped");
    measure(peer, "store-all", [&](BenchClient& client) {
        client.bulk(fmt::format("STORE 1:{} +FLAGS (\\Flagged)", count));
        return Values{};
    });
    undo("store-all");
}

void ImapBench::searches(ImapPeer& peer) {
    BenchClient asking = loggedIn(peer, kLargeAccount);
    const std::string capabilities = asking.ask("CAPABILITY");
    asking.command("LOGOUT");

    struct Row {
        const char* workload;
        const char* command;
        const char* needs;
    };

    constexpr std::array<Row, 10> kRows = {{
        {"search-text", "SEARCH TEXT nowhere-to-be-found", ""},
        {"search-text-hits", "SEARCH TEXT unsubscribe", ""},
        {"search-text-short", "SEARCH TEXT q~", ""},
        {"search-subject", "SEARCH SUBJECT invoice", ""},
        {"search-from", "SEARCH FROM example.com", ""},
        {"search-flags", "SEARCH UNSEEN UNDELETED", ""},
        {"search-since", "SEARCH UNSEEN SINCE 1-Jan-2026", ""},
        {"sort-date", "SORT (REVERSE DATE) UTF-8 ALL", " SORT"},
        {"sort-subject", "SORT (SUBJECT) UTF-8 ALL", " SORT"},
        {"thread", "THREAD REFERENCES UTF-8 ALL", " THREAD=REFERENCES"},
    }};
    for (const Row& row : kRows) {
        if (capabilities.find(row.needs) == std::string::npos) continue;
        measure(peer, row.workload, [&row](BenchClient& client) {
            return Values{{"found", numbersIn(client.ask(row.command))}};
        });
    }
}

// Milliseconds from LMTP's 250 to the EXISTS of a session in IDLE.
std::vector<double> ImapBench::deliveryDelays(ImapPeer& peer, unsigned account) {
    BenchClient waiting = loggedIn(peer, account);
    beginIdle(waiting, "INBOX");
    LmtpClient sender(peer);
    std::vector<double> delays;
    for (unsigned i = 0; i < options_.deliveries; ++i) {
        sender.submit(peer.login(account), load_.message(delivered_++));
        bool acknowledged = false;
        bool notified = false;
        SteadyTime ack;
        SteadyTime news;
        while (!acknowledged || !notified) {
            std::array<pollfd, 2> waits = {
                pollfd{.fd = acknowledged ? -1 : sender.descriptor(), .events = POLLIN},
                pollfd{.fd = notified ? -1 : waiting.descriptor(), .events = POLLIN}};
            ::poll(waits.data(), waits.size(), -1);
            const SteadyTime now = std::chrono::steady_clock::now();
            if (waits[0].revents != 0) {
                ack = now;
                sender.acknowledged();
                acknowledged = true;
            }
            if (waits[1].revents != 0 && !notified) {
                news = now;
                notified = waiting.readLine().ends_with("EXISTS");
                while (waiting.hasBuffered())
                    notified = waiting.readLine().ends_with("EXISTS") || notified;
            }
        }
        delays.push_back(std::chrono::duration<double, std::milli>(news - ack).count());
    }
    return delays;
}

void ImapBench::notify(ImapPeer& peer) {
    if (!options_.wants("notify")) return;
    const std::vector<double> delays = deliveryDelays(peer, kNotifyAccount);
    report(peer, "notify", {{"ms", quantile(delays, 0.5)}, {"msP99", quantile(delays, 0.99)}});
}

void ImapBench::idle(ImapPeer& peer, const std::string& workload, unsigned sessions) {
    if (!options_.wants(workload)) return;
    // What stays once a first session was there is not a session's.
    loggedIn(peer, kFirstIdleAccount).command("LOGOUT");
    const double before = peer.proportionalKilobytes();
    const double used = peer.processorSeconds();
    const SteadyTime start = std::chrono::steady_clock::now();
    std::vector<std::vector<BenchClient>> clients(kOpeners);
    inParallel(kOpeners, [&](unsigned opener) {
        const unsigned each = sessions / kOpeners;
        clients[opener].reserve(each);
        for (unsigned i = 0; i < each; ++i) {
            const unsigned index = opener * each + i;
            clients[opener].push_back(loggedIn(
                peer,
                kFirstIdleAccount + index % kIdleAccounts,
                2 + index / kConnectionsPerSource));
            beginIdle(clients[opener].back(), "INBOX");
        }
    });
    const double seconds = secondsSince(start);
    if (workload == "idle-10000") std::this_thread::sleep_for(kHibernationRest);
    const double after = peer.proportionalKilobytes();
    const double usedThen = peer.processorSeconds();
    const std::vector<double> delays = deliveryDelays(peer, kNotifyAccount);
    report(
        peer,
        workload,
        {{"kilobytesEach", (after - before) / sessions},
         {"openedPerSecond", sessions / seconds},
         {"serverMsEach", (usedThen - used) * 1e3 / sessions},
         {"notifyMs", quantile(delays, 0.5)},
         {"notifyMsP99", quantile(delays, 0.99)}});
}

void ImapBench::mixed(ImapPeer& peer) {
    if (!options_.wants("mixed")) return;
    std::mutex mutex;
    std::vector<double> delays;
    const double used = peer.processorSeconds();
    const double driver = driverSeconds();
    const SteadyTime start = std::chrono::steady_clock::now();
    inParallel(kMixedClients, [&](unsigned index) {
        std::mt19937 random(run_ * 1'000 + index);
        const auto below = [&random](unsigned limit) {
            return std::uniform_int_distribution<unsigned>(0, limit - 1)(random);
        };
        BenchClient client = loggedIn(peer, kFirstMixedAccount + index % kMixedAccounts);
        client.command("SELECT INBOX");
        const std::uint32_t messages = std::min(kMixedMessages, options_.messages) / 2;
        std::vector<double> own;
        while (secondsSince(start) < options_.mixedSeconds) {
            const SteadyTime begin = std::chrono::steady_clock::now();
            const unsigned dice = below(100);
            const unsigned first = 1 + below(messages);
            // By UID: others expunge.
            if (dice < 40) {
                client.command(fmt::format("UID FETCH {}:{} (FLAGS)", first, first + 199));
            } else if (dice < 55) {
                client.command(fmt::format("UID FETCH {}:{} (ENVELOPE)", first, first + 24));
            } else if (dice < 70) {
                client.command(fmt::format("UID FETCH {} BODY.PEEK[]", first));
            } else if (dice < 82) {
                client.command(
                    fmt::format("UID STORE {} {}FLAGS (\\Seen)", first, below(2) == 0 ? '+' : '-'));
            } else if (dice < 90) {
                const std::string message = load_.message(below(10'000));
                client.command(
                    fmt::format("APPEND INBOX (\\Deleted) {{{}+}}\r\n", message.size()) + message);
            } else if (dice < 92) {
                client.command("EXPUNGE");
            } else if (dice < 95) {
                client.command("UID SEARCH SUBJECT invoice");
            } else {
                client.command("NOOP");
            }
            own.push_back(secondsSince(begin) * 1e3);
        }
        const std::lock_guard lock(mutex);
        delays.insert(delays.end(), own.begin(), own.end());
    });
    const double seconds = secondsSince(start);
    const auto commands = static_cast<double>(delays.size());
    report(
        peer,
        "mixed",
        {{"perSecond", commands / seconds},
         {"msP50", quantile(delays, 0.5)},
         {"msP99", quantile(delays, 0.99)},
         {"serverMsEach", (peer.processorSeconds() - used) * 1e3 / commands},
         {"driverMsEach", (driverSeconds() - driver) * 1e3 / commands}});
}

void ImapBench::reads(ImapPeer& peer) {
    if (!options_.wants("read")) return;
    std::vector<BenchClient> clients;
    for (unsigned i = 0; i < options_.sessions; ++i) {
        clients.push_back(loggedIn(peer, kFirstMixedAccount + i % kMixedAccounts));
        clients.back().command("SELECT INBOX");
    }
    for (const char* const workload : {"read-first", "read-again"}) {
        const std::uint64_t commits = peer.commits();
        const double used = peer.processorSeconds();
        const SteadyTime start = std::chrono::steady_clock::now();
        inParallel(options_.sessions, [&](unsigned index) {
            for (unsigned i = 1; i <= options_.reads; ++i)
                clients[index].command(fmt::format("FETCH {} BODY.PEEK[]", i));
        });
        const double seconds = secondsSince(start);
        const double reads = static_cast<double>(options_.sessions) * options_.reads;
        report(
            peer,
            workload,
            {{"perSecond", reads / seconds},
             {"serverMsEach", (peer.processorSeconds() - used) * 1e3 / reads},
             {"commits", static_cast<double>(peer.commits() - commits)}});
    }
}

void ImapBench::sessionMemory(ImapPeer& peer, const std::string& workload) {
    if (!options_.wants(workload)) return;
    std::vector<BenchClient> clients;
    for (unsigned i = 0; i < options_.sessions; ++i)
        clients.push_back(loggedIn(peer, kLargeAccount));
    // One has selected it: what is shared is there.
    clients.front().command("EXAMINE INBOX");
    const double before = peer.proportionalKilobytes();
    for (std::size_t i = 1; i < clients.size(); ++i)
        clients[i].command("EXAMINE INBOX");
    const double selected = peer.proportionalKilobytes();
    for (std::size_t i = 1; i < clients.size(); ++i)
        clients[i].bulk("FETCH 1:* FLAGS");
    const double fetched = peer.proportionalKilobytes();
    const auto others = static_cast<double>(std::max<std::size_t>(clients.size() - 1, 1));
    report(
        peer,
        workload,
        {{"selectedKilobytes", (selected - before) / others},
         {"fetchedKilobytes", (fetched - before) / others}});
}

void ImapBench::makeHoles(ImapPeer& peer) {
    BenchClient client = loggedIn(peer, kLargeAccount);
    client.command("SELECT INBOX");
    std::mt19937 random(7);
    std::string set;
    for (std::uint32_t number = 1; number <= options_.messages; ++number) {
        if (random() % 3 == 0) set += (set.empty() ? "" : ",") + std::to_string(number);
        if (set.size() < 7'000 && number < options_.messages) continue;
        if (!set.empty()) client.bulk("STORE " + set + " +FLAGS.SILENT (\\Deleted)");
        set.clear();
    }
    client.bulk("EXPUNGE");
}

void ImapBench::report(const ImapPeer& peer, const std::string& workload, const Values& values) {
    std::string line = fmt::format(
        R"({{"bench":"imap","workload":"{}","server":"{}","run":{})", workload, peer.name(), run_);
    for (const auto& [name, value] : values) {
        line += fmt::format(",\"{}\":{:.3f}", name, value);
        const std::string key = workload + " " + name;
        if (results_.find(key) == results_.end()) order_.push_back(key);
        results_[key][peer.name()].push_back(value);
    }
    fmt::print("{}}}\n", line);
    std::fflush(stdout);
}

void ImapBench::printTable() const {
    fmt::print("{:32}", "median (times daybook)");
    for (const auto& peer : peers_)
        fmt::print("{:>26}", peer->name());
    fmt::print("\n");
    for (const std::string& key : order_) {
        const auto& byServer = results_.at(key);
        const auto own = byServer.find("daybook");
        const double base = own == byServer.end() ? 0 : quantile(own->second, 0.5);
        fmt::print("{:32}", key);
        for (const auto& peer : peers_) {
            const auto found = byServer.find(peer->name());
            std::string cell = "-";
            if (found != byServer.end()) {
                const double median = quantile(found->second, 0.5);
                cell = fmt::format("{:.2f}", median);
                if (base > 0 && found != own) cell += fmt::format(" ({:.2f}x)", median / base);
            }
            fmt::print("{:>26}", cell);
        }
        fmt::print("\n");
    }
}

}  // namespace daybook::bench
