#include "journal/lmdb.h"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <utility>

namespace daybook::lmdb {

namespace {

void check(int code, const char* what) {
    if (code == MDB_SUCCESS) return;
    throw Error(fmt::format("lmdb: {}: {}", what, mdb_strerror(code)), code);
}

MDB_val asValue(std::string_view octets) {
    // LMDB never writes through a key or value that it is handed.
    return MDB_val{.mv_size = octets.size(), .mv_data = const_cast<char*>(octets.data())};
}

std::string_view asView(const MDB_val& value) {
    return {static_cast<const char*>(value.mv_data), value.mv_size};
}

unsigned environmentFlags(const Options& options) {
    unsigned flags = MDB_NOTLS;
    if (options.access == Access::ReadOnly) flags |= MDB_RDONLY;
    if (options.sync == Sync::NoMeta) flags |= MDB_NOMETASYNC;
    if (options.sync == Sync::None) flags |= MDB_NOSYNC;
    return flags;
}

// After a failure `env` is null: nothing is left open.
int openEnvironment(
    const std::filesystem::path& folder, const Options& options, unsigned flags, MDB_env*& env) {
    check(mdb_env_create(&env), "create environment");
    int code = mdb_env_set_mapsize(env, options.mapOctets);
    if (code == MDB_SUCCESS) code = mdb_env_set_maxdbs(env, options.tablesMax);
    if (code == MDB_SUCCESS) code = mdb_env_set_maxreaders(env, options.readersMax);
    if (code == MDB_SUCCESS) code = mdb_env_open(env, folder.c_str(), flags, 0600);
    if (code != MDB_SUCCESS) mdb_env_close(std::exchange(env, nullptr));
    return code;
}

// Whether the file's disk has no room for what LMDB writes at once.
bool hasNoRoom(MDB_env* env) {
    constexpr std::uint64_t kWriteOctets = 64 * 4'096;
    mdb_filehandle_t file = -1;
    struct statvfs disk{};
    if (mdb_env_get_fd(env, &file) != MDB_SUCCESS || ::fstatvfs(file, &disk) != 0) return false;
    return std::uint64_t{disk.f_bavail} * disk.f_frsize < kWriteOctets;
}

}  // namespace

Error::Error(const std::string& what, int code) : std::runtime_error(what), code_(code) {}

bool Error::isFull() const { return code_ == ENOSPC || code_ == EDQUOT || code_ == MDB_MAP_FULL; }

Environment::Environment(const std::filesystem::path& folder, const Options& options)
    : folder_(folder), access_(options.access) {
    if (access_ == Access::ReadWrite) std::filesystem::create_directories(folder);
    const unsigned flags = environmentFlags(options);
    int code = openEnvironment(folder, options, flags, env_);
    // A copy whose lock file may not be written has no writer either: LMDB says so itself of a
    // read-only file system (EROFS), and needs to be told of permissions.
    const bool mayNotLock = access_ == Access::ReadOnly && code == EACCES;
    if (mayNotLock) code = openEnvironment(folder, options, flags | MDB_NOLOCK, env_);
    const std::string what = fmt::format("open {}", folder.string());
    check(code, what.c_str());
    if (access_ == Access::ReadWrite) clearDeadReaders();
}

Environment::~Environment() { mdb_env_close(env_); }

std::optional<Table> Environment::openTable(const char* name, bool integerKeys) {
    const bool readOnly = access_ == Access::ReadOnly;
    MDB_txn* txn = nullptr;
    check(mdb_txn_begin(env_, nullptr, readOnly ? MDB_RDONLY : 0U, &txn), "begin");
    Table table;
    unsigned flags = integerKeys ? MDB_INTEGERKEY : 0U;
    if (!readOnly) flags |= MDB_CREATE;
    const int code = mdb_dbi_open(txn, name, flags, &table.dbi);
    if (code != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        if (code == MDB_NOTFOUND) return std::nullopt;
        check(code, "open table");
    }
    check(mdb_txn_commit(txn), "commit table");
    return table;
}

int Environment::clearDeadReaders() {
    int dead = 0;
    check(mdb_reader_check(env_, &dead), "check readers");
    return dead;
}

void Environment::sync() { check(mdb_env_sync(env_, 1), "sync"); }

void Environment::copyTo(const std::filesystem::path& folder, bool compact) {
    check(mdb_env_copy2(env_, folder.c_str(), compact ? MDB_CP_COMPACT : 0U), "copy");
}

Transaction::Transaction(Environment& environment, unsigned flags) {
    int code = mdb_txn_begin(environment.handle(), nullptr, flags, &txn_);
    if (code == MDB_MAP_RESIZED) {
        // Another process has a greater map: take its size.
        check(mdb_env_set_mapsize(environment.handle(), 0), "adopt map size");
        code = mdb_txn_begin(environment.handle(), nullptr, flags, &txn_);
    }
    check(code, "begin transaction");
}

Transaction::~Transaction() { abort(); }

void Transaction::abort() {
    if (txn_ != nullptr) mdb_txn_abort(txn_);
    txn_ = nullptr;
}

std::optional<std::string_view> Transaction::get(Table table, std::string_view key) const {
    MDB_val k = asValue(key);
    MDB_val value{};
    const int code = mdb_get(txn_, table.dbi, &k, &value);
    if (code == MDB_NOTFOUND) return std::nullopt;
    check(code, "get");
    return asView(value);
}

std::size_t Transaction::count(Table table) const {
    MDB_stat stat{};
    check(mdb_stat(txn_, table.dbi, &stat), "stat");
    return stat.ms_entries;
}

ReadTransaction::ReadTransaction(Environment& environment) : Transaction(environment, MDB_RDONLY) {}

void ReadTransaction::reset() { mdb_txn_reset(txn_); }

void ReadTransaction::renew() { check(mdb_txn_renew(txn_), "renew transaction"); }

WriteTransaction::WriteTransaction(Environment& environment) : Transaction(environment, 0) {}

void WriteTransaction::put(Table table, std::string_view key, std::string_view value) {
    MDB_val k = asValue(key);
    MDB_val v = asValue(value);
    check(mdb_put(txn_, table.dbi, &k, &v, 0), "put");
}

void WriteTransaction::append(Table table, std::uint64_t key, std::string_view value) {
    MDB_val k = asValue(keyOf(key));
    MDB_val v = asValue(value);
    check(mdb_put(txn_, table.dbi, &k, &v, MDB_APPEND), "append");
}

bool WriteTransaction::erase(Table table, std::string_view key) {
    MDB_val k = asValue(key);
    const int code = mdb_del(txn_, table.dbi, &k, nullptr);
    if (code == MDB_NOTFOUND) return false;
    check(code, "erase");
    return true;
}

void WriteTransaction::clear(Table table) { check(mdb_drop(txn_, table.dbi, 0), "clear table"); }

void WriteTransaction::commit() {
    MDB_txn* const txn = txn_;
    txn_ = nullptr;  // freed by mdb_txn_commit whatever it returns
    MDB_env* const env = mdb_txn_env(txn);
    int code = mdb_txn_commit(txn);
    // LMDB's word for a write that was cut short: the last one that a disk has room for. The failed
    // transaction is gone, and nothing of the ones before it depends on what was written.
    if (code == EIO && hasNoRoom(env)) code = ENOSPC;
    check(code, "commit");
}

Cursor::Cursor(const Transaction& transaction, Table table) {
    check(mdb_cursor_open(transaction.handle(), table.dbi, &cursor_), "open cursor");
}

Cursor::~Cursor() { mdb_cursor_close(cursor_); }

bool Cursor::move(MDB_val* key, MDB_cursor_op op) {
    MDB_val value{};
    const int code = mdb_cursor_get(cursor_, key, &value, op);
    if (code == MDB_NOTFOUND) return false;
    check(code, "move cursor");
    key_ = asView(*key);
    value_ = asView(value);
    return true;
}

bool Cursor::first() {
    MDB_val key{};
    return move(&key, MDB_FIRST);
}

bool Cursor::last() {
    MDB_val key{};
    return move(&key, MDB_LAST);
}

bool Cursor::seek(std::string_view key) {
    MDB_val k = asValue(key);
    return move(&k, MDB_SET_RANGE);
}

bool Cursor::next() {
    MDB_val key{};
    return move(&key, MDB_NEXT);
}

bool Cursor::previous() {
    MDB_val key{};
    return move(&key, MDB_PREV);
}

std::uint64_t Cursor::number() const {
    // A damaged file, not a fault of ours.
    if (key_.size() != sizeof(std::uint64_t))
        throw Error("lmdb: a key of an integer-keyed table is no number", MDB_CORRUPTED);
    std::uint64_t number = 0;
    std::memcpy(&number, key_.data(), sizeof number);
    return number;
}

std::string version() { return mdb_version(nullptr, nullptr, nullptr); }

}  // namespace daybook::lmdb
