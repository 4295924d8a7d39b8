// CopyMessages: COPY and MOVE, within an account and into another one.

#include <algorithm>
#include <map>

#include "engine/scribe/decide_flags.h"
#include "engine/scribe/decide_quota.h"
#include "engine/scribe/decide_rights.h"
#include "engine/scribe/decide_stored.h"
#include "engine/scribe/decide_thread.h"

namespace daybook {

namespace {

// RFC 4314 §4 for COPY; MOVE needs what STORE of \Deleted and EXPUNGE need as well (RFC 6851 §4.2).
constexpr std::uint16_t kMoveOut = kMayRead | kMaySetDeleted | kMayExpunge;

// Bits of FetchedItem.parts: the whole message.
constexpr std::uint16_t kWholeMessage = 32;

// What of a message's flags the target's rights do not let it keep.
FlagDelta lostFlags(const MessageRow& message, std::uint16_t rights) {
    FlagDelta lost;
    lost.removeSystem =
        static_cast<std::uint16_t>(message.systemFlags & ~unsigned{systemFlagsUnder(rights)});
    if (!mayWriteKeywords(rights)) lost.removeKeywords = message.keywords;
    return lost;
}

// One command, with what was found out about it.
struct Copying {
    const CopyMessages& command;
    const Deciding& deciding;
    Events& events;
    MailboxRow from;
    MailboxRow to;
    Origin sourceOrigin;
    Origin targetOrigin;
    std::uint16_t rights = 0;  // in the target
};

Outcome<CopyMessages::Answer> copyWithin(const Copying& copying) {
    const CopyMessages& command = copying.command;
    Transfer transfer{
        .kind = command.move ? Kind::Moved : Kind::Copied,
        .account = command.account,
        .from = command.from,
        .to = command.to,
        .toValidity = copying.to.uidValidity,
        .uids = {},
    };
    std::uint64_t next = copying.to.uidNext.number();
    std::uint64_t octets = 0;
    std::map<FlagDelta, std::vector<Uid>> lost;
    forEachIn(copying.deciding, command.from, command.uids, [&](const MessageRow& message) {
        const Uid target(static_cast<std::uint32_t>(next++));
        transfer.uids.emplace_back(message.uid, target);
        octets += message.octets;
        if (copying.rights == kAllRights) return;
        FlagDelta delta = lostFlags(message, copying.rights);
        if (!delta.isEmpty()) lost[std::move(delta)].push_back(target);
    });
    if (next > UINT32_MAX) return refuse(RefusalReason::MailboxFull, "no UIDs are left");
    if (!command.move) {
        const Outcome<Done> room = requireRoom(
            copying.deciding,
            copying.events,
            copying.targetOrigin,
            copying.to,
            octets,
            transfer.uids.size());
        if (!room) return std::unexpected(room.error());
    }
    addTransfer(copying.events, copying.targetOrigin, transfer);
    const Changing changing{
        .origin = copying.targetOrigin, .account = command.account, .mailbox = command.to};
    for (const auto& [delta, uids] : lost) {
        addFlagsChanged(copying.events, changing, delta, uids);
    }
    return CopyMessages::Answer{
        .targetUidValidity = copying.to.uidValidity, .uids = std::move(transfer.uids)};
}

// Reading out of an account is on record there, whoever does it (DESIGN 3.4).
Seq addAccess(const Copying& copying, const std::vector<Uid>& uids, std::uint64_t octets) {
    const Seq seq = copying.events.nextSeq();
    Draft& opening = addFor(
        copying.events,
        Kind::AccessOpened,
        copying.sourceOrigin,
        copying.command.account,
        copying.command.from);
    auto opened = opening.core().initAccessOpened();
    opened.setAccess(event::AccessClass::COPY_OUT);
    opened.setModSeq(copying.from.highestModSeq.number());
    opened.setProtocol(copying.command.protocol);
    const std::vector<UidRanges> pieces = piecesOf(uids);
    for (std::size_t index = 0; index < pieces.size(); ++index) {
        Draft& reading = addFor(
            copying.events,
            Kind::Fetched,
            copying.sourceOrigin,
            copying.command.account,
            copying.command.from);
        reading.core().setCause(seq.number());
        auto fetched = reading.core().initFetched();
        fetched.setOpened(seq.number());
        fetched.setFirstNs(copying.deciding.now);
        fetched.setLastNs(copying.deciding.now);
        fetched.setOperations(1);
        fetched.setLast(index + 1 == pieces.size());
        auto item = fetched.initItems(1)[0];
        setRanges(item, pieces[index]);
        item.setParts(kWholeMessage);
        item.setOctets(index == 0 ? octets : 0);
        item.setPeek(true);
    }
    return seq;
}

struct Found {
    const BroughtMessage* brought = nullptr;
    MessageRow row;
};

// The messages that are still those that were brought.
std::vector<Found> foundOf(const Copying& copying) {
    std::vector<Found> found;
    for (const BroughtMessage& brought : copying.command.brought) {
        auto row = copying.deciding.views.messages().message(copying.command.from, brought.uid);
        if (row && row->storedSeq == brought.storedSeq) {
            found.push_back({.brought = &brought, .row = *std::move(row)});
        }
    }
    return found;
}

// The names of the keywords that the messages may keep.
std::vector<std::string> keywordNames(const Copying& copying, const std::vector<Found>& found) {
    std::map<KeywordId, std::string> names;
    if (!mayWriteKeywords(copying.rights)) return {};
    for (const Found& one : found) {
        for (const KeywordId keyword : one.row.keywords) {
            const auto name =
                copying.deciding.views.accounts().keywordName(copying.command.account, keyword);
            if (name && !name->empty()) names.emplace(keyword, *name);
        }
    }
    std::vector<std::string> list;
    for (const auto& [keyword, name] : names) {
        list.push_back(name);
    }
    return list;
}

// A keyword of the source's account -> the target's.
std::map<KeywordId, KeywordId> keywordsInTarget(
    const Copying& copying, const std::vector<std::string>& names, const Keywords& keywords) {
    std::map<KeywordId, KeywordId> translated;
    const AccountsView accounts = copying.deciding.views.accounts();
    for (const std::string& name : names) {
        const auto source = accounts.findKeyword(copying.command.account, name);
        auto target = accounts.findKeyword(copying.to.account, name);
        for (const auto& [id, fresh] : keywords.fresh) {
            if (fresh == name) target = id;
        }
        if (source && target) translated.emplace(*source, *target);
    }
    return translated;
}

void addStoredCopy(
    const Copying& copying,
    const Found& found,
    Uid uid,
    Seq cause,
    Threads& threads,
    const std::map<KeywordId, KeywordId>& keywords) {
    const MessageRow& row = found.row;
    StoredFacts facts{
        .via = event::Via::COPY,
        .emailId = found.brought->newEmailId,
        .threadId =
            threads.take(copying.to.account, found.brought->blob, found.brought->newEmailId),
        .systemFlags =
            static_cast<std::uint16_t>(row.systemFlags & systemFlagsUnder(copying.rights)),
        .keywords = {},
        .internalDateNs = row.internalDateNs,
        .zoneMinutes = row.zoneMinutes,
        .prefix = found.brought->prefix,
    };
    for (const KeywordId keyword : row.keywords) {
        const auto target = keywords.find(keyword);
        if (target != keywords.end()) facts.keywords.push_back(target->second);
    }
    std::ranges::sort(facts.keywords);
    addStored(
        copying.events,
        copying.targetOrigin,
        copying.to,
        uid,
        row.message,
        found.brought->blob,
        cause,
        facts);
}

void addMovedAway(const Copying& copying, const std::vector<Uid>& uids, Seq cause) {
    for (const UidRanges& piece : piecesOf(uids)) {
        const ModSeq modSeq = copying.events.nextModSeq();
        Draft& draft = addFor(
            copying.events,
            Kind::Expunged,
            copying.sourceOrigin,
            copying.command.account,
            copying.command.from);
        draft.core().setCause(cause.number());
        auto expunged = draft.core().initExpunged();
        expunged.setModSeq(modSeq.number());
        expunged.setReason(event::ExpungeReason::MOVED);
        setRanges(expunged, piece);
    }
}

Outcome<CopyMessages::Answer> copyAcross(const Copying& copying) {
    CopyMessages::Answer answer{.targetUidValidity = copying.to.uidValidity, .uids = {}};
    const std::vector<Found> found = foundOf(copying);
    if (found.empty()) return answer;
    if (copying.to.uidNext.number() + found.size() > UINT32_MAX) {
        return refuse(RefusalReason::MailboxFull, "no UIDs are left");
    }
    std::vector<Uid> uids;
    std::uint64_t octets = 0;
    for (const Found& one : found) {
        uids.push_back(one.row.uid);
        octets += one.row.octets;
    }
    const Outcome<Done> room = requireRoom(
        copying.deciding, copying.events, copying.targetOrigin, copying.to, octets, found.size());
    if (!room) return std::unexpected(room.error());
    const Outcome<AccountRow> account = accountOrRefuse(copying.deciding, copying.to.account);
    if (!account) return std::unexpected(account.error());
    const std::vector<std::string> names = keywordNames(copying, found);
    const Outcome<Keywords> keywords = resolveKeywords(names, *account, copying.deciding);
    if (!keywords) return std::unexpected(keywords.error());

    addDefined(copying.events, copying.targetOrigin, copying.to.account, *keywords);
    const auto translated = keywordsInTarget(copying, names, *keywords);
    const Seq access = addAccess(copying, uids, octets);
    Threads threads(copying.deciding);
    std::uint32_t next = copying.to.uidNext.number();
    for (const Found& one : found) {
        const Uid uid(next++);
        addStoredCopy(copying, one, uid, access, threads, translated);
        answer.uids.emplace_back(one.row.uid, uid);
    }
    if (copying.command.move) addMovedAway(copying, uids, access);
    return answer;
}

}  // namespace

// RFC 9051 §6.4.7; MOVE: RFC 6851 §3.
Outcome<CopyMessages::Answer> decide(
    const CopyMessages& command, const Deciding& deciding, Events& events) {
    const AccountId target = command.targetAccount ? command.targetAccount : command.account;
    // The target first: whoever lacks it is told to create it.
    const Outcome<MailboxRow> to =
        mailboxFor(deciding, command.origin, target, command.to, kMayInsert);
    if (!to) return std::unexpected(to.error());
    const Outcome<MailboxRow> from = mailboxFor(
        deciding,
        command.origin,
        command.account,
        command.from,
        command.move ? kMoveOut : kMayRead);
    if (!from) return std::unexpected(from.error());
    const Copying copying{
        .command = command,
        .deciding = deciding,
        .events = events,
        .from = *from,
        .to = *to,
        .sourceOrigin = actingIn(command.origin, command.account),
        .targetOrigin = actingIn(command.origin, target),
        .rights = rightsIn(deciding, command.origin, target, command.to),
    };
    return target == command.account ? copyWithin(copying) : copyAcross(copying);
}

}  // namespace daybook
