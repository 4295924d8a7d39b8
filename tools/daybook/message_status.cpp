#include "tools/daybook/message_status.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "journal/base/encoding.h"
#include "tools/daybook/delivery_text.h"
#include "tools/daybook/event_text.h"
#include "tools/daybook/output.h"

namespace daybook {

void MessageStatusReader::takeReceived(const Record& record, MessageStatus& status) const {
    const auto core = record.core().getReceived();
    status.arrivalNs = record.core().getTimeNs();
    status.octets = core.getBlob().getOctets();
    status.content = refOf(core.getBlob());
    status.nullReversePath = core.getNullReversePath();
    const auto annex = record.annex(0);
    if (!annex || !annex->isReceived()) return;
    const auto details = annex->getReceived();
    status.reversePath = textOf(details.getReversePath());
    status.subject = textOf(details.getSubject());
    status.messageId = textOf(details.getMessageId());
    status.envelopeId = textOf(details.getEnvelopeId());
    // Events from before the core said so.
    if (status.reversePath.empty()) status.nullReversePath = true;
}

void MessageStatusReader::takeAccepted(const Record& record, MessageStatus& status) {
    const auto core = record.core().getAccepted();
    if (core.getDisposition() != event::Disposition::LOCAL) return;
    accepted_.emplace_back(record.seq(), status.recipients.size());
    RecipientStatus& recipient = status.recipients.emplace_back();
    recipient.account = AccountId(record.core().getAccount());
    recipient.login = names_.account(recipient.account);
    recipient.row.message = status.message;
    recipient.row.recipient = RecipientNumber(core.getRecipient());
    recipient.row.state = DeliveryState::Delivered;
    recipient.row.queuedNs = record.core().getTimeNs();
    const auto annex = record.annex(0);
    if (!annex || !annex->isRecipient()) return;
    recipient.row.forwardPath = textOf(annex->getRecipient().getForwardPath());
    recipient.row.original = textOf(annex->getRecipient().getOriginal());
}

// The delivery alone: what was copied or put there later is another story.
void MessageStatusReader::takeStored(const Record& record, MessageStatus& status) {
    for (const auto& [seq, index] : accepted_) {
        if (seq.number() != record.core().getCause()) continue;
        RecipientStatus& recipient = status.recipients[index];
        recipient.mailbox = names_.mailbox(MailboxId(record.core().getMailbox()), record.seq());
        recipient.uid = Uid(record.core().getStored().getUid());
        recipient.row.lastNs = record.core().getTimeNs();
    }
}

void MessageStatusReader::takeElsewhere(MessageStatus& status) const {
    const Snapshot snapshot = views_.snapshot();
    for (DeliveryRow& row : snapshot.deliveries().deliveriesOf(status.message)) {
        if (row.state == DeliveryState::Delivered) continue;  // told from the journal
        RecipientStatus& recipient = status.recipients.emplace_back();
        recipient.destination = snapshot.deliveries().destinationName(row.destination);
        recipient.row = std::move(row);
    }
}

std::optional<MessageStatus> MessageStatusReader::find(MessageId message) {
    std::vector<HistoryEntry> entries;
    {
        const Snapshot snapshot = views_.snapshot();
        snapshot.histories().ofMessage(message, Seq(1), [&](const HistoryEntry& entry) {
            const bool concerns = entry.kind == Kind::Received || entry.kind == Kind::Accepted ||
                                  entry.kind == Kind::Stored;
            if (concerns) entries.push_back(entry);
            return true;
        });
    }
    if (entries.empty()) return std::nullopt;
    MessageStatus status;
    status.message = message;
    accepted_.clear();
    for (const HistoryEntry& entry : entries) {
        reader_.at(entry.seq, [&](const Record& record) {
            if (entry.kind == Kind::Received) takeReceived(record, status);
            if (entry.kind == Kind::Accepted) takeAccepted(record, status);
            if (entry.kind == Kind::Stored) takeStored(record, status);
        });
    }
    takeElsewhere(status);
    std::ranges::stable_sort(
        status.recipients, {}, [](const RecipientStatus& one) { return one.row.recipient; });
    return status;
}

std::string placeText(const RecipientStatus& recipient) {
    if (recipient.account) {
        if (recipient.mailbox.empty()) return recipient.login;
        return fmt::format("{} of {}", recipient.mailbox, recipient.login);
    }
    std::string server = serverText(recipient.row);
    if (!server.empty()) return server;
    return orDash(printable(recipient.destination));
}

nlohmann::ordered_json toJson(const MessageStatus& status) {
    nlohmann::ordered_json json;
    json["message"] = idText(status.message.number());
    json["sender"] = status.reversePath;
    json["received"] = timeText(status.arrivalNs);
    json["size"] = status.octets;
    if (!status.subject.empty()) json["subject"] = status.subject;
    if (!status.messageId.empty()) json["message_id"] = status.messageId;
    if (!status.envelopeId.empty()) json["envelope_id"] = status.envelopeId;
    json["recipients"] = nlohmann::ordered_json::array();
    for (const RecipientStatus& recipient : status.recipients) {
        nlohmann::ordered_json one = toJson(recipient.row, recipient.destination);
        if (recipient.account) {
            one["account"] = recipient.login;
            if (!recipient.mailbox.empty()) one["mailbox"] = recipient.mailbox;
            if (recipient.uid) one["uid"] = recipient.uid.number();
        }
        json["recipients"].push_back(std::move(one));
    }
    return json;
}

}  // namespace daybook
