// journal.h
//
// The journal of one data directory: the LMDB environment `journal/` and the content log
// `content/`, opened together, with format and version checked and, for the writer, what an unclean
// stop left behind put in order. Formats: journal_format.h, content_format.h.
//
// One process may have it open for writing (the caller holds the directory's lock); any number may
// read it, also while the server runs. The object may be used from any thread; JournalWriter and
// JournalReader belong to one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "journal/base/clock.h"
#include "journal/base/digest.h"
#include "journal/base/ids.h"
#include "journal/base/random.h"
#include "journal/content_log.h"
#include "journal/lmdb.h"

namespace daybook {

// The directory is no journal, or one that this program must not touch: the text says what, where
// and what to do.
class JournalUnusable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Raised when a new meaning would be misread by older programs: they then refuse.
inline constexpr std::uint32_t kJournalFormat = 1;

struct JournalHead {
    std::uint64_t size = 0;  // number of events; the last seq
    Hash256 root{};
    TimeNs timeNs = 0;  // of the last event
};

struct JournalOptions {
    std::size_t mapOctets = std::size_t{1} << 40U;
    std::uint64_t segmentOctets = 64ULL << 20U;
    bool readOnly = false;
};

class Journal {
public:
    // Makes an empty journal (no event yet) in a directory that has none. Throws JournalUnusable.
    static void create(const std::filesystem::path& directory, Random& random);

    // Throws JournalUnusable, lmdb::Error, ContentError. When writable, recovers first: content
    // behind the committed ends that no event names is reclaimed.
    Journal(const std::filesystem::path& directory, const JournalOptions& options, Random& random);
    ~Journal();

    std::uint64_t journalId() const { return journalId_; }

    // What is committed now. Thread: any.
    JournalHead head() const;
    // The root when the log had `size` events, if a commit ended there. Thread: any.
    std::optional<Hash256> rootAt(std::uint64_t size) const;

    // The MODSEQ of a change is its seq + this (DESIGN 3.5).
    std::uint64_t modSeqBase() const { return modSeqBase_; }

    lmdb::Environment& environment() const { return *environment_; }

    ContentLog& content() const { return *content_; }

    const std::filesystem::path& directory() const { return directory_; }

    struct Tables {
        lmdb::Table events;
        lmdb::Table commits;
        lmdb::Table meta;
    };

    const Tables& tables() const { return tables_; }

private:
    std::filesystem::path directory_;
    std::unique_ptr<lmdb::Environment> environment_;
    std::unique_ptr<ContentLog> content_;
    Tables tables_;
    std::uint64_t journalId_ = 0;
    std::uint64_t modSeqBase_ = 0;
};

}  // namespace daybook
