// message_status.h
//
// What became of one message, recipient by recipient: those elsewhere from the view of deliveries,
// those here from the journal (Accepted and Stored). Thread: main.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "journal/content_log.h"
#include "journal/journal.h"
#include "journal/journal_reader.h"
#include "projections/deliveries.h"
#include "projections/views.h"
#include "tools/daybook/names.h"

namespace daybook {

struct RecipientStatus {
    DeliveryRow row;  // of one here: what is known of it, state Delivered
    std::string destination;
    // Of one here.
    AccountId account;
    std::string login;
    std::string mailbox;
    Uid uid;
};

struct MessageStatus {
    MessageId message;
    TimeNs arrivalNs = 0;
    std::uint64_t octets = 0;
    std::optional<ContentRef> content;  // blob and summary
    bool nullReversePath = false;
    // Empty if erased.
    std::string reversePath;
    std::string subject;
    std::string messageId;
    std::string envelopeId;
    std::vector<RecipientStatus> recipients;  // in the envelope's order
};

class MessageStatusReader {
public:
    MessageStatusReader(const Journal& journal, const Views& views, Names& names)
        : reader_(journal), views_(views), names_(names) {}

    // Nothing: no such message.
    std::optional<MessageStatus> find(MessageId message);

private:
    void takeReceived(const Record& record, MessageStatus& status) const;
    void takeAccepted(const Record& record, MessageStatus& status);
    void takeStored(const Record& record, MessageStatus& status);
    void takeElsewhere(MessageStatus& status) const;

    JournalReader reader_;
    const Views& views_;
    Names& names_;
    std::vector<std::pair<Seq, std::size_t>> accepted_;  // seq, index of the recipient
};

// Where a recipient's mail is, or is to go: "INBOX of bob@example.org", "mx.test [192.0.2.25]".
std::string placeText(const RecipientStatus& recipient);
nlohmann::ordered_json toJson(const MessageStatus& status);

}  // namespace daybook
