// lmdb.h
//
// RAII over LMDB 0.9.24, and only the part of it that is sound (DESIGN 3.3): no WRITEMAP, no
// DUPSORT, no nested transactions, the map never grown while open. The one door to <lmdb.h>.
//
// An Environment may be used from any thread; a transaction by one thread at a time (NOTLS). One
// write transaction at a time in all processes. Octets that `get` and a cursor return live until
// the transaction ends, and for a write transaction until its next write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <lmdb.h>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace daybook::lmdb {

// The disk or the environment failed. `code` is LMDB's (MDB_...) or an errno (ENOSPC ...).
class Error : public std::runtime_error {
public:
    Error(const std::string& what, int code);

    int code() const { return code_; }

    // No room on the disk or in the map: nothing was written, the next try may succeed.
    bool isFull() const;

private:
    int code_;
};

enum class Access { ReadOnly, ReadWrite };

enum class Sync {
    Full,    // LMDB's default: a commit that returned is durable. Journal and secrets.
    NoMeta,  // MDB_NOMETASYNC: the last commit may be lost with the machine. Views.
    None,    // only for an environment that is being built and is synced before it is used
};

struct Options {
    Access access = Access::ReadWrite;
    Sync sync = Sync::Full;
    std::size_t mapOctets = std::size_t{1} << 40U;
    unsigned tablesMax = 64;
    unsigned readersMax = 1024;
};

// A named table. `integerKeys`: keys are 8-octet native numbers (MDB_INTEGERKEY), in number order,
// and values of whole 8-octet words are aligned in practice.
struct Table {
    MDB_dbi dbi = 0;
};

class Environment {
public:
    // Opens the folder, made if it is not there and access is ReadWrite. Never open a folder twice
    // in one process. Throws Error.
    Environment(const std::filesystem::path& folder, const Options& options);
    ~Environment();
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

    // Opens a table for the life of the environment; makes it when opened ReadWrite. Not while this
    // thread has a transaction. A ReadOnly environment without the table: nothing.
    std::optional<Table> openTable(const char* name, bool integerKeys);

    // Frees the slots of readers that died. Returns how many.
    int clearDeadReaders();
    void sync();
    // A consistent copy into an existing empty folder; `compact` leaves free pages out.
    void copyTo(const std::filesystem::path& folder, bool compact);

    MDB_env* handle() const { return env_; }

    Access access() const { return access_; }

    const std::filesystem::path& folder() const { return folder_; }

private:
    std::filesystem::path folder_;
    Access access_;
    MDB_env* env_ = nullptr;
};

inline std::string_view keyOf(const std::uint64_t& number) {
    return {reinterpret_cast<const char*>(&number), sizeof number};
}

// Common to both kinds of transaction: reading. Not copied; ends with its object.
class Transaction {
public:
    virtual ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    std::optional<std::string_view> get(Table table, std::string_view key) const;

    std::optional<std::string_view> get(Table table, std::uint64_t key) const {
        return get(table, keyOf(key));
    }

    std::size_t count(Table table) const;

    MDB_txn* handle() const { return txn_; }

protected:
    Transaction(Environment& environment, unsigned flags);
    void abort();

    MDB_txn* txn_ = nullptr;
};

class ReadTransaction final : public Transaction {
public:
    explicit ReadTransaction(Environment& environment);

    // Lets go of the snapshot, keeps the slot; renew() takes the newest one.
    void reset();
    void renew();
};

class WriteTransaction final : public Transaction {
public:
    explicit WriteTransaction(Environment& environment);

    void put(Table table, std::string_view key, std::string_view value);

    void put(Table table, std::uint64_t key, std::string_view value) {
        put(table, keyOf(key), value);
    }

    // The key must be the greatest in the table: written without a search. Throws if it is not.
    void append(Table table, std::uint64_t key, std::string_view value);
    // True if it was there.
    bool erase(Table table, std::string_view key);

    bool erase(Table table, std::uint64_t key) { return erase(table, keyOf(key)); }

    void clear(Table table);
    // Durable when this returns (as far as the environment's Sync says). Throws Error; then nothing
    // of the transaction is there.
    void commit();

    void abortNow() { abort(); }
};

// Walks a table in key order. Lives no longer than its transaction; moved by no write but through
// its own transaction (then seek again).
class Cursor {
public:
    Cursor(const Transaction& transaction, Table table);
    ~Cursor();
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    // Each returns false at the end; key() and value() are then not to be called.
    bool first();
    bool last();
    // The first key that is not smaller.
    bool seek(std::string_view key);

    bool seek(std::uint64_t key) { return seek(keyOf(key)); }

    bool next();
    bool previous();

    std::string_view key() const { return key_; }

    std::string_view value() const { return value_; }

    // Of an integer-keyed table. Throws Error if the file is damaged.
    std::uint64_t number() const;

private:
    bool move(MDB_val* key, MDB_cursor_op op);

    MDB_cursor* cursor_ = nullptr;
    std::string_view key_;
    std::string_view value_;
};

std::string version();

}  // namespace daybook::lmdb
