#include "projections/projector.h"

#include <algorithm>
#include <fmt/format.h>

#include "journal/base/digest.h"
#include "journal/base/encoding.h"
#include "projections/table.h"

namespace daybook {

namespace {

constexpr std::string_view kJournalKey = "journal";
constexpr std::size_t kDigestOctets = std::size_t{64} * 1024;
// Dirty pages wait in memory until the commit, and LMDB takes 512 MiB of them at most.
constexpr std::uint64_t kDetailOctetsPerTransaction = std::uint64_t{64} << 20U;

void empty(ViewsEnvironment& views) {
    lmdb::WriteTransaction txn(views.environment());
    for (const ViewTableSpec& spec : allViewTables()) {
        txn.clear(views.tables().*spec.member);
    }
    txn.commit();
}

Applied appliedOf(ViewsEnvironment& views) {
    const lmdb::ReadTransaction txn(views.environment());
    return readApplied(txn, views.tables());
}

std::uint64_t detailOctets(const Record& record) {
    const event::Core::Reader core = record.core();
    return core.isStored() ? core.getStored().getBlob().getSummaryOctets() : 0;
}

// One transaction: from the event after `done`, at most to `end`. Stops at the first event after
// the usual number where a commit of the journal ended, so that the root there is known. Returns
// the last event.
Seq applySome(
    ViewsEnvironment& views, const Journal& journal, JournalReader& reader, Seq done, Seq end) {
    lmdb::WriteTransaction txn(views.environment());
    std::uint64_t events = 0;
    std::uint64_t octets = 0;
    Seq last = done;
    reader.forEach(Seq(done.number() + 1), end, [&](const Record& record) {
        applyToAll(record, txn, views.tables());
        last = record.seq();
        ++events;
        octets += detailOctets(record);
        const bool enough =
            events >= kEventsPerTransaction || octets >= kDetailOctetsPerTransaction;
        return !enough || !journal.rootAt(last.number());
    });
    const Hash256 root = journal.rootAt(last.number()).value_or(Hash256());
    markApplied(txn, views.tables(), journal.journalId(), last, root);
    txn.commit();
    return last;
}

// Feeds a digest in large pieces: a call costs more than hashing a short row.
class BufferedDigest {
public:
    void add(std::string_view octets) {
        const auto size = littleEndian(static_cast<std::uint32_t>(octets.size()));
        buffer_.append(reinterpret_cast<const char*>(&size), sizeof size);
        buffer_.append(octets);
        if (buffer_.size() >= kDigestOctets) flush();
    }

    Hash256 finish() {
        flush();
        return hash_.finish();
    }

private:
    void flush() {
        hash_.add(buffer_);
        buffer_.clear();
    }

    Sha256 hash_;
    std::string buffer_;
};

}  // namespace

void applyToAll(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    if (!nameOf(record.kind()) && !record.isIgnorable()) {
        throw UnknownKind(fmt::format(
            "event {} is of kind {}, which this version of Daybook does not know: use the version "
            "that wrote it, or a newer one",
            record.seq().number(),
            static_cast<std::uint16_t>(record.kind())));
    }
    for (const Projection& projection : allProjections()) {
        projection.apply(record, txn, tables);
    }
}

void markApplied(
    lmdb::WriteTransaction& txn,
    const ViewTables& tables,
    std::uint64_t journalId,
    Seq appliedSeq,
    const Hash256& root) {
    txn.put(tables.meta, kJournalKey, RowWriter().add(journalId).octets());
    for (const Projection& projection : allProjections()) {
        RowWriter row;
        row.add(projection.version).add(appliedSeq).rest(asText(root));
        txn.put(tables.meta, projection.name, row.octets());
    }
}

Applied readApplied(const lmdb::Transaction& txn, const ViewTables& tables) {
    Applied applied;
    const auto journal = txn.get(tables.meta, kJournalKey);
    if (!journal) return applied;
    applied.journalId = RowFields(*journal).take<std::uint64_t>();
    for (const Projection& projection : allProjections()) {
        const auto value = txn.get(tables.meta, projection.name);
        if (!value) {
            applied.sameVersions = false;
            continue;
        }
        RowFields fields(*value);
        if (fields.take<std::uint32_t>() != projection.version) applied.sameVersions = false;
        applied.appliedSeq = fields.take<Seq>();
        const auto root = asBytes(fields.take(applied.root.size()));
        std::ranges::copy(root, applied.root.begin());
    }
    // Each projection has a row, and "journal"; what is more belongs to another version.
    if (txn.count(tables.meta) != allProjections().size() + 1) applied.sameVersions = false;
    return applied;
}

Seq readAppliedSeq(const lmdb::Transaction& txn, const ViewTables& tables) {
    const auto value = txn.get(tables.meta, allProjections().front().name);
    if (!value) return {};
    RowFields fields(*value);
    fields.take<std::uint32_t>();
    return fields.take<Seq>();
}

ViewsState stateOf(ViewsEnvironment& views, const Journal& journal) {
    const Applied applied = appliedOf(views);
    if (!applied.appliedSeq && applied.sameVersions) return ViewsState::Empty;
    if (applied.journalId != journal.journalId()) return ViewsState::OtherJournal;
    if (!applied.sameVersions) return ViewsState::OtherVersion;
    const auto root = journal.rootAt(applied.appliedSeq.number());
    return root == applied.root ? ViewsState::Usable : ViewsState::Ahead;
}

Seq catchUp(
    ViewsEnvironment& views, const Journal& journal, Seq to, const CatchUpProgress& progress) {
    const ViewsState state = stateOf(views, journal);
    if (state != ViewsState::Usable && state != ViewsState::Empty) empty(views);
    const Seq from = appliedOf(views).appliedSeq;
    const Seq head(journal.head().size);
    const Seq end = to ? std::min(to, head) : head;
    JournalReader reader(journal);
    Seq done = from;
    while (done < end) {
        const Seq last = applySome(views, journal, reader, done, end);
        if (last == done) {
            throw JournalDamaged(fmt::format("the journal ends after event {}", last.number()));
        }
        done = last;
        if (progress) progress(done.number() - from.number(), end.number() - from.number());
    }
    return done;
}

std::vector<ViewDigest> digestsOf(const lmdb::Transaction& txn, const ViewTables& tables) {
    std::vector<ViewDigest> digests;
    for (const Projection& projection : allProjections()) {
        ViewDigest& view = digests.emplace_back();
        view.view = projection.name;
        view.version = projection.version;
        BufferedDigest digest;
        for (const auto member : projection.tables) {
            digest.add(specOf(member).name);
            lmdb::Cursor cursor(txn, tables.*member);
            for (bool there = cursor.first(); there; there = cursor.next()) {
                digest.add(cursor.key());
                digest.add(cursor.value());
                ++view.rows;
            }
        }
        view.digest = digest.finish();
    }
    return digests;
}

}  // namespace daybook
