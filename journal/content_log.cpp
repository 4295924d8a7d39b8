#include "journal/content_log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <utility>

#include "journal/base/assert.h"
#include "journal/base/crc32c.h"
#include "journal/base/encoding.h"
#include "journal/content_format.h"
#include "journal/content_record.h"
#include "journal/content_segment.h"

namespace daybook {

using namespace content;

namespace {

// Up to here records wait in memory and are written together, at the latest by sync(): annexes.
constexpr std::uint64_t kGatheredOctets = 4'096;
constexpr std::uint64_t kGatheredOctetsInAll = 262'144;
// Up to here a record is one write under the lock; above, only its fixed part is.
constexpr std::uint64_t kOneWriteOctets = 65'536;
// One read gets the whole of a record up to here.
constexpr std::uint64_t kSmallRecordOctets = 1'024;
// Files that are kept open for reading.
constexpr std::size_t kOpenFilesMax = 512;

[[noreturn]] void damaged(Place place, const char* what) {
    throw ContentDamaged(
        fmt::format("content log: segment {} offset {}: {}", place.segment, place.offset, what));
}

Fixed checkedFixed(Place place, std::string_view octets) {
    const auto fixed = decodeFixed(place, octets);
    if (!fixed) damaged(place, "there is no record, or its fixed part is damaged");
    if (!fixed->state) damaged(place, "the record's state is damaged");
    return *fixed;
}

}  // namespace

ContentError::ContentError(const std::string& what, int errorNumber)
    : std::runtime_error(what), errorNumber_(errorNumber) {}

bool ContentError::isFull() const { return errorNumber_ == ENOSPC || errorNumber_ == EDQUOT; }

class ContentLog::Implementation {
public:
    Implementation(std::filesystem::path folder, const Options& options, Random& random);

    ContentRef append(ContentKind kind, std::span<const std::string_view> pieces);
    void decide(Place place);
    void committedTo(std::uint64_t seq);
    void startBehind(std::uint32_t segment);
    void continueAt(std::uint32_t segment, std::uint64_t offset);
    void sync();
    std::vector<SegmentEnd> openEnds(std::uint64_t head) const;

    std::optional<std::string> readErasable(Place place, std::uint64_t* octets) const;
    bool readRange(Place place, std::uint64_t from, std::uint64_t count, std::string& into) const;
    void zero(Place place, ContentState state, bool durable);
    std::vector<Found> scan(std::uint32_t segment, std::uint64_t offset) const;
    std::uint64_t octetsOnDisk() const;

    const std::filesystem::path& folder() const { return folder_; }

private:
    // Shared, because a reader may be at it when the row of open files is shortened.
    using File = std::shared_ptr<Segment>;

    struct Reserved {
        Place place;
        File file;
    };

    File findFile(std::uint32_t number) const;
    File fileOf(Place place) const;
    Fixed fixedAt(const Segment& file, Place place) const;
    Reserved reserve(
        ContentKind kind, const Frame& frame, std::span<const std::string_view> pieces);
    void startSegment(std::uint64_t octets);
    void markUnsynced(const File& file);
    void writeGathered() const;
    void refuseAfterFailure() const;

    std::filesystem::path folder_;
    Options options_;
    Random& random_;

    mutable std::mutex mutex_;  // guards what follows
    mutable std::map<std::uint32_t, File> files_;
    std::map<std::uint32_t, File> unsynced_;
    std::map<Place, std::uint64_t> undecided_;  // and the head when it was appended
    File active_;
    std::uint64_t activeOctets_ = 0;
    std::uint64_t end_ = 0;         // of the active segment
    mutable std::string gathered_;  // its last octets, not written yet
    std::uint32_t newest_ = 0;
    std::uint64_t head_ = 0;
    bool failed_ = false;

