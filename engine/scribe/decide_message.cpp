// StoreFlags, CopyMessages, Expunge: what a client does to messages.

#include <algorithm>
#include <iterator>
#include <map>

#include "engine/scribe/decide_parts.h"

namespace daybook {

namespace {

struct FlagDelta {
    std::uint16_t addSystem = 0;
    std::uint16_t removeSystem = 0;
    std::vector<KeywordId> addKeywords;
    std::vector<KeywordId> removeKeywords;

    auto operator<=>(const FlagDelta&) const = default;

    bool isEmpty() const {
        return addSystem == 0 && removeSystem == 0 && addKeywords.empty() && removeKeywords.empty();
    }
};

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

template <class Visit>
void forEachIn(
    const Deciding& deciding, MailboxId mailbox, const UidRanges& ranges, const Visit& visit) {
    for (const auto& [first, last] : normalized(ranges)) {
        deciding.views.messages().forEach(mailbox, first, last, [&](const MessageRow& message) {
            visit(message);
            return true;
        });
    }
}

void setKeywords(capnp::List<std::uint16_t>::Builder list, const std::vector<KeywordId>& keywords) {
    for (unsigned index = 0; index < list.size(); ++index) {
        list.set(index, keywords[index].number());
    }
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

// Whose flags change, and what led to it.
struct Changing {
    const Origin& origin;
    AccountId account;
    MailboxId mailbox;
    event::FlagsReason reason = event::FlagsReason::STORE;
    Seq cause;
};

void addFlagsChanged(
    Events& events,
    const Changing& changing,
    const FlagDelta& delta,
    const std::vector<Uid>& uids) {
    for (const UidRanges& ranges : piecesOf(uids)) {
        const ModSeq modSeq = events.nextModSeq();
        Draft& draft =
            addFor(events, Kind::FlagsChanged, changing.origin, changing.account, changing.mailbox);
        draft.core().setCause(changing.cause.number());
        auto changed = draft.core().initFlagsChanged();
        changed.setModSeq(modSeq.number());
        changed.setAddSystem(delta.addSystem);
        changed.setRemoveSystem(delta.removeSystem);
        changed.setReason(changing.reason);
        setRanges(changed, ranges);
        setKeywords(
            changed.initAddKeywords(static_cast<unsigned>(delta.addKeywords.size())),
            delta.addKeywords);
        setKeywords(
            changed.initRemoveKeywords(static_cast<unsigned>(delta.removeKeywords.size())),
            delta.removeKeywords);
    }
}

}  // namespace

// RFC 9051 §6.4.6; UNCHANGEDSINCE: RFC 7162 §3.1.3.
Outcome<StoreFlags::Answer> decide(
    const StoreFlags& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> mailbox = mailboxOrRefuse(deciding, command.account, command.mailbox);
    if (!mailbox) return std::unexpected(mailbox.error());
    const Outcome<Keywords> keywords = keywordsFor(command, deciding);
    if (!keywords) return std::unexpected(keywords.error());

    StoreFlags::Answer answer;
    std::map<FlagDelta, std::vector<Uid>> changes;
    forEachIn(deciding, command.mailbox, command.uids, [&](const MessageRow& message) {
        if (command.unchangedSince && message.modSeq > *command.unchangedSince) {
            answer.modified.push_back(message.uid);
            return;
        }
        FlagDelta delta = deltaOf(message, command.edit, command.flags.system, keywords->ids);
        if (delta.isEmpty()) return;
        answer.changed.push_back(message.uid);
        changes[std::move(delta)].push_back(message.uid);
    });
    answer.highest = mailbox->highestModSeq;
    if (changes.empty()) return answer;
    addDefined(events, command.origin, command.account, *keywords);
    const Changing changing{
        .origin = command.origin, .account = command.account, .mailbox = command.mailbox};
    for (const auto& [delta, uids] : changes) {
        addFlagsChanged(events, changing, delta, uids);
    }
    answer.highest = ModSeq(events.nextModSeq().number() - 1);
    return answer;
}

// RFC 9051 §6.4.7; MOVE: RFC 6851 §3.
Outcome<CopyMessages::Answer> decide(
    const CopyMessages& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> from = mailboxOrRefuse(deciding, command.account, command.from);
    if (!from) return std::unexpected(from.error());
    const Outcome<MailboxRow> to = mailboxOrRefuse(deciding, command.account, command.to);
    if (!to) return std::unexpected(to.error());

    Transfer transfer{
        .kind = command.move ? Kind::Moved : Kind::Copied,
        .account = command.account,
        .from = command.from,
        .to = command.to,
        .toValidity = to->uidValidity,
    };
    std::uint64_t next = to->uidNext.number();
    forEachIn(deciding, command.from, command.uids, [&](const MessageRow& message) {
        transfer.uids.emplace_back(message.uid, Uid(static_cast<std::uint32_t>(next++)));
    });
    if (next > UINT32_MAX) return refuse(RefusalReason::MailboxFull, "no UIDs are left");
    addTransfer(events, command.origin, transfer);
    return CopyMessages::Answer{
        .targetUidValidity = to->uidValidity, .uids = std::move(transfer.uids)};
}

Outcome<Expunge::Answer> decide(const Expunge& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> mailbox = mailboxOrRefuse(deciding, command.account, command.mailbox);
    if (!mailbox) return std::unexpected(mailbox.error());
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
        Draft& draft =
            addFor(events, Kind::Expunged, command.origin, command.account, command.mailbox);
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
    const Outcome<MailboxRow> mailbox = mailboxOrRefuse(deciding, command.account, command.mailbox);
    if (!mailbox) return std::unexpected(mailbox.error());
    OpenAccess::Answer answer;
    answer.opened = command.opened;
    if (!answer.opened) {
        answer.opened = events.nextSeq();
        Draft& draft =
            addFor(events, Kind::AccessOpened, command.origin, command.account, command.mailbox);
        auto opened = draft.core().initAccessOpened();
        opened.setAccess(command.accessClass);
        opened.setModSeq(mailbox->highestModSeq.number());
        opened.setProtocol(command.protocol);
    }
    forEachIn(deciding, command.mailbox, command.markSeen, [&](const MessageRow& message) {
        if ((message.systemFlags & kSeen) == 0) answer.changed.push_back(message.uid);
    });
    FlagDelta delta;
    delta.addSystem = kSeen;
    const Changing changing{
        .origin = command.origin,
        .account = command.account,
        .mailbox = command.mailbox,
        .reason = event::FlagsReason::FETCH,
        .cause = answer.opened,
    };
    addFlagsChanged(events, changing, delta, answer.changed);
    return answer;
}

}  // namespace daybook
