// status: where is my message? By id, Message-ID or address; as a table, JSON, or an RFC 3464
// report.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "journal/base/ascii.h"
#include "journal/base/encoding.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/delivery_text.h"
#include "tools/daybook/message_search.h"
#include "tools/daybook/message_status.h"
#include "tools/daybook/output.h"
#include "tools/daybook/status_report.h"

namespace daybook {

namespace {

enum class Asked : std::uint8_t { Message, MessageId, Address };

Asked whatIs(const std::string& what) {
    if (parseIdText(what)) return Asked::Message;
    if (what.starts_with('<')) return Asked::MessageId;
    if (what.find('@') != std::string::npos) return Asked::Address;
    throw UsageError(fmt::format(
        "{} is neither a message id (16 digits, as the 250 reply names it) nor a <Message-ID> nor "
        "an address",
        printable(what)));
}

std::vector<MessageId> messagesMeant(
    const Journal& journal, const Views& views, const StatusOptions& options, Asked asked) {
    switch (asked) {
        case Asked::Message: return {MessageId(parseIdText(options.what).value_or(0))};
        case Asked::Address: return messagesOfAddress(journal, views, options.what, options.limit);
        case Asked::MessageId: break;
    }
    {
        const Snapshot snapshot = views.snapshot();
        const auto sent = snapshot.deliveries().sentAs(options.what);
        if (sent) return {*sent};
    }
    return messagesWithMessageId(journal, options.what);
}

// Whoever asks for a recipient is not shown the others.
void keepOnly(MessageStatus& status, const std::string& address) {
    if (equalsIgnoreCase(status.reversePath, address)) return;
    std::erase_if(status.recipients, [&](const RecipientStatus& recipient) {
        return !equalsIgnoreCase(recipient.row.forwardPath, address);
    });
}

std::vector<std::string> cellsOf(const RecipientStatus& recipient) {
    const DeliveryRow& row = recipient.row;
    const bool waits = row.state == DeliveryState::Waiting;
    return {
        recipientText(row),
        std::string(stateText(row.state)),
        timeText(row.lastNs != 0 ? row.lastNs : row.queuedNs),
        placeText(recipient),
        orDash(tlsText(row)),
        waits ? timeText(row.nextNs) : "-",
        orDash(lastAnswer(row)),
    };
}

void sayOne(const MessageStatus& status) {
    sayFacts({
        .message = status.message,
        .sender = senderText(status.reversePath, status.nullReversePath),
        .account = {},
        .arrivalNs = status.arrivalNs,
        .octets = status.octets,
        .subject = status.subject,
        .messageId = status.messageId,
        .envelopeId = status.envelopeId,
    });
    say("");
    if (status.recipients.empty()) {
        say("It went to nobody: it was put into a mailbox; see `daybook journal history`.");
        return;
    }
    TextTable table({"to", "state", "when", "where", "tls", "next try", "answer"});
    for (const RecipientStatus& recipient : status.recipients)
        table.add(cellsOf(recipient));
    table.print(false);
}

void sayMany(const std::vector<MessageStatus>& found) {
    TextTable table(
        {"message", "from", "to", "state", "when", "where", "tls", "next try", "answer"});
    for (const MessageStatus& status : found) {
        const std::string sender = senderText(status.reversePath, status.nullReversePath);
        for (const RecipientStatus& recipient : status.recipients) {
            std::vector<std::string> cells = cellsOf(recipient);
            cells.insert(cells.begin(), {idText(status.message.number()), sender});
            table.add(std::move(cells));
        }
    }
    table.print(false);
}

void sayJson(const std::vector<MessageStatus>& found, Asked asked) {
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const MessageStatus& status : found)
        json.push_back(toJson(status));
    if (asked == Asked::Message) json = nlohmann::ordered_json(json.front());
    say(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

// Each a message of its own, an empty line between them.
int sayReports(Context& context, const Journal& journal, const std::vector<MessageStatus>& found) {
    int status = kRefused;
    for (const MessageStatus& one : found) {
        if (one.recipients.empty()) {
            sayNote(fmt::format("message {} went to nobody", idText(one.message.number())));
            continue;
        }
        fmt::print("{}\n", statusReport(journal, one, context.config().hostname));
        status = kDone;
    }
    return status;
}

}  // namespace

int deliveryStatus(Context& context, const StatusOptions& options) {
    const Asked asked = whatIs(options.what);
    if (options.limit == 0) throw UsageError("--limit wants a number from 1 on");
    // The recipients here are told from the journal: a look into it, and on record.
    Journal& journal = context.journalForReading("status " + options.what);
    const Views& views = context.views();
    Names names(journal, views);
    MessageStatusReader reader(journal, views, names);
    std::vector<MessageStatus> found;
    for (const MessageId message : messagesMeant(journal, views, options, asked)) {
        std::optional<MessageStatus> status = reader.find(message);
        if (!status) continue;
        if (asked == Asked::Address) keepOnly(*status, options.what);
        found.push_back(std::move(*status));
    }
    if (found.empty()) {
        sayNote(
            asked == Asked::Address
                ? fmt::format("no message from or to {} is known", printable(options.what))
                : fmt::format("no message is known as {}", printable(options.what)));
        return kRefused;
    }
    if (options.format == StatusFormat::Rfc3464) {
        return sayReports(context, journal, found);
    }
    if (context.json()) {
        sayJson(found, asked);
    } else if (found.size() == 1 && asked != Asked::Address) {
        sayOne(found.front());
    } else {
        sayMany(found);
    }
    return kDone;
}

}  // namespace daybook
