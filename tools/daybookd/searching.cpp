#include "tools/daybookd/searching.h"

namespace daybook {

Searching::Searching(const Config& config, const Journal& journal, Hub& hub, const Log& log) {
    if (!config.searchIndex) return;
    IndexKeeperSettings settings;
    settings.textOctetsMax = config.searchTextOctetsMax;
    // What mail needs is left to mail.
    settings.reserveOctets = 2 * config.reserveOctets;
    index_ = std::make_unique<SearchIndex>(config.directory, journal, log);
    keeper_ = std::make_unique<IndexKeeper>(
        IndexKeeper::Parts{.index = *index_, .journal = journal, .hub = hub, .log = log}, settings);
}

}  // namespace daybook
