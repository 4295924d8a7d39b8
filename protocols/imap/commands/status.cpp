#include <algorithm>

#include "protocols/imap/recent_claims.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

// status-att = "MESSAGES" / "RECENT" / "UIDNEXT" / "UIDVALIDITY" / "UNSEEN" / "HIGHESTMODSEQ"
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
    else if (item == "RECENT" && !dialect_.rev2) {  // RFC 9051 §E.12
        const Uid first = claims_.unclaimed(views, row.id);
        if (first.number() <= 1) {
            value = row.messages;
        } else if (first < row.uidNext) {
            views.messages().forEach(row.id, first, Uid(UINT32_MAX), [&](const MessageRow&) {
                ++value;
                return true;
            });
        }
    } else {
        throw Bad("Unknown item of STATUS");
    }
    if (!out.empty()) out += ' ';
    out += item;
    out += ' ';
    appendNumber(out, value);
}

// STATUS. RFC 3501 §6.3.10. HIGHESTMODSEQ: RFC 7162 §3.1.7.
Task<Reply> Session::status(Arguments& arguments) {
    // status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"
    arguments.space();
    const std::string name = arguments.mailbox();
    arguments.space();
    const std::vector<std::string> items = arguments.words();
    arguments.end();
    if (std::find(items.begin(), items.end(), "HIGHESTMODSEQ") != items.end()) enableCondstore();
    const Snapshot views = services_.views.snapshot();
    const std::optional<MailboxTarget> target = findMailbox(views, account(), name);
    if (!target) co_return no(Refusal{.reason = RefusalReason::NoSuchMailbox, .detail = {}});
    std::string values;
    for (const std::string& item : items)
        statusItem(views, target->row, item, values);
    out_ += "* STATUS ";
    appendMailbox(out_, name, dialect_);
    out_ += " (" + values + ")\r\n";
    co_return ok("That is how it is");
}

}  // namespace daybook::imap
