// search_catalogue.h
//
// What the index as a whole is sure of, in DIR/search/catalogue.db: of which journal and version it
// is, up to where every account's messages are in, and which accounts have a file, how far and of
// what size. Written after the files that it speaks of are on disk, so it never promises more than
// they have. Throws sqlite::Error. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>

#include "engine/search/search_index.h"
#include "engine/search/sqlite.h"
#include "journal/base/digest.h"
#include "journal/base/ids.h"

namespace daybook {

struct SearchCatalogueRow {
    Seq applied;
    std::uint64_t messages = 0;
    std::uint64_t textOctets = 0;
};

struct SearchCatalogueState {
    std::uint64_t journalId = 0;
    std::string version;  // mime::searchableVersion() and the files' own
    Seq applied;
    Hash256 root{};  // the journal's, there
    std::unordered_map<AccountId, SearchCatalogueRow> rows;
};

class SearchCatalogue {
public:
    // Makes the file if it is not there.
    explicit SearchCatalogue(const std::filesystem::path& file);

    // Nothing: it is new.
    std::optional<SearchCatalogueState> load();
    // Takes over what `state` says, of its rows those that it names. Durable when it returns.
    void store(const SearchCatalogueState& state);

    // Without making or changing anything. Nothing: there is none.
    static std::optional<SearchCatalogueState> peek(const std::filesystem::path& file);

private:
    sqlite::Database database_;
};

// What the files say that no process has open, or the last settle() of the one that has. Nothing:
// there are none.
std::optional<SearchIndexState> peekSearchIndexState(const std::filesystem::path& directory);

// DIR/search, and an account's file and the catalogue there.
std::filesystem::path searchFolder(const std::filesystem::path& directory);
std::filesystem::path shelfFile(const std::filesystem::path& folder, AccountId account);
std::filesystem::path catalogueFile(const std::filesystem::path& folder);

}  // namespace daybook
