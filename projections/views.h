// views.h
//
// The door to the views: one LMDB environment at a time, named by DIR/views/CURRENT, and snapshots
// of it. The scribe writes through ViewsWriter; everybody else reads through Snapshot.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "journal/lmdb.h"
#include "projections/accounts.h"
#include "projections/histories.h"
#include "projections/mailboxes.h"
#include "projections/messages.h"
#include "projections/summaries.h"

namespace daybook {

struct ViewsOptions {
    std::size_t mapOctets = std::size_t{1} << 38U;
    lmdb::Sync sync = lmdb::Sync::NoMeta;
    bool readOnly = false;
};

// One environment of views: folder, tables.
class ViewsEnvironment {
public:
    // Makes the folder and the tables if they are not there (unless readOnly: then throws).
    ViewsEnvironment(const std::filesystem::path& folder, const ViewsOptions& options);

    lmdb::Environment& environment() { return environment_; }

    const ViewTables& tables() const { return tables_; }

private:
    lmdb::Environment environment_;
    ViewTables tables_;
};

// All read sides over one transaction. Cheap; lives no longer than the transaction.
class ViewsReader {
public:
    ViewsReader(const lmdb::Transaction& txn, const ViewTables& tables)
        : txn_(txn), tables_(tables) {}

    AccountsView accounts() const { return {txn_, tables_}; }

    MailboxesView mailboxes() const { return {txn_, tables_}; }

    MessagesView messages() const { return {txn_, tables_}; }

    SummariesView summaries() const { return {txn_, tables_}; }

    HistoriesView histories() const { return {txn_, tables_}; }

    // The seq of the last event that is in the views.
    Seq appliedSeq() const;

private:
    const lmdb::Transaction& txn_;
    const ViewTables& tables_;
};

// A read transaction on the views as they were when it was taken. On the stack, in a block without
// co_await, for at most a second. One thread.
class Snapshot {
public:
    explicit Snapshot(std::shared_ptr<ViewsEnvironment> environment);
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    AccountsView accounts() const { return reader().accounts(); }

    MailboxesView mailboxes() const { return reader().mailboxes(); }

    MessagesView messages() const { return reader().messages(); }

    SummariesView summaries() const { return reader().summaries(); }

    HistoriesView histories() const { return reader().histories(); }

    Seq appliedSeq() const { return reader().appliedSeq(); }

    const lmdb::ReadTransaction& transaction() const { return txn_; }

private:
    ViewsReader reader() const { return {txn_, environment_->tables()}; }

    std::shared_ptr<ViewsEnvironment> environment_;
    lmdb::ReadTransaction txn_;
};

// The views of one data directory. Thread: any.
class Views {
public:
    // Opens what DIR/views/CURRENT names; makes a first environment if there is none (unless
    // readOnly). Does not catch up: see Projector.
    Views(const std::filesystem::path& directory, const ViewsOptions& options);

    Snapshot snapshot() const { return Snapshot(environment()); }

    std::shared_ptr<ViewsEnvironment> environment() const;

    // Takes over an environment that was built beside (replay.h): swaps CURRENT (written, synced,
    // renamed, folder synced). Open snapshots keep the old one. Thread: scribe.
    void adopt(const std::filesystem::path& folder);

    const std::filesystem::path& directory() const { return directory_; }

    const ViewsOptions& options() const { return options_; }

private:
    std::filesystem::path directory_;
    ViewsOptions options_;
    mutable std::mutex mutex_;
    std::shared_ptr<ViewsEnvironment> environment_;
};

}  // namespace daybook
