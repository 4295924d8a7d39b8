// journal_reader.h
//
// Reads the journal in order from any seq, in this process or another, while it grows. Holds a read
// transaction for at most 10,000 events at a time. Never writes. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "journal/journal.h"
#include "journal/record.h"

namespace daybook {

class JournalReader {
public:
    explicit JournalReader(const Journal& journal);
    ~JournalReader();

    // Calls `visit` for each event from `from` to `to` (both included) that is committed; stops
    // early when it returns false. Returns the seq after the last one visited. The record lives
    // during the call. Throws lmdb::Error; a core that cannot be read throws JournalDamaged.
    Seq forEach(Seq from, Seq to, const std::function<bool(const Record&)>& visit);

    // One event; nothing if it is not committed (yet). `visit` as above.
    bool at(Seq seq, const std::function<void(const Record&)>& visit);

    // Waits until the log is longer than `size`, for another process's follower; returns the head.
    // Polls: 50 ms. In the server the hub tells instead.
    JournalHead waitBeyond(std::uint64_t size, std::chrono::milliseconds longest);

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

// A stored core is not what it should be: names the seq.
class JournalDamaged : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace daybook
