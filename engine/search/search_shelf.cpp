#include "engine/search/search_shelf.h"

#include <algorithm>

#include "engine/mime/searchable_text.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

// More do not make the candidates fewer.
constexpr std::size_t kGramsAsked = 24;
// SQLite's own is 1,000: each checkpoint syncs.
constexpr const char* kPragmas =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;"
    "PRAGMA secure_delete = ON;"
    "PRAGMA wal_autocheckpoint = 4000;";
constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS messages("
    "  stored INTEGER PRIMARY KEY, state INTEGER, headerOctets INTEGER, octets INTEGER, text BLOB);"
    "CREATE INDEX IF NOT EXISTS unfinished ON messages(stored) WHERE state <> 0;"
    "CREATE VIRTUAL TABLE IF NOT EXISTS headerGrams USING fts5("
    "  grams, content='', columnsize=0, detail=none, tokenize='ascii');"
    "CREATE VIRTUAL TABLE IF NOT EXISTS bodyGrams USING fts5("
    "  grams, content='', columnsize=0, detail=none, tokenize='ascii');"
    // A batch becomes one segment: FTS5's 1 MiB would make many, to be merged again and again.
    "INSERT INTO headerGrams(headerGrams, rank) VALUES('hashsize', 33554432);"
    "INSERT INTO bodyGrams(bodyGrams, rank) VALUES('hashsize', 33554432);"
    "INSERT INTO headerGrams(headerGrams, rank) VALUES('automerge', 8);"
    "INSERT INTO bodyGrams(bodyGrams, rank) VALUES('automerge', 8);";

// Rows of `messages` whose texts are not all that there is.
enum : std::int64_t { kWhole = 0, kCut = 1, kUnreadable = 2 };

// A transaction that is undone unless it is committed.
class Transaction {
public:
    explicit Transaction(sqlite::Database& database) : database_(database) {
        database_.execute("BEGIN IMMEDIATE");
    }

    ~Transaction() {
        if (done_) return;
        try {
            database_.execute("ROLLBACK");
        } catch (const sqlite::Error&) {
            // Some errors have rolled it back already: then there is none.
            done_ = true;
        }
    }

    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    void commit() {
        database_.execute("COMMIT");
        done_ = true;
    }

private:
    sqlite::Database& database_;
    bool done_ = false;
};

sqlite::Database openedForWriting(const std::filesystem::path& file) {
    sqlite::Database database(file, sqlite::Database::Mode::Create);
    database.execute(kPragmas);
    if (database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'bodyGrams'") != 0) {
        return database;
    }
    Transaction transaction(database);
    database.execute(kSchema);
    transaction.commit();
    return database;
}

std::optional<ShelfMark> markOf(sqlite::Database& database) {
    ShelfMark mark;
    bool found = false;
    sqlite::Statement rows = database.prepare("SELECT name, value FROM meta");
    while (rows.step()) {
        const std::string_view name = rows.octets(0);
        if (name == "journal") mark.journalId = static_cast<std::uint64_t>(rows.number(1));
        if (name == "root") {
            const auto root = asBytes(rows.octets(1));
            if (root.size() == mark.root.size()) std::ranges::copy(root, mark.root.begin());
        }
        if (name == "applied") {
            mark.applied = Seq(static_cast<std::uint64_t>(rows.number(1)));
            found = true;
        }
    }
    if (!found) return std::nullopt;
    return mark;
}

void putMark(sqlite::Database& database, const ShelfMark& mark) {
    sqlite::Statement put = database.prepare("INSERT OR REPLACE INTO meta VALUES(?, ?)");
    put.bindText(1, "journal").bind(2, static_cast<std::int64_t>(mark.journalId)).run();
    put.bindText(1, "applied").bind(2, static_cast<std::int64_t>(mark.applied.number())).run();
    put.bindText(1, "root").bindOctets(2, asText(mark.root)).run();
}

std::int64_t rowId(Seq stored) { return static_cast<std::int64_t>(stored.number()); }

}  // namespace

