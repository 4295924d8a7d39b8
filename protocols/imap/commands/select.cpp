#include <algorithm>

#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// The number of the first message without \Seen; zero: there is none.
std::uint32_t firstUnseen(const Snapshot& views, const SelectedMailbox& mailbox) {
    std::uint32_t number = 0;
    views.messages().forEach(mailbox.id, Uid(1), Uid(UINT32_MAX), [&](const MessageRow& row) {
        if ((row.systemFlags & kSeen) != 0) return true;
        number = mailbox.numbers.numberOf(row.uid.number()).value_or(0);
        return false;
    });
    return number;
}

void appendCode(std::string& out, std::string_view code, std::uint64_t value) {
    out += "* OK [";
    out += code;
    out += ' ';
    appendNumber(out, value);
    out += "] As you see\r\n";
}

}  // namespace

// SELECT. RFC 3501 §6.3.1. CONDSTORE: RFC 7162 §3.1.8.
Task<Reply> Session::select(Arguments& arguments) { return open(arguments, false); }

// EXAMINE. RFC 3501 §6.3.2.
Task<Reply> Session::examine(Arguments& arguments) { return open(arguments, true); }

Task<Reply> Session::open(Arguments& arguments, bool readOnly) {
    // select = "SELECT" SP mailbox [SP "(" select-param *(SP select-param) ")"]
    arguments.space();
    const std::string name = arguments.mailbox();
    std::vector<std::string> parameters;
    if (arguments.optionalSpace()) parameters = arguments.words();
    arguments.end();
    for (const std::string& parameter : parameters) {
        if (parameter != "CONDSTORE") throw Bad("Unknown parameter of SELECT");
        dialect_.condstore = true;
    }
    // Whatever becomes of it, the mailbox that was open is no longer (RFC 3501 §6.3.1).
    if (isSelected()) {
        leaveMailbox();
        out_ += "* OK [CLOSED] The mailbox before is closed\r\n";
    }
    const Snapshot views = services_.views.snapshot();
    const std::optional<MailboxTarget> target = findMailbox(views, account(), name);
    if (!target) co_return no(Refusal{.reason = RefusalReason::NoSuchMailbox, .detail = {}});
    const MailboxRow& row = target->row;

    selected_ = std::make_unique<SelectedMailbox>();
    SelectedMailbox& mailbox = selected();
    mailbox.owner = target->owner;
    mailbox.id = row.id;
    mailbox.uidValidity = row.uidValidity;
    mailbox.readOnly = readOnly;
    mailbox.toldModSeq = row.highestModSeq;
    mailbox.access = std::make_unique<AccessRecord>(
        services_.scribe, services_.clock, session_, event::Protocol::IMAP, mailbox.owner, row.id);
    mailboxWatch_ = services_.hub.watchMailbox(row.id, news_);
    views.messages().forEachUid(
        row.id, [&mailbox](Uid uid) { mailbox.numbers.append(uid.number()); });
    claimRecent(views, row.uidNext);

    refreshKeywords(views);
    appendFlagLists();
    out_ += "* " + std::to_string(mailbox.numbers.count()) + " EXISTS\r\n* " +
            std::to_string(mailbox.recentCount) + " RECENT\r\n";
    const std::uint32_t unseen = row.unseen > 0 ? firstUnseen(views, mailbox) : 0;
    if (unseen != 0) appendCode(out_, "UNSEEN", unseen);
    appendCode(out_, "UIDVALIDITY", row.uidValidity.number());
    appendCode(out_, "UIDNEXT", row.uidNext.number());
    appendCode(out_, "HIGHESTMODSEQ", std::max<std::uint64_t>(row.highestModSeq.number(), 1));
    co_return readOnly ? ok("READ-ONLY", "Open for reading") : ok("READ-WRITE", "Open");
}

}  // namespace daybook::imap
