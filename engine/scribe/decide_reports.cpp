// IssueReport, and what an incoming report says of a message of ours.

#include <algorithm>
#include <map>
#include <utility>

#include "engine/scribe/decide_parts.h"
#include "journal/base/ascii.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

struct Match {
    MessageId message;
    event::MatchedBy by = event::MatchedBy::MESSAGE_ID;
    std::vector<DeliveryRow> rows;
};

// Only the sender's own messages: who writes to somebody else can say anything about them.
std::optional<Match> match(const ReportClaim& report, AccountId account, const Deciding& deciding) {
    const DeliveriesView view = deciding.views.deliveries();
    const auto sentByAccount = [&](MessageId message) {
        std::vector<DeliveryRow> rows = view.deliveriesOf(message);
        if (!rows.empty() && rows.front().account != account) rows.clear();
        return rows;
    };
    // What the courier says as ENVID where the client gave none is the message's own id.
    if (const auto id = parseIdText(report.envelopeId)) {
        std::vector<DeliveryRow> rows = sentByAccount(MessageId(*id));
        if (!rows.empty()) {
            return Match{MessageId(*id), event::MatchedBy::ENVELOPE_ID, std::move(rows)};
        }
    }
    if (report.messageId.empty()) return std::nullopt;
    const auto message = view.sentAs(report.messageId);
    if (!message) return std::nullopt;
    std::vector<DeliveryRow> rows = sentByAccount(*message);
    if (rows.empty()) return std::nullopt;
    return Match{*message, event::MatchedBy::MESSAGE_ID, std::move(rows)};
}

// The recipient that is meant; where the message had one alone, it is.
std::optional<RecipientNumber> recipientOf(const Match& match, const std::string& address) {
    for (const DeliveryRow& row : match.rows) {
        if (address.empty()) break;
        if (equalsIgnoreCase(row.forwardPath, address)) return row.recipient;
        const std::size_t type = row.original.find(';');
        if (type != std::string::npos &&
            equalsIgnoreCase(std::string_view(row.original).substr(type + 1), address)) {
            return row.recipient;
        }
    }
    if (match.rows.size() == 1) return match.rows.front().recipient;
    return std::nullopt;
}

std::vector<RecipientNumber> recipientsOf(const ReportClaim& report, const Match& match) {
    std::vector<RecipientNumber> numbers;
    for (const ReportClaim::Recipient& recipient : report.recipients) {
        const auto number = recipientOf(match, recipient.address);
        if (number && std::ranges::find(numbers, *number) == numbers.end()) {
            numbers.push_back(*number);
        }
    }
    return numbers;
}

// A report that came in, the message that it speaks of, and the events that say so.
class ReportArrival {
public:
    ReportArrival(const Deliver& command, Match match, Seq received, Events& events)
        : command_(command), match_(std::move(match)), received_(received), events_(events) {}

    void add() {
        switch (report_.what) {
            case ReportClaim::What::Dsn: return addDsnReceived();
            case ReportClaim::What::Mdn: return addMdnReceived();
            case ReportClaim::What::Feedback: return addFeedbackReceived();
        }
    }

private:
    Draft& add(Kind kind) {
        return addAbout(events_, kind, command_.origin, account_, match_.message, received_);
    }

    template <class Body>
    void setMatch(Body body, const std::vector<RecipientNumber>& recipients) const {
        body.setMatchedBy(match_.by);
        body.setReport(command_.message.number());
        setRecipients(body, recipients);
    }

    // Recipients of the same fate share an event.
    void addDsnReceived() {
        struct Fate {
            std::vector<RecipientNumber> numbers;
            std::string diagnostic;
        };

        std::map<std::pair<event::DsnAction, std::uint32_t>, Fate> fates;
        for (const ReportClaim::Recipient& recipient : report_.recipients) {
            Fate& fate = fates[{recipient.action, recipient.enhancedCode}];
            if (fate.diagnostic.empty()) fate.diagnostic = recipient.diagnostic;
            const auto number = recipientOf(match_, recipient.address);
            if (number) fate.numbers.push_back(*number);
        }
        for (const auto& [what, fate] : fates) {
            Draft& draft = add(Kind::DsnReceived);
            auto body = draft.core().initDsnReceived();
            body.setAction(what.first);
            body.setEnhancedCode(what.second);
            setMatch(body, fate.numbers);
            addRemote(
                draft, account_, {.host = report_.reportingMta, .ip = {}, .text = fate.diagnostic});
        }
    }

    void addMdnReceived() {
        Draft& draft = add(Kind::MdnReceived);
        auto body = draft.core().initMdnReceived();
        body.setDisposition(report_.disposition);
        body.setAutomatic(report_.automatic);
        setMatch(body, recipientsOf(report_, match_));
        addRemote(draft, account_, {.host = report_.reader, .ip = {}, .text = {}});
    }

    void addFeedbackReceived() {
        Draft& draft = add(Kind::FeedbackReceived);
        auto body = draft.core().initFeedbackReceived();
        body.setType(report_.feedback);
        setMatch(body, recipientsOf(report_, match_));
        addRemote(draft, account_, {.host = report_.reportingMta, .ip = {}, .text = {}});
    }

    const Deliver& command_;
    const ReportClaim& report_ = *command_.report;
    AccountId account_ = command_.targets.front().account;
    Match match_;
    Seq received_;
    Events& events_;
};

}  // namespace

void addReportReceived(
    const Deliver& command, Seq received, const Deciding& deciding, Events& events) {
    if (command.targets.empty() || !command.report) return;
    auto found = match(*command.report, command.targets.front().account, deciding);
    if (!found) return;
    ReportArrival(command, std::move(*found), received, events).add();
}

// The report is a message like any other; where its recipient is gone, that is on record.
Outcome<Done> decide(const IssueReport& command, const Deciding& deciding, Events& events) {
    const auto message = deciding.views.deliveries().outbound(command.about);
    if (!message) return refuse(RefusalReason::NoSuchMessage);
    event::ReportSuppressed suppressed = command.suppressed;
    MessageId report;
    Seq cause = message->received;
    bool kept = false;
    if (command.report) {
        const Outcome<Deliver::Answer> sent = decide(*command.report, deciding, events);
        if (sent) {
            report = command.report->message;
            cause = sent->received;
            kept = true;
        } else {
            suppressed = event::ReportSuppressed::SENDER_GONE;
        }
    }
    for (const IssueReport::Said& said : command.said) {
        Draft& draft = addAbout(
            events, Kind::DsnIssued, command.origin, message->account, command.about, cause);
        auto body = draft.core().initDsnIssued();
        body.setAction(said.action);
        setRecipients(body, said.recipients);
        body.setReport(report.number());
        body.setSuppressed(suppressed);
    }
    // The events stand in any case; the answer says whether the report's octets are needed.
    if (command.report && !kept) return refuse(RefusalReason::NoSuchAddress, "the sender is gone");
    return Done{};
}

}  // namespace daybook
