#include "tools/daybook/rights_text.h"

#include <array>
#include <utility>

#include "journal/base/ascii.h"
#include "projections/mailboxes.h"

namespace daybook {

namespace {

constexpr std::string_view kLetters = "lrswipkxtea";

using enum event::SpecialUse;

constexpr std::array kUses{
    std::pair{ARCHIVE, std::string_view("\\Archive")},
    std::pair{DRAFTS, std::string_view("\\Drafts")},
    std::pair{JUNK, std::string_view("\\Junk")},
    std::pair{SENT, std::string_view("\\Sent")},
    std::pair{TRASH, std::string_view("\\Trash")},
};

}  // namespace

std::string rightsText(std::uint16_t rights) {
    std::string text;
    for (std::size_t bit = 0; bit < kLetters.size(); ++bit) {
        if ((rights >> bit & 1U) != 0) text += kLetters[bit];
    }
    return text;
}

std::optional<std::uint16_t> parseRights(std::string_view text) {
    unsigned rights = 0;
    for (const char letter : text) {
        const std::size_t bit = kLetters.find(letter);
        if (bit == std::string_view::npos) return std::nullopt;
        rights |= 1U << bit;
    }
    return static_cast<std::uint16_t>(rights);
}

std::string specialUsesText(std::uint16_t uses) {
    std::string text;
    for (const auto& [use, name] : kUses) {
        if ((uses & specialUseBit(use)) == 0) continue;
        if (!text.empty()) text += ' ';
        text += name;
    }
    return text;
}

std::optional<std::uint16_t> parseSpecialUse(std::string_view text) {
    for (const auto& [use, name] : kUses) {
        const bool same = equalsIgnoreCase(text, name) || equalsIgnoreCase(text, name.substr(1));
        if (same) return specialUseBit(use);
    }
    return std::nullopt;
}

}  // namespace daybook
