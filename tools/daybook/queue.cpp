// queue list, show, stats, retry, hold, release, remove: what waits for other servers, read from
// the view of deliveries, and what the operator does to it, through the server or without one.

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/directory/address.h"
#include "journal/base/ascii.h"
#include "journal/base/encoding.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/delivery_text.h"
#include "tools/daybook/event_words.h"
#include "tools/daybook/names.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

constexpr std::size_t kMessagesPerSlice = 500;
constexpr std::int64_t kDaysMax = 36'500;

struct QueuedMessage {
    OutboundRow message;
    std::vector<DeliveryRow> recipients;  // those that are meant, in order
};

bool isMeant(const Snapshot& snapshot, const QueueFilter& filter, const DeliveryRow& row) {
    if (isFinal(row.state)) return false;
    if (filter.held && row.state != DeliveryState::Held) return false;
    if (!filter.recipient.empty() && !equalsIgnoreCase(row.forwardPath, filter.recipient)) {
        return false;
    }
    return filter.destination.empty() ||
           equalsIgnoreCase(
               snapshot.deliveries().destinationName(row.destination), filter.destination);
}

class QueueReader {
public:
    QueueReader(const Views& views, QueueFilter filter)
        : views_(views), filter_(std::move(filter)) {
        if (const auto domain = normalizeDomain(filter_.destination)) filter_.destination = *domain;
        if (filter_.account.empty()) return;
        const Snapshot snapshot = views_.snapshot();
        const std::optional<AccountRow> account = snapshot.accounts().findLogin(filter_.account);
        if (!account) {
            throw CommandFailed(fmt::format(
                "no account is named {}; `daybook account list` shows them",
                printable(filter_.account)));
        }
        account_ = account->id;
    }

    // The next messages with recipients that are meant, from a snapshot of its own, so that none is
    // held while a reader of the output waits; empty: there are no more.
    std::vector<QueuedMessage> next() {
        std::vector<QueuedMessage> slice;
        while (slice.empty() && !done_) {
            const Snapshot snapshot = views_.snapshot();
            std::size_t looked = 0;
            done_ = true;
            snapshot.deliveries().forOutbound(from_, [&](const OutboundRow& row) {
                if (++looked > kMessagesPerSlice) {
                    from_ = row.message;
                    done_ = false;
                    return false;
                }
                take(snapshot, row, slice);
                return true;
            });
        }
        return slice;
    }

    std::optional<QueuedMessage> message(MessageId message) const {
        const Snapshot snapshot = views_.snapshot();
        const std::optional<OutboundRow> row = snapshot.deliveries().outbound(message);
        std::vector<QueuedMessage> found;
        if (row) take(snapshot, *row, found);
        if (found.empty()) return std::nullopt;
        return std::move(found.front());
    }

private:
    void take(
        const Snapshot& snapshot, const OutboundRow& row, std::vector<QueuedMessage>& found) const {
        if (account_ && row.account != account_) return;
        if (!filter_.sender.empty() && !equalsIgnoreCase(row.reversePath, filter_.sender)) return;
        QueuedMessage queued{.message = row, .recipients = {}};
        for (DeliveryRow& recipient : snapshot.deliveries().deliveriesOf(row.message)) {
            if (isMeant(snapshot, filter_, recipient)) {
                queued.recipients.push_back(std::move(recipient));
            }
        }
        if (!queued.recipients.empty()) found.push_back(std::move(queued));
    }

    const Views& views_;
    QueueFilter filter_;
    AccountId account_;
    MessageId from_;
    bool done_ = false;
};

// "bob@elsewhere.test and 3 more".
std::string recipientsText(const std::vector<DeliveryRow>& recipients) {
    std::string text = recipientText(recipients.front());
    if (recipients.size() == 1) return text;
    return fmt::format("{} and {} more", text, recipients.size() - 1);
}

std::string nextText(const DeliveryRow& row, TimeNs now) {
    if (row.state == DeliveryState::Held) return "held";
    if (row.state == DeliveryState::Attempting) return "now";
    return row.nextNs <= now ? "due" : "in " + durationText(row.nextNs - now);
}

