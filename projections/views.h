// views.h
//
// The door to the views: one LMDB environment at a time, named by DIR/views/CURRENT, and snapshots
// of it. The scribe writes through ViewsWriter; everybody else reads through Snapshot.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "journal/lmdb.h"
#include "projections/access_rights.h"
#include "projections/accounts.h"
#include "projections/deliveries.h"
#include "projections/histories.h"
#include "projections/mailboxes.h"
#include "projections/messages.h"
#include "projections/metadata.h"
#include "projections/quotas.h"
#include "projections/summaries.h"
#include "projections/threads.h"

namespace daybook {

// Folders in DIR/views that begin so hold a comparison that is under way (replay.h).
inline constexpr std::string_view kCheckFolderPrefix = "check-";

struct ViewsOptions {
    std::size_t mapOctets = std::size_t{1} << 38U;
    lmdb::Sync sync = lmdb::Sync::NoMeta;
    bool readOnly = false;
};

// There are no views to open, or not such that this program can read them: the text says what to
// do.
class ViewsUnusable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// One environment of views: folder, tables, and the read transactions that wait to be used again.
// Thread: any.
class ViewsEnvironment {
public:
    // Makes the folder and the tables if they are not there (unless readOnly: then throws
    // ViewsUnusable).
    ViewsEnvironment(const std::filesystem::path& folder, const ViewsOptions& options);

    lmdb::Environment& environment() { return environment_; }

    const ViewTables& tables() const { return tables_; }

    // A read transaction on what is committed now, from the pool: renewing one costs a tenth of
    // beginning it. Give it back before the environment goes.
    std::unique_ptr<lmdb::ReadTransaction> borrow();
    void giveBack(std::unique_ptr<lmdb::ReadTransaction> txn) noexcept;

private:
    lmdb::Environment environment_;
    ViewTables tables_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<lmdb::ReadTransaction>> idle_;
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

    DeliveriesView deliveries() const { return {txn_, tables_}; }

    AccessRightsView accessRights() const { return {txn_, tables_}; }

    QuotasView quotas() const { return {txn_, tables_}; }

    MetadataView metadata() const { return {txn_, tables_}; }

    ThreadsView threads() const { return {txn_, tables_}; }

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
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

    AccountsView accounts() const { return reader().accounts(); }

    MailboxesView mailboxes() const { return reader().mailboxes(); }

    MessagesView messages() const { return reader().messages(); }

    SummariesView summaries() const { return reader().summaries(); }

    HistoriesView histories() const { return reader().histories(); }

    DeliveriesView deliveries() const { return reader().deliveries(); }

    AccessRightsView accessRights() const { return reader().accessRights(); }

    QuotasView quotas() const { return reader().quotas(); }

    MetadataView metadata() const { return reader().metadata(); }

    ThreadsView threads() const { return reader().threads(); }

    Seq appliedSeq() const { return reader().appliedSeq(); }

    const lmdb::ReadTransaction& transaction() const { return *txn_; }

    const ViewTables& tables() const { return environment_->tables(); }

private:
    ViewsReader reader() const { return {*txn_, environment_->tables()}; }

    // Shared: the environment that was replaced lives until its last snapshot is gone.
    std::shared_ptr<ViewsEnvironment> environment_;
    std::unique_ptr<lmdb::ReadTransaction> txn_;
};

// The views of one data directory: DIR/views/1, DIR/views/2 ... and DIR/views/CURRENT, a file with
// the name of the one that counts. Thread: any.
class Views {
public:
    // Opens what DIR/views/CURRENT names; makes a first environment if there is none (unless
    // readOnly: then throws ViewsUnusable). Opened for writing, removes what CURRENT does not name.
    // Does not catch up: see projector.h.
    Views(const std::filesystem::path& directory, const ViewsOptions& options);

    Snapshot snapshot() const { return Snapshot(environment()); }

    std::shared_ptr<ViewsEnvironment> environment() const;

    // A folder's name in DIR/views that is not taken: where to build what is to be adopted.
    std::filesystem::path freshFolder() const;

    // Takes over an environment that was built and closed in a freshFolder(): swaps CURRENT
    // (written, synced, renamed, folder synced). Open snapshots keep the old one. Throws
    // ViewsUnusable if the folder is none of DIR/views. Thread: scribe.
    void adopt(const std::filesystem::path& folder);

    const std::filesystem::path& directory() const { return directory_; }

    // DIR/views
    const std::filesystem::path& folder() const { return folder_; }

    const ViewsOptions& options() const { return options_; }

private:
    std::filesystem::path directory_;
    std::filesystem::path folder_;
    ViewsOptions options_;
    mutable std::mutex mutex_;
    std::shared_ptr<ViewsEnvironment> environment_;
};

}  // namespace daybook
