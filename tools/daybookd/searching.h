// searching.h
//
// The daemon's search index and the agent that keeps it, if the configuration wants them; a part of
// the assembly's list. Thread: main.
#pragma once

#include <memory>

#include "engine/config/config.h"
#include "engine/search/index_keeper.h"
#include "engine/search/search_index.h"

namespace daybook {

class Searching {
public:
    // Throws what the parts throw: std::runtime_error if the folder cannot be written.
    Searching(const Config& config, const Journal& journal, Hub& hub, const Log& log);

    // nullptr: none is wanted.
    SearchIndex* index() { return index_.get(); }

    IndexKeeper* keeper() { return keeper_.get(); }

    void start() {
        if (keeper_) keeper_->start();
    }

    void stop() {
        if (keeper_) keeper_->stop();
    }

private:
    std::unique_ptr<SearchIndex> index_;
    std::unique_ptr<IndexKeeper> keeper_;
};

}  // namespace daybook