ShelfWriter::ShelfWriter(const std::filesystem::path& file)
    : database_(openedForWriting(file)),
      insertMessage_(database_.prepare("INSERT INTO messages VALUES(?, ?, ?, ?, ?)")),
      insertHeader_(database_.prepare("INSERT INTO headerGrams(rowid, grams) VALUES(?, ?)")),
      insertBody_(database_.prepare("INSERT INTO bodyGrams(rowid, grams) VALUES(?, ?)")) {}

std::optional<ShelfMark> ShelfWriter::mark() { return markOf(database_); }

ShelfWriter::Added ShelfWriter::add(std::span<const SearchText> messages, const ShelfMark& upTo) {
    Added added;
    Transaction transaction(database_);
    for (const SearchText& text : messages) {
        addOne(text, added);
    }
    putMark(database_, upTo);
    transaction.commit();
    return added;
}

void ShelfWriter::addOne(const SearchText& text, Added& added) {
    const std::int64_t state = !text.readable ? kUnreadable : text.whole ? kWhole : kCut;
    text_.assign(text.header).append(text.body);
    insertMessage_.bind(1, rowId(text.stored))
        .bind(2, state)
        .bind(3, static_cast<std::int64_t>(text.header.size()))
        .bind(4, static_cast<std::int64_t>(text_.size()))
        .bindOctets(5, packer_.pack(text_))
        .run();
    insertHeader_.bind(1, rowId(text.stored)).bindText(2, grams_.of(text.header)).run();
    insertBody_.bind(1, rowId(text.stored)).bindText(2, grams_.of(text.body)).run();
    ++added.messages;
    added.octets += text_.size();
}

// FTS5 of a contentless table wants to be told what it was given. It keeps a note of each word that
// was deleted until its segments are merged into one ("optimize"): then nothing of it is left.
ShelfWriter::Added ShelfWriter::forget(std::span<const Seq> stored) {
    Added removed;
    Transaction transaction(database_);
    bool any = false;
    for (const Seq seq : stored) {
        any = forgetOne(seq, removed) || any;
    }
    if (any) {
        database_.execute("INSERT INTO headerGrams(headerGrams) VALUES('optimize')");
        database_.execute("INSERT INTO bodyGrams(bodyGrams) VALUES('optimize')");
    }
    transaction.commit();
    // The log has the pages as they were before.
    if (any) database_.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    return removed;
}

ShelfWriter::Added ShelfWriter::count() {
    sqlite::Statement sums = database_.prepare("SELECT count(*), sum(octets) FROM messages");
    Added all;
    if (!sums.step()) return all;
    all.messages = static_cast<std::uint64_t>(sums.number(0));
    all.octets = static_cast<std::uint64_t>(sums.number(1));
    return all;
}

bool ShelfWriter::forgetOne(Seq stored, Added& removed) {
    sqlite::Statement message =
        database_.prepare("SELECT headerOctets, octets, text FROM messages WHERE stored = ?");
    if (!message.bind(1, rowId(stored)).step()) return false;
    const auto headerOctets = static_cast<std::size_t>(message.number(0));
    const auto octets = static_cast<std::size_t>(message.number(1));
    TextUnpacker unpacker;
    const std::string text(unpacker.unpack(message.octets(2), octets));
    message.reset();
    const auto takeOut = [&](const char* sql, std::string_view part) {
        database_.prepare(sql).bind(1, rowId(stored)).bindText(2, grams_.of(part)).run();
    };
    takeOut(
        "INSERT INTO headerGrams(headerGrams, rowid, grams) VALUES('delete', ?, ?)",
        std::string_view(text).substr(0, headerOctets));
    takeOut(
        "INSERT INTO bodyGrams(bodyGrams, rowid, grams) VALUES('delete', ?, ?)",
        std::string_view(text).substr(headerOctets));
    database_.prepare("DELETE FROM messages WHERE stored = ?").bind(1, rowId(stored)).run();
    ++removed.messages;
    removed.octets += octets;
    return true;
}

