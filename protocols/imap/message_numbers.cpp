#include "protocols/imap/message_numbers.h"

#include <algorithm>

#include "journal/base/assert.h"

namespace daybook::imap {

void MessageNumbers::append(std::uint32_t uid) {
    DAYBOOK_ASSERT(uid > lastUid());
    if (!runs_.empty() && runs_.back().last + 1 == uid) {
        runs_.back().last = uid;
    } else {
        runs_.push_back(Run{.number = count() + 1, .first = uid, .last = uid});
    }
}

void MessageNumbers::remove(const std::vector<std::uint32_t>& uids) {
    if (uids.empty()) return;
    std::vector<Run> kept;
    std::uint32_t number = 1;
    const auto keep = [&](std::uint32_t first, std::uint32_t last) {
        if (!kept.empty() && kept.back().last + 1 == first) {
            kept.back().last = last;
        } else {
            kept.push_back(Run{.number = number, .first = first, .last = last});
        }
        number += last - first + 1;
    };
    auto gone = uids.begin();
    for (const Run& run : runs_) {
        std::uint32_t first = run.first;
        while (gone != uids.end() && *gone <= run.last) {
            DAYBOOK_ASSERT(*gone >= first);
            if (*gone > first) keep(first, *gone - 1);
            first = *gone + 1;
            ++gone;
        }
        if (first <= run.last) keep(first, run.last);
    }
    DAYBOOK_ASSERT(gone == uids.end());
    kept.shrink_to_fit();
    runs_ = std::move(kept);
}

std::uint32_t MessageNumbers::count() const {
    return runs_.empty() ? 0 : runs_.back().number + runs_.back().count() - 1;
}

std::optional<std::uint32_t> MessageNumbers::numberOf(std::uint32_t uid) const {
    const auto after =
        std::upper_bound(runs_.begin(), runs_.end(), uid, [](std::uint32_t value, const Run& run) {
        return value < run.first;
    });
    if (after == runs_.begin()) return std::nullopt;
    const Run& run = *std::prev(after);
    if (uid > run.last) return std::nullopt;
    return run.number + (uid - run.first);
}

std::uint32_t MessageNumbers::uidAt(std::uint32_t number) const {
    DAYBOOK_ASSERT(number >= 1 && number <= count());
    const auto after = std::upper_bound(
        runs_.begin(), runs_.end(), number, [](std::uint32_t value, const Run& run) {
        return value < run.number;
    });
    const Run& run = *std::prev(after);
    return run.first + (number - run.number);
}

bool MessageNumbers::anyOfUids(std::uint32_t first, std::uint32_t last) const {
    const auto run = std::lower_bound(
        runs_.begin(), runs_.end(), first, [](const Run& each, std::uint32_t value) {
        return each.last < value;
    });
    return run != runs_.end() && run->first <= last;
}

std::vector<Run> MessageNumbers::runsOfNumbers(const NumberRanges& ranges) const {
    std::vector<Run> found;
    for (const auto& [first, last] : ranges) {
        auto run = std::lower_bound(
            runs_.begin(), runs_.end(), first, [](const Run& each, std::uint32_t value) {
            return each.number + each.count() - 1 < value;
        });
        for (; run != runs_.end() && run->number <= last; ++run) {
            const std::uint32_t from = std::max(first, run->number);
            const std::uint32_t to = std::min(last, run->number + run->count() - 1);
            found.push_back(Run{
                .number = from,
                .first = run->first + (from - run->number),
                .last = run->first + (to - run->number),
            });
        }
    }
    return found;
}

std::vector<Run> MessageNumbers::runsOfUids(const NumberRanges& ranges) const {
    std::vector<Run> found;
    for (const auto& [first, last] : ranges) {
        auto run = std::lower_bound(
            runs_.begin(), runs_.end(), first, [](const Run& each, std::uint32_t value) {
            return each.last < value;
        });
        for (; run != runs_.end() && run->first <= last; ++run) {
            const std::uint32_t from = std::max(first, run->first);
            found.push_back(Run{
                .number = run->number + (from - run->first),
                .first = from,
                .last = std::min(last, run->last),
            });
        }
    }
    return found;
}

}  // namespace daybook::imap
