#include "journal/journal_writer.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "journal/base/assert.h"
#include "journal/base/encoding.h"
#include "journal/journal_format.h"
#include "journal/merkle_log.h"

namespace daybook {

namespace {

// The details of an event that is not committed yet: annexes from memory, the summary from the
// draft, or from the content log when the draft has none.
class DraftDetails final : public DetailSource {
public:
    DraftDetails(const Draft& draft, const ContentLog& content)
        : draft_(draft), content_(content) {}

    void add(std::string annex) { annexes_.push_back(std::move(annex)); }

    std::optional<std::string> annex(
        const event::AnnexRef::Reader& /*reference*/, std::size_t index) override {
        return annexes_.at(index);
    }

    std::optional<std::string> summary(const event::BlobRef::Reader& reference) override {
        if (!draft_.summary.empty()) return std::string(asText(draft_.summary));
        return ContentDetails(content_).summary(reference);
    }

private:
    const Draft& draft_;
    const ContentLog& content_;
    std::vector<std::string> annexes_;
};

struct Entry {
    Entry(const Draft& draft, const ContentLog& content) : details(draft, content) {}

    std::string core;
    DraftDetails details;
    std::unique_ptr<Record> record;
};

}  // namespace

class JournalWriter::Implementation {
public:
    explicit Implementation(Journal& journal) : journal_(journal) {
        const lmdb::ReadTransaction txn(journal_.environment());
        const lmdb::Table meta = journal_.tables().meta;
        const auto head = format::decodeHead(txn.get(meta, format::kHeadKey).value_or(""));
        if (!head) throw JournalUnusable("the journal's head cannot be read");
        committed_ = MerkleLog(head->size, txn.get(meta, format::kEdgeKey).value_or(""));
        if (committed_.root() != head->root)
            throw JournalUnusable(
                "the journal's head and right edge contradict each other: run 'daybook journal "
                "verify' and restore the journal from a backup");
        committedTimeNs_ = head->timeNs;
        merkle_ = committed_;
        lastTimeNs_ = committedTimeNs_;
    }

    ~Implementation() { abort(); }

    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;

    void begin(std::uint64_t epoch) {
        DAYBOOK_ASSERT(txn_ == nullptr);
        epoch_ = epoch;
        txn_ = std::make_unique<lmdb::WriteTransaction>(journal_.environment());
    }

    Seq nextSeq() const { return Seq(merkle_.size() + 1); }

    TimeNs lastTimeNs() const { return lastTimeNs_; }

    const Record& append(Draft& draft, TimeNs now) {
        DAYBOOK_ASSERT(txn_ != nullptr);
        lastTimeNs_ = std::max(lastTimeNs_, now);
        draft.core().setSeq(nextSeq().number());
        draft.core().setTimeNs(lastTimeNs_);
        Entry& entry = entries_.emplace_back(draft, journal_.content());
        writeAnnexes(draft, entry);
        if (const auto blob = blobOf(draft.core())) blobs_.push_back(refOf(*blob).place);
        entry.core = canonicalOctets<event::Core>(draft.core().asReader());
        txn_->append(journal_.tables().events, nextSeq().number(), entry.core);
        merkle_.append(merkleLeaf(asBytes(entry.core)));
        entry.record = std::make_unique<Record>(asBytes(entry.core), entry.details);
        return *entry.record;
    }

    void commit() {
        DAYBOOK_ASSERT(txn_ != nullptr);
        if (entries_.empty()) {
            abort();
            return;
        }
        try {
            journal_.content().sync();
            putHead();
            commitTransaction();
        } catch (...) {
            abort();
            throw;
        }
        for (const Place place : annexes_)
            journal_.content().settle(place);
        for (const Place place : blobs_)
            journal_.content().settle(place);
        journal_.content().committedTo(merkle_.size());
        committed_ = merkle_;
        committedTimeNs_ = lastTimeNs_;
        forgetBatch();
    }

    void abort() {
        txn_.reset();
        for (const Place place : annexes_)
            releaseAnnex(place);
        merkle_ = committed_;
        lastTimeNs_ = committedTimeNs_;
        forgetBatch();
    }

private:
    void writeAnnexes(Draft& draft, Entry& entry) {
        if (draft.annexes().empty()) return;
        auto references = draft.core().initAnnexes(static_cast<unsigned>(draft.annexes().size()));
        for (unsigned i = 0; i < references.size(); ++i) {
            const Draft::AnnexDraft& annex = draft.annexes()[i];
            std::string octets = canonicalOctets<annex::Annex>(annex.root.asReader());
            const std::string_view piece = octets;
            const ContentRef written =
                journal_.content().append(ContentKind::Annex, std::span(&piece, 1));
            annexes_.push_back(written.place);
            auto reference = references[i];
            reference.setSubject(annex.subject.number());
            reference.setSegment(written.place.segment);
            reference.setOffset(written.place.offset);
            reference.setOctets(static_cast<std::uint32_t>(written.octets));
            reference.setCommitment(capnp::Data::Reader(
                reinterpret_cast<const kj::byte*>(written.commitment.data()),
                written.commitment.size()));
            entry.details.add(std::move(octets));
        }
    }

    void putHead() {
        const Journal::Tables& tables = journal_.tables();
        const JournalHead head{
            .size = merkle_.size(), .root = merkle_.root(), .timeNs = lastTimeNs_};
        const format::Commit commit{
            .first = committed_.size() + 1,
            .epoch = epoch_,
            .timeNs = lastTimeNs_,
            .root = head.root,
        };
        txn_->append(tables.commits, head.size, format::encodeCommit(commit));
        txn_->put(tables.meta, format::kHeadKey, format::encodeHead(head));
        txn_->put(tables.meta, format::kEdgeKey, merkle_.edgeOctets());
        txn_->put(
            tables.meta,
            format::kEndsKey,
            format::encodeEnds(journal_.content().openEnds(head.size)));
    }

    void commitTransaction() {
        try {
            txn_->commit();
        } catch (const lmdb::Error& error) {
            // Whether the last page reached the disk is not known: the next start reads it, and
            // decides then whether the annexes are named.
            if (!error.isFull()) annexes_.clear();
            throw;
        }
    }

    void releaseAnnex(Place place) {
        try {
            journal_.content().release(place);
        } catch (const std::runtime_error&) {
            // ContentError or ContentDamaged: it stays undecided, so the next start reclaims it.
            return;
        }
    }

    void forgetBatch() {
        txn_.reset();
        entries_.clear();
        annexes_.clear();
        blobs_.clear();
    }

    Journal& journal_;
    MerkleLog committed_;
    MerkleLog merkle_;
    TimeNs committedTimeNs_ = 0;
    TimeNs lastTimeNs_ = 0;
    std::uint64_t epoch_ = 0;
    std::unique_ptr<lmdb::WriteTransaction> txn_;
    std::deque<Entry> entries_;
    std::vector<Place> annexes_;
    std::vector<Place> blobs_;
};

JournalWriter::JournalWriter(Journal& journal)
    : implementation_(std::make_unique<Implementation>(journal)) {}

JournalWriter::~JournalWriter() = default;

void JournalWriter::begin(std::uint64_t epoch) { implementation_->begin(epoch); }

Seq JournalWriter::nextSeq() const { return implementation_->nextSeq(); }

TimeNs JournalWriter::lastTimeNs() const { return implementation_->lastTimeNs(); }

const Record& JournalWriter::append(Draft& draft, TimeNs now) {
    return implementation_->append(draft, now);
}

void JournalWriter::commit() { implementation_->commit(); }

void JournalWriter::abort() { implementation_->abort(); }

}  // namespace daybook
