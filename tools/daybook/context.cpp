#include "tools/daybook/context.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "engine/control/control_client.h"
#include "tools/daybook/output.h"
#include "tools/version.h"

namespace daybook {

namespace {

constexpr const char* kSystemDirectory = "/var/lib/daybook";

std::string userName() {
    const passwd* const entry = ::getpwuid(::getuid());
    return entry != nullptr ? entry->pw_name : fmt::format("uid {}", ::getuid());
}

}  // namespace

// The whole writing side, in this process, as long as the object lives.
class Context::LocalScribe {
public:
    LocalScribe(const DataDirectory& directory, const Config& config, Random& random)
        : lock_(directory),
          log_(LogLevel::Warning),
          journal_(
              directory.path(),
              JournalOptions{
                  .mapOctets = config.journalMapOctets,
                  .segmentOctets = config.segmentOctets,
              },
              random),
          secrets_(directory.path()),
          views_(directory.path(), ViewsOptions{.mapOctets = config.viewsMapOctets}),
          scribe_(Scribe::Parts{
              .journal = journal_,
              .views = views_,
              .hub = hub_,
              .clock = clock_,
              .random = random,
              .log = log_,
              .fatal = [this](const std::string& why) { log_.error("fatal", {{"why", why}}); },
              .reserveOctets = config.reserveOctets,
              .quota = config.quota,
          }),
          administration_(LocalAdministration::Parts{
              .scribe = scribe_,
              .journal = journal_,
              .secrets = secrets_,
              .random = random,
              .reload = {},
              .folders = foldersOf(config.folders),
          }) {
        scribe_.start();
    }

    Administration& administration() { return administration_; }

    Journal& journal() { return journal_; }

    Views& views() { return views_; }

private:
    WriterLock lock_;
    Log log_;
    SystemClock clock_;
    Journal journal_;
    SecretsStore secrets_;
    Views views_;
    Hub hub_;
    Scribe scribe_;
    LocalAdministration administration_;
};

Context::Context(GlobalOptions options) : options_(std::move(options)) {}

Context::~Context() = default;

const DataDirectory& Context::directory() {
    if (directory_) return *directory_;
    if (!options_.config.empty()) {
        directory_.emplace(config().directory);
        return *directory_;
    }
    std::filesystem::path path = options_.directory;
    if (path.empty()) {
        path = std::filesystem::exists("daybook.toml") ? std::filesystem::current_path()
                                                       : std::filesystem::path(kSystemDirectory);
    }
    if (!std::filesystem::exists(path / "journal")) {
        throw CommandFailed(fmt::format(
            "{} is no data directory of Daybook; name one with --dir, or make one with "
            "`daybook init`",
            path.string()));
    }
    directory_.emplace(std::filesystem::absolute(path));
    return *directory_;
}

const Config& Context::config() {
    if (config_) return *config_;
    if (!options_.config.empty()) {
        config_ = loadConfig(options_.config);
        return *config_;
    }
    const std::filesystem::path file = directory().path() / "daybook.toml";
    if (!std::filesystem::exists(file)) {
        throw CommandFailed(
            fmt::format("{} is missing; name another one with --config", file.string()));
    }
    config_ = loadConfig(file);
    return *config_;
}

bool Context::serverRuns() {
    if (remote_) return true;
    if (local_ || !std::filesystem::exists(directory().controlSocket())) return false;
    try {
        auto client = std::make_unique<ControlClient>(directory().controlSocket());
        const ServerHello hello = client->hello();
        if (hello.version != kVersion) {
            throw CommandFailed(fmt::format(
                "the server is version {}, this tool {}: use the tool that came with the server",
                hello.version,
                kVersion));
        }
        remote_ = std::move(client);
        return true;
    } catch (const ServerUnreachable&) {
        return false;  // a socket that a killed server left behind
    }
}

Administration& Context::administration() {
    if (serverRuns()) return *remote_;
    if (local_) return local_->administration();
    // LMDB: an environment is never open twice in one process.
    journal_.reset();
    views_.reset();
    try {
        local_ = std::make_unique<LocalScribe>(directory(), config(), random_);
    } catch (const DirectoryLocked& locked) {
        throw CommandFailed(fmt::format(
            "{}, and it does not answer on {}",
            locked.what(),
            directory().controlSocket().string()));
    }
    return local_->administration();
}

void Context::closeAdministration() { local_.reset(); }

Journal& Context::journalForReading(const std::string& query, Seq from, Seq to) {
    if (journal_) return *journal_;
    std::string problem;
    try {
        const Outcome<Done> recorded =
            administration().recordJournalRead(from, to, query, userName());
        if (!recorded) problem = sayRefusal(recorded.error());
    } catch (const std::exception& error) {
        problem = error.what();
    }
    closeAdministration();
    if (!problem.empty()) sayNote(fmt::format("this look is not on record: {}", problem));
    journal_ =
        std::make_unique<Journal>(directory().path(), JournalOptions{.readOnly = true}, random_);
    return *journal_;
}

Journal& Context::journalForReplay(const std::string& query) {
    if (serverRuns()) return journalForReading(query);
    administration();
    return local_->journal();
}

Views& Context::viewsForReplay() { return local_ ? local_->views() : views(); }

Views& Context::views() {
    if (views_) return *views_;
    closeAdministration();
    views_ = std::make_unique<Views>(directory().path(), ViewsOptions{.readOnly = true});
    return *views_;
}

std::string sayRefusal(const Refusal& refusal) {
    if (refusal.detail.empty()) return nameOf(refusal.reason);
    return fmt::format("{}: {}", nameOf(refusal.reason), refusal.detail);
}

}  // namespace daybook
