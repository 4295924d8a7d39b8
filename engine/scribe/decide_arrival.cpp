// Deliver, Append, RecordRejection: how mail comes in, or does not.

#include <map>

#include "engine/scribe/decide_parts.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

// UIDs that this command hands out itself: the views do not show them yet.
class NextUids {
public:
    Uid take(const MailboxRow& mailbox) {
        const auto [entry, isNew] = next_.emplace(mailbox.id, mailbox.uidNext);
        const Uid uid = entry->second;
        entry->second = Uid(uid.number() + 1);
        return uid;
    }

private:
    std::map<MailboxId, Uid> next_;
};

struct StoredFacts {
    event::Via via = event::Via::DELIVERY;
    EmailId emailId;
    std::uint16_t systemFlags = 0;
    std::vector<KeywordId> keywords;
    TimeNs internalDateNs = 0;
    std::int16_t zoneMinutes = 0;
    std::string prefix;
};

void setTls(event::Tls::Builder target, TlsFacts tls) {
    target.setVersion(tls.version);
    target.setCipher(tls.cipher);
}

void addStored(
    Events& events,
    const Origin& origin,
    const MailboxRow& mailbox,
    Uid uid,
    MessageId message,
    const StoredBlob& blob,
    Seq cause,
    const StoredFacts& facts) {
    const ModSeq modSeq = events.nextModSeq();
    Draft& draft = addFor(events, Kind::Stored, origin, mailbox.account, mailbox.id);
    draft.core().setMessage(message.number());
    draft.core().setCause(cause.number());
    auto stored = draft.core().initStored();
    if (facts.via == event::Via::IMPORT) draft.core().setFlags(kFlagImported);
    stored.setUid(uid.number());
    stored.setUidValidity(mailbox.uidValidity.number());
    stored.setModSeq(modSeq.number());
    stored.setEmailId(facts.emailId.number());
    stored.setSystemFlags(facts.systemFlags);
    stored.setVia(facts.via);
    stored.setInternalDateNs(facts.internalDateNs);
    stored.setZoneMinutes(facts.zoneMinutes);
    stored.setPrefixOctets(static_cast<std::uint32_t>(facts.prefix.size()));
    stored.setOctets(facts.prefix.size() + blob.octets);
    setBlob(stored.initBlob(), blob);
    auto keywords = stored.initKeywords(static_cast<unsigned>(facts.keywords.size()));
    for (unsigned index = 0; index < keywords.size(); ++index) {
        keywords.set(index, facts.keywords[index].number());
    }
    draft.addAnnex(mailbox.account).initStored().setPrefix(facts.prefix);
    draft.summary = asBytes(blob.summary);
}

// UIDs are never used again, so they can run out.
bool hasUid(const MailboxRow& mailbox) { return mailbox.uidNext.number() < UINT32_MAX; }

Outcome<MailboxRow> mailboxOf(const DeliveryTarget& target, const Deciding& deciding) {
    const std::optional<AccountRow> account = deciding.views.accounts().account(target.account);
    if (!account || account->deleted) return refuse(RefusalReason::NoSuchAccount);
    if (account->state != event::AccountState::ACTIVE) {
        return refuse(RefusalReason::AccountDisabled);
    }
    const MailboxesView mailboxes = deciding.views.mailboxes();
    if (!target.mailboxName.empty()) {
        const auto named = mailboxes.find(target.account, target.mailboxName);
        if (named && hasUid(*named)) return *named;
    }
    std::optional<MailboxRow> inbox = mailboxes.find(target.account, "INBOX");
    if (!inbox) return refuse(RefusalReason::NoSuchMailbox);
    if (!hasUid(*inbox)) return refuse(RefusalReason::MailboxFull, "no UIDs are left");
    return std::move(*inbox);
}

