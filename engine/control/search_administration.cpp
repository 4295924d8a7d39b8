// search_administration.cpp: the search index, see administration.h.
#include "engine/control/administration.h"
#include "engine/search/search_catalogue.h"

namespace daybook {

// Without a server its files are removed: the next one makes them again.
Outcome<Done> LocalAdministration::rebuildSearchIndex() {
    if (parts_.indexKeeper != nullptr) {
        parts_.indexKeeper->rebuild();
        return Done{};
    }
    std::error_code failed;
    std::filesystem::remove_all(searchFolder(parts_.journal.directory()), failed);
    if (failed) return refuse(RefusalReason::StorageFailed, failed.message());
    return Done{};
}

Outcome<SearchIndexState> LocalAdministration::searchIndexState() {
    if (parts_.searchIndex != nullptr) return parts_.searchIndex->state();
    try {
        auto state = peekSearchIndexState(parts_.journal.directory());
        if (state) return std::move(*state);
        return refuse(RefusalReason::InvalidArgument, "there is no search index");
    } catch (const std::exception& failure) {
        return refuse(RefusalReason::StorageFailed, failure.what());
    }
}

}  // namespace daybook
