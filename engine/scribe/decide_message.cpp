// StoreFlags, Expunge, OpenAccess: what a client does to messages (CopyMessages: decide_copy.cpp).

#include <algorithm>
#include <iterator>
#include <map>

#include "engine/scribe/decide_flags.h"
#include "engine/scribe/decide_rights.h"

namespace daybook {

namespace {

std::vector<KeywordId> without(
    const std::vector<KeywordId>& those, const std::vector<KeywordId>& these) {
    std::vector<KeywordId> rest;
    std::set_difference(
        those.begin(), those.end(), these.begin(), these.end(), std::back_inserter(rest));
    return rest;
}

std::vector<KeywordId> both(
    const std::vector<KeywordId>& those, const std::vector<KeywordId>& these) {
    std::vector<KeywordId> common;
    std::set_intersection(
        those.begin(), those.end(), these.begin(), these.end(), std::back_inserter(common));
    return common;
}

// What really changes for this message.
FlagDelta deltaOf(
    const MessageRow& message,
    FlagEdit edit,
    std::uint16_t system,
    const std::vector<KeywordId>& keywords) {
    FlagDelta delta;
    if (edit != FlagEdit::Remove) {
        delta.addSystem = static_cast<std::uint16_t>(system & ~message.systemFlags);
        delta.addKeywords = without(keywords, message.keywords);
    }
    if (edit == FlagEdit::Remove) {
        delta.removeSystem = static_cast<std::uint16_t>(system & message.systemFlags);
        delta.removeKeywords = both(keywords, message.keywords);
    }
    if (edit == FlagEdit::Replace) {
        delta.removeSystem = static_cast<std::uint16_t>(message.systemFlags & ~system);
        delta.removeKeywords = without(message.keywords, keywords);
    }
    return delta;
}

// Removing a keyword that nobody ever defined changes nothing and defines nothing.
Outcome<Keywords> keywordsFor(const StoreFlags& command, const Deciding& deciding) {
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    if (command.edit != FlagEdit::Remove) {
        return resolveKeywords(command.flags.keywords, *account, deciding);
    }
    Keywords known;
    for (const std::string& name : command.flags.keywords) {
        const auto id = deciding.views.accounts().findKeyword(command.account, name);
        if (id) known.ids.push_back(*id);
    }
    std::sort(known.ids.begin(), known.ids.end());
    known.ids.erase(std::unique(known.ids.begin(), known.ids.end()), known.ids.end());
    return known;
}

// RFC 4314 §4: only what the rights are for changes.
FlagDelta permitted(FlagDelta delta, std::uint16_t rights) {
    const std::uint16_t system = systemFlagsUnder(rights);
    delta.addSystem = static_cast<std::uint16_t>(delta.addSystem & system);
    delta.removeSystem = static_cast<std::uint16_t>(delta.removeSystem & system);
    if (!mayWriteKeywords(rights)) {
        delta.addKeywords.clear();
        delta.removeKeywords.clear();
    }
    return delta;
}

// RFC 4314 §4: refused only if none of the flags may be changed. FLAGS without a flag is about all.
bool mayChangeAny(const StoreFlags& command, std::uint16_t rights) {
    const std::uint16_t system = systemFlagsUnder(rights);
    const bool isAboutAll = command.flags.system == 0 && command.flags.keywords.empty();
    if (isAboutAll) return system != 0;
    return (command.flags.system & system) != 0 ||
           (!command.flags.keywords.empty() && mayWriteKeywords(rights));
}

}  // namespace

// RFC 9051 §6.4.6; UNCHANGEDSINCE: RFC 7162 §3.1.3.
Outcome<StoreFlags::Answer> decide(
    const StoreFlags& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> mailbox =
        mailboxFor(deciding, command.origin, command.account, command.mailbox, kMayRead);
    if (!mailbox) return std::unexpected(mailbox.error());
    const std::uint16_t rights =
        rightsIn(deciding, command.origin, command.account, command.mailbox);
    if (!mayChangeAny(command, rights)) return refuse(RefusalReason::NotPermitted);
    const Outcome<Keywords> keywords = keywordsFor(command, deciding);
    if (!keywords) return std::unexpected(keywords.error());

    StoreFlags::Answer answer;
    std::map<FlagDelta, std::vector<Uid>> changes;
    forEachIn(deciding, command.mailbox, command.uids, [&](const MessageRow& message) {
        if (command.unchangedSince && message.modSeq > *command.unchangedSince) {
            answer.modified.push_back(message.uid);
            return;
        }
        FlagDelta delta =
            permitted(deltaOf(message, command.edit, command.flags.system, keywords->ids), rights);
        if (delta.isEmpty()) return;
        answer.changed.push_back(message.uid);
        changes[std::move(delta)].push_back(message.uid);
    });
    answer.highest = mailbox->highestModSeq;
    if (changes.empty()) return answer;
    const Origin origin = actingIn(command.origin, command.account);
    if (mayWriteKeywords(rights)) addDefined(events, origin, command.account, *keywords);
    const Changing changing{
        .origin = origin, .account = command.account, .mailbox = command.mailbox};
    for (const auto& [delta, uids] : changes) {
        addFlagsChanged(events, changing, delta, uids);
    }
    answer.highest = ModSeq(events.nextModSeq().number() - 1);
    return answer;
}

Outcome<Expunge::Answer> decide(const Expunge& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> mailbox =
        mailboxFor(deciding, command.origin, command.account, command.mailbox, kMayExpunge);
    if (!mailbox) return std::unexpected(mailbox.error());
    const Origin origin = actingIn(command.origin, command.account);
    const UidRanges everything{{Uid(1), Uid(UINT32_MAX)}};
    Expunge::Answer answer;
    const UidRanges& ranges = command.uids ? *command.uids : everything;
    if (!command.onlyDeleted || mailbox->deletedMessages != 0) {
        forEachIn(deciding, command.mailbox, ranges, [&](const MessageRow& message) {
            const bool marked = (message.systemFlags & kDeleted) != 0;
            if (marked || !command.onlyDeleted) answer.uids.push_back(message.uid);
        });
    }
    for (const UidRanges& piece : piecesOf(answer.uids)) {
        const ModSeq modSeq = events.nextModSeq();
        Draft& draft = addFor(events, Kind::Expunged, origin, command.account, command.mailbox);
        auto expunged = draft.core().initExpunged();
        expunged.setModSeq(modSeq.number());
        expunged.setReason(command.reason);
        setRanges(expunged, piece);
    }
    return answer;
}

// The window that is open already stays the one; \Seen goes into the same commit.
Outcome<OpenAccess::Answer> decide(
    const OpenAccess& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> mailbox =
        mailboxFor(deciding, command.origin, command.account, command.mailbox, kMayRead);
    if (!mailbox) return std::unexpected(mailbox.error());
    const Origin origin = actingIn(command.origin, command.account);
    OpenAccess::Answer answer;
    answer.opened = command.opened;
    if (!answer.opened) {
        answer.opened = events.nextSeq();
        Draft& draft = addFor(events, Kind::AccessOpened, origin, command.account, command.mailbox);
        auto opened = draft.core().initAccessOpened();
        opened.setAccess(command.accessClass);
        opened.setModSeq(mailbox->highestModSeq.number());
        opened.setProtocol(command.protocol);
    }
    const std::uint16_t rights =
        rightsIn(deciding, command.origin, command.account, command.mailbox);
    if ((rights & kMaySetSeen) == 0) return answer;
    forEachIn(deciding, command.mailbox, command.markSeen, [&](const MessageRow& message) {
        if ((message.systemFlags & kSeen) == 0) answer.changed.push_back(message.uid);
    });
    FlagDelta delta;
    delta.addSystem = kSeen;
    const Changing changing{
        .origin = origin,
        .account = command.account,
        .mailbox = command.mailbox,
        .reason = event::FlagsReason::FETCH,
        .cause = answer.opened,
    };
    addFlagsChanged(events, changing, delta, answer.changed);
    return answer;
}

}  // namespace daybook
