// StartAttempt, RecordOutcome, RecoverAttempts, ActOnQueue, Suppress, RecordTlsReport: mail on its
// way to other servers.

#include <algorithm>
#include <array>
#include <map>

#include "engine/scribe/decide_parts.h"
#include "journal/base/enhanced_code.h"

namespace daybook {

namespace {

// The courier may come so much too early: its clock is read before the scribe's.
constexpr TimeNs kEarlyNs = kSecondNs;

std::vector<DeliveryRow> rowsOf(
    MessageId message, const std::vector<RecipientNumber>& recipients, const Deciding& deciding) {
    std::vector<DeliveryRow> rows;
    for (const RecipientNumber number : recipients) {
        auto row = deciding.views.deliveries().delivery(message, number);
        if (row) rows.push_back(std::move(*row));
    }
    return rows;
}

std::vector<RecipientNumber> numbersOf(const std::vector<DeliveryRow>& rows) {
    std::vector<RecipientNumber> numbers;
    numbers.reserve(rows.size());
    for (const DeliveryRow& row : rows)
        numbers.push_back(row.recipient);
    return numbers;
}

// An event about a message of the queue: its account is the sender's.
Draft& addOutbound(Events& events, Kind kind, const Origin& origin, const OutboundRow& message) {
    return addAbout(events, kind, origin, message.account, message.message, message.received);
}

// Whom a report of that action is due for.
std::vector<RecipientNumber> owed(
    const OutboundRow& message, const std::vector<DeliveryRow>& rows, event::DsnAction action) {
    std::vector<RecipientNumber> numbers;
    if (message.nullReversePath) return numbers;
    for (const DeliveryRow& row : rows) {
        if (mayReport(row.notify, action)) numbers.push_back(row.recipient);
    }
    return numbers;
}

void setReply(event::SmtpReply::Builder reply, const AttemptResult& result) {
    reply.setCode(result.code);
    reply.setEnhancedCode(result.enhancedCode);
}

void setTlsResult(event::TlsResult::Builder target, const TlsFindings& tls) {
    setTls(target.initTls(), tls.tls);
    target.setPolicy(tls.policy);
    target.setVerified(tls.verified);
    target.setFault(tls.fault);
}

// What one result means for the rows that it concerns, at this moment.
class Recording {
public:
    Recording(
        const RecordOutcome& command,
        const OutboundRow& message,
        const Deciding& deciding,
        Events& events)
        : command_(command), message_(message), deciding_(deciding), events_(events) {}

    // Returns whether it concerned anybody.
    bool record(const AttemptResult& result) {
        const std::vector<DeliveryRow> rows = concerned(result);
        if (rows.empty()) return false;
        switch (result.state) {
            case OutcomeState::Relayed: relayed(result, rows); break;
            case OutcomeState::Bounced: bounced(result, rows); break;
            case OutcomeState::Deferred:
            case OutcomeState::Unknown: notNow(result, rows); break;
        }
        return true;
    }

private:
    using Rows = std::vector<DeliveryRow>;

    // Those that this attempt is about: what happened to them meanwhile (nothing can, but for a
    // second report of the same outcome) makes no second event.
    Rows concerned(const AttemptResult& result) const {
        Rows rows = rowsOf(message_.message, result.recipients, deciding_);
        std::erase_if(rows, [&](const DeliveryRow& row) {
            if (command_.attempt) {
                return row.state != DeliveryState::Attempting || row.attempt != command_.attempt;
            }
            return row.state != DeliveryState::Waiting;
        });
        return rows;
    }

    RemoteFacts remote(const AttemptResult& result) const {
        return {.host = command_.host, .ip = command_.ip, .text = result.text};
    }

    Draft& add(Kind kind) { return addOutbound(events_, kind, command_.origin, message_); }

    void relayed(const AttemptResult& result, const Rows& rows) {
        Draft& draft = add(Kind::Relayed);
        auto body = draft.core().initRelayed();
        body.setAttempt(command_.attempt.number());
        setRecipients(body, numbersOf(rows));
        setReply(body.initReply(), result);
        setTlsResult(body.initTls(), result.tls);
        body.setDsn(result.dsn);
        setReports(body, relayedOwed(result, rows));
        addRemote(draft, message_.account, remote(result));
    }

