// draft.h
//
// An event that is being decided: its core and annexes under construction. The journal writer gives
// it its place in the log; after that it is a Record. One thread.
#pragma once

#include <array>
#include <capnp/message.h>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>

#include "journal/base/ids.h"
#include "journal/kind.h"
#include "journal/schema/annex.capnp.h"
#include "journal/schema/event.capnp.h"

namespace daybook {

// The version of the kinds' fields that this program writes (Core.schema).
inline constexpr std::uint16_t kSchemaVersion = 1;

class Draft {
public:
    // Sets kind and schema; seq and time are the writer's to set.
    explicit Draft(Kind kind);

    event::Core::Builder core() { return core_; }

    event::Core::Reader core() const { return core_.asReader(); }

    // Adds an annex that belongs to `subject` (none: nobody of ours) and returns it to be filled.
    annex::Annex::Builder addAnnex(AccountId subject);

    struct AnnexDraft {
        AccountId subject;
        std::unique_ptr<capnp::MallocMessageBuilder> message;
        annex::Annex::Builder root;
    };

    std::deque<AnnexDraft>& annexes() { return annexes_; }

    const std::deque<AnnexDraft>& annexes() const { return annexes_; }

    // The summary that stands beside the blob, for the live fold of Stored. Lives until the commit.
    std::span<const std::byte> summary;

private:
    std::unique_ptr<capnp::MallocMessageBuilder> message_;
    event::Core::Builder core_;
    std::deque<AnnexDraft> annexes_;
};

}  // namespace daybook