void addRow(TextTable& table, const QueuedMessage& queued, TimeNs now) {
    // What comes next of it speaks for the message.
    const auto& shown = *std::ranges::min_element(
        queued.recipients, [](const DeliveryRow& left, const DeliveryRow& right) {
        const bool leftHeld = left.state == DeliveryState::Held;
        const bool rightHeld = right.state == DeliveryState::Held;
        return leftHeld != rightHeld ? rightHeld : left.nextNs < right.nextNs;
    });
    table.add({
        idText(queued.message.message.number()),
        durationText(now - queued.message.arrivalNs),
        humanSize(queued.message.octets),
        senderText(queued.message.reversePath, queued.message.nullReversePath),
        recipientsText(queued.recipients),
        nextText(shown, now),
        std::to_string(shown.tries),
        lastAnswer(shown),
    });
}

nlohmann::ordered_json recipientJson(
    const Views& views, const OutboundRow& message, const DeliveryRow& row) {
    const Snapshot snapshot = views.snapshot();
    nlohmann::ordered_json json =
        toJson(row, snapshot.deliveries().destinationName(row.destination));
    json["sender"] = message.reversePath;
    if (message.account) json["account"] = accountName(snapshot, message.account);
    json["received"] = timeText(message.arrivalNs);
    json["size"] = message.octets;
    if (!message.subject.empty()) json["subject"] = message.subject;
    return json;
}

std::string dumped(const nlohmann::ordered_json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// An array, one object a line.
class JsonLines {
public:
    void add(const nlohmann::ordered_json& json) {
        fmt::print("{}  {}", begun_ ? ",\n" : "[\n", dumped(json));
        begun_ = true;
    }

    void end() { say(begun_ ? "\n]" : "[]"); }

private:
    bool begun_ = false;
};

MessageId messageArgument(const std::string& text) {
    const std::optional<std::uint64_t> id = parseIdText(text);
    if (!id) {
        throw UsageError(fmt::format(
            "{} is no message id: it is the 16 digits that the 250 reply names", printable(text)));
    }
    return MessageId(*id);
}

struct Selected {
    MessageId message;
    std::vector<RecipientNumber> recipients;
};

Selected selectedOf(const QueuedMessage& queued) {
    Selected selected{.message = queued.message.message, .recipients = {}};
    for (const DeliveryRow& row : queued.recipients)
        selected.recipients.push_back(row.recipient);
    return selected;
}

// Those that are named, or all that the filter lets through. `missing`: named, but not there.
std::vector<Selected> select(
    const Views& views, const QueueActionOptions& options, std::vector<std::string>& missing) {
    QueueReader reader(views, options.filter);
    std::vector<Selected> selected;
    for (const std::string& text : options.messages) {
        if (const auto queued = reader.message(messageArgument(text))) {
            selected.push_back(selectedOf(*queued));
        } else {
            missing.push_back(text);
        }
    }
    if (!options.messages.empty()) return selected;
    for (auto slice = reader.next(); !slice.empty(); slice = reader.next()) {
        for (const QueuedMessage& queued : slice)
            selected.push_back(selectedOf(queued));
    }
    return selected;
}

std::string doneText(
    event::QueueOperation operation, std::uint64_t recipients, std::size_t messages) {
    std::string what =
        fmt::format("{} of {}", counted(recipients, "recipient"), counted(messages, "message"));
    switch (operation) {
        case event::QueueOperation::RETRY: return what + ": tried again at once";
        case event::QueueOperation::HOLD:
            return what + ": held, not tried until `daybook queue release`";
        case event::QueueOperation::RELEASE: return what + ": released, tried at once";
        case event::QueueOperation::REMOVE:
            return what + ": taken out of the queue; senders who want to know are told";
    }
    return what;
}

std::string_view nothingText(event::QueueOperation operation) {
    switch (operation) {
        case event::QueueOperation::RETRY:
        case event::QueueOperation::HOLD: return "nothing that is meant waits for its next try";
        case event::QueueOperation::RELEASE: return "nothing that is meant is held";
        case event::QueueOperation::REMOVE:
            return "nothing that is meant is in the queue, or it is just being tried";
    }
    return "";
}

void sayMessage(Context& context, const QueuedMessage& queued) {
    const OutboundRow& message = queued.message;
    sayFacts({
        .message = message.message,
        .sender = senderText(message.reversePath, message.nullReversePath),
        .account = message.account ? accountName(context.views().snapshot(), message.account) : "",
        .arrivalNs = message.arrivalNs,
        .octets = message.octets,
        .subject = message.subject,
        .messageId = message.messageId,
        .envelopeId = message.envelopeId,
    });
    if (message.requireTls) sayFact("requires", "TLS all the way");
    if (message.hasPriority) sayFact("priority", std::to_string(message.priority));
    say("");
    TextTable table({"to", "state", "next", "until", "tries", "server", "tls", "last answer"});
    for (const DeliveryRow& row : queued.recipients) {
        table.add({
            recipientText(row),
            std::string(stateText(row.state)),
            row.state == DeliveryState::Waiting ? timeText(row.nextNs) : "-",
            timeText(row.expiresNs),
            std::to_string(row.tries),
            orDash(serverText(row)),
            orDash(tlsText(row)),
            lastAnswer(row),
        });
    }
    table.print(false);
}

}  // namespace

