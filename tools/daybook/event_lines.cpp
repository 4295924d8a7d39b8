#include "tools/daybook/event_lines.h"

#include <cstdio>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/daybook/event_text.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

constexpr std::size_t kLinesOctetsMax = 256U << 10U;
constexpr std::uint64_t kEventsPerStep = 5'000;

std::string lineOf(const Record& record, Names& names, bool json) {
    if (json) return toJson(record).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return fmt::format(
        "{}  #{:<8} {:<20} {}",
        timeText(record.core().getTimeNs()),
        record.seq().number(),
        nameOf(record.kind()).value_or("?"),
        sentence(record, names));
}

}  // namespace

EventLines::EventLines(const Journal& journal, Names& names, bool json, std::uint64_t limit)
    : reader_(journal), names_(names), json_(json), limit_(limit) {}

bool EventLines::range(Seq from, Seq to, const Choose& choose) {
    bool goOn = true;
    Seq next = from;
    while (goOn && next <= to) {
        looked_ = 0;
        const Seq before = next;
        next = reader_.forEach(next, to, [&](const Record& record) {
            goOn = look(record, choose);
            return goOn && !isFull();
        });
        print();
        if (next == before) break;
    }
    return goOn;
}

bool EventLines::these(const std::vector<Seq>& seqs, const Choose& choose) {
    bool goOn = true;
    for (const Seq seq : seqs) {
        reader_.at(seq, [&](const Record& record) { goOn = look(record, choose); });
        if (!goOn || isFull()) print();
        if (!goOn) break;
    }
    print();
    return goOn;
}

// Times never decrease.
Seq EventLines::firstSince(TimeNs time, Seq head) {
    std::uint64_t first = 1;
    std::uint64_t behind = head.number() + 1;
    while (first < behind) {
        const std::uint64_t middle = first + (behind - first) / 2;
        bool before = false;
        reader_.at(
            Seq(middle), [&](const Record& record) { before = record.core().getTimeNs() < time; });
        if (before) {
            first = middle + 1;
        } else {
            behind = middle;
        }
    }
    return Seq(first);
}

bool EventLines::look(const Record& record, const Choose& choose) {
    ++looked_;
    names_.learn(record);
    const Look verdict = choose(record);
    if (verdict == Look::Stop) return false;
    if (verdict == Look::Skip) return true;
    lines_ += lineOf(record, names_, json_);
    lines_ += '\n';
    return ++printed_ != limit_;
}

bool EventLines::isFull() const {
    return lines_.size() >= kLinesOctetsMax || looked_ >= kEventsPerStep;
}

void EventLines::print() {
    fmt::print("{}", lines_);
    lines_.clear();
    looked_ = 0;
}

}  // namespace daybook
