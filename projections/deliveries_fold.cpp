// What happens to mail for other servers: see deliveries.h for the rows.

#include <array>
#include <utility>

#include "journal/base/ascii.h"
#include "projections/deliveries.h"
#include "projections/delivery_counts.h"
#include "projections/delivery_names.h"
#include "projections/table.h"

namespace daybook {

namespace {

constexpr std::string_view kSeparator("\0", 1);

std::string_view textOf(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

Key recipientKey(MessageId message, RecipientNumber recipient) {
    return Key().add(message).add(recipient);
}

Key dueKey(const DeliveryRow& row) {
    return Key().add(static_cast<std::uint64_t>(row.nextNs)).add(row.message).add(row.recipient);
}

Key reportKey(MessageId message, RecipientNumber recipient, event::DsnAction action) {
    return recipientKey(message, recipient).add(static_cast<std::uint8_t>(action));
}

// Texts of rows have a 16-bit length; what is stored of a name is cut where it would not fit.
std::string cut(std::string_view text) {
    constexpr std::size_t kTextOctetsMax = 4'096;
    return std::string(text.substr(0, kTextOctetsMax));
}

// A Message-ID as it stands in the index: without angle brackets, which annexes have.
std::string_view bareMessageId(std::string_view text) {
    if (text.starts_with('<')) text.remove_prefix(1);
    if (text.ends_with('>')) text.remove_suffix(1);
    return text;
}

// A try that did not come to an offer (AttemptStarted counts those that did).
bool triedInVain(std::uint64_t attempt, event::OutcomeReason reason) {
    return attempt == 0 && reason != event::OutcomeReason::BUSY &&
           reason != event::OutcomeReason::SUPPRESSED;
}

using Count = DeliveryCounts::What;

class Fold {
public:
    Fold(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables)
        : record_(record),
          txn_(txn),
          tables_(tables),
          view_(txn, tables),
          core_(record.core()),
          message_(core_.getMessage()),
          now_(core_.getTimeNs()),
          counts_(txn, tables, now_) {}

    void on(event::Received::Reader received);
    void on(event::Accepted::Reader accepted);
    void on(event::Queued::Reader queued);
    void on(event::AttemptStarted::Reader started);
    void on(event::Relayed::Reader relayed);
    void on(event::Deferred::Reader deferred);
    void on(event::Bounced::Reader bounced);
    void on(event::Expired::Reader expired);
    void on(event::AttemptOutcomeUnknown::Reader unknown);
    void on(event::QueueAction::Reader action);
    void on(event::DsnIssued::Reader issued);
    void on(event::DsnReceived::Reader received);
    void on(event::TlsReportIssued::Reader issued);

private:
    using Numbers = capnp::List<std::uint32_t>::Reader;

    // Reads each row, lets `change` alter it, and writes it with its due row.
    template <class Change>
    void forEach(Numbers recipients, const Change& change) {
        for (const std::uint32_t number : recipients) {
            auto row = view_.delivery(message_, RecipientNumber(number));
            if (!row) continue;
            if (row->state == DeliveryState::Waiting)
                txn_.erase(tables_.deliveriesDue, dueKey(*row));
            row->lastNs = now_;
            change(*row);
            put(*row);
        }
    }

    void put(const DeliveryRow& row);
    void putOutbound(const OutboundRow& row);
    // Recipients came to their end, reports became due or were made; the message goes when nothing
    // is left.
    void settle(std::uint32_t ended, std::int64_t reports);
    std::int64_t owe(Numbers recipients, event::DsnAction action);
    // A final outcome for some recipients, with the reports that it makes due.
    void end(Numbers recipients, Numbers reports, event::DsnAction action);
    void countTls(
        DestinationId destination, event::TlsResult::Reader tls, DeliveryCounts::Tls outcome);
    void index(std::string_view address, RecipientNumber recipient);
    void takeRecipient(DeliveryRow& row) const;
    void takeRemote(DeliveryRow& row) const;

    static void take(DeliveryRow& row, event::SmtpReply::Reader reply) {
        row.code = reply.getCode();
        row.enhancedCode = reply.getEnhancedCode();
    }

    static void take(DeliveryRow& row, event::TlsResult::Reader tls) {
        row.tlsVersion = tls.getTls().getVersion();
        row.tlsCipher = tls.getTls().getCipher();
        row.tlsPolicy = tls.getPolicy();
        row.tlsVerified = tls.getVerified();
        row.tlsFault = tls.getFault();
    }

    const Record& record_;
    lmdb::WriteTransaction& txn_;
    const ViewTables& tables_;
    DeliveriesView view_;
    event::Core::Reader core_;
    MessageId message_;
    TimeNs now_;
    DeliveryCounts counts_;
};

void Fold::put(const DeliveryRow& row) {
    txn_.put(tables_.deliveries, recipientKey(row.message, row.recipient), deliveryValue(row));
    if (row.state != DeliveryState::Waiting) return;
    txn_.put(tables_.deliveriesDue, dueKey(row), RowWriter().add(row.destination).octets());
}

void Fold::putOutbound(const OutboundRow& row) {
    const Key key = Key().add(row.message);
    if (row.waiting == 0 && row.reports == 0) {
        txn_.erase(tables_.outbound, key);
    } else {
        txn_.put(tables_.outbound, key, outboundValue(row));
    }
}

void Fold::settle(std::uint32_t ended, std::int64_t reports) {
    if (ended == 0 && reports == 0) return;
    auto row = view_.outbound(message_);
    if (!row) return;
    row->waiting -= std::min(ended, row->waiting);
    row->reports = static_cast<std::uint32_t>(std::int64_t{row->reports} + reports);
    putOutbound(*row);
}

std::int64_t Fold::owe(Numbers recipients, event::DsnAction action) {
    std::int64_t added = 0;
    for (const std::uint32_t number : recipients) {
        const Key key = reportKey(message_, RecipientNumber(number), action);
        if (txn_.get(tables_.deliveryReports, key)) continue;
        txn_.put(tables_.deliveryReports, key, RowWriter().add(now_).octets());
        ++added;
    }
    return added;
}

void Fold::end(Numbers recipients, Numbers reports, event::DsnAction action) {
    settle(recipients.size(), owe(reports, action));
}

void Fold::countTls(
    DestinationId destination, event::TlsResult::Reader tls, DeliveryCounts::Tls outcome) {
    if (!destination || !DeliveryCounts::isTlsCounted(tls)) return;
    DeliveryRow sample;
    takeRemote(sample);
    counts_.addTls(destination, tls, outcome, sample);
}

void Fold::index(std::string_view address, RecipientNumber recipient) {
    if (address.empty()) return;
    txn_.put(
        tables_.deliveriesByAddress,
        Key().add(nameKey(lowered(address))).add(kSeparator).add(message_).add(recipient),
        {});
}

void Fold::takeRecipient(DeliveryRow& row) const {
    const auto details = record_.annex(0);
    if (!details || !details->isRecipient()) return;
    row.forwardPath = cut(textOf(details->getRecipient().getForwardPath()));
    row.original = cut(textOf(details->getRecipient().getOriginal()));
}

void Fold::takeRemote(DeliveryRow& row) const {
    const auto details = record_.annex(0);
    const bool there = details && details->isRemote();
    row.host = there ? cut(textOf(details->getRemote().getHost())) : std::string();
    row.ip = there ? cut(textOf(details->getRemote().getIp())) : std::string();
    row.text = there ? cut(textOf(details->getRemote().getText())) : std::string();
}

void Fold::on(event::Received::Reader received) {
    if (received.getRelays() == 0 && received.getReports() == 0) return;
    OutboundRow row;
    row.message = message_;
    row.account = AccountId(core_.getAccount());
    row.received = record_.seq();
    row.arrivalNs = now_;
    row.waiting = received.getRelays();
    row.ret = received.getRet();
    row.deliverBy = received.getDeliverBy();
    row.deliverByTrace = received.getDeliverByTrace();
    row.eightBit = received.getEightBit();
    row.smtpUtf8 = received.getSmtpUtf8();
    row.headerUtf8 = received.getHeaderUtf8();
    row.binary = received.getBinary();
    row.requireTls = received.getRequireTls();
    row.nullReversePath = received.getNullReversePath();
    row.hasPriority = received.getHasPriority();
    row.priority = received.getPriority();
    row.deliverByNs = received.getDeliverByNs();
    row.content = refOf(received.getBlob());
    row.octets = received.getBlob().getOctets();
    const auto details = record_.annex(0);
    if (details && details->isReceived()) {
        const annex::Received::Reader annex = details->getReceived();
        row.envelopeId = cut(textOf(annex.getEnvelopeId()));
        row.messageId = cut(textOf(annex.getMessageId()));
        row.subject = cut(textOf(annex.getSubject()));
        row.reversePath = cut(textOf(annex.getReversePath()));
    }
    // With nothing but reports to come the row is needed all the same: they are owed at once.
    txn_.put(tables_.outbound, Key().add(message_), outboundValue(row));
    if (received.getRelays() == 0) return;
    index(row.reversePath, RecipientNumber());
    if (row.messageId.empty()) return;
    txn_.put(
        tables_.sentByMessageId,
        Key().add(nameKey(bareMessageId(row.messageId))).add(kSeparator).add(message_),
        {});
}

void Fold::on(event::Accepted::Reader accepted) {
    if (!accepted.getReport()) return;
    DeliveryRow row;
    row.message = message_;
    row.recipient = RecipientNumber(accepted.getRecipient());
    row.account = AccountId(core_.getAccount());
    row.state = DeliveryState::Delivered;
    row.notify = accepted.getNotify();
    row.queuedNs = now_;
    row.lastNs = now_;
    takeRecipient(row);
    put(row);
    const Key key = reportKey(message_, row.recipient, event::DsnAction::DELIVERED);
    txn_.put(tables_.deliveryReports, key, RowWriter().add(now_).octets());
    settle(0, 1);
}

void Fold::on(event::Queued::Reader queued) {
    DeliveryRow row;
    row.message = message_;
    row.recipient = RecipientNumber(queued.getRecipient());
    row.account = AccountId(core_.getAccount());
    row.destination = DestinationId(queued.getDestination());
    row.notify = queued.getNotify();
    row.queueClass = queued.getClass();
    row.queuedNs = now_;
    row.lastNs = now_;
    row.nextNs = queued.getDueNs();
    row.expiresNs = queued.getExpiresNs();
    takeRecipient(row);
    put(row);
    index(row.forwardPath, row.recipient);
    counts_.add(row.destination, Count::Queued);
    if (row.queueClass == event::QueueClass::SUBMISSION) return;
    // Received does not know it; it is the same for all recipients.
    auto message = view_.outbound(message_);
    if (!message || message->queueClass == row.queueClass) return;
    message->queueClass = row.queueClass;
    putOutbound(*message);
}

void Fold::on(event::AttemptStarted::Reader started) {
    forEach(started.getRecipients(), [&](DeliveryRow& row) {
        row.state = DeliveryState::Attempting;
        row.attempt = AttemptId(started.getAttempt());
        ++row.tries;
        takeRemote(row);
    });
}

void Fold::on(event::Relayed::Reader relayed) {
    DestinationId destination;
    forEach(relayed.getRecipients(), [&](DeliveryRow& row) {
        row.state = DeliveryState::Relayed;
        row.attempt = AttemptId();
        row.nextNs = 0;
        row.dsn = relayed.getDsn();
        take(row, relayed.getReply());
        take(row, relayed.getTls());
        takeRemote(row);
        destination = row.destination;
        counts_.add(destination, Count::Relayed);
    });
    countTls(destination, relayed.getTls(), DeliveryCounts::Tls::Had);
    end(relayed.getRecipients(), relayed.getReports(), event::DsnAction::RELAYED);
}

void Fold::on(event::Deferred::Reader deferred) {
    DestinationId destination;
    forEach(deferred.getRecipients(), [&](DeliveryRow& row) {
        if (triedInVain(deferred.getAttempt(), deferred.getReason())) ++row.tries;
        row.state = DeliveryState::Waiting;
        row.attempt = AttemptId();
        row.nextNs = deferred.getNextNs();
        row.reason = deferred.getReason();
        take(row, deferred.getReply());
        take(row, deferred.getTls());
        takeRemote(row);
        destination = row.destination;
        counts_.add(destination, Count::Deferred);
    });
    for (const std::uint32_t number : deferred.getReports()) {
        auto row = view_.delivery(message_, RecipientNumber(number));
        if (!row) continue;
        row->delayTold = true;
        put(*row);
    }
    if (deferred.getReason() == event::OutcomeReason::TLS) {
        countTls(destination, deferred.getTls(), DeliveryCounts::Tls::Missed);
    }
    settle(0, owe(deferred.getReports(), event::DsnAction::DELAYED));
}

void Fold::on(event::Bounced::Reader bounced) {
    DestinationId destination;
    forEach(bounced.getRecipients(), [&](DeliveryRow& row) {
        if (triedInVain(bounced.getAttempt(), bounced.getReason())) ++row.tries;
        row.state = DeliveryState::Failed;
        row.attempt = AttemptId();
        row.nextNs = 0;
        row.reason = bounced.getReason();
        take(row, bounced.getReply());
        take(row, bounced.getTls());
        takeRemote(row);
        destination = row.destination;
        counts_.add(destination, Count::Bounced);
    });
    if (bounced.getReason() == event::OutcomeReason::TLS) {
        countTls(destination, bounced.getTls(), DeliveryCounts::Tls::Missed);
    }
    end(bounced.getRecipients(), bounced.getReports(), event::DsnAction::FAILED);
}

void Fold::on(event::Expired::Reader expired) {
    forEach(expired.getRecipients(), [&](DeliveryRow& row) {
        row.state = DeliveryState::Expired;
        row.attempt = AttemptId();
        row.nextNs = 0;
        take(row, expired.getReply());
        takeRemote(row);
        counts_.add(row.destination, Count::Expired);
    });
    end(expired.getRecipients(), expired.getReports(), event::DsnAction::FAILED);
}

void Fold::on(event::AttemptOutcomeUnknown::Reader unknown) {
    forEach(unknown.getRecipients(), [&](DeliveryRow& row) {
        row.state = DeliveryState::Waiting;
        row.attempt = AttemptId();
        row.nextNs = unknown.getNextNs();
        row.unknownOutcome = true;
        // The core says whether there ever was one: an erased one blanks what it said.
        if (core_.getAnnexes().size() != 0) takeRemote(row);
    });
}

void Fold::on(event::QueueAction::Reader action) {
    forEach(action.getRecipients(), [&](DeliveryRow& row) {
        switch (action.getOp()) {
            case event::QueueOperation::HOLD: row.state = DeliveryState::Held; break;
            case event::QueueOperation::RELEASE:
            case event::QueueOperation::RETRY:
                row.state = DeliveryState::Waiting;
                row.nextNs = action.getDueNs();
                break;
            case event::QueueOperation::REMOVE:
                row.state = DeliveryState::Removed;
                row.reason = event::OutcomeReason::REMOVED;
                row.nextNs = 0;
                break;
        }
    });
    if (action.getOp() != event::QueueOperation::REMOVE) return;
    end(action.getRecipients(), action.getReports(), event::DsnAction::FAILED);
}

void Fold::on(event::DsnIssued::Reader issued) {
    std::int64_t paid = 0;
    for (const std::uint32_t number : issued.getRecipients()) {
        const Key key = reportKey(message_, RecipientNumber(number), issued.getAction());
        if (txn_.erase(tables_.deliveryReports, key)) ++paid;
    }
    auto row = view_.outbound(message_);
    if (!row) return;
    row->reports = static_cast<std::uint32_t>(std::int64_t{row->reports} - paid);
    row->lastReportNs = now_;
    putOutbound(*row);
}

void Fold::on(event::DsnReceived::Reader received) {
    DeliveryRow said;
    takeRemote(said);
    for (const std::uint32_t number : received.getRecipients()) {
        auto row = view_.delivery(message_, RecipientNumber(number));
        if (!row) continue;
        row->reportedAction =
            static_cast<std::uint8_t>(static_cast<unsigned>(received.getAction()) + 1);
        row->reportedCode = received.getEnhancedCode();
        row->reportedNs = now_;
        row->reportedBy = said.host;
        row->reportedText = said.text;
        put(*row);
    }
}

void Fold::on(event::TlsReportIssued::Reader issued) {
    counts_.forgetTls(issued.getDay(), DestinationId(issued.getDestination()));
}

void apply(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    const event::Core::Reader core = record.core();
    Fold fold(record, txn, tables);
    switch (core.which()) {
        case event::Core::RECEIVED: return fold.on(core.getReceived());
        case event::Core::ACCEPTED: return fold.on(core.getAccepted());
        case event::Core::QUEUED: return fold.on(core.getQueued());
        case event::Core::ATTEMPT_STARTED: return fold.on(core.getAttemptStarted());
        case event::Core::RELAYED: return fold.on(core.getRelayed());
        case event::Core::DEFERRED: return fold.on(core.getDeferred());
        case event::Core::BOUNCED: return fold.on(core.getBounced());
        case event::Core::EXPIRED: return fold.on(core.getExpired());
        case event::Core::ATTEMPT_OUTCOME_UNKNOWN: return fold.on(core.getAttemptOutcomeUnknown());
        case event::Core::QUEUE_ACTION: return fold.on(core.getQueueAction());
        case event::Core::DSN_ISSUED: return fold.on(core.getDsnIssued());
        case event::Core::DSN_RECEIVED: return fold.on(core.getDsnReceived());
        case event::Core::DESTINATION_DEFINED: return defineDestination(record, txn, tables);
        case event::Core::SUPPRESSION_CHANGED: return changeSuppression(record, txn, tables);
        case event::Core::TLS_REPORT_ISSUED: return fold.on(core.getTlsReportIssued());
        default: return;  // every other event
    }
}

constexpr std::array kTables = {
    &ViewTables::outbound,
    &ViewTables::deliveries,
    &ViewTables::deliveriesDue,
    &ViewTables::deliveryReports,
    &ViewTables::deliveriesByAddress,
    &ViewTables::sentByMessageId,
    &ViewTables::deliveryCounts,
    &ViewTables::destinations,
    &ViewTables::destinationNames,
    &ViewTables::suppressions,
    &ViewTables::suppressionNames,
    &ViewTables::tlsCounts,
    &ViewTables::tlsFaults,
};

}  // namespace

constinit const Projection kDeliveriesProjection{
    .name = "deliveries",
    .version = 1,
    .apply = apply,
    .tables = kTables,
};

}  // namespace daybook
