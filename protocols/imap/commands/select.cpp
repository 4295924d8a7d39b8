#include <algorithm>

#include "protocols/imap/object_id.h"
#include "protocols/imap/opened_mailboxes.h"
#include "protocols/imap/resync.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// Changed messages that one snapshot tells.
constexpr std::size_t kSliceMessages = 2'048;

// select-param = "CONDSTORE" / "QRESYNC" SP "(" ... ")"
struct SelectParameters {
    bool condstore = false;
    std::optional<QuickResync> resync;
};

// [SP "(" select-param *(SP select-param) ")"], RFC 4466 §2.1.
SelectParameters selectParameters(Arguments& arguments) {
    SelectParameters parameters;
    if (!arguments.optionalSpace()) return parameters;
    arguments.lexer().expect('(');
    do {
        const std::string name = arguments.word();
        if (name == "CONDSTORE") {
            parameters.condstore = true;
        } else if (name == "QRESYNC") {
            // RFC 7162 §3.2.3: not without ENABLE.
            if (!arguments.dialect().qresync) throw Bad("QRESYNC must be enabled first");
            if (parameters.resync) throw Bad("QRESYNC is there twice");
            parameters.resync = parseQuickResync(arguments);
        } else {
            throw Bad("Unknown parameter of SELECT");
        }
    } while (arguments.optionalSpace());
    arguments.lexer().expect(')');
    return parameters;
}

// UIDs of what changed after `since`, among `known` (none: all); ascending.
std::vector<std::uint32_t> changedUids(
    const Snapshot& views, const SelectedMailbox& mailbox, const QuickResync& resync) {
    std::vector<std::uint32_t> uids;
    views.messages().changedSince(mailbox.id, resync.since, [&](const Change& change) {
        const std::uint32_t uid = change.uid.number();
        if (change.expunged || change.modSeq > mailbox.toldModSeq) return;
        if (!resync.knownUids || contains(*resync.knownUids, uid)) uids.push_back(uid);
    });
    std::sort(uids.begin(), uids.end());
    return uids;
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
    const SelectParameters parameters = selectParameters(arguments);
    arguments.end();
    if (parameters.condstore) dialect_.condstore = true;
    // Whatever becomes of it, the mailbox that was open is no longer (RFC 3501 §6.3.1).
    if (isSelected()) {
        leaveMailbox();
        out_ += "* OK [CLOSED] The mailbox before is closed\r\n";
    }
    const Outcome<Done> opened = openMailbox(name, readOnly);
    if (!opened) co_return no(opened.error());
    // RFC 7162 §3.2.5: with another UIDVALIDITY the client knows nothing of this mailbox.
    if (parameters.resync && parameters.resync->uidValidity == selected().uidValidity) {
        co_await tellMissed(*parameters.resync);
    }
    co_return selected().readOnly ? ok("READ-ONLY", "Open for reading") : ok("READ-WRITE", "Open");
}

Outcome<Done> Session::openMailbox(const std::string& name, bool readOnly) {
    const Snapshot views = services_.views.snapshot();
    const Outcome<MailboxTarget> target = targetFor(views, account(), name, kMayRead);
    if (!target) return std::unexpected(target.error());
    const MailboxRow& row = target->row;

    selected_ = std::make_unique<SelectedMailbox>();
    SelectedMailbox& mailbox = selected();
    mailbox.owner = target->owner;
    mailbox.id = row.id;
    mailbox.uidValidity = row.uidValidity;
    mailbox.rights = target->rights;
    mailbox.readOnly = readOnly || !mayChange(target->rights);
    mailbox.toldModSeq = row.highestModSeq;
    mailbox.access = std::make_unique<AccessRecord>(
        services_.scribe, services_.clock, session_, event::Protocol::IMAP, mailbox.owner, row.id);
    mailboxWatch_ = services_.hub.watchMailbox(row.id, news_);
    const std::shared_ptr<const OpenedMailbox> opened = opened_.open(views, row);
    mailbox.numbers = opened->numbers;
    claimRecent(views, row.uidNext);

    refreshKeywords(views);
    appendFlagLists();
    out_ += "* " + std::to_string(mailbox.numbers.count()) + " EXISTS\r\n";
    appendRecentCount();
    // RFC 9051 §E.11: IMAP4rev2 asks for no UNSEEN; §E.10: it asks for the name.
    const bool asksUnseen = !dialect_.rev2 && !dialect_.uidOnly && opened->firstUnseen != 0;
    if (asksUnseen) {
        appendCode(out_, "UNSEEN", mailbox.numbers.numberOf(opened->firstUnseen).value_or(1));
    }
    appendCode(out_, "UIDVALIDITY", row.uidValidity.number());
    appendCode(out_, "UIDNEXT", row.uidNext.number());
    appendCode(out_, "HIGHESTMODSEQ", std::max<std::uint64_t>(row.highestModSeq.number(), 1));
    // RFC 8474 §4.2
    out_ +=
        "* OK [MAILBOXID (" + objectIdText(ObjectKind::Mailbox, row.id.number()) + ")] Its id\r\n";
    if (dialect_.rev2) {
        out_ += "* LIST () \"/\" ";
        appendMailbox(out_, name, dialect_);
        out_ += "\r\n";
    }
    return Done{};
}

// RFC 7162 §3.2.5.1: what vanished, then what changed, up to the HIGHESTMODSEQ that was told.
Task<void> Session::tellMissed(QuickResync resync) {
    std::vector<std::uint32_t> uids;
    const auto begin = [&] {
        const Snapshot views = services_.views.snapshot();
        const std::uint32_t known = greatestMatch(selected().numbers, resync);
        appendVanishedEarlier(
            out_, vanishedSince(views, selected(), resync.since, resync.knownUids, known));
        uids = changedUids(views, selected(), resync);
    };
    begin();
    std::size_t told = 0;
    byUid_ = true;  // RFC 7162 §3.2.5.1: the responses name their UIDs
    const auto slice = [&] {
        const Snapshot views = services_.views.snapshot();
        const std::size_t end = std::min(uids.size(), told + kSliceMessages);
        for (; told < end; ++told) {
            const std::optional<MessageRow> row =
                views.messages().message(selected().id, Uid(uids[told]));
            // What changed again since then is told after the next command.
            if (row && row->modSeq <= selected().toldModSeq) appendFetchFlags(*row, true);
        }
    };
    while (told < uids.size()) {
        slice();
        if (told == uids.size()) break;
        co_await flushIfLarge();
        co_await connection_.reactor().yield();
    }
}

}  // namespace daybook::imap
