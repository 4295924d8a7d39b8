#include "tools/daybook/status_report.h"

#include "engine/delivery/dsn_recipient.h"
#include "engine/mime/decoding.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

// RFC 3464 §2.3.3: what the states come to.
event::DsnAction actionOf(DeliveryState state) {
    switch (state) {
        case DeliveryState::Waiting:
        case DeliveryState::Attempting:
        case DeliveryState::Held: return event::DsnAction::DELAYED;
        case DeliveryState::Relayed: return event::DsnAction::RELAYED;
        case DeliveryState::Failed:
        case DeliveryState::Expired:
        case DeliveryState::Removed: return event::DsnAction::FAILED;
        case DeliveryState::Delivered: return event::DsnAction::DELIVERED;
    }
    return event::DsnAction::FAILED;
}

DsnRecipient recipientOf(const DeliveryRow& row) {
    DsnRecipient recipient = dsnRecipient(row, actionOf(row.state));
    if (row.forwardPath.empty()) recipient.finalRecipient = "erased";
    return recipient;
}

}  // namespace

std::string statusReport(
    const Journal& journal, const MessageStatus& status, const std::string& hostname) {
    mime::initialize();
    DsnReport report;
    report.report = status.message;
    report.hostName = hostname;
    report.nowNs = SystemClock().now();
    const bool isErased = status.reversePath.empty() && !status.nullReversePath;
    report.reversePath = isErased ? "erased" : status.reversePath;
    report.envelopeId = status.envelopeId;
    report.ret = event::DsnReturn::HEADERS;
    report.message = status.message;
    report.arrivalNs = status.arrivalNs;
    std::string octets;
    if (status.content) {
        // Blob and summary stand in one record.
        octets = journal.content().readVerified(*status.content).value_or("");
        octets.resize(std::min<std::size_t>(octets.size(), status.octets));
        report.original = {octets};
    }
    for (const RecipientStatus& recipient : status.recipients)
        report.recipients.push_back(recipientOf(recipient.row));
    return composeDsn(report).octets;
}

}  // namespace daybook
