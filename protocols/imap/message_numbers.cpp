#include "protocols/imap/message_numbers.h"

#include <algorithm>

#include "journal/base/assert.h"

namespace daybook::imap {

namespace {

constexpr std::uint32_t kRunsOfMark = 64;
constexpr unsigned kBits = 7;
constexpr std::uint8_t kMore = 0x80;
// Between two runs at least one UID is missing.
constexpr std::uint32_t kLeastStep = 2;

// A session has a great many of these, so vectors that double would waste half of it.
template <class Value>
void growGently(std::vector<Value>& values) {
    if (values.size() < values.capacity()) return;
    values.reserve(values.size() + values.size() / 8 + 16);
}

}  // namespace

// A run is coded as its distance to the one before and, with the lowest bit set, its length.
class MessageNumbers::Walk {
public:
    // `mark`: one of those of `numbers`, or marks_.size() for last_ alone.
    Walk(const MessageNumbers& numbers, std::size_t mark) : numbers_(numbers) {
        if (mark == numbers.marks_.size()) {
            left_ = 0;
            run_ = numbers.last_;
            return;
        }
        const Mark& at = numbers.marks_[mark];
        left_ = numbers.encoded_ - static_cast<std::uint32_t>(mark) * kRunsOfMark - 1;
        offset_ = at.offset;
        const bool isLonger = (decode() & 1U) != 0;
        run_ = {.number = at.number, .first = at.uid, .last = at.uid};
        if (isLonger) run_.last += static_cast<std::uint32_t>(decode()) + 1;
    }

    // Requires: not past the last one.
    const Run& run() const { return run_; }

    bool isDone() const { return done_; }

    void next() {
        if (left_ == 0) {
            done_ = run_ == numbers_.last_;
            run_ = numbers_.last_;
            return;
        }
        --left_;
        const std::uint64_t head = decode();
        const std::uint32_t number = run_.lastNumber() + 1;
        const auto first = static_cast<std::uint32_t>(run_.last + kLeastStep + (head >> 1U));
        run_ = {.number = number, .first = first, .last = first};
        if ((head & 1U) != 0) run_.last += static_cast<std::uint32_t>(decode()) + 1;
    }

private:
    std::uint64_t decode() {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += kBits) {
            const std::uint8_t octet = numbers_.octets_[offset_++];
            value |= static_cast<std::uint64_t>(octet & ~kMore) << shift;
            if ((octet & kMore) == 0) return value;
        }
    }

    const MessageNumbers& numbers_;
    std::size_t offset_ = 0;
    std::uint32_t left_ = 0;  // coded runs behind run_
    bool done_ = false;
    Run run_;
};

void MessageNumbers::appendRun(std::uint32_t first, std::uint32_t last) {
    DAYBOOK_ASSERT(first > last_.last && last >= first);
    if (hasLast() && last_.last + 1 == first) {
        last_.last = last;
        return;
    }
    const std::uint32_t number = count() + 1;
    if (hasLast()) encodeLast();
    last_ = {.number = number, .first = first, .last = last};
}

void MessageNumbers::encodeLast() {
    if (encoded_ % kRunsOfMark == 0) {
        growGently(marks_);
        marks_.push_back(
            {.number = last_.number,
             .uid = last_.first,
             .offset = static_cast<std::uint32_t>(octets_.size())});
    }
    const std::uint64_t step = encoded_ == 0 ? 0 : last_.first - before_ - kLeastStep;
    const bool isLonger = last_.last > last_.first;
    putNumber((step << 1U) | (isLonger ? 1U : 0U));
    if (isLonger) putNumber(last_.last - last_.first - 1);
    before_ = last_.last;
    ++encoded_;
}

void MessageNumbers::putNumber(std::uint64_t value) {
    while (value >= kMore) {
        growGently(octets_);
        octets_.push_back(static_cast<std::uint8_t>(value | kMore));
        value >>= kBits;
    }
    growGently(octets_);
    octets_.push_back(static_cast<std::uint8_t>(value));
}

