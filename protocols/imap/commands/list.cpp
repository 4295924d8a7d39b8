#include <map>
#include <set>

#include "engine/scribe/mailbox_name.h"
#include "protocols/imap/annotations.h"
#include "protocols/imap/list_request.h"
#include "protocols/imap/mailbox_listing.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// A name of the tree that the user sees.
struct ListEntry {
    const MailboxTarget* target = nullptr;  // none: there is no such mailbox
    bool subscribed = false;
    bool hasChildren = false;
    bool childSubscribed = false;  // a name below, which is not told itself
    bool childHasUse = false;
};

using ListEntries = std::map<std::string, ListEntry, std::less<>>;

// Calls `visit(level)` for each level above the name, the nearest first, while it returns true.
template <class Visit>
void forParents(std::string_view name, const Visit& visit) {
    for (std::size_t at = name.rfind(kHierarchyDelimiter); at != std::string_view::npos && at > 0;
         at = name.rfind(kHierarchyDelimiter, at - 1)) {
        if (!visit(name.substr(0, at))) return;
    }
}

bool hasUse(const ListEntry& entry, AccountId user) {
    return entry.target != nullptr && entry.target->owner == user &&
           !specialUseAttributes(entry.target->row.specialUses).empty();
}

bool satisfies(const ListRequest& request, const ListEntry& entry, AccountId user) {
    return (!request.subscribed || entry.subscribed) &&
           (!request.specialUse || hasUse(entry, user));
}

// Everything that there is, is subscribed, or stands above one of these.
ListEntries entriesOf(
    const std::vector<MailboxTarget>& visible, const std::vector<SubscriptionRow>& subscriptions) {
    ListEntries entries;
    for (const MailboxTarget& target : visible)
        entries[target.row.name].target = &target;
    // A name that is only subscribed makes no parents (RFC 5258 §3.4 speaks of mailboxes).
    std::set<std::string, std::less<>> parents;
    for (const MailboxTarget& target : visible) {
        forParents(
            target.row.name, [&](std::string_view level) { return parents.emplace(level).second; });
    }
    for (const std::string& parent : parents)
        entries[parent].hasChildren = true;
    for (const SubscriptionRow& row : subscriptions)
        entries[row.name].subscribed = true;
    return entries;
}

// RFC 5258 §3.5: told of the levels above what is selected and does not match itself.
void markParents(const ListRequest& request, AccountId user, ListEntries& entries) {
    if (!request.recursive) return;
    std::vector<std::string> found;
    for (const auto& [name, entry] : entries) {
        if (satisfies(request, entry, user) && !request.matches(name)) found.push_back(name);
    }
    for (const std::string& name : found) {
        forParents(name, [&](std::string_view level) {
            ListEntry& parent = entries[std::string(level)];
            parent.childSubscribed = parent.childSubscribed || request.subscribed;
            parent.childHasUse = parent.childHasUse || request.specialUse;
            return true;
        });
    }
}

std::string attributesOf(
    const ListRequest& request, const ListEntry& entry, AccountId user, bool isModern) {
    std::string text;
    const auto add = [&text](std::string_view attribute) {
        if (!text.empty()) text += ' ';
        text += attribute;
    };
    // RFC 5258 §3: \NonExistent says \Noselect as well; who speaks the old LIST knows this alone.
    if (entry.target == nullptr) add(isModern ? "\\NonExistent" : "\\Noselect");
    const bool tellsSubscribed = request.subscribed || request.returnsSubscribed;
    if (tellsSubscribed && entry.subscribed) add("\\Subscribed");
    if (!request.extended || request.returnsChildren) {
        const bool isEmpty = !entry.hasChildren;
        if (entry.target != nullptr || !isEmpty) {
            add(isEmpty ? "\\HasNoChildren" : "\\HasChildren");
        }
    }
    if (hasUse(entry, user)) add(specialUseAttributes(entry.target->row.specialUses));
    return text;
}

// ("CHILDINFO" ("SUBSCRIBED"))
std::string childInfo(const ListEntry& entry) {
    if (!entry.childSubscribed && !entry.childHasUse) return {};
    std::string text = " (\"CHILDINFO\" (";
    if (entry.childSubscribed) text += "\"SUBSCRIBED\"";
    if (entry.childSubscribed && entry.childHasUse) text += ' ';
    if (entry.childHasUse) text += "\"SPECIAL-USE\"";
    return text + "))";
}

}  // namespace

