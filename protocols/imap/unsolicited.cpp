// What the client did not ask for: EXISTS, RECENT, EXPUNGE, FETCH, FLAGS (RFC 3501 §7). One road
// for all changes, the session's own among them: what happened after the MODSEQ that the client was
// last told. Flags that a response has told already are passed over.

#include <algorithm>

#include "protocols/imap/recent_claims.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

void Session::announce(Expunges expunges) {
    const Snapshot views = services_.views.snapshot();
    const std::optional<AccountRow> user = views.accounts().account(account());
    if (!user || user->deleted || user->state != event::AccountState::ACTIVE) {
        return bye("The account is disabled", event::CloseReason::QUIT);
    }
    if (!isSelected()) return;
    const auto row = views.mailboxes().mailbox(selected().owner, selected().id);
    if (!row) return bye("The mailbox was deleted", event::CloseReason::QUIT);
    if (row->highestModSeq != selected().toldModSeq) {
        std::vector<std::uint32_t> added;
        std::vector<std::uint32_t> changed;
        const std::uint32_t uidNext = selected().uidNext.number();
        const auto known = selected().gone.size();
        std::sort(selected().toldFlags.begin(), selected().toldFlags.end());
        views.messages().changedSince(
            selected().id, selected().toldModSeq, [&](const Change& change) {
            const std::uint32_t uid = change.uid.number();
            if (change.expunged) {
                if (selected().numbers.numberOf(uid)) selected().gone.push_back(uid);
            } else if (uid >= uidNext) {
                added.push_back(uid);
            } else if (!std::binary_search(
                           selected().toldFlags.begin(),
                           selected().toldFlags.end(),
                           std::pair(uid, change.modSeq.number()))) {
                changed.push_back(uid);
            }
        });
        if (selected().gone.size() != known) {
            std::sort(selected().gone.begin(), selected().gone.end());
        }
        selected().toldModSeq = row->highestModSeq;
        selected().toldFlags.clear();
        announceKeywords(views);
        announceFlags(views, changed);
        if (expunges == Expunges::Told) announceExpunges();
        takeNewMessages(views, std::move(added), row->uidNext);
        return;
    }
    if (expunges == Expunges::Told) announceExpunges();
}

void Session::announceFlags(const Snapshot& views, const std::vector<std::uint32_t>& uids) {
    for (const std::uint32_t uid : uids) {
        const std::optional<MessageRow> row = views.messages().message(selected().id, Uid(uid));
        if (row && selected().numbers.numberOf(uid)) appendFetchFlags(*row, true);
    }
}

// "* 3 FETCH (FLAGS (\Seen) UID 7 MODSEQ (12))"
void Session::appendFetchFlags(const MessageRow& row, bool withFlags) {
    const auto number = selected().numbers.numberOf(row.uid.number());
    if (!number) return;
    appendFetchHead(out_, *number, row.uid, dialect_);
    const std::size_t begin = out_.size();
    if (withFlags) {
        out_ += "FLAGS ";
        appendFlags(out_, row, keywordNames_, selected().isRecent(row.uid));
    }
    if (byUid_ || dialect_.condstore) {
        out_ += out_.size() > begin ? " UID " : "UID ";
        appendNumber(out_, row.uid.number());
    }
    if (dialect_.condstore) {
        out_ += " MODSEQ (";
        appendNumber(out_, row.modSeq.number());
        out_ += ')';
    }
    out_ += ")\r\n";
}

// The highest number first, so that the numbers below stay what they were.
void Session::announceExpunges() {
    std::vector<std::uint32_t>& gone = selected().gone;
    if (gone.empty()) return;
    for (auto uid = gone.rbegin(); uid != gone.rend(); ++uid) {
        const auto number = selected().numbers.numberOf(*uid);
        if (!number) continue;
        out_ += "* ";
        appendNumber(out_, *number);
        out_ += " EXPUNGE\r\n";
        if (selected().isRecent(Uid(*uid))) --selected().recentCount;
    }
    selected().numbers.remove(gone);
    gone.clear();
    gone.shrink_to_fit();
}

bool Session::takeNewMessages(const Snapshot& views, std::vector<std::uint32_t> uids, Uid uidNext) {
    if (uids.empty()) {
        selected().uidNext = std::max(selected().uidNext, uidNext);
        return false;
    }
    std::sort(uids.begin(), uids.end());
    for (const std::uint32_t uid : uids)
        selected().numbers.append(uid);
    claimRecent(views, uidNext);
    out_ += "* ";
    appendNumber(out_, selected().numbers.count());
    out_ += " EXISTS\r\n* ";
    appendNumber(out_, selected().recentCount);
    out_ += " RECENT\r\n";
    return true;
}

// \Recent for what nobody was told of before (RFC 3501 §2.3.2); EXAMINE looks without claiming.
void Session::claimRecent(const Snapshot& views, Uid uidNext) {
    SelectedMailbox& mailbox = selected();
    const Uid from = mailbox.readOnly ? claims_.unclaimed(views, mailbox.id)
                                      : claims_.claim(views, mailbox.id, uidNext);
    const std::uint32_t first = std::max(from, mailbox.uidNext).number();
    for (const Run& run : mailbox.numbers.runsOfUids({{first, UINT32_MAX}})) {
        mailbox.recent.emplace_back(run.first, run.last);
        mailbox.recentCount += run.count();
    }
    mailbox.uidNext = uidNext;
    if (mailbox.readOnly || from >= uidNext) return;
    services_.scribe.note(ClaimRecent{
        .origin = session_.origin(),
        .account = mailbox.owner,
        .mailbox = mailbox.id,
        .uidNext = uidNext,
    });
}

bool Session::refreshKeywords(const Snapshot& views) {
    const auto keywords = views.accounts().keywordsOf(selected().owner);
    std::vector<std::string> names(1);
    for (const auto& [id, name] : keywords) {
        if (id.number() >= names.size()) names.resize(std::size_t{id.number()} + 1);
        names[id.number()] = name;
    }
    if (names == keywordNames_) return false;
    keywordNames_ = std::move(names);
    return true;
}

// RFC 3501 §7.2.6: the flags that are defined, told anew when there are more.
void Session::announceKeywords(const Snapshot& views) {
    if (refreshKeywords(views)) appendFlagLists();
}

void Session::appendFlagLists() {
    std::string flags = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";
    for (const std::string& name : keywordNames_) {
        if (!name.empty()) flags += ' ' + name;
    }
    out_ += "* FLAGS (" + flags + ")\r\n* OK [PERMANENTFLAGS (";
    if (!selected().readOnly) out_ += flags + " \\*";
    out_ += selected().readOnly ? ")] Nothing can be changed\r\n" : ")] Kept\r\n";
}

}  // namespace daybook::imap
