// Append: messages that a client or an import puts into a mailbox.

#include <algorithm>

#include "engine/scribe/decide_quota.h"
#include "engine/scribe/decide_rights.h"
#include "engine/scribe/decide_stored.h"
#include "engine/scribe/decide_thread.h"
#include "journal/base/ascii.h"

namespace daybook {

namespace {

Seq addAppended(
    const Append& command, const Origin& origin, const AppendedMessage& message, Events& events) {
    const Seq received = events.nextSeq();
    Draft& draft = addFor(events, Kind::Received, origin, command.account, command.mailbox);
    draft.core().setMessage(message.message.number());
    auto body = draft.core().initReceived();
    body.setProtocol(command.protocol);
    body.setRecipients(1);
    setBlob(body.initBlob(), message.blob);
    auto details = draft.addAnnex(command.account).initReceived();
    details.setMessageId(message.blob.messageId);
    details.setSubject(message.blob.subject);
    details.setContentHash(capnp::Data::Reader(
        reinterpret_cast<const kj::byte*>(message.blob.contentHash.data()),
        message.blob.contentHash.size()));
    return received;
}

std::vector<std::string> namesOf(const Append& command) {
    std::vector<std::string> names;
    for (const AppendedMessage& message : command.messages) {
        names.insert(names.end(), message.flags.keywords.begin(), message.flags.keywords.end());
    }
    return names;
}

// Of one message, when those of all are resolved. Ascending.
std::vector<KeywordId> keywordsOf(
    const FlagSet& flags,
    const Keywords& resolved,
    const AccountRow& account,
    const Deciding& deciding) {
    std::vector<KeywordId> ids;
    for (const std::string& name : flags.keywords) {
        std::optional<KeywordId> id = deciding.views.accounts().findKeyword(account.id, name);
        for (const auto& [fresh, freshName] : resolved.fresh) {
            if (equalsIgnoreCase(name, freshName)) id = fresh;
        }
        if (id) ids.push_back(*id);
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

// The octets that are freed in `account`. RFC 8508 §4.1: the rights of STORE \\Deleted and EXPUNGE.
Outcome<std::uint64_t> replacedOctets(const Append& command, const Deciding& deciding) {
    const ReplacedMessage& replaced = *command.replaces;
    const Outcome<MailboxRow> mailbox = mailboxFor(
        deciding, command.origin, replaced.account, replaced.mailbox, kMaySetDeleted | kMayExpunge);
    if (!mailbox) return std::unexpected(mailbox.error());
    const auto row = deciding.views.messages().message(replaced.mailbox, replaced.uid);
    if (!row) return refuse(RefusalReason::NoSuchMessage, "it was expunged meanwhile");
    return replaced.account == command.account ? row->octets : 0;
}

// Only the net counts (RFC 8508 §3.4).
Outcome<Done> requireNetRoom(
    const Append& command,
    const Origin& origin,
    const MailboxRow& mailbox,
    const Deciding& deciding,
    Events& events) {
    std::uint64_t octets = 0;
    std::uint64_t messages = command.messages.size();
    for (const AppendedMessage& message : command.messages)
        octets += message.blob.octets;
    if (command.replaces) {
        const Outcome<std::uint64_t> freed = replacedOctets(command, deciding);
        if (!freed) return std::unexpected(freed.error());
        octets -= std::min(octets, *freed);
        if (command.replaces->account == command.account) --messages;
    }
    return requireRoom(deciding, events, origin, mailbox, octets, messages);
}

void addReplaced(const Append& command, Events& events) {
    const ReplacedMessage& replaced = *command.replaces;
    const ModSeq modSeq = events.nextModSeq();
    Draft& draft = addFor(
        events,
        Kind::Expunged,
        actingIn(command.origin, replaced.account),
        replaced.account,
        replaced.mailbox);
    auto expunged = draft.core().initExpunged();
    expunged.setModSeq(modSeq.number());
    expunged.setReason(event::ExpungeReason::CLIENT);
    setRanges(expunged, {{replaced.uid, replaced.uid}});
}

}  // namespace

// RFC 3502 §6.3.11: all of them or none. REPLACE: RFC 8508 §3.4.
Outcome<Append::Answer> decide(const Append& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> mailbox =
        mailboxFor(deciding, command.origin, command.account, command.mailbox, kMayInsert);
    if (!mailbox) return std::unexpected(mailbox.error());
    const std::uint16_t rights =
        rightsIn(deciding, command.origin, command.account, command.mailbox);
    const Origin origin = actingIn(command.origin, command.account);
    if (command.messages.empty()) return refuse(RefusalReason::InvalidArgument, "no message");
    if (UINT32_MAX - mailbox->uidNext.number() < command.messages.size()) {
        return refuse(RefusalReason::MailboxFull, "no UIDs are left");
    }
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    // RFC 4314 §4: flags that the rights do not let it have are lost, and nothing else.
    const Outcome<Keywords> keywords = resolveKeywords(
        mayWriteKeywords(rights) ? namesOf(command) : std::vector<std::string>(),
        *account,
        deciding);
    if (!keywords) return std::unexpected(keywords.error());
    const Outcome<Done> room = requireNetRoom(command, origin, *mailbox, deciding, events);
    if (!room) return std::unexpected(room.error());

    addDefined(events, origin, command.account, *keywords);
    Threads threads(deciding);
    Uid uid = mailbox->uidNext;
    for (const AppendedMessage& message : command.messages) {
        const Seq received = addAppended(command, origin, message, events);
        StoredFacts facts;
        facts.via = command.via;
        facts.emailId = message.emailId;
        facts.threadId = threads.take(command.account, message.blob, message.emailId);
        facts.systemFlags =
            static_cast<std::uint16_t>(message.flags.system & systemFlagsUnder(rights));
        if (mayWriteKeywords(rights)) {
            facts.keywords = keywordsOf(message.flags, *keywords, *account, deciding);
        }
        facts.internalDateNs = message.internalDateNs.value_or(deciding.now);
        facts.zoneMinutes = message.zoneMinutes;
        addStored(events, origin, *mailbox, uid, message.message, message.blob, received, facts);
        uid = Uid(uid.number() + 1);
    }
    if (command.replaces) addReplaced(command, events);
    return Append::Answer{.uidValidity = mailbox->uidValidity, .uid = mailbox->uidNext};
}

}  // namespace daybook
