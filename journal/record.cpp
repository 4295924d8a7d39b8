#include "journal/record.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "journal/base/encoding.h"

namespace daybook {

namespace {

constexpr std::size_t kWord = sizeof(capnp::word);

// The limits of Cap'n Proto are against strangers; these octets are our own, and long lists of UIDs
// are read once by every projection.
capnp::ReaderOptions unlimited() {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = std::uint64_t{1} << 40U;
    return options;
}

bool isAligned(std::span<const std::byte> octets) {
    return reinterpret_cast<std::uintptr_t>(octets.data()) % kWord == 0 &&
           octets.size() % kWord == 0;
}

Hash256 hashOf(capnp::Data::Reader octets) {
    Hash256 hash{};
    if (octets.size() == hash.size()) std::memcpy(hash.data(), octets.begin(), hash.size());
    return hash;
}

template <class Reference>
Place placeOf(const Reference& reference) {
    return {.segment = reference.getSegment(), .offset = reference.getOffset()};
}

}  // namespace

FlatMessage::FlatMessage(std::span<const std::byte> octets) {
    if (isAligned(octets)) {
        segment_ = kj::arrayPtr(
            reinterpret_cast<const capnp::word*>(octets.data()), octets.size() / kWord);
    } else {
        copy_ = kj::heapArray<capnp::word>((octets.size() + kWord - 1) / kWord);
        std::memset(copy_.begin(), 0, copy_.size() * kWord);
        if (!octets.empty()) std::memcpy(copy_.begin(), octets.data(), octets.size());
        segment_ = copy_;
    }
    reader_ =
        std::make_unique<capnp::SegmentArrayMessageReader>(kj::arrayPtr(&segment_, 1), unlimited());
}

FlatMessage::~FlatMessage() = default;

// The reader keeps the address of segment_, so it is made anew.
FlatMessage::FlatMessage(FlatMessage&& other) noexcept
    : copy_(std::move(other.copy_)),
      segment_(other.segment_),
      reader_(std::make_unique<capnp::SegmentArrayMessageReader>(
          kj::arrayPtr(&segment_, 1), unlimited())) {
    other.reader_.reset();
}

Record::Record(std::span<const std::byte> core, DetailSource& details)
    : octets_(core), message_(core), core_(message_.root<event::Core>()), details_(details) {}

Record::~Record() = default;

std::optional<annex::Annex::Reader> Record::annex(std::size_t index) const {
    const auto references = core_.getAnnexes();
    if (index >= references.size()) return std::nullopt;
    if (annexes_.empty()) annexes_.resize(references.size());
    LoadedAnnex& annex = annexes_[index];
    if (!annex.loaded) {
        std::optional<std::string> octets =
            details_.annex(references[static_cast<unsigned>(index)], index);
        annex.loaded = true;
        if (octets) {
            annex.octets = std::move(*octets);
            annex.message = std::make_unique<FlatMessage>(asBytes(annex.octets));
        }
    }
    if (!annex.message) return std::nullopt;
    return annex.message->root<annex::Annex>();
}

std::string Record::name() const {
    const auto found = annex(0);
    if (!found || !found->isName()) return {};
    const capnp::Text::Reader text = found->getName().getText();
    return {text.begin(), text.end()};
}

std::optional<std::string> Record::summary() const {
    const auto blob = blobOf(core_);
    if (!blob) return std::nullopt;
    return details_.summary(*blob);
}

std::optional<std::string> ContentDetails::annex(
    const event::AnnexRef::Reader& reference, std::size_t /*index*/) {
    return content_.readVerified(refOf(reference));
}

std::optional<std::string> ContentDetails::summary(const event::BlobRef::Reader& reference) {
    std::string octets;
    const bool isThere = content_.read(
        placeOf(reference), reference.getOctets(), reference.getSummaryOctets(), octets);
    if (!isThere) return std::nullopt;
    return octets;
}

ContentRef refOf(const event::AnnexRef::Reader& reference) {
    return {
        .place = placeOf(reference),
        .octets = reference.getOctets(),
        .commitment = hashOf(reference.getCommitment()),
    };
}

ContentRef refOf(const event::BlobRef::Reader& reference) {
    return {
        .place = placeOf(reference),
        .octets = reference.getOctets() + reference.getSummaryOctets(),
        .commitment = hashOf(reference.getCommitment()),
    };
}

std::optional<event::BlobRef::Reader> blobOf(const event::Core::Reader& core) {
    std::optional<event::BlobRef::Reader> blob;
    if (core.isReceived()) blob = core.getReceived().getBlob();
    if (core.isStored()) blob = core.getStored().getBlob();
    if (blob && blob->getSegment() == 0) return std::nullopt;
    return blob;
}

}  // namespace daybook
