#include "journal/verify.h"

#include <algorithm>
#include <fmt/format.h>
#include <kj/exception.h>
#include <set>
#include <stdexcept>
#include <utility>

#include "journal/base/encoding.h"
#include "journal/journal_format.h"
#include "journal/merkle_log.h"
#include "journal/record.h"

namespace daybook {

namespace {

constexpr std::uint64_t kEventsPerTransaction = 10'000;
constexpr std::size_t kFaultsMax = 1'000;

class Verification {
public:
    Verification(const Journal& journal, const VerifyOptions& options, VerifyReport& report)
        : journal_(journal), options_(options), report_(report), txn_(journal.environment()) {
        for (const std::uint32_t segment : journal.content().segments())
            segments_.insert(segment);
    }

    void run();

private:
    enum class Checked { Present, Bad };

    void takeHead();
    void checkSome();
    void checkEvent(std::uint64_t seq, std::string_view octets);
    void checkCore(std::uint64_t seq, const event::Core::Reader& core);
    void checkContent(std::uint64_t seq, const event::Core::Reader& core);
    Checked checkRecord(std::uint64_t seq, const std::string& what, const ContentRef& reference);
    void checkCommit(std::uint64_t seq);
    void checkHead();
    void missing(std::uint64_t first, std::uint64_t last);
    void fault(VerifyResult result, std::uint64_t seq, std::string what);

