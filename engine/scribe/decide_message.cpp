// StoreFlags, CopyMessages, Expunge: what a client does to messages.

#include <algorithm>
#include <iterator>
#include <map>

#include "engine/scribe/decide_parts.h"

namespace daybook {

namespace {

// One event carries at most so many UIDs, so that no core grows without bound.
constexpr std::size_t kUidsPerEventMax = 5'000;

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
    for (const auto& [first, last] : ranges) {
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
std::vector<KeywordId> knownKeywords(
    const std::vector<std::string>& names, AccountId account, const Deciding& deciding) {
    std::vector<KeywordId> keywords;
    for (const std::string& name : names) {
        const auto known = deciding.views.accounts().findKeyword(account, name);
        if (known) keywords.push_back(*known);
    }
    std::sort(keywords.begin(), keywords.end());
    keywords.erase(std::unique(keywords.begin(), keywords.end()), keywords.end());
    return keywords;
}

void addFlagsChanged(
    Events& events,
    const Origin& origin,
    AccountId account,
    MailboxId mailbox,
    const FlagDelta& delta,
    const std::vector<Uid>& uids,
    event::FlagsReason reason) {
    const ModSeq modSeq = events.nextModSeq();
    Draft& draft = addFor(events, Kind::FlagsChanged, origin, account, mailbox);
    auto changed = draft.core().initFlagsChanged();
    changed.setModSeq(modSeq.number());
    changed.setAddSystem(delta.addSystem);
    changed.setRemoveSystem(delta.removeSystem);
    changed.setReason(reason);
    setRanges(changed, uids);
    setKeywords(
        changed.initAddKeywords(static_cast<unsigned>(delta.addKeywords.size())),
        delta.addKeywords);
    setKeywords(
        changed.initRemoveKeywords(static_cast<unsigned>(delta.removeKeywords.size())),
        delta.removeKeywords);
}

}  // namespace

// RFC 9051 §6.4.6; UNCHANGEDSINCE: RFC 7162 §3.1.3.
Outcome<StoreFlags::Answer> decide(
    const StoreFlags& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> mailbox = mailboxOrRefuse(deciding, command.account, command.mailbox);
    if (!mailbox) return std::unexpected(mailbox.error());
    const Outcome<std::vector<KeywordId>> keywords =
        command.edit == FlagEdit::Remove
            ? Outcome<std::vector<KeywordId>>(
                  knownKeywords(command.flags.keywords, command.account, deciding))
            : defineKeywords(
                  command.flags.keywords, command.origin, command.account, deciding, events);
    if (!keywords) return std::unexpected(keywords.error());

    StoreFlags::Answer answer;
    std::map<FlagDelta, std::vector<Uid>> changes;
    forEachIn(deciding, command.mailbox, command.uids, [&](const MessageRow& message) {
        if (command.unchangedSince && message.modSeq > *command.unchangedSince) {
            answer.modified.push_back(message.uid);
            return;
        }
        FlagDelta delta = deltaOf(message, command.edit, command.flags.system, *keywords);
        if (delta.isEmpty()) return;
        answer.changed.push_back(message.uid);
        changes[std::move(delta)].push_back(message.uid);
    });
    answer.highest = mailbox->highestModSeq;
    for (const auto& [delta, uids] : changes) {
        answer.highest = events.nextModSeq();
        addFlagsChanged(
            events, command.origin, command.account, command.mailbox, delta, uids, command.reason);
    }
    return answer;
}

// RFC 9051 §6.4.7; MOVE: RFC 6851 §3.
Outcome<CopyMessages::Answer> decide(
    const CopyMessages& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> from = mailboxOrRefuse(deciding, command.account, command.from);
    if (!from) return std::unexpected(from.error());
    const Outcome<MailboxRow> to = mailboxOrRefuse(deciding, command.account, command.to);
    if (!to) return std::unexpected(to.error());

    CopyMessages::Answer answer;
    answer.targetUidValidity = to->uidValidity;
    std::uint32_t next = to->uidNext.number();
    forEachIn(deciding, command.from, command.uids, [&](const MessageRow& message) {
        answer.uids.emplace_back(message.uid, Uid(next++));
    });
    for (std::size_t begin = 0; begin < answer.uids.size(); begin += kUidsPerEventMax) {
        const std::size_t count = std::min(kUidsPerEventMax, answer.uids.size() - begin);
        const ModSeq modSeq = events.nextModSeq();
        Draft& draft = addFor(
            events,
            command.move ? Kind::Moved : Kind::Copied,
            command.origin,
            command.account,
            command.from);
        auto copied = command.move ? draft.core().initMoved() : draft.core().initCopied();
        copied.setTarget(command.to.number());
        copied.setTargetUidValidity(to->uidValidity.number());
        copied.setModSeq(modSeq.number());
        auto sources = copied.initSourceUids(static_cast<unsigned>(count));
        auto targets = copied.initTargetUids(static_cast<unsigned>(count));
        for (unsigned index = 0; index < count; ++index) {
            sources.set(index, answer.uids[begin + index].first.number());
            targets.set(index, answer.uids[begin + index].second.number());
        }
    }
    return answer;
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
    if (answer.uids.empty()) return answer;
    const ModSeq modSeq = events.nextModSeq();
    Draft& draft = addFor(events, Kind::Expunged, command.origin, command.account, command.mailbox);
    auto expunged = draft.core().initExpunged();
    expunged.setModSeq(modSeq.number());
    expunged.setReason(command.reason);
    setRanges(expunged, answer.uids);
    return answer;
}

Outcome<OpenAccess::Answer> decide(
    const OpenAccess& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> mailbox = mailboxOrRefuse(deciding, command.account, command.mailbox);
    if (!mailbox) return std::unexpected(mailbox.error());
    OpenAccess::Answer answer;
    answer.opened = events.nextSeq();
    Draft& draft =
        addFor(events, Kind::AccessOpened, command.origin, command.account, command.mailbox);
    auto opened = draft.core().initAccessOpened();
    opened.setAccess(command.accessClass);
    opened.setModSeq(mailbox->highestModSeq.number());
    opened.setProtocol(command.protocol);

    forEachIn(deciding, command.mailbox, command.markSeen, [&](const MessageRow& message) {
        if ((message.systemFlags & kSeen) == 0) answer.changed.push_back(message.uid);
    });
    if (!answer.changed.empty()) {
        FlagDelta delta;
        delta.addSystem = kSeen;
        addFlagsChanged(
            events,
            command.origin,
            command.account,
            command.mailbox,
            delta,
            answer.changed,
            event::FlagsReason::FETCH);
    }
    return answer;
}

}  // namespace daybook
