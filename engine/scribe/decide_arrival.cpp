// Deliver, RecordRejection: how mail comes in, or does not (Append: decide_append.cpp).

#include <algorithm>
#include <map>
#include <set>

#include "engine/scribe/decide_quota.h"
#include "engine/scribe/decide_rights.h"
#include "engine/scribe/decide_stored.h"
#include "engine/scribe/decide_thread.h"
#include "journal/base/assert.h"
#include "journal/base/enhanced_code.h"

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

// What a message to take is made of, once those refused are known.
struct Plan {
    std::vector<Outcome<MailboxRow>> mailboxes;  // parallel to Deliver::targets
    std::vector<Outcome<Done>> relays;           // parallel to Deliver::relays
    std::size_t local = 0;
    std::size_t remote = 0;
    std::size_t reports = 0;
    // By target: who has no room for it, taken all the same or not.
    std::map<std::size_t, std::pair<MailboxRow, QuotaExcess>> excess;
};

// RFC 3461 §4.1: said when it has been delivered, if that was asked for and there is somebody to
// tell.
bool owesDelivered(const Deliver& command, const DeliveryTarget& target) {
    return !command.reversePath.empty() &&
           mayReport(target.options.notify, event::DsnAction::DELIVERED);
}

void setEnvelope(event::Received::Builder received, const Deliver& command) {
    const EnvelopeOptions& envelope = command.envelope;
    received.setNullReversePath(command.reversePath.empty());
    received.setRet(envelope.ret);
    received.setBinary(envelope.binary);
    received.setRequireTls(envelope.requireTls);
    received.setHasPriority(envelope.priority.has_value());
    received.setPriority(envelope.priority.value_or(0));
    received.setDeliverBy(envelope.deliverBy);
    received.setDeliverByTrace(envelope.deliverByTrace);
    received.setDeliverByNs(envelope.deliverByNs);
    received.setHoldUntilNs(envelope.holdUntilNs);
    received.setHeaderUtf8(command.headerUtf8);
}

Seq addReceived(const Deliver& command, Events& events, const Plan& plan) {
    const Seq seq = events.nextSeq();
    Draft& draft = events.add(Kind::Received, command.origin);
    const bool submitted = command.origin.actor == event::Actor::OWNER;
    const AccountId sender = submitted ? command.origin.actorId : AccountId();
    draft.core().setAccount(sender.number());
    draft.core().setMessage(command.message.number());
    auto received = draft.core().initReceived();
    received.setProtocol(command.protocol);
    received.setRecipients(static_cast<std::uint32_t>(plan.local + plan.remote));
    received.setRelays(static_cast<std::uint32_t>(plan.remote));
    received.setReports(static_cast<std::uint32_t>(plan.reports));
    setEnvelope(received, command);
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
    details.setEnvelopeId(command.envelope.envelopeId);
    return seq;
}

Seq addAccepted(
    const Deliver& command,
    const DeliveryTarget& target,
    RecipientNumber number,
    Seq received,
    Events& events) {
    const Seq seq = events.nextSeq();
    Draft& draft = addFor(events, Kind::Accepted, command.origin, target.account);
    draft.core().setMessage(command.message.number());
    draft.core().setCause(received.number());
    auto accepted = draft.core().initAccepted();
    accepted.setDisposition(event::Disposition::LOCAL);
    accepted.setAddress(target.address.number());
    accepted.setRecipient(number.number());
    accepted.setNotify(target.options.notify);
    accepted.setReport(owesDelivered(command, target));
    auto details = draft.addAnnex(target.account).initRecipient();
    details.setForwardPath(target.forwardPath);
    details.setOriginal(target.options.original);
    return seq;
}

// The domain's id; defined first where this is the first mail that goes there.
class Destinations {
public:
    DestinationId find(const RelayTarget& target, const Origin& origin, Events& events) {
        const auto known = found_.find(target.domain);
        if (known != found_.end()) return known->second;
        auto id = deciding_.views.deliveries().findDestination(target.domain);
        if (!id) {
            id = target.newDestination;
            Draft& draft = addFor(events, Kind::DestinationDefined, origin, AccountId());
            draft.core().initDestinationDefined().setDestination(id->number());
            setName(draft, AccountId(), target.domain);
        }
        found_.emplace(target.domain, *id);
        return *id;
    }

    explicit Destinations(const Deciding& deciding) : deciding_(deciding) {}

private:
    const Deciding& deciding_;
    std::map<std::string, DestinationId> found_;
};