    const Journal& journal_;
    const VerifyOptions& options_;
    VerifyReport& report_;
    lmdb::ReadTransaction txn_;
    std::set<std::uint32_t> segments_;
    JournalHead head_;
    std::string edge_;
    std::uint64_t commitsInTable_ = 0;
    std::uint64_t next_ = 1;
    std::uint64_t lastCommit_ = 0;
    TimeNs lastTimeNs_ = 0;
    MerkleLog merkle_;
    bool rootsDiffer_ = false;
    std::set<Place> blobs_;  // that were checked: a message of several recipients is stored once
};

// Which of two results the exit status tells.
int weightOf(VerifyResult result) {
    switch (result) {
        case VerifyResult::Whole: return 0;
        case VerifyResult::Incomplete: return 1;
        case VerifyResult::Tampered: return 2;
        case VerifyResult::Unreadable: return 3;
    }
    return 3;
}

void addFault(VerifyReport& report, VerifyResult result, std::uint64_t seq, std::string what) {
    ++report.faultCount;
    if (report.faults.size() < kFaultsMax)
        report.faults.push_back({.seq = seq, .what = std::move(what)});
    if (weightOf(result) > weightOf(report.result)) report.result = result;
}

void Verification::fault(VerifyResult result, std::uint64_t seq, std::string what) {
    addFault(report_, result, seq, std::move(what));
}

void Verification::run() {
    takeHead();
    while (next_ <= head_.size) {
        txn_.reset();
        txn_.renew();
        checkSome();
        if (options_.progress) options_.progress(next_ - 1, head_.size);
    }
    checkHead();
}

// Later snapshots only add events: what is checked is what this one says.
void Verification::takeHead() {
    const lmdb::Table meta = journal_.tables().meta;
    const auto head = format::decodeHead(txn_.get(meta, format::kHeadKey).value_or(""));
    if (!head) throw std::runtime_error("the meta table has no readable head");
    head_ = *head;
    edge_ = txn_.get(meta, format::kEdgeKey).value_or("");
    if (!format::decodeEnds(txn_.get(meta, format::kEndsKey).value_or("?")))
        fault(VerifyResult::Tampered, 0, "the meta table has no readable segment ends");
    commitsInTable_ = txn_.count(journal_.tables().commits);
    lmdb::Cursor cursor(txn_, journal_.tables().events);
    if (cursor.last() && cursor.number() > head_.size)
        fault(
            VerifyResult::Tampered,
            head_.size + 1,
            fmt::format(
                "events {} to {} stand behind the head, in no commit",
                head_.size + 1,
                cursor.number()));
}

void Verification::checkSome() {
    lmdb::Cursor cursor(txn_, journal_.tables().events);
    bool more = cursor.seek(next_);
    for (std::uint64_t i = 0; i < kEventsPerTransaction && next_ <= head_.size; ++i) {
        const std::uint64_t found = more ? std::min(cursor.number(), head_.size + 1) : 0;
        if (more && found < next_)
            throw std::runtime_error(fmt::format("event {}: the table's order is broken", next_));
        if (!more || found > next_) {
            missing(next_, more ? found - 1 : head_.size);
            next_ = more ? found : head_.size + 1;
            continue;
        }
        // A damaged branch page hides from a search what a walk along the leaves still meets.
        const auto searched = txn_.get(journal_.tables().events, next_);
        if (!searched || searched->data() != cursor.value().data())
            fault(VerifyResult::Tampered, next_, "the event cannot be found by its seq");
        checkEvent(next_, cursor.value());
        checkCommit(next_);
        ++next_;
        more = cursor.next();
    }
}

void Verification::missing(std::uint64_t first, std::uint64_t last) {
    fault(
        VerifyResult::Tampered,
        first,
        first == last ? "the event is missing"
                      : fmt::format("events {} to {} are missing", first, last));
}

void Verification::checkEvent(std::uint64_t seq, std::string_view octets) {
    ++report_.events;
    report_.octetsChecked += octets.size();
    merkle_.append(merkleLeaf(asBytes(octets)));
    ++report_.leaves;
    try {
        FlatMessage message(asBytes(octets));
        const auto core = message.root<event::Core>();
        checkCore(seq, core);
        if (options_.depth == VerifyDepth::Full && seq >= options_.fromSeq) checkContent(seq, core);
    } catch (const kj::Exception& exception) {
        fault(
            VerifyResult::Tampered,
            seq,
            fmt::format("the core cannot be read: {}", exception.getDescription().cStr()));
    }
}

void Verification::checkCore(std::uint64_t seq, const event::Core::Reader& core) {
    core.totalSize();  // follows every pointer
    if (core.getSeq() != seq)
        fault(VerifyResult::Tampered, seq, fmt::format("the core says seq {}", core.getSeq()));
    if (core.getTimeNs() < lastTimeNs_)
        fault(VerifyResult::Tampered, seq, "the time is before that of the event before");
    lastTimeNs_ = core.getTimeNs();
    if (!nameOf(Kind(core.getKind())) && (core.getFlags() & kFlagIgnorable) == 0)
        fault(
            VerifyResult::Tampered,
            seq,
            fmt::format(
                "kind {} is not known to Daybook {}", core.getKind(), format::programVersion()));
}

void Verification::checkContent(std::uint64_t seq, const event::Core::Reader& core) {
    unsigned index = 0;
    for (const auto annex : core.getAnnexes()) {
        const std::string what = fmt::format("annex {}", index++);
        if (checkRecord(seq, what, refOf(annex)) == Checked::Present)
            ++report_.annexesPresent;
        else
            ++report_.annexesBad;
    }
    const auto blob = blobOf(core);
    if (!blob) return;
    const ContentRef reference = refOf(*blob);
    if (!blobs_.insert(reference.place).second) return;
    if (checkRecord(seq, "the blob", reference) == Checked::Present)
        ++report_.blobsPresent;
    else
        ++report_.blobsBad;
}

Verification::Checked Verification::checkRecord(
    std::uint64_t seq, const std::string& what, const ContentRef& reference) {
    const Place place = reference.place;
    const std::string where = fmt::format("segment {} offset {}", place.segment, place.offset);
    try {
        if (journal_.content().readVerified(reference)) {
            report_.octetsChecked += reference.octets;
            return Checked::Present;
        }
        fault(
            VerifyResult::Tampered,
            seq,
            fmt::format("{} is gone without an event that erased it ({})", what, where));
    } catch (const ContentDamaged& damage) {
        const bool isThere = segments_.contains(place.segment) || place.segment == 0 ||
                             (!segments_.empty() && place.segment > *segments_.rbegin());
        fault(
            isThere ? VerifyResult::Tampered : VerifyResult::Incomplete,
            seq,
            fmt::format("{}: {}", what, damage.what()));
    } catch (const ContentError& error) {
        fault(VerifyResult::Unreadable, seq, fmt::format("{}: {}", what, error.what()));
    }
    return Checked::Bad;
}

void Verification::checkCommit(std::uint64_t seq) {
    const auto octets = txn_.get(journal_.tables().commits, seq);
    if (!octets) return;
    ++report_.commits;
    const std::uint64_t first = std::exchange(lastCommit_, seq) + 1;
    const auto commit = format::decodeCommit(*octets);
    if (!commit || commit->first != first || commit->timeNs != lastTimeNs_)
        fault(VerifyResult::Tampered, seq, "the record of the commit that ends here is damaged");
    // Once one root differs all later ones do: only the first says where.
    if (!commit || rootsDiffer_ || commit->root == merkle_.root()) return;
    rootsDiffer_ = true;
    fault(
        VerifyResult::Tampered,
        first,
        fmt::format(
            "the root that was committed with events {} to {} does not hold: one of them was "
            "changed; later roots are not compared",
            first,
            seq));
}

void Verification::checkHead() {
    report_.root = merkle_.root();
    if (lastCommit_ != head_.size)
        fault(VerifyResult::Tampered, head_.size, "no commit ends at the head");
    if (report_.commits != commitsInTable_)
        fault(
            VerifyResult::Tampered,
            0,
            fmt::format(
                "{} commits are recorded, {} fit the events", commitsInTable_, report_.commits));
    if (report_.root != head_.root && !rootsDiffer_)
        fault(VerifyResult::Tampered, head_.size, "the head's root does not hold");
    if (merkle_.edgeOctets() != edge_ && !rootsDiffer_)
        fault(VerifyResult::Tampered, head_.size, "the right edge does not hold");
    if (head_.timeNs != lastTimeNs_)
        fault(VerifyResult::Tampered, head_.size, "the head's time is not its event's");
}

}  // namespace

VerifyReport verify(const std::filesystem::path& directory, const VerifyOptions& options) {
    VerifyReport report;
    try {
        SystemRandom random;
        const Journal journal(directory, {.readOnly = true}, random);
        Verification(journal, options, report).run();
    } catch (const std::exception& exception) {
        addFault(report, VerifyResult::Unreadable, 0, exception.what());
    }
    return report;
}

}  // namespace daybook
