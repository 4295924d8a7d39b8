#include "protocols/imap/list_pattern.h"

#include <vector>

#include "journal/base/ascii.h"
#include "journal/base/limits.h"
#include "projections/mailboxes.h"
#include "protocols/imap/errors.h"

namespace daybook::imap {

namespace {

bool isWildcard(char c) { return c == '*' || c == '%'; }

// Every position of the pattern that can be reached after each octet of the name.
bool matchesFrom(std::string_view pattern, std::string_view name) {
    const std::size_t size = pattern.size();
    std::vector<bool> reached(size + 1);
    const auto passWildcards = [&](std::vector<bool>& positions) {
        for (std::size_t i = 0; i < size; ++i) {
            if (positions[i] && isWildcard(pattern[i])) positions[i + 1] = true;
        }
    };
    reached[0] = true;
    passWildcards(reached);
    for (const char c : name) {
        std::vector<bool> next(size + 1);
        for (std::size_t i = 0; i < size; ++i) {
            if (!reached[i]) continue;
            if (pattern[i] == '*' || (pattern[i] == '%' && c != kHierarchyDelimiter)) {
                next[i] = true;
            } else if (pattern[i] == c && !isWildcard(pattern[i])) {
                next[i + 1] = true;
            }
        }
        passWildcards(next);
        reached.swap(next);
    }
    return reached[size];
}

}  // namespace

ListPattern::ListPattern(std::string_view pattern) {
    for (const char c : canonicalMailboxName(pattern)) {
        // "**" says no more than "*", "*%" neither.
        if (isWildcard(c) && pattern_.ends_with('*')) continue;
        if (c == '%' && pattern_.ends_with('%')) continue;
        pattern_ += c;
    }
    if (pattern_.size() > 2 * limits::kMailboxNameOctetsMax) throw Bad("The pattern is too long");
    inboxPattern_ = uppered(pattern_);
}

bool ListPattern::matches(std::string_view name) const {
    return matchesFrom(pattern_, name) || (name == "INBOX" && matchesFrom(inboxPattern_, name));
}

}  // namespace daybook::imap
