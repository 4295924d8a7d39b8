// content_log.h
//
// The row of append-only segment files that holds annexes and blobs: what can be erased. A record's
// place never changes. Format: content_format.h.
//
// Appending: any thread; a record is on disk after the next sync(). What is appended and named by
// no event was never acknowledged: release it, or recovery does. Reading: any thread, from any
// process. Throws ContentError when the disk fails, ContentDamaged when a checksum does not hold.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/digest.h"
#include "journal/base/random.h"

namespace daybook {

struct Place {
    std::uint32_t segment = 0;
    std::uint64_t offset = 0;

    auto operator<=>(const Place&) const = default;
};

class ContentError : public std::runtime_error {
public:
    ContentError(const std::string& what, int errorNumber);

    int errorNumber() const { return errorNumber_; }

    bool isFull() const;

private:
    int errorNumber_;
};

class ContentDamaged : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

enum class ContentKind : std::uint8_t { Annex = 1, Blob = 2 };

enum class ContentState : std::uint8_t {
    Written = 1,
    Erased = 2,  // by an Erased event
    Unused = 3,  // never named by an event: reclaimed
};

// What an appended record is named by.
struct ContentRef {
    Place place;
    std::uint64_t octets = 0;  // of the record's content, without salt and checksums
    Hash256 commitment{};      // SHA-256(salt || content)
};

// One open segment's end, as the journal's `meta` remembers it with every commit: recovery looks
// only behind it. `seq` is the head when the oldest undecided record behind `end` was appended.
struct SegmentEnd {
    std::uint32_t segment = 0;
    std::uint64_t end = 0;
    std::uint64_t seq = 0;
};

class ContentLog {
public:
    struct Options {
        std::uint64_t segmentOctets = 64ULL << 20U;
        bool readOnly = false;
    };

    // `folder` is made if it is not there. Throws ContentError.
    ContentLog(const std::filesystem::path& folder, const Options& options, Random& random);
    ~ContentLog();
    ContentLog(const ContentLog&) = delete;
    ContentLog& operator=(const ContentLog&) = delete;

    // Writes one record; `pieces` are its content, one after the other. Draws the salt.
    // Thread: any. Throws ContentError (isFull: nothing is lost, try again later).
    ContentRef append(ContentKind kind, std::span<const std::string_view> pieces);

    // The record got its event (or will, in the commit that is being made). Thread: scribe.
    void settle(Place place);
    // The record gets no event: its octets are zeroed and its space goes back. Thread: any.
    void release(Place place);
    // Events up to `seq` are committed: what is appended from now on can only be named by later
    // ones. Never goes back. Thread: scribe.
    void committedTo(std::uint64_t seq);
    // Recovery: the numbers up to this one are spent, also where a file is missing.
    void startBehind(std::uint32_t segment);
    // Recovery: append behind `offset` in that segment; what is there is cleared. Without this, or
    // without its file, the first append starts a new segment.
    void continueAt(std::uint32_t segment, std::uint64_t offset);

    // Everything appended before this call is durable when it returns. A failure is final unless
    // it isFull(): the caller stops the server, never tries again (DESIGN 3.3).
    void sync();

    // For `meta`; `head` is the seq of the last event of the commit that is being made. The newest
    // segment is always among them, and last: one with a greater number came later.
    std::vector<SegmentEnd> openEnds(std::uint64_t head) const;

    // The whole content, its chunks' checksums checked. Nothing if the record is erased or unused.
    std::optional<std::string> read(Place place) const;
    // `count` octets from `from`; checks the chunks that it touches. Appends to `into`; returns
    // false if the record is erased or unused.
    bool read(Place place, std::uint64_t from, std::uint64_t count, std::string& into) const;
    // Checks the commitment too: reads everything. Throws ContentDamaged.
    std::optional<std::string> readVerified(const ContentRef& reference) const;

    // Zeroes the erasable part, sets the state, syncs. Idempotent.
    void erase(Place place, ContentState state);

    struct Found {
        Place place;
        ContentKind kind;
        ContentState state;
        std::uint64_t octets;
        std::uint64_t end;  // one past the record
    };

    // Walks a segment's records from `offset` (0: the first); stops where no record's fixed part
    // stands. A record that no event names need not be whole. For recovery and verify.
    std::vector<Found> scan(std::uint32_t segment, std::uint64_t offset) const;
    std::vector<std::uint32_t> segments() const;
    std::uint64_t octetsOnDisk() const;

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