void MessageNumbers::remove(const std::vector<std::uint32_t>& uids) {
    if (uids.empty()) return;
    MessageNumbers kept;
    auto gone = uids.begin();
    for (Walk walk(*this, 0); !walk.isDone(); walk.next()) {
        const Run& run = walk.run();
        std::uint32_t first = run.first;
        while (gone != uids.end() && *gone <= run.last) {
            DAYBOOK_ASSERT(*gone >= first);
            if (*gone > first) kept.appendRun(first, *gone - 1);
            first = *gone + 1;
            ++gone;
        }
        if (first <= run.last) kept.appendRun(first, run.last);
    }
    DAYBOOK_ASSERT(gone == uids.end());
    *this = std::move(kept);
}

// From the last mark that is not behind it.
MessageNumbers::Walk MessageNumbers::walkFromNumber(std::uint32_t number) const {
    if (number >= last_.number) return {*this, marks_.size()};
    const auto after = std::upper_bound(
        marks_.begin(), marks_.end(), number, [](std::uint32_t value, const Mark& mark) {
        return value < mark.number;
    });
    const auto index = static_cast<std::size_t>(after - marks_.begin());
    return {*this, index == 0 ? 0 : index - 1};
}

MessageNumbers::Walk MessageNumbers::walkFromUid(std::uint32_t uid) const {
    if (uid >= last_.first) return {*this, marks_.size()};
    const auto after = std::upper_bound(
        marks_.begin(), marks_.end(), uid, [](std::uint32_t value, const Mark& mark) {
        return value < mark.uid;
    });
    const auto index = static_cast<std::size_t>(after - marks_.begin());
    return {*this, index == 0 ? 0 : index - 1};
}

std::optional<std::uint32_t> MessageNumbers::numberOf(std::uint32_t uid) const {
    if (!hasLast()) return std::nullopt;
    for (Walk walk = walkFromUid(uid); !walk.isDone(); walk.next()) {
        const Run& run = walk.run();
        if (uid < run.first) return std::nullopt;
        if (uid <= run.last) return run.number + (uid - run.first);
    }
    return std::nullopt;
}

std::uint32_t MessageNumbers::uidAt(std::uint32_t number) const {
    DAYBOOK_ASSERT(number >= 1 && number <= count());
    Walk walk = walkFromNumber(number);
    while (walk.run().lastNumber() < number)
        walk.next();
    return walk.run().first + (number - walk.run().number);
}

bool MessageNumbers::anyOfUids(std::uint32_t first, std::uint32_t last) const {
    if (!hasLast()) return false;
    Walk walk = walkFromUid(first);
    while (!walk.isDone() && walk.run().last < first)
        walk.next();
    return !walk.isDone() && walk.run().first <= last;
}

std::vector<Run> MessageNumbers::runsOfNumbers(const NumberRanges& ranges) const {
    std::vector<Run> found;
    if (!hasLast()) return found;
    for (const auto& [first, last] : ranges) {
        for (Walk walk = walkFromNumber(first); !walk.isDone(); walk.next()) {
            const Run& run = walk.run();
            if (run.number > last) break;
            if (run.lastNumber() < first) continue;
            const std::uint32_t from = std::max(first, run.number);
            const std::uint32_t to = std::min(last, run.lastNumber());
            found.push_back(Run{
                .number = from,
                .first = run.first + (from - run.number),
                .last = run.first + (to - run.number),
            });
        }
    }
    return found;
}

std::vector<Run> MessageNumbers::runsOfUids(const NumberRanges& ranges) const {
    std::vector<Run> found;
    if (!hasLast()) return found;
    for (const auto& [first, last] : ranges) {
        for (Walk walk = walkFromUid(first); !walk.isDone(); walk.next()) {
            const Run& run = walk.run();
            if (run.first > last) break;
            if (run.last < first) continue;
            const std::uint32_t from = std::max(first, run.first);
            found.push_back(Run{
                .number = run.number + (from - run.first),
                .first = from,
                .last = std::min(last, run.last),
            });
        }
    }
    return found;
}

std::size_t MessageNumbers::memory() const {
    return marks_.capacity() * sizeof(Mark) + octets_.capacity();
}

}  // namespace daybook::imap
