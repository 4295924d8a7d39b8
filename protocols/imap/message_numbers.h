// message_numbers.h
//
// One session's message numbers: number <-> UID, as runs of consecutive UIDs, coded as distances:
// an octet or two a run, and 12 octets for every 64 to find them by. 100,000 messages take some
// octets without holes, and about 100 KiB at worst, when every other one is gone at random.
// Changes only when the session has told its client. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocols/imap/sequence_set.h"

namespace daybook::imap {

// Messages with consecutive numbers and consecutive UIDs.
struct Run {
    std::uint32_t number = 0;  // of `first`
    std::uint32_t first = 0;   // UID
    std::uint32_t last = 0;    // UID, included

    std::uint32_t count() const { return last - first + 1; }

    std::uint32_t lastNumber() const { return number + (last - first); }

    bool operator==(const Run&) const = default;
};

class MessageNumbers {
public:
    // Requires: greater than every UID so far.
    void append(std::uint32_t uid) { appendRun(uid, uid); }

    // Takes the messages out; numbers behind them move down. Requires: ascending, known ones.
    void remove(const std::vector<std::uint32_t>& uids);

    std::uint32_t count() const { return hasLast() ? last_.lastNumber() : 0; }

    // Zero: none.
    std::uint32_t lastUid() const { return last_.last; }

    std::optional<std::uint32_t> numberOf(std::uint32_t uid) const;
    // Requires: 1 <= number <= count().
    std::uint32_t uidAt(std::uint32_t number) const;

    // Is there any with a UID from `first` to `last`?
    bool anyOfUids(std::uint32_t first, std::uint32_t last) const;

    // Those in `ranges` that exist, ascending.
    std::vector<Run> runsOfNumbers(const NumberRanges& ranges) const;
    std::vector<Run> runsOfUids(const NumberRanges& ranges) const;

    // Octets of the heap.
    std::size_t memory() const;

private:
    // A run in `octets_` where a search begins.
    struct Mark {
        std::uint32_t number = 0;
        std::uint32_t uid = 0;
        std::uint32_t offset = 0;
    };

    // Goes through the runs from a mark on; the last one is last_.
    class Walk;

    bool hasLast() const { return last_.last != 0; }

    void appendRun(std::uint32_t first, std::uint32_t last);
    void encodeLast();
    void putNumber(std::uint64_t value);
    Walk walkFromNumber(std::uint32_t number) const;
    Walk walkFromUid(std::uint32_t uid) const;

    std::vector<Mark> marks_;
    std::vector<std::uint8_t> octets_;
    std::uint32_t encoded_ = 0;  // runs in octets_
    std::uint32_t before_ = 0;   // the last UID in octets_
    Run last_;                   // it still grows; {} when there is no message
};

}  // namespace daybook::imap