    // Who is told that the other server has it now.
    std::vector<RecipientNumber> relayedOwed(const AttemptResult& result, const Rows& rows) const {
        // RFC 3461 §5.2.2: a server that speaks DSN reports its success itself.
        if (!isDeadlineLost(result)) {
            if (result.dsn) return {};
            return owed(message_, rows, event::DsnAction::RELAYED);
        }
        std::vector<RecipientNumber> numbers;
        if (message_.nullReversePath) return numbers;
        for (const DeliveryRow& row : rows) {
            if ((row.notify & kNotifyNever) == 0) numbers.push_back(row.recipient);
        }
        return numbers;
    }

    // RFC 2852 §4.1.4: a trace was asked for; §4.1.4.2: by mode N it went to who keeps no
    // deadlines.
    bool isDeadlineLost(const AttemptResult& result) const {
        if (message_.deliverBy == event::DeliverBy::NONE) return false;
        if (message_.deliverByTrace) return true;
        return message_.deliverBy == event::DeliverBy::NOTIFY && !result.deliverBy &&
               deciding_.now < message_.deliverByNs;
    }

    void bounced(const AttemptResult& result, const Rows& rows) {
        const Seq seq = events_.nextSeq();
        Draft& draft = add(Kind::Bounced);
        auto body = draft.core().initBounced();
        body.setAttempt(command_.attempt.number());
        setRecipients(body, numbersOf(rows));
        setReply(body.initReply(), result);
        body.setReason(result.reason);
        setTlsResult(body.initTls(), result.tls);
        setReports(body, owed(message_, rows, event::DsnAction::FAILED));
        addRemote(draft, message_.account, remote(result));
        suppress(result, rows, seq);
    }

    // RFC 3463 §3.2: what is wrong is the address itself, by the word of its own server.
    static bool isAddressFault(const AttemptResult& result) {
        constexpr std::array<std::uint32_t, 4> kCodes = {
            enhanced(5, 1, 1), enhanced(5, 1, 3), enhanced(5, 1, 6), enhanced(5, 1, 10)};
        return result.reason == event::OutcomeReason::REFUSED &&
               std::ranges::find(kCodes, result.enhancedCode) != kCodes.end();
    }

    void suppress(const AttemptResult& result, const Rows& rows, Seq cause) {
        if (!message_.account || !isAddressFault(result)) return;
        for (const DeliveryRow& row : rows) {
            if (row.forwardPath.empty()) continue;
            const auto known =
                deciding_.views.deliveries().suppression(message_.account, row.forwardPath);
            const SuppressionId id =
                known ? known->id : SuppressionId(command_.newSuppressions.number() + drawn_++);
            Draft& draft =
                addFor(events_, Kind::SuppressionChanged, command_.origin, message_.account);
            draft.core().setCause(cause.number());
            auto body = draft.core().initSuppressionChanged();
            body.setSuppression(id.number());
            body.setOn(true);
            body.setEnhancedCode(result.enhancedCode);
            setName(draft, message_.account, row.forwardPath);
        }
    }

    bool isOver(const DeliveryRow& row) const {
        return deciding_.now >= row.expiresNs || isPastDeadline();
    }

    // RFC 2852 §4.1.1: by mode R it goes back after the deadline.
    bool isPastDeadline() const {
        return message_.deliverBy == event::DeliverBy::RETURN &&
               deciding_.now >= message_.deliverByNs;
    }

    // A try for the last time comes when the time is over, not long after it.
    TimeNs nextTry(const DeliveryRow& row) const {
        TimeNs next = std::min(command_.nextNs, row.expiresNs);
        if (message_.deliverBy != event::DeliverBy::NONE && deciding_.now < message_.deliverByNs) {
            next = std::min(next, message_.deliverByNs);
        }
        return next;
    }

    bool isDelayDue(const DeliveryRow& row) const {
        if (row.delayTold || message_.nullReversePath) return false;
        const bool lateByNotify =
            message_.deliverBy == event::DeliverBy::NOTIFY && deciding_.now >= message_.deliverByNs;
        // RFC 2852 §4.1.4: mode N tells the sender unless NOTIFY=NEVER.
        if (lateByNotify) return (row.notify & kNotifyNever) == 0;
        return command_.delayWarningNs != 0 && mayReport(row.notify, event::DsnAction::DELAYED) &&
               deciding_.now - row.queuedNs >= command_.delayWarningNs;
    }

