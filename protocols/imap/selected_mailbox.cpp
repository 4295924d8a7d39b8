#include "protocols/imap/selected_mailbox.h"

#include <algorithm>

#include "protocols/imap/errors.h"

namespace daybook::imap {

namespace {

std::pair<ModSeq, std::uint32_t> placeOf(const ToldFlags& told) {
    return {told.modSeq, told.first};
}

}  // namespace

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

void SelectedMailbox::told(const MessageRow& row) {
    if (row.modSeq <= toldModSeq) return;
    const std::uint32_t uid = row.uid.number();
    if (!toldFlags.empty() && toldFlags.back().last + 1 == uid &&
        toldFlags.back().modSeq == row.modSeq) {
        toldFlags.back().last = uid;
    } else {
        toldFlags.push_back({.first = uid, .last = uid, .modSeq = row.modSeq});
    }
}

void SelectedMailbox::sortTold() {
    std::ranges::sort(toldFlags, {}, placeOf);
    // What was told twice is there twice, perhaps in ranges of another length.
    std::vector<ToldFlags> merged;
    for (const ToldFlags& each : toldFlags) {
        if (!merged.empty() && merged.back().modSeq == each.modSeq &&
            each.first <= merged.back().last) {
            merged.back().last = std::max(merged.back().last, each.last);
        } else {
            merged.push_back(each);
        }
    }
    toldFlags = std::move(merged);
}

bool SelectedMailbox::wasTold(std::uint32_t uid, ModSeq modSeq) const {
    const auto after = std::ranges::upper_bound(toldFlags, std::pair(modSeq, uid), {}, placeOf);
    if (after == toldFlags.begin()) return false;
    const ToldFlags& told = *std::prev(after);
    return told.modSeq == modSeq && uid <= told.last;
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
