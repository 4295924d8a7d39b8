#include "protocols/imap/annotations.h"

#include <algorithm>

#include "journal/base/ascii.h"
#include "journal/base/limits.h"
#include "protocols/imap/errors.h"
#include "protocols/imap/mailbox_listing.h"
#include "protocols/imap/response.h"

namespace daybook::imap {

// entry-name: no "*", "%", control or non-ASCII characters, no "//", no "/" at the end.
std::string checkedAnnotationName(std::string_view name) {
    const std::string lower = lowered(name);
    const bool hasScope = lower.starts_with("/private/") || lower.starts_with("/shared/");
    const bool isPlain = std::ranges::all_of(
        lower, [](char c) { return c > ' ' && c < '\x7f' && c != '*' && c != '%'; });
    const bool hasLevels = !lower.ends_with('/') && lower.find("//") == std::string::npos;
    if (!hasScope || !isPlain || !hasLevels) throw Bad("That is not the name of an entry");
    if (lower.size() > limits::kAnnotationNameOctetsMax) throw Bad("The entry's name is too long");
    return lower;
}

bool seesAnnotations(std::uint16_t rights) {
    constexpr std::uint16_t kSeesContent =
        kMayRead | kMaySetSeen | kMayWriteFlags | kMayInsert | kMayPost;
    return (rights & kMayLookup) != 0 && (rights & kSeesContent) != 0;
}

std::map<std::string, std::string> annotationsFor(
    const Snapshot& views, AccountId user, const std::optional<MailboxTarget>& target) {
    std::map<std::string, std::string> found;
    const auto add = [&](AccountId account, MailboxId mailbox) {
        for (MetadataRow& row : views.metadata().entriesOf(account, mailbox)) {
            const bool isMine = !row.user || row.user == user;
            if (isMine && !row.name.empty()) found.emplace(row.name, std::move(row.value));
        }
    };
    if (!target) {
        add(AccountId(), MailboxId());
        add(user, MailboxId());
        return found;
    }
    add(target->owner, target->row.id);
    const std::string uses =
        target->owner == user ? specialUseAttributes(target->row.specialUses) : std::string();
    if (!uses.empty()) found.emplace(kSpecialUseEntry, uses);
    return found;
}

void appendAnnotations(
    std::string& out,
    std::string_view mailbox,
    const std::vector<Annotation>& annotations,
    const Dialect& dialect) {
    if (annotations.empty()) return;
    out += "* METADATA ";
    appendMailbox(out, mailbox, dialect);
    out += " (";
    for (const Annotation& annotation : annotations) {
        if (!out.ends_with('(')) out += ' ';
        appendAstring(out, annotation.name);
        out += ' ';
        if (annotation.value) {
            appendString(out, *annotation.value);
        } else {
            out += "NIL";
        }
    }
    out += ")\r\n";
}

}  // namespace daybook::imap
