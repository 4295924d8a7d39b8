#include "protocols/imap/selected_mailbox.h"

#include "protocols/imap/errors.h"

namespace daybook::imap {

// RFC 3501 §9, seq-number: a number above the number of messages is BAD, and so is "*" in an empty
// mailbox; UIDs that do not exist are passed over (§6.4.8).
std::vector<Run> SelectedMailbox::runsOf(const SequenceSet& set, bool byUid) const {
    if (byUid) return numbers.runsOfUids(set.resolved(numbers.lastUid()));
    const std::uint32_t count = numbers.count();
    if (set.greatestNumber() > count || (set.hasStar() && count == 0)) {
        throw Bad("There is no message with that number");
    }
    return numbers.runsOfNumbers(set.resolved(count));
}

std::vector<std::uint32_t> SelectedMailbox::inTermsOf(
    bool byUid, const std::vector<Uid>& uids) const {
    std::vector<std::uint32_t> result;
    for (const Uid uid : uids) {
        if (byUid) {
            result.push_back(uid.number());
        } else if (const auto number = numbers.numberOf(uid.number())) {
            result.push_back(*number);
        }
    }
    return result;
}

UidRanges uidRanges(const std::vector<Run>& runs) {
    UidRanges ranges;
    for (const Run& run : runs) {
        if (!ranges.empty() && ranges.back().second.number() + 1 == run.first) {
            ranges.back().second = Uid(run.last);
        } else {
            ranges.emplace_back(Uid(run.first), Uid(run.last));
        }
    }
    return ranges;
}

UidRanges uidRanges(const NumberRanges& ranges) {
    UidRanges result;
    for (const auto& [first, last] : ranges)
        result.emplace_back(Uid(first), Uid(last));
    return result;
}

}  // namespace daybook::imap