    std::mutex syncing_;  // one sync at a time; taken before mutex_
};

ContentLog::Implementation::Implementation(
    std::filesystem::path folder, const Options& options, Random& random)
    : folder_(std::move(folder)), options_(options), random_(random) {
    if (!options_.readOnly) {
        std::error_code error;
        if (std::filesystem::create_directories(folder_, error))
            syncFolder(folder_.parent_path().empty() ? "." : folder_.parent_path());
        if (error) throw ContentError(folder_.string() + ": " + error.message(), error.value());
        removeUnfinished(folder_);
    }
    const std::vector<std::uint32_t> numbers = segmentsIn(folder_);
    if (!numbers.empty()) newest_ = numbers.back();
}

ContentLog::Implementation::File ContentLog::Implementation::findFile(std::uint32_t number) const {
    const std::scoped_lock lock(mutex_);
    if (active_ && active_->number() == number) writeGathered();
    const auto known = files_.find(number);
    if (known != files_.end()) return known->second;
    if (files_.size() >= kOpenFilesMax) files_.clear();
    File file = Segment::open(folder_, number, options_.readOnly);
    if (file) files_.emplace(number, file);
    return file;
}

ContentLog::Implementation::File ContentLog::Implementation::fileOf(Place place) const {
    File file = findFile(place.segment);
    if (!file) damaged(place, "the segment's file is missing");
    return file;
}

Fixed ContentLog::Implementation::fixedAt(const Segment& file, Place place) const {
    return checkedFixed(place, file.read(place.offset, kFixedOctets));
}

void ContentLog::Implementation::refuseAfterFailure() const {
    if (failed_)
        throw ContentError("content log: an earlier sync failed: the server must stop", EIO);
}

void ContentLog::Implementation::markUnsynced(const File& file) {
    unsynced_.emplace(file->number(), file);
}

// If it throws, nothing is forgotten: the next one tries the same octets at the same place.
void ContentLog::Implementation::writeGathered() const {
    if (gathered_.empty()) return;
    active_->write(end_ - gathered_.size(), gathered_);
    gathered_.clear();
}

void ContentLog::Implementation::startSegment(std::uint64_t octets) {
    writeGathered();
    const File file = Segment::create(folder_, newest_ + 1, octets);
    newest_ = file->number();
    if (active_) {
        active_->cut(end_);
        markUnsynced(active_);
    }
    files_.emplace(file->number(), file);
    active_ = file;
    activeOctets_ = octets;
    end_ = kSegmentHeaderOctets;
}

ContentLog::Implementation::Reserved ContentLog::Implementation::reserve(
    ContentKind kind, const Frame& frame, std::span<const std::string_view> pieces) {
    const std::uint64_t all = recordOctets(frame.octets);
    const std::uint64_t room = options_.segmentOctets - kSegmentHeaderOctets;
    std::string octets;
    const std::scoped_lock lock(mutex_);
    refuseAfterFailure();
    // What is larger than a segment gets one of its own size; nothing else fits in there.
    if (!active_ || end_ + all > activeOctets_)
        startSegment(kSegmentHeaderOctets + std::max(all, room));
    const Place place{.segment = active_->number(), .offset = end_};
    octets = encodeFixed(place, kind, frame.octets);
    if (all <= kOneWriteOctets) {
        octets += frame.salt;
        for (const std::string_view piece : pieces)
            octets += piece;
        octets += frame.tail;
    }
    if (gathered_.size() + all > kGatheredOctetsInAll || all > kGatheredOctets) writeGathered();
    if (all <= kGatheredOctets)
        gathered_ += octets;
    else
        active_->write(place.offset, octets);
    // Only now: whoever comes later stands behind a fixed part that is there, or will be first.
    end_ += all;
    undecided_.emplace(place, head_);
    markUnsynced(active_);
    return {.place = place, .file = active_};
}

ContentRef ContentLog::Implementation::append(
    ContentKind kind, std::span<const std::string_view> pieces) {
    const Frame frame = frameOf(pieces, random_);
    const Reserved reserved = reserve(kind, frame, pieces);
    if (recordOctets(frame.octets) > kOneWriteOctets) {
        std::uint64_t at = reserved.place.offset + kFixedOctets;
        const auto next = [&](std::string_view octets) {
            reserved.file->write(at, octets);
            at += octets.size();
        };
        try {
            next(frame.salt);
            for (const std::string_view piece : pieces)
                next(piece);
            next(frame.tail);
        } catch (const ContentError&) {
            zero(reserved.place, ContentState::Unused, false);
            decide(reserved.place);
            throw;
        }
        // A sync may have come and gone while this was written.
        const std::scoped_lock lock(mutex_);
        markUnsynced(reserved.file);
    }
    return {.place = reserved.place, .octets = frame.octets, .commitment = frame.commitment};
}

void ContentLog::Implementation::decide(Place place) {
    const std::scoped_lock lock(mutex_);
    undecided_.erase(place);
}

void ContentLog::Implementation::committedTo(std::uint64_t seq) {
    const std::scoped_lock lock(mutex_);
    head_ = std::max(head_, seq);
}

void ContentLog::Implementation::startBehind(std::uint32_t segment) {
    const std::scoped_lock lock(mutex_);
    newest_ = std::max(newest_, segment);
}

void ContentLog::Implementation::continueAt(std::uint32_t segment, std::uint64_t offset) {
    const File file = findFile(segment);
    if (!file) return;
    // A segment that is new has no record yet, but its header.
    offset = std::max(offset, kSegmentHeaderOctets);
    file->clearTail(offset);
    file->sync();
    const std::scoped_lock lock(mutex_);
    active_ = file;
    activeOctets_ = file->octets();
    end_ = offset;
}

void ContentLog::Implementation::sync() {
    const std::scoped_lock oneAtATime(syncing_);
    std::map<std::uint32_t, File> files;
    {
        const std::scoped_lock lock(mutex_);
        refuseAfterFailure();
        writeGathered();
        files.swap(unsynced_);
    }
    try {
        for (const auto& [number, file] : files)
            file->sync();
    } catch (const ContentError&) {
        // The kernel may have dropped the pages: a second fdatasync would lie.
        const std::scoped_lock lock(mutex_);
        failed_ = true;
        throw;
    }
}

std::vector<SegmentEnd> ContentLog::Implementation::openEnds(std::uint64_t head) const {
    const std::scoped_lock lock(mutex_);
    std::map<std::uint32_t, SegmentEnd> ends;
    for (auto next = undecided_.begin(); next != undecided_.end();) {
        const auto& [place, seq] = *next;
        ends[place.segment] = {.segment = place.segment, .end = place.offset, .seq = seq};
        next = undecided_.lower_bound({.segment = place.segment + 1, .offset = 0});
    }
    if (active_ && !ends.contains(active_->number()))
        ends[active_->number()] = {.segment = active_->number(), .end = end_, .seq = head};
    std::vector<SegmentEnd> result;
    result.reserve(ends.size());
    for (const auto& [number, end] : ends)
        result.push_back(end);
    return result;
}

std::optional<std::string> ContentLog::Implementation::readErasable(
    Place place, std::uint64_t* octets) const {
    const File file = fileOf(place);
    std::string record = file->read(place.offset, kSmallRecordOctets);
    const Fixed fixed = checkedFixed(place, record);
    if (fixed.state != ContentState::Written) return std::nullopt;
    *octets = fixed.octets;
    const std::uint64_t all = recordOctets(fixed.octets);
    if (all > record.size()) {
        if (place.offset + all > file->octets()) damaged(place, "the record is cut off");
        record = file->read(place.offset, all);
    }
    record.resize(all);
    record.erase(0, kFixedOctets);
    if (sumsHold(record, fixed.octets)) return record;
    // Erased while it was read?
    if (fixedAt(*file, place).state != ContentState::Written) return std::nullopt;
    damaged(place, "the checksum does not hold");
}

bool ContentLog::Implementation::readRange(
    Place place, std::uint64_t from, std::uint64_t count, std::string& into) const {
    const File file = fileOf(place);
    const Fixed fixed = fixedAt(*file, place);
    if (fixed.state != ContentState::Written) return false;
    if (from > fixed.octets || count > fixed.octets - from)
        damaged(place, "the record is shorter than what names it says");
    if (count == 0) return true;
    const std::uint64_t content = place.offset + kFixedOctets + kSaltOctets;
    const std::uint64_t first = from / kChunkOctets;
    const std::uint64_t last = (from + count - 1) / kChunkOctets;
    constexpr std::uint64_t kSum = sizeof(std::uint32_t);
    const std::string sums =
        file->read(content + fixed.octets + first * kSum, (last - first + 1) * kSum);
    if (sums.size() != (last - first + 1) * kSum) damaged(place, "the record is cut off");
    const std::size_t before = into.size();
    for (std::uint64_t i = first; i <= last; ++i) {
        const std::uint64_t start = i * kChunkOctets;
        const std::uint64_t wanted = std::min(kChunkOctets, fixed.octets - start);
        const std::string chunk = file->read(content + start, wanted);
        if (chunk.size() != wanted || crc32c(chunk) != sumAt(sums, i - first)) {
            into.resize(before);
            if (fixedAt(*file, place).state != ContentState::Written) return false;
            damaged(place, "the checksum does not hold");
        }
        const std::uint64_t skip = from > start ? from - start : 0;
        into.append(chunk, skip, std::min(wanted, from + count - start) - skip);
    }
    return true;
}

void ContentLog::Implementation::zero(Place place, ContentState state, bool durable) {
    DAYBOOK_ASSERT(!options_.readOnly);
    const File file = fileOf(place);
    const auto fixed = decodeFixed(place, file->read(place.offset, kFixedOctets));
    if (!fixed) damaged(place, "there is no record, or its fixed part is damaged");
    // The state first: a record without its octets that says Written would look damaged.
    file->write(place.offset + kStateOffset, encodeState(state));
    file->zero(place.offset + kFixedOctets, erasableOctets(fixed->octets));
    if (durable) {
        file->sync();
        return;
    }
    const std::scoped_lock lock(mutex_);
    markUnsynced(file);
}

std::vector<ContentLog::Found> ContentLog::Implementation::scan(
    std::uint32_t segment, std::uint64_t offset) const {
    std::vector<Found> found;
    const File file = findFile(segment);
    if (!file) return found;
    const std::uint64_t size = file->octets();
    offset = std::max(offset, kSegmentHeaderOctets);
    while (offset + kFixedOctets <= size) {
        const Place place{.segment = segment, .offset = offset};
        const auto fixed = decodeFixed(place, file->read(offset, kFixedOctets));
        if (!fixed || offset + recordOctets(fixed->octets) > size) break;
        offset += recordOctets(fixed->octets);
        found.push_back({
            .place = place,
            .kind = fixed->kind,
            .state = fixed->state.value_or(ContentState::Written),
            .octets = fixed->octets,
            .end = offset,
        });
    }
    return found;
}

std::uint64_t ContentLog::Implementation::octetsOnDisk() const {
    std::uint64_t octets = 0;
    for (const std::uint32_t number : segmentsIn(folder_)) {
        const File file = findFile(number);
        if (file) octets += file->octetsOnDisk();
    }
    return octets;
}

ContentLog::ContentLog(const std::filesystem::path& folder, const Options& options, Random& random)
    : implementation_(std::make_unique<Implementation>(folder, options, random)) {}

ContentLog::~ContentLog() = default;

ContentRef ContentLog::append(ContentKind kind, std::span<const std::string_view> pieces) {
    return implementation_->append(kind, pieces);
}

void ContentLog::settle(Place place) { implementation_->decide(place); }

void ContentLog::release(Place place) {
    implementation_->zero(place, ContentState::Unused, false);
    implementation_->decide(place);
}

void ContentLog::committedTo(std::uint64_t seq) { implementation_->committedTo(seq); }

void ContentLog::startBehind(std::uint32_t segment) { implementation_->startBehind(segment); }

void ContentLog::continueAt(std::uint32_t segment, std::uint64_t offset) {
    implementation_->continueAt(segment, offset);
}

void ContentLog::sync() { implementation_->sync(); }

std::vector<SegmentEnd> ContentLog::openEnds(std::uint64_t head) const {
    return implementation_->openEnds(head);
}

std::optional<std::string> ContentLog::read(Place place) const {
    std::uint64_t octets = 0;
    std::optional<std::string> erasable = implementation_->readErasable(place, &octets);
    if (erasable) erasable = erasable->substr(kSaltOctets, octets);
    return erasable;
}

bool ContentLog::read(
    Place place, std::uint64_t from, std::uint64_t count, std::string& into) const {
    return implementation_->readRange(place, from, count, into);
}

std::optional<std::string> ContentLog::readVerified(const ContentRef& reference) const {
    std::uint64_t octets = 0;
    std::optional<std::string> erasable = implementation_->readErasable(reference.place, &octets);
    if (!erasable) return std::nullopt;
    if (octets != reference.octets)
        damaged(reference.place, "the record is not as long as what names it says");
    const std::string_view committed = std::string_view(*erasable).substr(0, kSaltOctets + octets);
    if (sha256(asBytes(committed)) != reference.commitment)
        damaged(reference.place, "the commitment does not hold");
    return erasable->substr(kSaltOctets, octets);
}

void ContentLog::erase(Place place, ContentState state) {
    implementation_->zero(place, state, true);
}

std::vector<ContentLog::Found> ContentLog::scan(std::uint32_t segment, std::uint64_t offset) const {
    return implementation_->scan(segment, offset);
}

std::vector<std::uint32_t> ContentLog::segments() const {
    return segmentsIn(implementation_->folder());
}

std::uint64_t ContentLog::octetsOnDisk() const { return implementation_->octetsOnDisk(); }

}  // namespace daybook
