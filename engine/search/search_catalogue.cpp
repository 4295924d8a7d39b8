#include "engine/search/search_catalogue.h"

#include <algorithm>

#include "journal/base/encoding.h"

namespace daybook {

namespace {

constexpr const char* kSchema =
    "PRAGMA synchronous = FULL;"
    "CREATE TABLE IF NOT EXISTS state(journal, version, applied, root);"
    "CREATE TABLE IF NOT EXISTS shelves(account INTEGER PRIMARY KEY, applied, messages, octets);";

sqlite::Database opened(const std::filesystem::path& file) {
    sqlite::Database database(file, sqlite::Database::Mode::Create);
    database.execute(kSchema);
    return database;
}

std::int64_t stored(std::uint64_t number) { return static_cast<std::int64_t>(number); }

std::uint64_t loaded(const sqlite::Statement& row, int column) {
    return static_cast<std::uint64_t>(row.number(column));
}

std::optional<SearchCatalogueState> stateIn(sqlite::Database& database) {
    SearchCatalogueState state;
    sqlite::Statement row = database.prepare("SELECT journal, version, applied, root FROM state");
    if (!row.step()) return std::nullopt;
    state.journalId = loaded(row, 0);
    state.version = row.octets(1);
    state.applied = Seq(loaded(row, 2));
    const auto root = asBytes(row.octets(3));
    if (root.size() == state.root.size()) std::ranges::copy(root, state.root.begin());
    sqlite::Statement shelves =
        database.prepare("SELECT account, applied, messages, octets FROM shelves");
    while (shelves.step()) {
        state.rows.emplace(
            AccountId(loaded(shelves, 0)),
            SearchCatalogueRow{
                .applied = Seq(loaded(shelves, 1)),
                .messages = loaded(shelves, 2),
                .textOctets = loaded(shelves, 3),
            });
    }
    return state;
}

}  // namespace

SearchCatalogue::SearchCatalogue(const std::filesystem::path& file) : database_(opened(file)) {}

std::optional<SearchCatalogueState> SearchCatalogue::load() { return stateIn(database_); }

void SearchCatalogue::store(const SearchCatalogueState& state) {
    database_.execute("BEGIN IMMEDIATE");
    try {
        database_.execute("DELETE FROM state");
        database_.prepare("INSERT INTO state VALUES(?, ?, ?, ?)")
            .bind(1, stored(state.journalId))
            .bindText(2, state.version)
            .bind(3, stored(state.applied.number()))
            .bindOctets(4, asText(state.root))
            .run();
        sqlite::Statement put =
            database_.prepare("INSERT OR REPLACE INTO shelves VALUES(?, ?, ?, ?)");
        for (const auto& [account, row] : state.rows) {
            put.bind(1, stored(account.number()))
                .bind(2, stored(row.applied.number()))
                .bind(3, stored(row.messages))
                .bind(4, stored(row.textOctets))
                .run();
        }
        database_.execute("COMMIT");
    } catch (const sqlite::Error&) {
        database_.execute("ROLLBACK");
        throw;
    }
}

std::optional<SearchCatalogueState> SearchCatalogue::peek(const std::filesystem::path& file) {
    if (!std::filesystem::exists(file)) return std::nullopt;
    sqlite::Database database(file, sqlite::Database::Mode::Read);
    return stateIn(database);
}

std::optional<SearchIndexState> peekSearchIndexState(const std::filesystem::path& directory) {
    const std::filesystem::path folder = searchFolder(directory);
    const auto state = SearchCatalogue::peek(catalogueFile(folder));
    if (!state) return std::nullopt;
    SearchIndexState result{.covers = state->applied, .accounts = {}};
    for (const auto& [account, row] : state->rows) {
        std::error_code gone;
        const auto octets = std::filesystem::file_size(shelfFile(folder, account), gone);
        result.accounts.push_back({
            .account = account,
            .messages = row.messages,
            .textOctets = row.textOctets,
            .fileOctets = gone ? 0 : octets,
        });
    }
    return result;
}

std::filesystem::path searchFolder(const std::filesystem::path& directory) {
    return directory / "search";
}

std::filesystem::path shelfFile(const std::filesystem::path& folder, AccountId account) {
    return folder / (idText(account.number()) + ".db");
}

std::filesystem::path catalogueFile(const std::filesystem::path& folder) {
    return folder / "catalogue.db";
}

}  // namespace daybook
