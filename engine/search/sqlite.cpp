#include "engine/search/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace daybook::sqlite {

namespace {

// Writers of one file are few and quick: the wait is for a checkpoint at most.
constexpr int kBusyMilliseconds = 10'000;

[[noreturn]] void fail(sqlite3* database, int code) {
    const char* const name = sqlite3_db_filename(database, "main");
    throw Error(
        fmt::format("{}: {}", name == nullptr ? "" : name, sqlite3_errmsg(database)),
        sqlite3_extended_errcode(database) == SQLITE_OK ? code
                                                        : sqlite3_extended_errcode(database));
}

}  // namespace

bool Error::isDamage() const {
    const int primary = code_ & 0xFF;
    // SQLITE_ERROR: its tables are not what they should be.
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_ERROR ||
           primary == SQLITE_FORMAT;
}

bool Error::isFull() const { return (code_ & 0xFF) == SQLITE_FULL; }

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement::Statement(sqlite3* database, std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    if (code != SQLITE_OK) fail(database, code);
    statement_.reset(statement);
}

void Statement::check(int code) const {
    if (code != SQLITE_OK) fail(sqlite3_db_handle(statement_.get()), code);
}

Statement& Statement::bind(int position, std::int64_t number) {
    check(sqlite3_bind_int64(statement_.get(), position, number));
    return *this;
}

// SQLITE_STATIC is a null pointer: the octets are not copied.
Statement& Statement::bindText(int position, std::string_view text) {
    check(sqlite3_bind_text64(
        statement_.get(), position, text.data(), text.size(), nullptr, SQLITE_UTF8));
    return *this;
}

Statement& Statement::bindOctets(int position, std::string_view octets) {
    check(sqlite3_bind_blob64(statement_.get(), position, octets.data(), octets.size(), nullptr));
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) fail(sqlite3_db_handle(statement_.get()), code);
    return false;
}

void Statement::run() {
    while (step()) {
    }
    reset();
}

void Statement::reset() {
    // Its result is that of the last step(), which was thrown.
    sqlite3_reset(statement_.get());
}

std::int64_t Statement::number(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::octets(int column) const {
    const void* const octets = sqlite3_column_blob(statement_.get(), column);
    const int count = sqlite3_column_bytes(statement_.get(), column);
    return {static_cast<const char*>(octets), static_cast<std::size_t>(count)};
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Database::Database(const std::filesystem::path& file, Mode mode) {
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (mode == Mode::Create) flags |= SQLITE_OPEN_CREATE;
    sqlite3* database = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &database, flags, nullptr);
    database_.reset(database);
    if (code != SQLITE_OK) {
        throw Error(fmt::format("{}: {}", file.string(), sqlite3_errstr(code)), code);
    }
    sqlite3_busy_timeout(database, kBusyMilliseconds);
    if (mode == Mode::Read) execute("PRAGMA query_only = 1");
}

void Database::execute(const std::string& sql) {
    if (const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
        code != SQLITE_OK) {
        fail(database_.get(), code);
    }
}

std::int64_t Database::number(std::string_view sql) {
    Statement statement = prepare(sql);
    return statement.step() ? statement.number(0) : 0;
}

}  // namespace daybook::sqlite