Seq addReceived(const Deliver& command, Events& events, std::size_t recipients) {
    const Seq seq = events.nextSeq();
    Draft& draft = events.add(Kind::Received, command.origin);
    const bool submitted = command.origin.actor == event::Actor::OWNER;
    const AccountId sender = submitted ? command.origin.actorId : AccountId();
    draft.core().setAccount(sender.number());
    draft.core().setMessage(command.message.number());
    auto received = draft.core().initReceived();
    received.setProtocol(command.protocol);
    received.setRecipients(static_cast<std::uint32_t>(recipients));
    received.setEightBit(command.eightBit);
    received.setSmtpUtf8(command.smtpUtf8);
    setTls(received.initTls(), command.tls);
    setBlob(received.initBlob(), command.blob);
    auto details = draft.addAnnex(sender).initReceived();
    details.setReversePath(command.reversePath);
    details.setHelo(command.helo);
    details.setIp(command.ip);
    details.setPort(command.port);
    details.setMessageId(command.blob.messageId);
    details.setSubject(command.blob.subject);
    details.setContentHash(capnp::Data::Reader(
        reinterpret_cast<const kj::byte*>(command.blob.contentHash.data()),
        command.blob.contentHash.size()));
    return seq;
}

Seq addAccepted(
    const Deliver& command, const DeliveryTarget& target, Seq received, Events& events) {
    const Seq seq = events.nextSeq();
    Draft& draft = addFor(events, Kind::Accepted, command.origin, target.account);
    draft.core().setMessage(command.message.number());
    draft.core().setCause(received.number());
    auto accepted = draft.core().initAccepted();
    accepted.setDisposition(event::Disposition::LOCAL);
    accepted.setAddress(target.address.number());
    draft.addAnnex(target.account).initRecipient().setForwardPath(target.forwardPath);
    return seq;
}

// DESIGN 3.5: the caller draws it, the scribe sees to it that it is new.
bool isKnown(MessageId message, const Deciding& deciding) {
    bool known = false;
    deciding.views.histories().ofMessage(message, Seq(1), [&](const HistoryEntry&) {
        known = true;
        return false;
    });
    return known;
}

// RFC 3463 §3.3: bad destination mailbox address, or mailbox disabled.
std::uint32_t enhancedCodeOf(RefusalReason reason) {
    constexpr std::uint32_t kPermanent = 5U << 16U;
    return reason == RefusalReason::AccountDisabled ? kPermanent + 0x201U : kPermanent + 0x101U;
}

void addRejected(
    const Deliver& command,
    const DeliveryTarget& target,
    const Refusal& refusal,
    Seq received,
    Events& events) {
    Draft& draft = addFor(events, Kind::Rejected, command.origin, target.account);
    draft.core().setMessage(command.message.number());
    draft.core().setCause(received.number());
    auto rejected = draft.core().initRejected();
    rejected.setStage(event::Stage::DATA);
    rejected.setSmtpCode(550);
    rejected.setEnhancedCode(enhancedCodeOf(refusal.reason));
    rejected.setCount(1);
    rejected.setProtocol(command.protocol);
    auto details = draft.addAnnex(target.account).initRejected();
    details.setReversePath(command.reversePath);
    details.setForwardPath(target.forwardPath);
    details.setHelo(command.helo);
    details.setIp(command.ip);
    details.setText(nameOf(refusal.reason));
}

}  // namespace

