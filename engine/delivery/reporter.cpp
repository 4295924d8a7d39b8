#include "engine/delivery/reporter.h"

#include <map>
#include <utility>

#include "engine/delivery/dsn_recipient.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

// What happens to several recipients at about the same time goes into one report.
constexpr TimeNs kGatherNs = kSecondNs;

}  // namespace

// One message's debts.
struct Reporter::Owed {
    OutboundRow message;
    std::vector<std::pair<event::DsnAction, DeliveryRow>> recipients;
};

std::optional<TimeNs> Reporter::dueNs(const OutboundRow& message) const {
    if (message.reports == 0) return std::nullopt;
    const TimeNs gathered = parts_.clock.now() + kGatherNs;
    if (message.lastReportNs == 0) return gathered;
    const TimeNs interval = std::chrono::nanoseconds(settings_.interval).count();
    return std::max(gathered, message.lastReportNs + interval);
}

std::optional<Reporter::Owed> Reporter::owedFor(MessageId message) const {
    const Snapshot snapshot = parts_.scribe.views().snapshot();
    auto row = snapshot.deliveries().outbound(message);
    if (!row) return std::nullopt;
    Owed owed{.message = std::move(*row), .recipients = {}};
    for (const ReportRow& report : snapshot.deliveries().reportsOf(message)) {
        auto delivery = snapshot.deliveries().delivery(message, report.recipient);
        if (delivery) owed.recipients.emplace_back(report.action, std::move(*delivery));
    }
    if (owed.recipients.empty()) return std::nullopt;
    return owed;
}

Task<bool> Reporter::report(MessageId message) {
    std::optional<Owed> owed = owedFor(message);
    if (!owed) co_return true;
    const bool issued = co_await issue(std::move(*owed));
    co_return issued;
}

DsnReport Reporter::reportOf(const Owed& owed, MessageId id, const std::string& original) const {
    DsnReport report{
        .report = id,
        .hostName = settings_.hostname,
        .nowNs = parts_.clock.now(),
        .language = settings_.language,
        .reversePath = owed.message.reversePath,
        .envelopeId = owed.message.envelopeId,
        .ret = owed.message.ret,
        .message = owed.message.message,
        .arrivalNs = owed.message.arrivalNs,
        .original = {original},
        .returnOctetsMax = settings_.returnOctetsMax,
        .recipients = {},
    };
    for (const auto& [action, row] : owed.recipients)
        report.recipients.push_back(dsnRecipient(row, action));
    return report;
}

// What of the message may be returned; one that is damaged or erased is told of without it.
std::string Reporter::originalOf(const OutboundRow& message) const {
    std::string octets;
    try {
        if (!parts_.content.read(message.content.place, 0, message.octets, octets)) octets.clear();
    } catch (const ContentDamaged& damage) {
        parts_.log.error(
            "report-without-message",
            {{"message", idText(message.message.number())}, {"why", damage.what()}});
        octets.clear();
    }
    return octets;
}

Task<bool> Reporter::issue(Owed owed) {
    IssueReport command{.origin = Origin{}, .about = owed.message.message};
    std::map<event::DsnAction, std::vector<RecipientNumber>> said;
    for (const auto& [action, row] : owed.recipients)
        said[action].push_back(row.recipient);
    for (auto& [action, recipients] : said)
        command.said.push_back({.action = action, .recipients = std::move(recipients)});

    if (owed.message.reversePath.empty()) {
        // The address was erased, or there never was one.
        command.suppressed = event::ReportSuppressed::NULL_REVERSE_PATH;
    } else {
        const MessageId id = parts_.random.orderedId<MessageId>();
        ComposedDsn composed = co_await parts_.workers.run([&] {
            const std::string original = originalOf(owed.message);
            return composeDsn(reportOf(owed, id, original));
        });
        Outcome<Deliver> prepared = co_await parts_.reception.prepareOwn(
            id, std::move(composed.octets), owed.message.reversePath, composed.smtpUtf8);
        if (prepared) {
            command.report = std::move(*prepared);
        } else if (isForLater(prepared.error())) {
            co_return false;
        } else {
            command.suppressed = event::ReportSuppressed::SENDER_GONE;
        }
    }
    const std::optional<StoredBlob> blob =
        command.report ? std::optional(command.report->blob) : std::nullopt;
    const Outcome<Done> issued = co_await parts_.scribe.submit(std::move(command));
    if (issued) co_return true;
    if (blob) parts_.reception.discard(*blob, issued.error());
    parts_.log.warning(
        "report-not-delivered",
        {{"message", idText(owed.message.message.number())},
         {"why", nameOf(issued.error().reason)}});
    co_return !isForLater(issued.error());
}

}  // namespace daybook
