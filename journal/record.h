// record.h
//
// One event as the journal holds it: the core's stored octets, and the details (annexes, summary)
// where they still exist. What a fold is given. Valid as long as what it was made from (a batch, a
// reader's step). One thread.
#pragma once

#include <capnp/serialize.h>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/ids.h"
#include "journal/content_log.h"
#include "journal/draft.h"
#include "journal/kind.h"

namespace daybook {

// Reads a Cap'n Proto root from unframed canonical octets; copies only when they are not aligned.
class FlatMessage {
public:
    explicit FlatMessage(std::span<const std::byte> octets);
    ~FlatMessage();
    FlatMessage(FlatMessage&&) noexcept;
    FlatMessage(const FlatMessage&) = delete;

    template <class Root>
    typename Root::Reader root() {
        return reader_->template getRoot<Root>();
    }

private:
    kj::Array<capnp::word> copy_;
    kj::ArrayPtr<const capnp::word> segment_;
    std::unique_ptr<capnp::SegmentArrayMessageReader> reader_;
};

// The canonical, unframed octets of a message's root: what is stored and hashed.
template <class Root>
std::string canonicalOctets(typename Root::Reader root) {
    const kj::Array<capnp::word> words = capnp::canonicalize(root);
    const auto octets = words.asBytes();
    return {reinterpret_cast<const char*>(octets.begin()), octets.size()};
}

// Where a record's details come from.
class DetailSource {
public:
    virtual ~DetailSource() = default;
    // The octets of annex `index`; nothing if it is erased. Throws ContentDamaged.
    virtual std::optional<std::string> annex(
        const event::AnnexRef::Reader& reference, std::size_t index) = 0;
    virtual std::optional<std::string> summary(const event::BlobRef::Reader& reference) = 0;
};

class Record {
public:
    // `core` and `details` outlive the record.
    Record(std::span<const std::byte> core, DetailSource& details);
    ~Record();

    Seq seq() const { return Seq(core().getSeq()); }

    Kind kind() const { return Kind(core().getKind()); }

    bool isIgnorable() const { return (core().getFlags() & kFlagIgnorable) != 0; }

    event::Core::Reader core() const { return core_; }

    std::span<const std::byte> octets() const { return octets_; }

    // Read when first asked for, then kept. Nothing: erased, or there is no such annex.
    std::optional<annex::Annex::Reader> annex(std::size_t index) const;
    // The name in annex [0] of the kinds that have an annex.name; empty when erased.
    std::string name() const;
    // Of a Stored event: summary.capnp's octets. Nothing: erased.
    std::optional<std::string> summary() const;

private:
    struct LoadedAnnex {
        bool loaded = false;
        std::string octets;
        std::unique_ptr<FlatMessage> message;
    };

    std::span<const std::byte> octets_;
    mutable FlatMessage message_;
    event::Core::Reader core_;
    DetailSource& details_;
    mutable std::vector<LoadedAnnex> annexes_;
};

// Reads details from the content log.
class ContentDetails final : public DetailSource {
public:
    explicit ContentDetails(const ContentLog& content) : content_(content) {}

    std::optional<std::string> annex(
        const event::AnnexRef::Reader& reference, std::size_t index) override;
    std::optional<std::string> summary(const event::BlobRef::Reader& reference) override;

private:
    const ContentLog& content_;
};

ContentRef refOf(const event::AnnexRef::Reader& reference);
// Of the whole record: the message's octets and its summary behind them.
ContentRef refOf(const event::BlobRef::Reader& reference);
// The blob that an event of this kind names; nothing if it names none.
std::optional<event::BlobRef::Reader> blobOf(const event::Core::Reader& core);

}  // namespace daybook
