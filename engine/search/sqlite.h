// sqlite.h
//
// SQLite's C interface behind a small door: a database, its statements, its errors. An object
// belongs to one thread at a time; nothing here locks (SQLITE_OPEN_NOMUTEX).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace daybook::sqlite {

class Error : public std::runtime_error {
public:
    Error(const std::string& what, int code) : std::runtime_error(what), code_(code) {}

    // The file is damaged or no database at all.
    bool isDamage() const;
    // There is no room on the disk.
    bool isFull() const;

private:
    int code_;
};

class Statement {
public:
    Statement(sqlite3* database, std::string_view sql);

    // Positions count from 1. Text and octets must live until the next step() is over.
    Statement& bind(int position, std::int64_t number);
    Statement& bindText(int position, std::string_view text);
    Statement& bindOctets(int position, std::string_view octets);

    // True: there is a row. Throws Error.
    bool step();
    // Runs it to its end, for statements without rows, and makes it ready to run again.
    void run();
    void reset();

    // Columns count from 0. What is octets lives until the next step() or reset().
    std::int64_t number(int column) const;
    std::string_view octets(int column) const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };

    void check(int code) const;

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
public:
    enum class Mode { Read, Write, Create };

    // Read: with Write's locks, but nothing is made or changed. Throws Error.
    Database(const std::filesystem::path& file, Mode mode);

    void execute(const std::string& sql);

    Statement prepare(std::string_view sql) { return {database_.get(), sql}; }

    // Of a statement with one row and column.
    std::int64_t number(std::string_view sql);

private:
    struct Close {
        void operator()(sqlite3* database) const;
    };

    std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace daybook::sqlite
