// decide_flags.h
//
// Changes of flags as events, and the messages of a command's ranges. Pure; thread: scribe. Only
// for the decide_*.cpp files.
#pragma once

#include <vector>

#include "engine/scribe/decide_parts.h"

namespace daybook {

struct FlagDelta {
    std::uint16_t addSystem = 0;
    std::uint16_t removeSystem = 0;
    std::vector<KeywordId> addKeywords;
    std::vector<KeywordId> removeKeywords;

    auto operator<=>(const FlagDelta&) const = default;

    bool isEmpty() const {
        return addSystem == 0 && removeSystem == 0 && addKeywords.empty() && removeKeywords.empty();
    }
};

// Whose flags change, and what led to it.
struct Changing {
    const Origin& origin;
    AccountId account;
    MailboxId mailbox;
    event::FlagsReason reason = event::FlagsReason::STORE;
    Seq cause{};
};

void addFlagsChanged(
    Events& events, const Changing& changing, const FlagDelta& delta, const std::vector<Uid>& uids);

template <class Visit>
void forEachIn(
    const Deciding& deciding, MailboxId mailbox, const UidRanges& ranges, const Visit& visit) {
    for (const auto& [first, last] : normalized(ranges)) {
        deciding.views.messages().forEach(mailbox, first, last, [&](const MessageRow& message) {
            visit(message);
            return true;
        });
    }
}

}  // namespace daybook
