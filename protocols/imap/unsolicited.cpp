// What the client did not ask for: EXISTS, RECENT, EXPUNGE or VANISHED, FETCH or UIDFETCH, FLAGS
// (RFC 3501 §7, RFC 9051 §7, RFC 7162 §3.2.10, RFC 9586 §3). One road for all changes, the
// session's own among them: what happened after the MODSEQ that the client was last told. Flags
// that a response has told already are passed over.

#include <algorithm>
#include <array>
#include <utility>

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
    if (!followRights(views)) {
        return bye("The mailbox may not be read any more", event::CloseReason::QUIT);
    }
    const std::uint16_t wanted = wantedOfSelected();
    if (wanted == 0) return;
    if (row->highestModSeq != selected().toldModSeq) {
        std::vector<std::uint32_t> added;
        std::vector<std::uint32_t> changed;
        const std::uint32_t uidNext = selected().uidNext.number();
        const auto known = selected().gone.size();
        selected().sortTold();
        views.messages().changedSince(
            selected().id, selected().toldModSeq, [&](const Change& change) {
            const std::uint32_t uid = change.uid.number();
            if (change.expunged) {
                if (selected().numbers.numberOf(uid)) selected().addGone(uid, change.modSeq);
            } else if (uid >= uidNext) {
                added.push_back(uid);
            } else if (!selected().wasTold(uid, change.modSeq)) {
                changed.push_back(uid);
            }
        });
        if (selected().gone.size() != known) {
            std::sort(selected().gone.begin(), selected().gone.end());
        }
        if ((wanted & kFlagChange) == 0 && !selected().flagsToldModSeq) {
            selected().flagsToldModSeq = selected().toldModSeq;
        }
        selected().toldModSeq = row->highestModSeq;
        selected().toldFlags = {};
        announceKeywords(views);
        if ((wanted & kFlagChange) != 0) announceFlags(views, changed);
        if (expunges == Expunges::Told) announceExpunges();
        takeNewMessages(views, std::move(added), row->uidNext);
    } else if (expunges == Expunges::Told) {
        announceExpunges();
    }
    if (expunges == Expunges::Held) announceHeld();
}

// RFC 5465 §3.1: until NOTIFY is used for the first time, all; then what it says.
std::uint16_t Session::wantedOfSelected() const {
    return watched_ ? watched_->request().selected : kMessageEvents;
}

// RFC 7162 §6: the client counts on everything up to the greatest MODSEQ that it hears, so it is
// told where the expunges begin that it does not hear of yet.
void Session::announceHeld() {
    if (selected().gone.empty() || !dialect_.qresync) return;
    out_ += "* OK [HIGHESTMODSEQ ";
    appendNumber(out_, selected().goneModSeq.number() - 1);
    out_ += "] Expunges are told later\r\n";
}

// What changed while the client did not want to hear of flags.
void Session::announceOldFlags() {
    const Snapshot views = services_.views.snapshot();
    std::vector<std::uint32_t> uids;
    views.messages().changedSince(
        selected().id, *selected().flagsToldModSeq, [&](const Change& change) {
        const bool isKnown = !change.expunged && change.uid < selected().uidNext;
        if (isKnown && change.modSeq <= selected().toldModSeq) uids.push_back(change.uid.number());
    });
    selected().flagsToldModSeq.reset();
    announceFlags(views, uids);
}

void Session::announceFlags(const Snapshot& views, const std::vector<std::uint32_t>& uids) {
    for (const std::uint32_t uid : uids) {
        const std::optional<MessageRow> row = views.messages().message(selected().id, Uid(uid));
        if (row && selected().numbers.numberOf(uid)) appendFetchFlags(*row, true);
    }
}

// "* 3 FETCH (FLAGS (\Seen) UID 7 MODSEQ (12))", "* 7 UIDFETCH (FLAGS (\Seen) MODSEQ (12))"
void Session::appendFetchFlags(const MessageRow& row, bool withFlags) {
    const auto number = selected().numbers.numberOf(row.uid.number());
    if (!number) return;
    appendFetchHead(out_, *number, row.uid, dialect_);
    const std::size_t begin = out_.size();
    if (withFlags) {
        out_ += "FLAGS ";
        const bool recent = !dialect_.rev2 && selected().isRecent(row.uid);
        appendFlags(out_, row, keywordNames_, recent);
    }
    // RFC 9051 §7.5.2 and RFC 7162 §3.2.4: what was not asked for names the UID.
    if (!dialect_.uidOnly && (byUid_ || dialect_.condstore || dialect_.rev2)) {
        out_ += out_.size() > begin ? " UID " : "UID ";
        appendNumber(out_, row.uid.number());
    }
    if (dialect_.condstore) {
        out_ += out_.size() > begin ? " MODSEQ (" : "MODSEQ (";
        appendNumber(out_, row.modSeq.number());
        out_ += ')';
    }
    out_ += ")\r\n";
}