ShelfReader::ShelfReader(const std::filesystem::path& file)
    : database_(file, sqlite::Database::Mode::Read) {}

std::optional<ShelfMark> ShelfReader::mark() { return markOf(database_); }

std::optional<SearchFinds> ShelfReader::find(
    const SearchNeedle& needle, const std::atomic<bool>& stop) {
    SearchFinds finds;
    // One view of the file for all that follows.
    database_.execute("BEGIN");
    bool finished = false;
    try {
        if (const auto mark = markOf(database_)) finds.covers = mark->applied;
        finished = look(needle, stop, finds);
        sqlite::Statement unfinished =
            database_.prepare("SELECT stored FROM messages WHERE state <> 0 ORDER BY stored");
        while (unfinished.step()) {
            finds.scanToo.emplace_back(static_cast<std::uint64_t>(unfinished.number(0)));
        }
    } catch (...) {
        database_.execute("ROLLBACK");
        throw;
    }
    database_.execute("COMMIT");
    if (!finished) return std::nullopt;
    return finds;
}

bool ShelfReader::look(
    const SearchNeedle& needle, const std::atomic<bool>& stop, SearchFinds& finds) {
    const std::string grams = grams_.sureOf(needle.text, kGramsAsked);
    if (grams.empty()) return lookAtAll(needle, stop, finds);
    std::vector<Seq> maybe;
    if (needle.scope != SearchScope::Body) {
        sqlite::Statement query =
            database_.prepare("SELECT rowid FROM headerGrams WHERE headerGrams MATCH ?");
        candidates(query, grams, maybe);
    }
    if (needle.scope != SearchScope::Header) {
        sqlite::Statement query =
            database_.prepare("SELECT rowid FROM bodyGrams WHERE bodyGrams MATCH ?");
        candidates(query, grams, maybe);
    }
    std::ranges::sort(maybe);
    const auto rest = std::ranges::unique(maybe);
    maybe.erase(rest.begin(), rest.end());
    sqlite::Statement message =
        database_.prepare("SELECT headerOctets, octets, text FROM messages WHERE stored = ?");
    for (const Seq stored : maybe) {
        if (stop) return false;
        if (message.bind(1, rowId(stored)).step() && holds(needle, message, 0)) {
            finds.stored.push_back(stored);
        }
        message.reset();
    }
    return true;
}

// Unpacking costs a tenth of reading and decoding the message.
bool ShelfReader::lookAtAll(
    const SearchNeedle& needle, const std::atomic<bool>& stop, SearchFinds& finds) {
    sqlite::Statement message = database_.prepare(
        "SELECT stored, headerOctets, octets, text FROM messages ORDER BY stored");
    while (message.step()) {
        if (stop) return false;
        if (holds(needle, message, 1)) {
            finds.stored.emplace_back(static_cast<std::uint64_t>(message.number(0)));
        }
    }
    return true;
}

void ShelfReader::candidates(
    sqlite::Statement& query, const std::string& grams, std::vector<Seq>& into) {
    query.bindText(1, grams);
    while (query.step()) {
        into.emplace_back(static_cast<std::uint64_t>(query.number(0)));
    }
}

bool ShelfReader::holds(const SearchNeedle& needle, const sqlite::Statement& message, int column) {
    const auto headerOctets = static_cast<std::size_t>(message.number(column));
    const auto octets = static_cast<std::size_t>(message.number(column + 1));
    const bool headerAlone = needle.scope == SearchScope::Header;
    const std::string_view text =
        unpacker_.unpack(message.octets(column + 2), headerAlone ? headerOctets : octets);
    const std::string_view header = text.substr(0, headerOctets);
    if (headerAlone) return mime::headerHolds(header, needle.field, needle.text);
    if (text.substr(header.size()).find(needle.text) != std::string_view::npos) return true;
    return needle.scope == SearchScope::Text && header.find(needle.text) != std::string_view::npos;
}

}  // namespace daybook
