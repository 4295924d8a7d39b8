// access_record.h
//
// What a session reads of one selected mailbox: opens the window before the first octet of a body
// leaves, gathers exact UID sets with the parts read, and writes Fetched after 2 minutes, at 256
// ranges, and at the end (DESIGN 3.4). Never throttled, never dropped. One per session and mailbox.
// Thread: the session's reactor.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/runtime/task.h"
#include "engine/scribe/scribe.h"
#include "engine/scribe/session_record.h"

namespace daybook {

// Bits of FetchedItem.parts in event.capnp.
inline constexpr std::uint16_t kReadEnvelope = 1;
inline constexpr std::uint16_t kReadStructure = 2;
inline constexpr std::uint16_t kReadHeaders = 4;
inline constexpr std::uint16_t kReadPreview = 8;
inline constexpr std::uint16_t kReadText = 16;
inline constexpr std::uint16_t kReadFull = 32;
inline constexpr std::uint16_t kReadSection = 64;
inline constexpr std::uint16_t kReadSearch = 128;

// What one message was read of, in one command.
struct ReadNote {
    std::uint16_t parts = 0;
    std::string section;  // "1.2", "HEADER": numbers and the standard's words; empty: none
    std::uint64_t octets = 0;
    bool peek = true;
    bool partial = false;
};

class AccessRecord {
public:
    AccessRecord(
        Scribe& scribe,
        const Clock& clock,
        SessionRecord& session,
        event::Protocol protocol,
        AccountId account,
        MailboxId mailbox);
    // Writes the last Fetched (as a note) if the window is open.
    ~AccessRecord();
    AccessRecord(const AccessRecord&) = delete;
    AccessRecord& operator=(const AccessRecord&) = delete;

    // Before a body's first octet: opens the window if it is not open, and marks `markSeen` in the
    // same commit. When the window is open and there is nothing to mark it waits for nothing.
    // A refusal means: send nothing.
    Task<Outcome<std::vector<Uid>>> beforeReading(
        event::AccessClass accessClass, UidRanges markSeen);

    // After (or while) the octets are sent; only with the window open, or for envelope and
    // structure alone, which need none: they are kept and go out with the next window's Fetched,
    // or with a window of their own at the end.
    void note(Uid uid, const ReadNote& read);

    // Writes what is due (2 minutes). Called between commands and from IDLE.
    void flushIfDue();
    // The session leaves the mailbox: writes the last Fetched.
    void finish();

private:
    void flush(bool last);

    struct Key {
        std::uint16_t parts;
        std::string section;
        bool peek;
        bool partial;
        auto operator<=>(const Key&) const = default;
    };

    struct Gathered {
        std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
        std::uint64_t octets = 0;
    };

    Scribe& scribe_;
    const Clock& clock_;
    SessionRecord& session_;
    event::Protocol protocol_;
    AccountId account_;
    MailboxId mailbox_;
    Seq opened_;
    std::map<Key, Gathered> gathered_;
    TimeNs firstNs_ = 0;
    TimeNs lastNs_ = 0;
    std::uint32_t operations_ = 0;
};

}  // namespace daybook