// LIST. RFC 3501 §6.3.8, RFC 9051 §6.3.9. LIST-EXTENDED: RFC 5258 §3; \HasChildren: RFC 3348 §3;
// SPECIAL-USE: RFC 6154 §2; STATUS: RFC 5819 §2; MYRIGHTS: RFC 8440 §3; METADATA: RFC 9590 §3.
Task<Reply> Session::list(Arguments& arguments) {
    const ListRequest request = parseList(arguments);
    if (request.asksDelimiter) {
        out_ += "* LIST (\\Noselect) \"/\" \"\"\r\n";
        co_return ok("Listed");
    }
    for (const std::string& item : request.statusItems) {
        if (item == "HIGHESTMODSEQ") enableCondstore();
    }
    const Snapshot views = services_.views.snapshot();
    const std::vector<MailboxTarget> visible = visibleMailboxes(views, account());
    const bool needsSubscriptions = request.subscribed || request.returnsSubscribed;
    ListEntries entries = entriesOf(
        visible,
        needsSubscriptions ? views.mailboxes().subscriptionsOf(account())
                           : std::vector<SubscriptionRow>());
    markParents(request, account(), entries);
    const bool isModern = request.extended || dialect_.rev2;
    for (const auto& [name, entry] : entries) {
        if (!request.matches(name)) continue;
        const bool chosen = satisfies(request, entry, account());
        // What is only subscribed is told to who asks for subscriptions.
        const bool exists = entry.target != nullptr || entry.hasChildren;
        const std::string below = childInfo(entry);
        const bool told = request.selects() ? chosen || !below.empty() : exists;
        if (!told) continue;
        out_ += "* LIST (" + attributesOf(request, entry, account(), isModern) + ") \"/\" ";
        appendMailbox(out_, name, dialect_);
        out_ += below + "\r\n";
        if (chosen && entry.target != nullptr) tellListed(views, request, *entry.target);
    }
    co_return ok("Listed");
}

// What LIST returns besides: only of mailboxes that are selected themselves.
void Session::tellListed(
    const Snapshot& views, const ListRequest& request, const MailboxTarget& target) {
    const std::string& name = target.row.name;
    if (request.returnsRights) appendMyRights(name, target.rights);
    if (!request.statusItems.empty() && (target.rights & kMayRead) != 0) {
        appendStatus(views, name, target, request.statusItems);
    }
    if (request.annotations.empty() || !seesAnnotations(target.rights)) return;
    const auto known = annotationsFor(views, account(), target);
    std::vector<Annotation> annotations;
    for (const std::string& each : request.annotations) {
        const auto found = known.find(each);
        Annotation annotation{.name = each};
        if (found != known.end()) annotation.value = found->second;
        annotations.push_back(std::move(annotation));
    }
    appendAnnotations(out_, name, annotations, dialect_);
}

// LSUB. RFC 3501 §6.3.9: with "%" a level above a subscribed name is shown as \Noselect.
Task<Reply> Session::lsub(Arguments& arguments) {
    // lsub = "LSUB" SP mailbox SP list-mailbox
    arguments.space();
    const std::string reference = arguments.listPattern();
    arguments.space();
    const std::string name = arguments.listPattern();
    arguments.end();
    if (name.empty()) {
        out_ += "* LSUB (\\Noselect) \"/\" \"\"\r\n";
        co_return ok("Listed");
    }
    const ListPattern pattern(reference + name);
    const Snapshot views = services_.views.snapshot();
    const std::vector<SubscriptionRow> rows = views.mailboxes().subscriptionsOf(account());
    std::map<std::string, std::string_view, std::less<>> lines;
    if (name.find('%') != std::string::npos) {
        for (const SubscriptionRow& row : rows) {
            forParents(row.name, [&](std::string_view level) {
                return lines.emplace(level, "\\Noselect").second;
            });
        }
    }
    for (const SubscriptionRow& row : rows)
        lines[row.name] = "";
    for (const auto& [each, attributes] : lines) {
        if (!pattern.matches(each)) continue;
        out_ += "* LSUB (";
        out_ += attributes;
        out_ += ") \"/\" ";
        appendMailbox(out_, each, dialect_);
        out_ += "\r\n";
    }
    co_return ok("Listed");
}

// NAMESPACE. RFC 2342 §5: one's own mailboxes, and what others share.
Task<Reply> Session::nameSpace(Arguments& arguments) {
    arguments.end();
    out_ += "* NAMESPACE ((\"\" \"/\")) ((\"";
    out_ += kOthersLevel;
    out_ += "/\" \"/\")) NIL\r\n";
    co_return ok("That is all");
}

}  // namespace daybook::imap
