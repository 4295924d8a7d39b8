// ids.h
//
// The numbers that name things, each a type of its own so that none is taken for another. Zero
// means "none" everywhere. Values; any thread. Who draws which: DESIGN 3.5.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace daybook {

template <class Tag, class Number>
class Id {
public:
    using NumberType = Number;

    constexpr Id() = default;

    constexpr explicit Id(Number number) : number_(number) {}

    constexpr Number number() const { return number_; }

    constexpr explicit operator bool() const { return number_ != 0; }

    constexpr auto operator<=>(const Id&) const = default;

private:
    Number number_ = 0;
};

// Position of an event in the journal: dense, from 1.
using Seq = Id<struct SeqTag, std::uint64_t>;
// Random 64-bit numbers, drawn once and kept in the event.
using DomainId = Id<struct DomainTag, std::uint64_t>;
using AccountId = Id<struct AccountTag, std::uint64_t>;
using AddressId = Id<struct AddressTag, std::uint64_t>;
using CredentialId = Id<struct CredentialTag, std::uint64_t>;
using MailboxId = Id<struct MailboxTag, std::uint64_t>;
// A message's journal id: what the 250 names and `journal history` takes. Ordered by time
// (Random::orderedId), as SessionId is.
using MessageId = Id<struct MessageTag, std::uint64_t>;
using EmailId = Id<struct EmailTag, std::uint64_t>;
using SessionId = Id<struct SessionTag, std::uint64_t>;
using CommandId = Id<struct CommandTag, std::uint64_t>;
// A domain that mail is sent to (DestinationDefined), one try of a message there, an address that
// bounced hard.
using DestinationId = Id<struct DestinationTag, std::uint64_t>;
using AttemptId = Id<struct AttemptTag, std::uint64_t>;
using SuppressionId = Id<struct SuppressionTag, std::uint64_t>;
// A recipient's number within its message's envelope, from 1.
using RecipientNumber = Id<struct RecipientTag, std::uint32_t>;
// A keyword's number within its account, from 1.
using KeywordId = Id<struct KeywordTag, std::uint16_t>;
// RFC 9051 §2.3.1.1, RFC 7162 §3.1.
using Uid = Id<struct UidTag, std::uint32_t>;
using UidValidity = Id<struct UidValidityTag, std::uint32_t>;
using ModSeq = Id<struct ModSeqTag, std::uint64_t>;

}  // namespace daybook

template <class Tag, class Number>
struct std::hash<daybook::Id<Tag, Number>> {
    std::size_t operator()(daybook::Id<Tag, Number> id) const noexcept {
        return std::hash<Number>()(id.number());
    }
};
