#include "engine/scribe/access_record.h"

#include <algorithm>

namespace daybook {

namespace {

constexpr TimeNs kWindowNs = 120 * kSecondNs;
constexpr std::size_t kRangesMax = 256;

using Ranges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

// Keeps the ranges ascending, apart and as few as possible. Mostly the next UID is the one after
// the last, so that end is looked at first.
void insertUid(Ranges& ranges, std::uint32_t uid) {
    if (!ranges.empty() && ranges.back().second + 1 == uid) {
        ranges.back().second = uid;
        return;
    }
    auto after = std::upper_bound(
        ranges.begin(), ranges.end(), uid, [](std::uint32_t value, const auto& range) {
        return value < range.first;
    });
    if (after != ranges.begin() && std::prev(after)->second >= uid) return;
    const bool joinsBefore = after != ranges.begin() && std::prev(after)->second + 1 == uid;
    const bool joinsAfter = after != ranges.end() && after->first == uid + 1;
    if (joinsBefore && joinsAfter) {
        std::prev(after)->second = after->second;
        ranges.erase(after);
    } else if (joinsBefore) {
        std::prev(after)->second = uid;
    } else if (joinsAfter) {
        after->first = uid;
    } else {
        ranges.insert(after, {uid, uid});
    }
}

}  // namespace

AccessRecord::AccessRecord(
    Scribe& scribe,
    const Clock& clock,
    SessionRecord& session,
    event::Protocol protocol,
    AccountId account,
    MailboxId mailbox)
    : scribe_(scribe),
      clock_(clock),
      session_(session),
      protocol_(protocol),
      account_(account),
      mailbox_(mailbox) {}

AccessRecord::~AccessRecord() { finish(); }

Task<Outcome<std::vector<Uid>>> AccessRecord::beforeReading(
    event::AccessClass accessClass, UidRanges markSeen) {
    if (opened_ && markSeen.empty()) co_return std::vector<Uid>();
    session_.open();
    OpenAccess command;
    command.origin = session_.origin();
    command.protocol = protocol_;
    command.accessClass = accessClass;
    command.account = account_;
    command.mailbox = mailbox_;
    command.opened = opened_;
    command.markSeen = std::move(markSeen);
    const Outcome<OpenAccess::Answer> answer = co_await scribe_.submit(std::move(command));
    if (!answer) co_return std::unexpected(answer.error());
    opened_ = answer->opened;
    co_return answer->changed;
}

void AccessRecord::note(Uid uid, const ReadNote& read) {
    lastNs_ = clock_.now();
    if (gathered_.empty()) firstNs_ = lastNs_;
    ++operations_;
    Key key{
        .parts = read.parts, .section = read.section, .peek = read.peek, .partial = read.partial};
    Gathered& gathered = gathered_[std::move(key)];
    insertUid(gathered.ranges, uid.number());
    gathered.octets += read.octets;
    std::size_t ranges = 0;
    for (const auto& [unused, each] : gathered_) {
        ranges += each.ranges.size();
    }
    if (ranges >= kRangesMax) flush(false);
}

void AccessRecord::flushIfDue() {
    if (!gathered_.empty() && clock_.now() - firstNs_ >= kWindowNs) flush(false);
}

void AccessRecord::finish() {
    if (opened_ || !gathered_.empty()) flush(true);
    opened_ = Seq();
}

void AccessRecord::flush(bool last) {
    RecordFetched fetched;
    fetched.origin = session_.origin();
    fetched.account = account_;
    fetched.mailbox = mailbox_;
    fetched.opened = opened_;
    fetched.protocol = protocol_;
    fetched.firstNs = firstNs_;
    fetched.lastNs = lastNs_;
    fetched.operations = operations_;
    fetched.last = last;
    for (const auto& [key, gathered] : gathered_) {
        ReadPart& part = fetched.items.emplace_back();
        for (const auto& [first, lastUid] : gathered.ranges) {
            part.uids.emplace_back(Uid(first), Uid(lastUid));
        }
        part.parts = key.parts;
        if (!key.section.empty()) part.sections.push_back(key.section);
        part.octets = gathered.octets;
        part.peek = key.peek;
        part.partial = key.partial;
    }
    scribe_.note(std::move(fetched));
    gathered_.clear();
    operations_ = 0;
    firstNs_ = 0;
    lastNs_ = 0;
}

}  // namespace daybook
