// scribe_bench.cpp
//
// How many commands a second the scribe takes from 1, 8 and 64 submitters that each wait for their
// answer: deliveries of 1 KB, 15 KB and 1 MB (the blob written by the submitter, as in serving),
// and changes of a flag. Prints a JSON line a case: rate, acknowledgement, the process's CPU time.
//
//   scribe_bench [--smoke] [--dir DIR] [--seconds N] [--only TEXT]   DIR: on the disk to be
//   measured
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include "engine/scribe/scribe.h"
#include "tests/support/events.h"
#include "tests/support/temporary_folder.h"

namespace daybook {

namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kSummaryOctets = 896;
constexpr std::size_t kAccounts = 8;

double seconds(Steady::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

double cpuSeconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

// A data directory with a few accounts, and what submitters do to it.
class House {
public:
    explicit House(const std::filesystem::path& folder)
        : journal_(created(folder, random_), {}, random_),
          views_(folder, {}),
          scribe_({
              .journal = journal_,
              .views = views_,
              .hub = hub_,
              .clock = clock_,
              .random = random_,
              .log = log_,
              .fatal = [](const std::string& why) { throw std::runtime_error(why); },
          }) {
        scribe_.start();
        does(AddDomain{.name = "example.org", .newId = random_.id<DomainId>()});
        for (std::size_t i = 0; i < kAccounts; ++i)
            addAccount(fmt::format("u{}@example.org", i));
    }

    void deliver(std::size_t submitter, std::string_view octets) {
        const Account& account = accounts_[submitter % kAccounts];
        StoredBlob blob{.octets = octets.size(), .summary = summary_};
        const std::array<std::string_view, 2> pieces{octets, blob.summary};
        blob.content = journal_.content().append(ContentKind::Blob, pieces);
        does(Deliver{
            .message = random_.id<MessageId>(),
            .blob = std::move(blob),
            .reversePath = "somebody@example.net",
            .helo = "mx.example.net",
            .ip = "192.0.2.1",
            .targets = {{
                .account = account.id,
                .address = account.address,
                .forwardPath = "user@example.org",
                .prefix = "Return-Path: <somebody@example.net>\r\n"
                          "Delivered-To: user@example.org\r\n",
                .emailId = random_.id<EmailId>(),
            }},
        });
    }

    void changeFlag(std::size_t submitter, std::uint32_t round) {
        const Account& account = accounts_[submitter % kAccounts];
        const Uid uid(1 + static_cast<std::uint32_t>(submitter / kAccounts));
        does(StoreFlags{
            .account = account.id,
            .mailbox = account.inbox,
            .uids = {{uid, uid}},
            .edit = round % 2 == 0 ? FlagEdit::Add : FlagEdit::Remove,
            .flags = {.system = kSeen},
        });
    }

    std::uint64_t events() const { return journal_.head().size; }

private:
    // As long as a real one; what is behind the root is nothing's.
    static std::string summaryOfItsLength() {
        std::string summary = test::threadSummary({}, 0);
        summary.resize(kSummaryOctets);
        return summary;
    }

    const std::string summary_ = summaryOfItsLength();

    struct Account {
        AccountId id;
        AddressId address;
        MailboxId inbox;
    };

    static std::filesystem::path created(const std::filesystem::path& folder, Random& random) {
        Journal::create(folder, random);
        return folder;
    }

    template <class Command>
    void does(Command command) {
        const auto answer = scribe_.submitAndWait(std::move(command));
        if (!answer) throw std::runtime_error(nameOf(answer.error().reason));
    }

    void addAccount(const std::string& login) {
        AddAccount command{
            .login = login,
            .newId = random_.id<AccountId>(),
            .newAddress = random_.id<AddressId>(),
        };
        for (int i = 0; i < 6; ++i) {
            command.newMailboxes.push_back(random_.id<MailboxId>());
            command.newSubscriptions.push_back(random_.number());
        }
        accounts_.push_back({
            .id = command.newId,
            .address = command.newAddress,
            .inbox = command.newMailboxes.front(),
        });
        does(std::move(command));
    }

    SystemRandom random_;
    SystemClock clock_;
    Log log_{LogLevel::Error};
    Journal journal_;
    Views views_;
    Hub hub_;
    Scribe scribe_;
    std::vector<Account> accounts_;
};

struct Case {
    std::string what;
    std::size_t submitters;
    std::size_t octets;  // 0: changes of a flag
    double seconds;
};

// One submitter's acknowledgements, in seconds.
std::vector<double> submitUntil(
    House& house, const Case& one, std::size_t submitter, Steady::time_point end) {
    const std::string message(one.octets, 'm');
    std::vector<double> took;
    for (std::uint32_t round = 0; took.empty() || Steady::now() < end; ++round) {
        const auto before = Steady::now();
        if (one.octets == 0) {
            house.changeFlag(submitter, round);
        } else {
            house.deliver(submitter, message);
        }
        took.push_back(seconds(Steady::now() - before));
    }
    return took;
}

void measure(const std::filesystem::path& folder, const Case& one) {
    House house(folder);
    // So that there is something to change.
    for (std::size_t i = 0; one.octets == 0 && i < one.submitters; ++i)
        house.deliver(i, "x");
    std::vector<std::vector<double>> took(one.submitters);
    const std::uint64_t eventsBefore = house.events();
    const double cpuBefore = cpuSeconds();
    const auto begin = Steady::now();
    const auto end = begin + std::chrono::duration_cast<Steady::duration>(
                                 std::chrono::duration<double>(one.seconds));
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < one.submitters; ++i) {
            threads.emplace_back([&, i] { took[i] = submitUntil(house, one, i, end); });
        }
    }
    const double elapsed = seconds(Steady::now() - begin);
    const double cpu = cpuSeconds() - cpuBefore;
    std::vector<double> all;
    for (const auto& mine : took)
        all.insert(all.end(), mine.begin(), mine.end());
    std::ranges::sort(all);
    const auto count = static_cast<double>(all.size());
    fmt::print(
        "{{\"bench\":\"scribe\",\"what\":\"{}\",\"submitters\":{},\"octets\":{},"
        "\"per_second\":{:.0f},\"ack_p50_ms\":{:.3f},\"ack_p99_ms\":{:.3f},\"cpu_us\":{:.1f},"
        "\"events_per_second\":{:.0f}}}\n",
        one.what,
        one.submitters,
        one.octets,
        count / elapsed,
        all[all.size() / 2] * 1e3,
        all[all.size() * 99 / 100] * 1e3,
        cpu / count * 1e6,
        static_cast<double>(house.events() - eventsBefore) / elapsed);
    std::fflush(stdout);
}

}  // namespace

}  // namespace daybook