    void notNow(const AttemptResult& result, const Rows& rows) {
        Rows over;
        // Those with the same next try share an event.
        std::map<TimeNs, Rows> later;
        for (const DeliveryRow& row : rows) {
            // Who does not know whether it arrived gives it another try.
            const bool ends = result.state == OutcomeState::Deferred && isOver(row);
            (ends ? over : later[nextTry(row)]).push_back(row);
        }
        if (!over.empty()) expired(result, over);
        for (const auto& [nextNs, waiting] : later) {
            if (result.state == OutcomeState::Unknown) {
                unknown(result, waiting, std::max(nextNs, command_.nextNs));
            } else {
                deferred(result, waiting, nextNs);
            }
        }
    }

    void deferred(const AttemptResult& result, const Rows& rows, TimeNs nextNs) {
        Draft& draft = add(Kind::Deferred);
        auto body = draft.core().initDeferred();
        body.setAttempt(command_.attempt.number());
        setRecipients(body, numbersOf(rows));
        setReply(body.initReply(), result);
        body.setReason(result.reason);
        body.setNextNs(nextNs);
        setTlsResult(body.initTls(), result.tls);
        std::vector<RecipientNumber> delayed;
        for (const DeliveryRow& row : rows) {
            if (isDelayDue(row)) delayed.push_back(row.recipient);
        }
        setReports(body, delayed);
        addRemote(draft, message_.account, remote(result));
    }

    void unknown(const AttemptResult& result, const Rows& rows, TimeNs nextNs) {
        Draft& draft = add(Kind::AttemptOutcomeUnknown);
        auto body = draft.core().initAttemptOutcomeUnknown();
        body.setAttempt(command_.attempt.number());
        setRecipients(body, numbersOf(rows));
        body.setNextNs(nextNs);
        addRemote(draft, message_.account, remote(result));
    }

    void expired(const AttemptResult& result, const Rows& rows) {
        Draft& draft = add(Kind::Expired);
        auto body = draft.core().initExpired();
        setRecipients(body, numbersOf(rows));
        body.setTries(rows.front().tries);
        body.setFirstNs(rows.front().queuedNs);
        setReply(body.initReply(), result);
        body.setDeadline(
            isPastDeadline() ? event::Deadline::DELIVER_BY : event::Deadline::LIFETIME);
        setReports(body, owed(message_, rows, event::DsnAction::FAILED));
        addRemote(draft, message_.account, remote(result));
    }