void addQueued(
    const Deliver& command,
    const RelayTarget& target,
    RecipientNumber number,
    DestinationId destination,
    Seq received,
    Events& events) {
    const bool submitted = command.origin.actor == event::Actor::OWNER;
    const AccountId sender = submitted ? command.origin.actorId : AccountId();
    const Seq seq = events.nextSeq();
    Draft& accepting = addFor(events, Kind::Accepted, command.origin, sender);
    accepting.core().setMessage(command.message.number());
    accepting.core().setCause(received.number());
    auto accepted = accepting.core().initAccepted();
    accepted.setDisposition(event::Disposition::RELAY);
    accepted.setRecipient(number.number());
    accepted.setNotify(target.options.notify);

    Draft& draft = addFor(events, Kind::Queued, command.origin, sender);
    draft.core().setMessage(command.message.number());
    draft.core().setCause(seq.number());
    auto queued = draft.core().initQueued();
    queued.setRecipient(number.number());
    queued.setDestination(destination.number());
    queued.setNotify(target.options.notify);
    queued.setDueNs(std::max(events.now(), command.envelope.holdUntilNs));
    queued.setExpiresNs(std::max(command.expiresNs, command.envelope.holdUntilNs));
    queued.setClass(command.queueClass);
    auto details = draft.addAnnex(sender).initRecipient();
    details.setForwardPath(target.forwardPath);
    details.setOriginal(target.options.original);
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

struct RejectionCodes {
    std::uint16_t smtpCode;
    std::uint32_t enhancedCode;  // RFC 3463 §3.2, §3.3
    event::Stage stage = event::Stage::DATA;
};

RejectionCodes codesOf(RefusalReason reason) {
    switch (reason) {
        case RefusalReason::AccountDisabled:
            return {.smtpCode = 550, .enhancedCode = enhanced(5, 2, 1)};
        case RefusalReason::MailboxFull: return {452, enhanced(4, 2, 2), event::Stage::QUOTA};
        case RefusalReason::OverQuota: return {552, enhanced(5, 2, 2), event::Stage::QUOTA};
        default: return {.smtpCode = 550, .enhancedCode = enhanced(5, 1, 1)};
    }
}

void addRejected(
    const Deliver& command,
    AccountId account,
    const std::string& forwardPath,
    const Refusal& refusal,
    Seq received,
    Events& events) {
    Draft& draft = addFor(events, Kind::Rejected, command.origin, account);
    draft.core().setMessage(command.message.number());
    draft.core().setCause(received.number());
    const RejectionCodes codes = codesOf(refusal.reason);
    auto rejected = draft.core().initRejected();
    rejected.setStage(codes.stage);
    rejected.setSmtpCode(codes.smtpCode);
    rejected.setEnhancedCode(codes.enhancedCode);
    rejected.setTemporary(codes.smtpCode < 500);
    rejected.setCount(1);
    rejected.setProtocol(command.protocol);
    auto details = draft.addAnnex(account).initRejected();
    details.setReversePath(command.reversePath);
    details.setForwardPath(forwardPath);
    details.setHelo(command.helo);
    details.setIp(command.ip);
    details.setText(nameOf(refusal.reason));
}

// Submissions alone: who has no account has nobody who could clear the entry.
bool isSuppressed(const Deliver& command, const RelayTarget& target, const Deciding& deciding) {
    if (command.suppressedSinceNs == 0 || command.origin.actor != event::Actor::OWNER) return false;
    const auto row =
        deciding.views.deliveries().suppression(command.origin.actorId, target.forwardPath);
    return row && row->sinceNs >= command.suppressedSinceNs;
}

void findExcess(const Deliver& command, const Deciding& deciding, Plan& plan) {
    QuotaRooms rooms(deciding);
    for (std::size_t index = 0; index < command.targets.size(); ++index) {
        const Outcome<MailboxRow>& mailbox = plan.mailboxes[index];
        if (!mailbox) continue;
        const std::uint64_t octets = command.targets[index].prefix.size() + command.blob.octets;
        QuotaRoom& room = rooms.of(mailbox->account);
        if (const auto excess = room.excess(octets)) {
            plan.excess.emplace(index, std::pair(*mailbox, *excess));
        } else {
            room.take(octets);
        }
    }
}

// Where one reply speaks for all recipients (all but LMTP), RCPT has said who is full; who filled
// up since then takes this one too, because the others would get it twice if it came again. A
// report of our own is taken always: it tells its reader what became of other mail.
bool refusesFull(const Deliver& command, const Plan& plan) {
    if (command.protocol == event::Protocol::NONE) return false;
    if (command.protocol == event::Protocol::LMTP) return true;
    return command.relays.empty() && plan.excess.size() == command.targets.size();
}

Plan planOf(const Deliver& command, const Deciding& deciding) {
    Plan plan;
    for (const DeliveryTarget& target : command.targets) {
        plan.mailboxes.push_back(mailboxOf(target, deciding));
    }
    findExcess(command, deciding, plan);
    if (refusesFull(command, plan)) {
        for (const auto& [index, excess] : plan.excess) {
            plan.mailboxes[index] = refuse(deciding.quota.refusal());
        }
    }
    for (std::size_t index = 0; index < command.targets.size(); ++index) {
        if (!plan.mailboxes[index]) continue;
        ++plan.local;
        if (owesDelivered(command, command.targets[index])) ++plan.reports;
    }
    for (const RelayTarget& target : command.relays) {
        if (isSuppressed(command, target, deciding)) {
            plan.relays.emplace_back(refuse(RefusalReason::AddressSuppressed, target.forwardPath));
            continue;
        }
        plan.relays.emplace_back(Done{});
        ++plan.remote;
    }
    return plan;
}

const Refusal& firstRefusal(const Plan& plan) {
    for (const Outcome<MailboxRow>& mailbox : plan.mailboxes) {
        if (!mailbox) return mailbox.error();
    }
    for (const Outcome<Done>& relay : plan.relays) {
        if (!relay) return relay.error();
    }
    DAYBOOK_ASSERT(false);
}

void storeLocally(
    const Deliver& command,
    const Deciding& deciding,
    const Plan& plan,
    Deliver::Answer& answer,
    Events& events) {
    NextUids uids;
    Threads threads(deciding);
    for (std::size_t index = 0; index < command.targets.size(); ++index) {
        const DeliveryTarget& target = command.targets[index];
        const Outcome<MailboxRow>& mailbox = plan.mailboxes[index];
        if (!mailbox) {
            addRejected(
                command,
                target.account,
                target.forwardPath,
                mailbox.error(),
                answer.received,
                events);
            answer.targets.emplace_back(std::unexpected(mailbox.error()));
            continue;
        }
        const RecipientNumber number(static_cast<std::uint32_t>(index + 1));
        const Seq accepted = addAccepted(command, target, number, answer.received, events);
        const Uid uid = uids.take(*mailbox);
        StoredFacts facts;
        facts.emailId = target.emailId;
        facts.threadId = threads.take(target.account, command.blob, target.emailId);
        facts.internalDateNs = deciding.now;
        facts.prefix = target.prefix;
        addStored(
            events, command.origin, *mailbox, uid, command.message, command.blob, accepted, facts);
        answer.targets.emplace_back(uid);
    }
}

void queueRemotely(
    const Deliver& command,
    const Deciding& deciding,
    const Plan& plan,
    Deliver::Answer& answer,
    Events& events) {
    const bool submitted = command.origin.actor == event::Actor::OWNER;
    const AccountId sender = submitted ? command.origin.actorId : AccountId();
    Destinations destinations(deciding);
    for (std::size_t index = 0; index < command.relays.size(); ++index) {
        const RelayTarget& target = command.relays[index];
        const Outcome<Done>& taken = plan.relays[index];
        if (!taken) {
            addRejected(
                command, sender, target.forwardPath, taken.error(), answer.received, events);
        } else {
            const auto number = static_cast<std::uint32_t>(command.targets.size() + index + 1);
            const DestinationId destination = destinations.find(target, command.origin, events);
            addQueued(
                command, target, RecipientNumber(number), destination, answer.received, events);
        }
        answer.relays.push_back(taken);
    }
}

}  // namespace

// A recipient that went away since RCPT is refused by itself; the others get the message.
Outcome<Deliver::Answer> decide(const Deliver& command, const Deciding& deciding, Events& events) {
    if (isKnown(command.message, deciding)) {
        return refuse(RefusalReason::InvalidArgument, "a message has that id");
    }
    if (command.targets.empty() && command.relays.empty()) {
        return refuse(RefusalReason::NoSuchAddress, "no recipient");
    }
    const Plan plan = planOf(command, deciding);
    Deliver::Answer answer;
    if (plan.local + plan.remote != 0) answer.received = addReceived(command, events, plan);
    storeLocally(command, deciding, plan, answer, events);
    queueRemotely(command, deciding, plan, answer, events);
    std::set<MailboxId> said;
    for (const auto& [index, full] : plan.excess) {
        if (!said.insert(full.first.id).second) continue;
        addQuotaExceeded(events, command.origin, deciding, full.first, full.second);
    }
    // Nothing names the blob then: whoever wrote it releases it.
    if (plan.local + plan.remote == 0) return std::unexpected(firstRefusal(plan));
    if (command.report) addReportReceived(command, answer.received, deciding, events);
    return answer;
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
