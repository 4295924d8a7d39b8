// index_keeper.h
//
// The agent that keeps the search index: follows the journal, reads each stored message, gives its
// text to the index; a thread of its own, of low priority, in batches, so that deliveries do not
// wait for it. What it has not come to yet SEARCH looks at itself. Nothing of it is on record:
// everything can be made again. Thread: start(), stop(), rebuild() any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "engine/scribe/disk_watch.h"
#include "engine/scribe/hub.h"
#include "engine/search/search_index.h"
#include "journal/base/log.h"
#include "journal/journal.h"
#include "journal/journal_reader.h"

namespace daybook {

struct IndexKeeperSettings {
    // Of one message's header, and of its body: what is behind it is looked for in the message.
    std::size_t textOctetsMax = 1U << 20U;
    // New messages are waited for so long, to be put in together.
    std::chrono::milliseconds gather{1'000};
    // What is done is made durable as often as that, and at the end.
    std::chrono::milliseconds settle{30'000};
    // Kept free on the disk beyond the server's own reserve: the index waits.
    std::uint64_t reserveOctets = 128ULL << 20U;
};

class IndexKeeper {
public:
    struct Parts {
        SearchIndex& index;
        const Journal& journal;
        Hub& hub;
        const Log& log;
    };

    IndexKeeper(Parts parts, const IndexKeeperSettings& settings);
    // Stops.
    ~IndexKeeper();

    void start();
    // Ends the batch that runs before its next message; settles.
    void stop();
    // Throws everything away and begins anew, soon.
    void rebuild();
    // Returns when every message that is in the journal now is in, or false: it stops before that.
    bool waitUntilCovered();

private:
    struct Batch;

    void work();
    // One batch; false: there is nothing to do, or it cannot be done now.
    bool step();
    Batch gather(Seq from, Seq to);
    SearchText textOf(const struct StoredMessage& message);
    void settleIfDue();
    void waitForNews();
    void raise();

    Parts parts_;
    IndexKeeperSettings settings_;
    JournalReader reader_;
    DiskWatch disk_;
    std::chrono::steady_clock::time_point settledAt_;
    std::mutex mutex_;
    std::condition_variable raised_;
    std::condition_variable advanced_;
    bool news_ = false;      // under mutex_
    bool stopping_ = false;  // under mutex_
    bool rebuild_ = false;   // under mutex_
    std::thread thread_;
};

}  // namespace daybook
