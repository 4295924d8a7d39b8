// runtime_bench.cpp
//
// Measures the runtime: lines a second that are echoed, and the memory of idle connections, plain
// and TLS. The client is a process of its own, forked before any thread starts, so that the
// server's memory is the server's. Prints JSON lines. --smoke: small numbers, to see that it works.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <string_view>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "protocols/common/line_reader.h"
#include "tests/support/running_server.h"

using namespace daybook;
using daybook::test::RunningServer;
using daybook::test::TestCertificate;
using daybook::test::TestClient;

namespace {

enum class Work : std::uint8_t { Echo, Idle, End };

struct Order {
    Work work;
    bool tls;
    std::uint16_t port;
    int connections;
    int lines;  // Echo: in all
};

struct Report {
    double seconds;
};

constexpr std::string_view kLine =
    "A0001 UID FETCH 1:* (FLAGS UID INTERNALDATE RFC822.SIZE) and more\r\n";

double secondsSince(SteadyTime start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

template <class T>
void put(int descriptor, const T& value) {
    if (::write(descriptor, &value, sizeof value) != sizeof value) {
        throw std::runtime_error("the other process is gone");
    }
}

template <class T>
T take(int descriptor) {
    T value{};
    if (::read(descriptor, &value, sizeof value) != sizeof value) {
        throw std::runtime_error("the other process is gone");
    }
    return value;
}

// The client's side.

std::vector<TestClient> connectAll(const Order& order) {
    std::vector<TestClient> clients(static_cast<std::size_t>(order.connections));
    for (TestClient& client : clients) {
        client.connect("127.0.0.1", order.port);
        if (order.tls) client.startTls();
        client.send(kLine);
        client.readLine();
    }
    return clients;
}

// One line in flight on each connection.
void echoLines(std::vector<TestClient>& clients, int lines) {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::size_t i = 0; i < clients.size(); ++i) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = i;
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].descriptor(), &event);
        clients[i].send(kLine);
    }
    int done = 0;
    std::array<epoll_event, 256> events{};
    while (done < lines) {
        const int count = ::epoll_wait(epoll, events.data(), 256, -1);
        for (int i = 0; i < count; ++i) {
            TestClient& client = clients[events[static_cast<std::size_t>(i)].data.u64];
            client.readOctets(kLine.size());
            client.send(kLine);
            ++done;
        }
    }
    for (TestClient& client : clients)
        client.readOctets(kLine.size());
    ::close(epoll);
}

void serveOrders(int orders) {
    for (;;) {
        const Order order = take<Order>(orders);
        if (order.work == Work::End) return;
        SteadyTime start = std::chrono::steady_clock::now();
        std::vector<TestClient> clients = connectAll(order);
        if (order.work == Work::Echo) {
            start = std::chrono::steady_clock::now();
            echoLines(clients, order.lines);
        }
        put(orders, Report{secondsSince(start)});
        take<Report>(orders);  // now close them
    }
}

// The server's side.

Task<void> echoSession(SessionStart start) {
    LineReader reader(start.connection);
    for (;;) {
        std::string line = co_await reader.readLine(8'192, after(std::chrono::minutes(30)));
        line += "\r\n";
        co_await start.connection.write(line);
    }
}

double residentKilobytes() {
    std::ifstream statm("/proc/self/statm");
    double pages = 0;
    statm >> pages >> pages;
    return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

double processorSeconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void measure(int orders, Order order, TlsContext& context) {
    RunningServer running(&echoSession, {.implicitTls = order.tls ? &context : nullptr});
    order.port = running.port();
    const double memoryBefore = residentKilobytes();
    const double processorBefore = processorSeconds();
    put(orders, order);
    const auto report = take<Report>(orders);
    const double processor = processorSeconds() - processorBefore;
    const double memory = residentKilobytes() - memoryBefore;
    const char* const kind = order.tls ? "tls" : "plain";
    if (order.work == Work::Echo) {
        fmt::print(
            "{{\"bench\":\"echo\",\"of\":\"{}\",\"connections\":{},\"perSecond\":{:.0f},"
            "\"serverMicrosecondsPerLine\":{:.1f}}}\n",
            kind,
            order.connections,
            order.lines / report.seconds,
            processor * 1e6 / order.lines);
    } else {
        fmt::print(
            "{{\"bench\":\"idle\",\"of\":\"{}\",\"connections\":{},\"kilobytesEach\":{:.2f},"
            "\"secondsToConnect\":{:.2f}}}\n",
            kind,
            order.connections,
            memory / order.connections,
            report.seconds);
    }
    put(orders, report);
}

void measureAll(int orders, bool smoke) {
    const TestCertificate certificate("mail.example.org");
    TlsContext context({certificate.files()});
    const int lines = smoke ? 2'000 : 400'000;
    const int idle = smoke ? 50 : 10'000;
    for (const bool tls : {false, true}) {
        measure(orders, {Work::Idle, tls, 0, idle, 0}, context);
        measure(orders, {Work::Echo, tls, 0, smoke ? 10 : 100, lines}, context);
    }
    put(orders, Order{Work::End, false, 0, 0, 0});
}

void raiseDescriptorLimit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 40'000);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
    const bool smoke = argc > 1 && std::string_view(argv[1]) == "--smoke";
    raiseDescriptorLimit();
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair.data()) != 0) return 1;
    const pid_t child = ::fork();
    const bool isClient = child == 0;
    ::close(isClient ? pair[0] : pair[1]);
    try {
        if (isClient) {
            serveOrders(pair[1]);
        } else {
            measureAll(pair[0], smoke);
        }
    } catch (const std::exception& failure) {
        fmt::print(stderr, "{}: {}\n", isClient ? "client" : "server", failure.what());
        return 1;
    }
    if (isClient) return 0;
    int status = 0;
    ::waitpid(child, &status, 0);
    return status == 0 ? 0 : 1;
}
