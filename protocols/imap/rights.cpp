#include "protocols/imap/rights.h"

#include <array>
#include <utility>

#include "projections/messages.h"
#include "protocols/imap/errors.h"

namespace daybook::imap {

namespace {

constexpr std::uint16_t kVirtualCreate = kMayCreate | kMayDeleteMailbox;
constexpr std::uint16_t kVirtualDelete = kMaySetDeleted | kMayExpunge;

// In the order in which they are written.
constexpr std::array kLetters{
    std::pair{'l', kMayLookup},
    std::pair{'r', kMayRead},
    std::pair{'s', kMaySetSeen},
    std::pair{'w', kMayWriteFlags},
    std::pair{'i', kMayInsert},
    std::pair{'p', kMayPost},
    std::pair{'k', kMayCreate},
    std::pair{'x', kMayDeleteMailbox},
    std::pair{'t', kMaySetDeleted},
    std::pair{'e', kMayExpunge},
    std::pair{'c', kVirtualCreate},
    std::pair{'d', kVirtualDelete},
    std::pair{'a', kMayAdminister},
};

}  // namespace

std::string rightsText(std::uint16_t rights) {
    std::string text;
    for (const auto& [letter, bits] : kLetters) {
        if ((rights & bits) != 0) text += letter;
    }
    return text;
}

RightsChange parseRightsChange(std::string_view text) {
    RightsChange change;
    if (text.starts_with('+')) change.edit = FlagEdit::Add;
    if (text.starts_with('-')) change.edit = FlagEdit::Remove;
    if (change.edit != FlagEdit::Replace) text.remove_prefix(1);
    unsigned rights = 0;
    for (const char c : text) {
        if (c >= 'A' && c <= 'Z') throw Bad("Uppercase rights are not allowed");
        unsigned bits = 0;
        for (const auto& [letter, meant] : kLetters) {
            if (letter == c) bits = meant;
        }
        if (bits == 0) throw Bad("There is no such right");
        rights |= bits;
    }
    change.rights = static_cast<std::uint16_t>(rights);
    return change;
}

std::uint16_t systemFlagsUnder(std::uint16_t rights) {
    unsigned flags = 0;
    if ((rights & kMaySetSeen) != 0) flags |= kSeen;
    if ((rights & kMaySetDeleted) != 0) flags |= kDeleted;
    if ((rights & kMayWriteFlags) != 0) flags |= kAnswered | kFlagged | kDraft;
    return static_cast<std::uint16_t>(flags);
}

bool mayChange(std::uint16_t rights) {
    constexpr std::uint16_t kChanging =
        kMayInsert | kMayExpunge | kMaySetSeen | kMayWriteFlags | kMaySetDeleted;
    return (rights & kChanging) != 0;
}

}  // namespace daybook::imap
