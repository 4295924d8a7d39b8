#include "engine/scribe/mailbox_name.h"

#include <algorithm>

#include "journal/base/ascii.h"
#include "journal/base/limits.h"
#include "projections/mailboxes.h"

namespace daybook {

namespace {

constexpr std::string_view kReserved = "Past";

bool isForbidden(char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet < 0x20 || octet == 0x7F || c == '%' || c == '*';
}

}  // namespace

Outcome<std::string> checkedMailboxName(std::string_view name) {
    if (name.ends_with(kHierarchyDelimiter)) name.remove_suffix(1);
    const auto invalid = [](const char* why) {
        return refuse(RefusalReason::MailboxNameInvalid, why);
    };
    if (name.empty()) return invalid("empty");
    if (name.size() > limits::kMailboxNameOctetsMax) return invalid("too long");
    if (!isUtf8(name)) return invalid("not UTF-8");
    if (std::any_of(name.begin(), name.end(), isForbidden)) return invalid("forbidden characters");
    const bool emptyLevel = name.starts_with(kHierarchyDelimiter) ||
                            name.ends_with(kHierarchyDelimiter) ||
                            name.find("//") != std::string_view::npos;
    if (emptyLevel) return invalid("an empty level");
    const auto depth = std::count(name.begin(), name.end(), kHierarchyDelimiter) + 1;
    if (static_cast<std::size_t>(depth) > limits::kMailboxDepthMax) return invalid("too deep");
    if (equalsIgnoreCase(name.substr(0, name.find(kHierarchyDelimiter)), kReserved)) {
        return invalid("Past is reserved");
    }
    return canonicalMailboxName(name);
}

std::vector<std::string> levelsOf(std::string_view name) {
    std::vector<std::string> levels;
    for (std::size_t end = name.find(kHierarchyDelimiter); end != std::string_view::npos;
         end = name.find(kHierarchyDelimiter, end + 1)) {
        levels.emplace_back(name.substr(0, end));
    }
    levels.emplace_back(name);
    return levels;
}

bool isOthersName(std::string_view name) {
    return equalsIgnoreCase(name.substr(0, name.find(kHierarchyDelimiter)), kOthersLevel);
}

bool isBelow(std::string_view name, std::string_view parent) {
    return name.size() > parent.size() && name.starts_with(parent) &&
           name[parent.size()] == kHierarchyDelimiter;
}

}  // namespace daybook
