// message_numbers.h
//
// One session's message numbers: number <-> UID as compact ranges (12 octets for each run of
// consecutive UIDs). Changes only when the session has told its client. One thread.
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
};

class MessageNumbers {
public:
    // Requires: greater than every UID so far.
    void append(std::uint32_t uid);
    // Takes the messages out; numbers behind them move down. Requires: ascending, known ones.
    void remove(const std::vector<std::uint32_t>& uids);

    std::uint32_t count() const;

    // Zero: none.
    std::uint32_t lastUid() const { return runs_.empty() ? 0 : runs_.back().last; }

    std::optional<std::uint32_t> numberOf(std::uint32_t uid) const;
    // Requires: 1 <= number <= count().
    std::uint32_t uidAt(std::uint32_t number) const;

    // Is there any with a UID from `first` to `last`?
    bool anyOfUids(std::uint32_t first, std::uint32_t last) const;

    // Those in `ranges` that exist, ascending.
    std::vector<Run> runsOfNumbers(const NumberRanges& ranges) const;
    std::vector<Run> runsOfUids(const NumberRanges& ranges) const;

    const std::vector<Run>& runs() const { return runs_; }

private:
    std::vector<Run> runs_;
};

}  // namespace daybook::imap
