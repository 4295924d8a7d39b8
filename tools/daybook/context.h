// context.h
//
// What every command of the tool is given: the data directory, how to print, and the two ways in:
// reading the journal and the views directly (beside a running server), and changing things through
// the server or, when there is none, on a scribe of the tool's own. Thread: main.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "engine/config/config.h"
#include "engine/control/administration.h"
#include "engine/control/data_directory.h"
#include "journal/base/clock.h"
#include "journal/base/log.h"
#include "journal/base/random.h"
#include "journal/journal.h"
#include "projections/views.h"

namespace daybook {

// Exit status of the tool (DESIGN 9).
inline constexpr int kDone = 0;
inline constexpr int kRefused = 1;
inline constexpr int kWrongUsage = 2;

// A command cannot go on: the text says what, where and what to do. Exit status 1.
class CommandFailed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The command line cannot be meant like that: exit status 2.
class UsageError : public CommandFailed {
public:
    using CommandFailed::CommandFailed;
};

struct GlobalOptions {
    std::filesystem::path directory;  // --dir
    std::filesystem::path config;     // --config
    bool json = false;                // --json
};

class Context {
public:
    explicit Context(GlobalOptions options);
    ~Context();

    bool json() const { return options_.json; }

    // The data directory: --dir, else the folder of --config, else here if there is a
    // daybook.toml, else /var/lib/daybook. Throws CommandFailed if there is none.
    const DataDirectory& directory();
    const Config& config();

    // For changing things. Throws CommandFailed when neither a server answers nor the lock is free.
    Administration& administration();
    // True if a server answered.
    bool serverRuns();

    // For reading; JournalRead is on record before these return (or it is said that it is not).
    // `query`: the command as a person would repeat it.
    Journal& journalForReading(const std::string& query, Seq from = Seq(1), Seq to = Seq());
    // For rebuilding the views: beside a running server as for reading, else the journal and views
    // of the scribe of our own: opening views for writing clears what is built beside them.
    Journal& journalForReplay(const std::string& query);
    Views& viewsForReplay();
    // Lists of accounts and mailboxes are no look into the journal: not recorded.
    Views& views();

    Random& random() { return random_; }

private:
    class LocalScribe;

    void closeAdministration();

    GlobalOptions options_;
    SystemRandom random_;
    SystemClock clock_;
    std::optional<DataDirectory> directory_;
    std::optional<Config> config_;
    std::unique_ptr<Administration> remote_;
    std::unique_ptr<LocalScribe> local_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<Views> views_;
};

// "No such account" and the like, as the tool says it.
std::string sayRefusal(const Refusal& refusal);

}  // namespace daybook
