#include <algorithm>

#include "protocols/imap/object_id.h"
#include "protocols/imap/recent_claims.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// RFC 9208 §4.1.4: what an EXPUNGE would free.
std::uint64_t deletedOctets(const Snapshot& views, const MailboxRow& row) {
    std::uint64_t octets = 0;
    if (row.deletedMessages == 0) return octets;
    views.messages().forEach(row.id, Uid(1), Uid(UINT32_MAX), [&](const MessageRow& message) {
        if ((message.systemFlags & kDeleted) != 0) octets += message.octets;
        return true;
    });
    return octets;
}

std::uint64_t recentMessages(const Snapshot& views, const MailboxRow& row, Uid first) {
    if (first.number() <= 1) return row.messages;
    std::uint64_t count = 0;
    if (first >= row.uidNext) return count;
    views.messages().forEach(row.id, first, Uid(UINT32_MAX), [&](const MessageRow&) {
        ++count;
        return true;
    });
    return count;
}

}  // namespace

// status-att = "MESSAGES" / "RECENT" / "UIDNEXT" / "UIDVALIDITY" / "UNSEEN" / "HIGHESTMODSEQ" /
//              "SIZE" / "DELETED" / "DELETED-STORAGE" / "MAILBOXID"
void Session::statusItem(
    const Snapshot& views, const MailboxRow& row, std::string_view item, std::string& out) {
    std::uint64_t value = 0;
    if (item == "MESSAGES")
        value = row.messages;
    else if (item == "UIDNEXT")
        value = row.uidNext.number();
    else if (item == "UIDVALIDITY")
        value = row.uidValidity.number();
    else if (item == "UNSEEN")
        value = row.unseen;
    else if (item == "HIGHESTMODSEQ")
        value = std::max<std::uint64_t>(row.highestModSeq.number(), 1);
    else if (item == "APPENDLIMIT")  // RFC 7889 §3: the same for all
        value = services_.config.messageOctetsMax;
    else if (item == "SIZE")
        value = row.octets;
    else if (item == "DELETED")
        value = row.deletedMessages;
    else if (item == "DELETED-STORAGE")
        value = deletedOctets(views, row);
    else if (item == "RECENT" && !dialect_.rev2)  // RFC 9051 §E.12
        value = recentMessages(views, row, claims_.unclaimed(views, row.id));
    else if (item != "MAILBOXID")
        throw Bad("Unknown item of STATUS");
    if (!out.empty()) out += ' ';
    out += item;
    out += ' ';
    if (item == "MAILBOXID") {
        out += '(' + objectIdText(ObjectKind::Mailbox, row.id.number()) + ')';
    } else {
        appendNumber(out, value);
    }
}

// "* STATUS INBOX (MESSAGES 3)"
void Session::appendStatus(
    const Snapshot& views,
    std::string_view name,
    const MailboxTarget& target,
    const std::vector<std::string>& items) {
    std::string values;
    for (const std::string& item : items)
        statusItem(views, target.row, item, values);
    out_ += "* STATUS ";
    appendMailbox(out_, name, dialect_);
    out_ += " (" + values + ")\r\n";
}

// STATUS. RFC 3501 §6.3.10. HIGHESTMODSEQ: RFC 7162 §3.1.7; SIZE: RFC 8438 §2; DELETED: RFC 9051
// §6.3.11; DELETED-STORAGE: RFC 9208 §4.1.4; MAILBOXID: RFC 8474 §4.3.
Task<Reply> Session::status(Arguments& arguments) {
    // status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"
    arguments.space();
    const std::string name = arguments.mailbox();
    arguments.space();
    const std::vector<std::string> items = arguments.words();
    arguments.end();
    if (std::find(items.begin(), items.end(), "HIGHESTMODSEQ") != items.end()) enableCondstore();
    const Snapshot views = services_.views.snapshot();
    const Outcome<MailboxTarget> target = targetFor(views, account(), name, kMayRead);
    if (!target) co_return no(target.error());
    appendStatus(views, name, *target, items);
    co_return ok("That is how it is");
}

}  // namespace daybook::imap
