#include <map>
#include <set>

#include "journal/base/limits.h"
#include "protocols/imap/list_pattern.h"
#include "protocols/imap/mailbox_listing.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// Every level above each name.
template <class Names>
std::set<std::string, std::less<>> parentsOf(const Names& names) {
    std::set<std::string, std::less<>> parents;
    for (const auto& each : names) {
        const std::string& name = each.name;
        for (std::size_t at = name.rfind(kHierarchyDelimiter); at != std::string::npos && at > 0;
             at = name.rfind(kHierarchyDelimiter, at - 1)) {
            if (!parents.insert(name.substr(0, at)).second) break;
        }
    }
    return parents;
}

void appendLine(
    std::string& out,
    std::string_view response,
    std::string_view attributes,
    std::string_view name,
    const Dialect& dialect) {
    out += "* ";
    out += response;
    out += " (";
    out += attributes;
    out += ") \"/\" ";
    appendMailbox(out, name, dialect);
    out += "\r\n";
}

}  // namespace

// LIST. RFC 3501 §6.3.8. SPECIAL-USE: RFC 6154 §2; \HasChildren: RFC 3348 §3.
Task<Reply> Session::list(Arguments& arguments) {
    // list = "LIST" SP mailbox SP list-mailbox
    arguments.space();
    const std::string reference = arguments.listPattern();
    arguments.space();
    const std::string name = arguments.listPattern();
    arguments.end();
    if (name.empty()) {  // asks for the delimiter
        out_ += "* LIST (\\Noselect) \"/\" \"\"\r\n";
        co_return ok("Listed");
    }
    const ListPattern pattern(reference + name);
    const Snapshot views = services_.views.snapshot();
    const std::vector<MailboxRow> rows = views.mailboxes().mailboxesOf(account());
    const auto parents = parentsOf(rows);
    std::map<std::string_view, std::string> lines;
    for (const std::string& parent : parents)
        lines[parent] = "\\Noselect \\HasChildren";
    for (const MailboxRow& row : rows) {
        std::string attributes = parents.contains(row.name) ? "\\HasChildren" : "\\HasNoChildren";
        const std::string_view use = specialUseAttribute(row.specialUse);
        if (!use.empty()) attributes += ' ' + std::string(use);
        lines[row.name] = std::move(attributes);
    }
    for (const auto& [each, attributes] : lines) {
        if (pattern.matches(each)) appendLine(out_, "LIST", attributes, each, dialect_);
    }
    co_return ok("Listed");
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
    std::map<std::string_view, std::string_view> lines;
    const auto parents = parentsOf(rows);
    if (name.find('%') != std::string::npos) {
        for (const std::string& parent : parents)
            lines[parent] = "\\Noselect";
    }
    for (const SubscriptionRow& row : rows)
        lines[row.name] = "";
    for (const auto& [each, attributes] : lines) {
        if (pattern.matches(each)) appendLine(out_, "LSUB", attributes, each, dialect_);
    }
    co_return ok("Listed");
}

// NAMESPACE. RFC 2342 §5: one personal name space, nobody else's, none shared.
Task<Reply> Session::nameSpace(Arguments& arguments) {
    arguments.end();
    out_ += "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n";
    co_return ok("That is all");
}

}  // namespace daybook::imap