// The highest number first, so that the numbers below stay what they were.
void Session::announceExpunges() {
    std::vector<std::uint32_t>& gone = selected().gone;
    if (gone.empty()) return;
    if (dialect_.tellsVanished()) out_ += "* VANISHED " + setText(gone) + "\r\n";
    for (auto uid = gone.rbegin(); uid != gone.rend(); ++uid) {
        const auto number = selected().numbers.numberOf(*uid);
        if (!number) continue;
        if (selected().isRecent(Uid(*uid))) --selected().recentCount;
        if (dialect_.tellsVanished()) continue;
        out_ += "* ";
        appendNumber(out_, *number);
        out_ += " EXPUNGE\r\n";
    }
    selected().numbers.remove(gone);
    gone = {};
    selected().goneModSeq = {};
}

bool Session::takeNewMessages(const Snapshot& views, std::vector<std::uint32_t> uids, Uid uidNext) {
    if (uids.empty()) {
        selected().uidNext = std::max(selected().uidNext, uidNext);
        return false;
    }
    std::sort(uids.begin(), uids.end());
    for (const std::uint32_t uid : uids)
        selected().numbers.append(uid);
    if (watched_ && watched_->request().newMessage) {
        newMessages_.insert(newMessages_.end(), uids.begin(), uids.end());
    }
    claimRecent(views, uidNext);
    out_ += "* ";
    appendNumber(out_, selected().numbers.count());
    out_ += " EXISTS\r\n";
    appendRecentCount();
    return true;
}

// RFC 9051 §E.12: IMAP4rev2 has no such thing.
void Session::appendRecentCount() {
    if (dialect_.rev2) return;
    out_ += "* ";
    appendNumber(out_, selected().recentCount);
    out_ += " RECENT\r\n";
}

// \Recent for what nobody was told of before (RFC 3501 §2.3.2); EXAMINE looks without claiming.
void Session::claimRecent(const Snapshot& views, Uid uidNext) {
    SelectedMailbox& mailbox = selected();
    const Uid from = mailbox.readOnly ? claims_.unclaimed(views, mailbox.id)
                                      : claims_.claim(views, mailbox.id, uidNext);
    const std::uint32_t first = std::max(from, mailbox.uidNext).number();
    for (const Run& run : mailbox.numbers.runsOfUids({{first, UINT32_MAX}}))
        mailbox.recentCount += run.count();
    if (first < uidNext.number()) addRange(mailbox.recent, first, uidNext.number() - 1);
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

// RFC 4314 §5.1.1: PERMANENTFLAGS says what the rights let change.
void Session::appendFlagLists() {
    constexpr std::array kFlags{
        std::pair{kAnswered, std::string_view("\\Answered ")},
        std::pair{kFlagged, std::string_view("\\Flagged ")},
        std::pair{kDeleted, std::string_view("\\Deleted ")},
        std::pair{kSeen, std::string_view("\\Seen ")},
        std::pair{kDraft, std::string_view("\\Draft ")},
    };
    const std::uint16_t rights = selected().readOnly ? std::uint16_t{0} : selected().rights;
    const std::uint16_t permanent = systemFlagsUnder(rights);
    std::string flags;
    std::string kept;
    for (const auto& [flag, name] : kFlags) {
        flags += name;
        if ((permanent & flag) != 0) kept += name;
    }
    const bool keepsKeywords = (rights & kMayWriteFlags) != 0;
    for (const std::string& name : keywordNames_) {
        if (name.empty()) continue;
        flags += name + ' ';
        if (keepsKeywords) kept += name + ' ';
    }
    if (keepsKeywords) kept += "\\* ";
    const auto withoutLast = [](const std::string& text) {
        return text.substr(0, text.empty() ? 0 : text.size() - 1);
    };
    out_ += "* FLAGS (" + withoutLast(flags) + ")\r\n* OK [PERMANENTFLAGS (" + withoutLast(kept);
    out_ += kept.empty() ? ")] Nothing can be changed\r\n" : ")] Kept\r\n";
}

}  // namespace daybook::imap