    const RecordOutcome& command_;
    const OutboundRow& message_;
    const Deciding& deciding_;
    Events& events_;
    std::uint64_t drawn_ = 0;
};

void addUnknown(
    Events& events,
    const Origin& origin,
    const OutboundRow& message,
    AttemptId attempt,
    const std::vector<RecipientNumber>& recipients) {
    Draft& draft = addOutbound(events, Kind::AttemptOutcomeUnknown, origin, message);
    auto body = draft.core().initAttemptOutcomeUnknown();
    body.setAttempt(attempt.number());
    setRecipients(body, recipients);
    body.setNextNs(events.now());
}

bool isMeant(event::QueueOperation op, const DeliveryRow& row) {
    switch (op) {
        case event::QueueOperation::HOLD:
        case event::QueueOperation::RETRY: return row.state == DeliveryState::Waiting;
        case event::QueueOperation::RELEASE: return row.state == DeliveryState::Held;
        case event::QueueOperation::REMOVE:
            return row.state == DeliveryState::Waiting || row.state == DeliveryState::Held;
    }
    return false;
}

}  // namespace

// Whoever waits and is due; the others were served, held or removed since the courier looked.
Outcome<StartAttempt::Answer> decide(
    const StartAttempt& command, const Deciding& deciding, Events& events) {
    const auto message = deciding.views.deliveries().outbound(command.of.message);
    if (!message) return refuse(RefusalReason::NoSuchMessage);
    std::vector<DeliveryRow> rows = rowsOf(command.of.message, command.of.recipients, deciding);
    std::erase_if(rows, [&](const DeliveryRow& row) {
        return row.state != DeliveryState::Waiting || row.nextNs > deciding.now + kEarlyNs;
    });
    if (rows.empty()) return refuse(RefusalReason::NoSuchMessage, "none of them waits");
    StartAttempt::Answer answer{.recipients = numbersOf(rows)};
    Draft& draft = addOutbound(events, Kind::AttemptStarted, command.origin, *message);
    auto body = draft.core().initAttemptStarted();
    body.setAttempt(command.attempt.number());
    setRecipients(body, answer.recipients);
    body.setNumber(rows.front().tries + 1);
    addRemote(draft, message->account, {.host = command.host, .ip = command.ip, .text = {}});
    return answer;
}

Outcome<Done> decide(const RecordOutcome& command, const Deciding& deciding, Events& events) {
    const auto message = deciding.views.deliveries().outbound(command.message);
    if (!message) return refuse(RefusalReason::NoSuchMessage);
    Recording recording(command, *message, deciding, events);
    bool any = false;
    for (const AttemptResult& result : command.results) {
        any = recording.record(result) || any;
    }
    if (!any) return refuse(RefusalReason::NoSuchMessage, "none of them was tried");
    return Done{};
}

Outcome<RecoverAttempts::Answer> decide(
    const RecoverAttempts& command, const Deciding& deciding, Events& events) {
    RecoverAttempts::Answer answer;
    deciding.views.deliveries().forOutbound(MessageId(), [&](const OutboundRow& message) {
        if (message.waiting == 0) return true;
        std::map<AttemptId, std::vector<RecipientNumber>> open;
        for (const DeliveryRow& row : deciding.views.deliveries().deliveriesOf(message.message)) {
            if (row.state != DeliveryState::Attempting) continue;
            open[row.attempt].push_back(row.recipient);
        }
        for (const auto& [attempt, recipients] : open) {
            addUnknown(events, command.origin, message, attempt, recipients);
            ++answer.attempts;
        }
        return true;
    });
    return answer;
}

Outcome<ActOnQueue::Answer> decide(
    const ActOnQueue& command, const Deciding& deciding, Events& events) {
    const auto message = deciding.views.deliveries().outbound(command.of.message);
    if (!message) return refuse(RefusalReason::NoSuchMessage);
    std::vector<DeliveryRow> rows =
        command.of.recipients.empty() ? deciding.views.deliveries().deliveriesOf(command.of.message)
                                      : rowsOf(command.of.message, command.of.recipients, deciding);
    std::erase_if(rows, [&](const DeliveryRow& row) { return !isMeant(command.op, row); });
    if (rows.empty()) return refuse(RefusalReason::NoSuchMessage, "nobody is in that state");
    const std::vector<RecipientNumber> numbers = numbersOf(rows);
    std::vector<RecipientNumber> reports;
    if (command.op == event::QueueOperation::REMOVE) {
        reports = owed(*message, rows, event::DsnAction::FAILED);
    }
    Draft& draft = addOutbound(events, Kind::QueueAction, command.origin, *message);
    auto body = draft.core().initQueueAction();
    body.setOp(command.op);
    setRecipients(body, numbers);
    body.setDueNs(deciding.now);
    setReports(body, reports);
    return ActOnQueue::Answer{.recipients = numbers.size()};
}

Outcome<Done> decide(const Suppress& command, const Deciding& deciding, Events& events) {
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    const auto known = deciding.views.deliveries().suppression(command.account, command.address);
    if (!known && !command.on) return refuse(RefusalReason::NoSuchAddress, command.address);
    Draft& draft = addFor(events, Kind::SuppressionChanged, command.origin, command.account);
    auto body = draft.core().initSuppressionChanged();
    body.setSuppression((known ? known->id : command.newId).number());
    body.setOn(command.on);
    body.setEnhancedCode(command.enhancedCode);
    if (command.on) setName(draft, command.account, command.address);
    return Done{};
}

Outcome<Done> decide(const RecordTlsReport& command, const Deciding& /*deciding*/, Events& events) {
    Draft& draft = addFor(events, Kind::TlsReportIssued, command.origin, AccountId());
    auto body = draft.core().initTlsReportIssued();
    body.setDestination(command.destination.number());
    body.setDay(command.day);
    body.setReport(command.report.number());
    return Done{};
}

}  // namespace daybook
