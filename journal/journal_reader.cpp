#include "journal/journal_reader.h"

#include <algorithm>
#include <fmt/format.h>
#include <kj/exception.h>
#include <string>
#include <thread>

#include "journal/base/encoding.h"

namespace daybook {

namespace {

constexpr std::uint64_t kEventsPerTransaction = 10'000;
constexpr std::chrono::milliseconds kPollEvery{50};

// A reader's transaction, let go when the step is done, however it ends.
class Step {
public:
    explicit Step(lmdb::ReadTransaction& txn) : txn_(txn) { txn_.renew(); }

    ~Step() { txn_.reset(); }

    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

private:
    lmdb::ReadTransaction& txn_;
};

}  // namespace

class JournalReader::Implementation {
public:
    explicit Implementation(const Journal& journal)
        : journal_(journal), details_(journal.content()), txn_(journal.environment()) {
        txn_.reset();
    }

    Seq forEach(Seq from, Seq to, const std::function<bool(const Record&)>& visit) {
        std::uint64_t next = std::max<std::uint64_t>(from.number(), 1);
        while (next <= to.number()) {
            const std::uint64_t before = next;
            if (!oneStep(next, to.number(), visit) || next == before) break;
        }
        return Seq(next);
    }

    const Journal& journal() const { return journal_; }

private:
    // Visits up to 10,000 events; `next` becomes the seq after the last. False: `visit` said stop.
    bool oneStep(
        std::uint64_t& next, std::uint64_t to, const std::function<bool(const Record&)>& visit) {
        const Step step(txn_);
        lmdb::Cursor cursor(txn_, journal_.tables().events);
        const std::uint64_t count = std::min(kEventsPerTransaction, to - next + 1);
        bool more = cursor.seek(next);
        for (std::uint64_t i = 0; more && i < count; ++i) {
            if (cursor.number() != next)
                throw JournalDamaged(fmt::format("event {} is missing", next));
            const bool goOn = visitOne(next, cursor.value(), visit);
            ++next;
            if (!goOn) return false;
            more = cursor.next();
        }
        return true;
    }

    bool visitOne(
        std::uint64_t seq, std::string_view core, const std::function<bool(const Record&)>& visit) {
        try {
            const Record record(asBytes(core), details_);
            if (record.seq().number() != seq)
                throw JournalDamaged(
                    fmt::format("event {} says that it is {}", seq, record.seq().number()));
            return visit(record);
        } catch (const kj::Exception& exception) {
            throw JournalDamaged(
                fmt::format("event {} cannot be read: {}", seq, exception.getDescription().cStr()));
        }
    }

    const Journal& journal_;
    ContentDetails details_;
    lmdb::ReadTransaction txn_;
};

JournalReader::JournalReader(const Journal& journal)
    : implementation_(std::make_unique<Implementation>(journal)) {}

JournalReader::~JournalReader() = default;

Seq JournalReader::forEach(Seq from, Seq to, const std::function<bool(const Record&)>& visit) {
    return implementation_->forEach(from, to, visit);
}

bool JournalReader::at(Seq seq, const std::function<void(const Record&)>& visit) {
    bool visited = false;
    implementation_->forEach(seq, seq, [&](const Record& record) {
        visited = true;
        visit(record);
        return true;
    });
    return visited;
}

JournalHead JournalReader::waitBeyond(std::uint64_t size, std::chrono::milliseconds longest) {
    const auto end = std::chrono::steady_clock::now() + longest;
    while (true) {
        const JournalHead head = implementation_->journal().head();
        if (head.size > size || std::chrono::steady_clock::now() >= end) return head;
        std::this_thread::sleep_for(kPollEvery);
    }
}

}  // namespace daybook