int queueList(Context& context, const QueueFilter& filter) {
    QueueReader reader(context.views(), filter);
    const TimeNs now = SystemClock().now();
    TextTable table({"message", "age", "size", "sender", "to", "next", "tries", "last answer"});
    JsonLines lines;
    for (auto slice = reader.next(); !slice.empty(); slice = reader.next()) {
        for (const QueuedMessage& queued : slice) {
            if (!context.json()) addRow(table, queued, now);
            for (const DeliveryRow& row : queued.recipients) {
                if (context.json()) lines.add(recipientJson(context.views(), queued.message, row));
            }
        }
        if (!context.json()) table.flush(false);
    }
    if (context.json()) {
        lines.end();
    } else {
        table.print(false);
    }
    return kDone;
}

int queueShow(Context& context, const std::string& message) {
    const QueueReader reader(context.views(), {});
    const auto queued = reader.message(messageArgument(message));
    if (!queued) {
        sayNote(fmt::format(
            "message {} does not wait; `daybook status {}` says what became of it",
            message,
            message));
        return kRefused;
    }
    if (!context.json()) {
        sayMessage(context, *queued);
        return kDone;
    }
    JsonLines lines;
    for (const DeliveryRow& row : queued->recipients)
        lines.add(recipientJson(context.views(), queued->message, row));
    lines.end();
    return kDone;
}

int queueStats(Context& context, const QueueStatsOptions& options) {
    if (options.days < 1 || options.days > kDaysMax) {
        throw UsageError(fmt::format("--days wants a number from 1 to {}", kDaysMax));
    }
    const std::int64_t today = SystemClock().now() / kDayNs;
    const auto first =
        static_cast<std::uint32_t>(std::max<std::int64_t>(today - options.days + 1, 0));
    const std::string domain = normalizeDomain(options.domain).value_or(options.domain);
    TextTable table({"day", "domain", "queued", "relayed", "deferred", "bounced", "expired"});
    const Snapshot snapshot = context.views().snapshot();
    for (const DeliveryCountsRow& row : snapshot.deliveries().countsSince(first)) {
        const std::string name = snapshot.deliveries().destinationName(row.destination);
        if (!domain.empty() && !equalsIgnoreCase(name, domain)) continue;
        table.add({
            dayText(row.day),
            name.empty() ? idText(row.destination.number()) : printable(name),
            std::to_string(row.queued),
            std::to_string(row.relayed),
            std::to_string(row.deferred),
            std::to_string(row.bounced),
            std::to_string(row.expired),
        });
    }
    table.print(context.json());
    return kDone;
}

int queueAct(Context& context, event::QueueOperation operation, const QueueActionOptions& options) {
    const QueueFilter& filter = options.filter;
    const bool isFiltered = !filter.destination.empty() || !filter.account.empty() ||
                            !filter.sender.empty() || !filter.recipient.empty();
    if (options.messages.empty() && !isFiltered && !options.all) {
        throw UsageError(
            "name what is meant: message ids, --destination, --account, --sender, --recipient, or "
            "--all");
    }
    std::vector<std::string> missing;
    const std::vector<Selected> selected = select(context.views(), options, missing);
    for (const std::string& text : missing)
        sayNote(fmt::format("message {} does not wait for anybody who is meant", text));
    std::uint64_t recipients = 0;
    std::size_t messages = 0;
    for (const Selected& one : selected) {
        const Outcome<std::uint64_t> acted =
            context.administration().actOnQueue(operation, one.message, one.recipients);
        if (!acted && acted.error().reason != RefusalReason::NoSuchMessage) {
            sayNote(sayRefusal(acted.error()));
            if (messages != 0) say(doneText(operation, recipients, messages));
            return kRefused;
        }
        if (!acted) continue;
        recipients += *acted;
        ++messages;
    }
    if (messages == 0) {
        sayNote(nothingText(operation));
        return kRefused;
    }
    say(doneText(operation, recipients, messages));
    return missing.empty() ? kDone : kRefused;
}

}  // namespace daybook