// A recipient whose account went away since RCPT is refused by itself; the others get the message.
Outcome<Deliver::Answer> decide(const Deliver& command, const Deciding& deciding, Events& events) {
    if (isKnown(command.message, deciding)) {
        return refuse(RefusalReason::InvalidArgument, "a message has that id");
    }
    if (command.targets.empty()) return refuse(RefusalReason::NoSuchAddress, "no recipient");
    std::vector<Outcome<MailboxRow>> mailboxes;
    std::size_t possible = 0;
    for (const DeliveryTarget& target : command.targets) {
        mailboxes.push_back(mailboxOf(target, deciding));
        if (mailboxes.back()) ++possible;
    }
    Deliver::Answer answer;
    if (possible != 0) answer.received = addReceived(command, events, possible);
    NextUids uids;
    for (std::size_t index = 0; index < command.targets.size(); ++index) {
        const DeliveryTarget& target = command.targets[index];
        if (!mailboxes[index]) {
            addRejected(command, target, mailboxes[index].error(), answer.received, events);
            answer.targets.emplace_back(std::unexpected(mailboxes[index].error()));
            continue;
        }
        const Seq accepted = addAccepted(command, target, answer.received, events);
        const Uid uid = uids.take(*mailboxes[index]);
        StoredFacts facts;
        facts.emailId = target.emailId;
        facts.internalDateNs = deciding.now;
        facts.prefix = target.prefix;
        addStored(
            events,
            command.origin,
            *mailboxes[index],
            uid,
            command.message,
            command.blob,
            accepted,
            facts);
        answer.targets.emplace_back(uid);
    }
    // Nothing names the blob then: whoever wrote it releases it.
    if (possible == 0) return std::unexpected(mailboxes.front().error());
    return answer;
}

Outcome<Append::Answer> decide(const Append& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> mailbox = mailboxOrRefuse(deciding, command.account, command.mailbox);
    if (!mailbox) return std::unexpected(mailbox.error());
    if (!hasUid(*mailbox)) return refuse(RefusalReason::MailboxFull, "no UIDs are left");
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    const Outcome<Keywords> keywords = resolveKeywords(command.flags.keywords, *account, deciding);
    if (!keywords) return std::unexpected(keywords.error());

    addDefined(events, command.origin, command.account, *keywords);
    const Seq received = events.nextSeq();
    Draft& draft = addFor(events, Kind::Received, command.origin, command.account, command.mailbox);
    draft.core().setMessage(command.message.number());
    auto body = draft.core().initReceived();
    body.setProtocol(command.protocol);
    body.setRecipients(1);
    setBlob(body.initBlob(), command.blob);
    auto details = draft.addAnnex(command.account).initReceived();
    details.setMessageId(command.blob.messageId);
    details.setSubject(command.blob.subject);
    details.setContentHash(capnp::Data::Reader(
        reinterpret_cast<const kj::byte*>(command.blob.contentHash.data()),
        command.blob.contentHash.size()));

    StoredFacts facts;
    facts.via = command.via;
    facts.emailId = command.emailId;
    facts.systemFlags = command.flags.system;
    facts.keywords = keywords->ids;
    facts.internalDateNs = command.internalDateNs.value_or(deciding.now);
    facts.zoneMinutes = command.zoneMinutes;
    addStored(
        events,
        command.origin,
        *mailbox,
        mailbox->uidNext,
        command.message,
        command.blob,
        received,
        facts);
    return Append::Answer{.uidValidity = mailbox->uidValidity, .uid = mailbox->uidNext};
}

Outcome<Done> decide(const RecordRejection& command, const Deciding& /*deciding*/, Events& events) {
    const bool isOwner = command.origin.actor == event::Actor::OWNER;
    const AccountId account = isOwner ? command.origin.actorId : AccountId();
    Draft& draft = addFor(events, Kind::Rejected, command.origin, account);
    auto rejected = draft.core().initRejected();
    rejected.setStage(command.stage);
    rejected.setSmtpCode(command.smtpCode);
    rejected.setEnhancedCode(command.enhancedCode);
    rejected.setTemporary(command.temporary);
    rejected.setCount(command.count);
    rejected.setWindowNs(command.windowNs);
    rejected.setProtocol(command.protocol);
    auto details = draft.addAnnex(account).initRejected();
    details.setReversePath(command.reversePath);
    details.setForwardPath(command.forwardPath);
    details.setHelo(command.helo);
    details.setIp(command.ip);
    details.setText(command.text);
    return Done{};
}

}  // namespace daybook
