#include "journal/recovery.h"

#include <algorithm>
#include <fmt/format.h>
#include <kj/exception.h>
#include <set>
#include <vector>

#include "journal/base/encoding.h"
#include "journal/journal_format.h"
#include "journal/record.h"

namespace daybook {

namespace {

void collectPlaces(const event::Core::Reader& core, std::set<Place>& named) {
    for (const auto annex : core.getAnnexes())
        named.insert(refOf(annex).place);
    if (const auto blob = blobOf(core)) named.insert(refOf(*blob).place);
}

// What the events behind `seq` name.
std::set<Place> placesNamedBehind(
    const lmdb::Transaction& txn, const Journal::Tables& tables, std::uint64_t seq) {
    std::set<Place> named;
    lmdb::Cursor cursor(txn, tables.events);
    for (bool more = cursor.seek(seq + 1); more; more = cursor.next()) {
        try {
            FlatMessage message(asBytes(cursor.value()));
            collectPlaces(message.root<event::Core>(), named);
        } catch (const kj::Exception& exception) {
            // Its content would be taken for an orphan and erased.
            throw JournalUnusable(fmt::format(
                "event {} cannot be read, so the content that it names is not known: run "
                "'daybook journal verify' and restore the journal from a backup ({})",
                cursor.number(),
                exception.getDescription().cStr()));
        }
    }
    return named;
}

struct Scanned {
    std::uint64_t tail = 0;  // one past the last record
    bool isWhole = true;     // every named record was found
};

std::vector<ContentLog::Found> recordsBehind(const ContentLog& content, SegmentEnd from) {
    try {
        return content.scan(from.segment, from.end);
    } catch (const ContentDamaged&) {
        // The segment's header: its records count as missing, and the server starts.
        return {};
    }
}

Scanned recoverSegment(
    ContentLog& content, SegmentEnd from, const std::set<Place>& named, RecoveryReport& report) {
    Scanned scanned{.tail = from.end, .isWhole = true};
    for (const ContentLog::Found& record : recordsBehind(content, from)) {
        scanned.tail = record.end;
        ++report.scanned;
        if (named.contains(record.place)) continue;
        ++report.reclaimed;
        if (record.state == ContentState::Written) content.release(record.place);
    }
    for (auto place = named.lower_bound({.segment = from.segment, .offset = scanned.tail});
         place != named.end() && place->segment == from.segment;
         ++place) {
        ++report.missing;
        scanned.isWhole = false;
    }
    return scanned;
}

}  // namespace

RecoveryReport recover(
    lmdb::Environment& environment, const Journal::Tables& tables, ContentLog& content) {
    RecoveryReport report;
    const lmdb::ReadTransaction txn(environment);
    const auto head = format::decodeHead(txn.get(tables.meta, format::kHeadKey).value_or(""));
    auto ends = format::decodeEnds(txn.get(tables.meta, format::kEndsKey).value_or(""));
    if (!head || !ends)
        throw JournalUnusable(
            "the journal's meta table is damaged: run 'daybook journal verify' and restore the "
            "journal from a backup");
    content.committedTo(head->size);
    const std::uint32_t newest = ends->empty() ? 0 : ends->back().segment;
    // Segments that came after the last commit: no event can name what is in them.
    for (const std::uint32_t segment : content.segments()) {
        if (segment > newest) ends->push_back({.segment = segment, .end = 0, .seq = head->size});
    }
    if (ends->empty()) return report;

    content.startBehind(ends->back().segment);
    const auto oldest = std::ranges::min_element(*ends, {}, &SegmentEnd::seq);
    const std::set<Place> named = placesNamedBehind(txn, tables, oldest->seq);
    for (const SegmentEnd& end : *ends) {
        const Scanned scanned = recoverSegment(content, end, named, report);
        // Only the newest is continued. One that lacks a record is left alone for those who
        // examine it.
        if (&end == &ends->back() && scanned.isWhole) content.continueAt(end.segment, scanned.tail);
    }
    content.sync();
    return report;
}

}  // namespace daybook