int main(int argc, char** argv) {
    CLI::App app("measures the scribe");
    bool smoke = false;
    double seconds = 3;
    std::string directory;
    std::string only;
    app.add_flag("--smoke", smoke, "one command a submitter: shows that it runs, measures nothing");
    app.add_option("--dir", directory, "an empty folder on the disk to be measured");
    app.add_option("--seconds", seconds, "of each case");
    app.add_option("--only", only, "cases whose name (deliver-15360-8, flags-0-1) contains it");
    CLI11_PARSE(app, argc, argv);
    const daybook::test::TemporaryFolder temporary;
    const std::filesystem::path folder =
        directory.empty() ? temporary.path() : std::filesystem::path(directory);
    for (const std::size_t octets : {1'024U, 15'360U, 1U << 20U, 0U}) {
        for (const std::size_t submitters : {1U, 8U, 64U}) {
            const daybook::Case one{
                .what = octets == 0 ? "flags" : "deliver",
                .submitters = submitters,
                .octets = octets,
                .seconds = smoke ? 0 : seconds,
            };
            const std::string name = fmt::format("{}-{}-{}", one.what, octets, submitters);
            if (name.find(only) == std::string::npos) continue;
            daybook::measure(folder / name, one);
            std::filesystem::remove_all(folder / name);
        }
    }
    return 0;
}
