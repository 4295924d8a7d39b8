// daybookd: the mail server. Arguments, signals, exit status; everything else is in assembly.
//
// Exit status: 0 stopped as asked, 1 could not start or had to stop, 2 wrong usage.

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tools/daybookd/assembly.h"
#include "tools/version.h"

namespace {

using namespace daybook;

// Blocked in every thread, taken by the main thread alone: no handler ever runs.
sigset_t blockSignals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&set, number);
    }
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return set;
}

// Ten thousand idle clients need as many descriptors.
void raiseDescriptorLimit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int serve(const std::filesystem::path& file) {
    const sigset_t signals = blockSignals();
    // Spools, segments and sockets are nobody else's, whatever the caller's habits are.
    ::umask(S_IRWXG | S_IRWXO);
    raiseDescriptorLimit();
    const Config config = loadConfig(file);
    const Log log(config.logLevel);
    std::atomic<bool> failed = false;
    Assembly assembly(config, log, [&](const std::string& why) {
        log.error("fatal", {{"why", why}});
        failed = true;
        ::kill(::getpid(), SIGTERM);
    });
    assembly.start();
    while (true) {
        int number = 0;
        if (sigwait(&signals, &number) != 0) continue;
        if (number != SIGHUP) break;
        const Outcome<Done> reloaded = assembly.reload();
        if (!reloaded) log.error("reload-failed", {{"why", reloaded.error().detail}});
    }
    assembly.stop();
    return failed ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("daybookd: the Daybook mail server, in the foreground");
    std::filesystem::path file;
    app.add_option("--config", file, "the configuration, DIR/daybook.toml (see `daybook init`)")
        ->required();
    app.set_version_flag("--version", std::string("daybookd ") + daybook::kVersion);
    app.footer("SIGTERM stops it gracefully, SIGHUP reloads certificates and configuration.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    try {
        return serve(file);
    } catch (const std::exception& error) {
        fmt::print(stderr, "daybookd: {}\n", error.what());
        return 1;
    }
}
