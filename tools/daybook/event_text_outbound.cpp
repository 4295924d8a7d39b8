// The sentences about mail for other servers: queued, offered, answered, reported, acted upon.

#include <fmt/format.h>

#include "engine/delivery/dsn.h"
#include "engine/delivery/tls_report.h"
#include "journal/base/encoding.h"
#include "projections/accounts.h"
#include "tools/daybook/event_text.h"
#include "tools/daybook/event_words.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

using Numbers = capnp::List<std::uint32_t>::Reader;

constexpr unsigned kNamedMax = 8;

// "<bob@elsewhere.test>, <carol@elsewhere.test>".
std::string recipientsText(const Record& record, Numbers recipients, Names& names) {
    const MessageId message(record.core().getMessage());
    std::string text;
    for (unsigned index = 0; index < recipients.size() && index < kNamedMax; ++index) {
        if (index != 0) text += ", ";
        text += names.recipient(message, RecipientNumber(recipients[index]));
    }
    if (recipients.size() > kNamedMax) {
        text += fmt::format(" and {} more", recipients.size() - kNamedMax);
    }
    return text.empty() ? "nobody" : text;
}

struct Remote {
    std::string server;  // "mx.elsewhere.test [192.0.2.25]"; empty: none, or erased
    std::string text;
};

Remote remoteOf(const Record& record) {
    Remote remote;
    const auto annex = record.annex(0);
    if (!annex || !annex->isRemote()) return remote;
    const auto details = annex->getRemote();
    remote.server = shown(details.getHost());
    if (details.getIp().size() != 0) {
        if (!remote.server.empty()) remote.server += ' ';
        remote.server += fmt::format("[{}]", shown(details.getIp()));
    }
    remote.text = shown(details.getText());
    return remote;
}

// ": 451 4.7.1 try later", or the code alone where the words are erased.
std::string answerText(const Remote& remote, event::SmtpReply::Reader reply) {
    if (!remote.text.empty()) return ": " + remote.text;
    if (reply.getCode() == 0) return "";
    const std::string status = statusText(reply.getEnhancedCode());
    return fmt::format(": {}{}{}", reply.getCode(), status.empty() ? "" : " ", status);
}

// " over TLS 1.3 (DANE, verified)".
std::string tlsText(event::TlsResult::Reader tls) {
    const std::uint16_t version = tls.getTls().getVersion();
    std::string text = version == 0 ? " without TLS" : " over " + tlsVersionText(version);
    std::string more(policyText(tls.getPolicy()));
    const auto add = [&](std::string_view word) {
        if (!more.empty()) more += ", ";
        more += word;
    };
    if (tls.getVerified()) add("verified");
    if (version != 0 && !tls.getVerified()) add("not verified");
    if (tls.getFault() != event::TlsFault::NONE) add(tlsResultType(tls.getFault()));
    return more.empty() ? text : fmt::format("{} ({})", text, more);
}

std::string_view reasonText(event::OutcomeReason reason) {
    switch (reason) {
        case event::OutcomeReason::REFUSED: return "refused";
        case event::OutcomeReason::DNS: return "the DNS gave no answer";
        case event::OutcomeReason::NO_ROUTE: return "there is no way there";
        case event::OutcomeReason::CONNECT: return "no connection";
        case event::OutcomeReason::TLS: return "the TLS that is asked for was not to be had";
        case event::OutcomeReason::LOGIN: return "the smart host did not let us in";
        case event::OutcomeReason::BROKEN: return "the connection broke";
        case event::OutcomeReason::UNSENDABLE: return "the server cannot take this message";
        case event::OutcomeReason::BUSY: return "not tried, the destination did not answer before";
        case event::OutcomeReason::SUPPRESSED: return "suppressed, the address bounced before";
        case event::OutcomeReason::REMOVED: return "removed by the operator";
    }
    return "";
}

std::string reportsDueText(Numbers reports) {
    return reports.size() == 0 ? "" : "; the sender is to be told";
}

std::string queued(const Record& record, Names& names) {
    const auto core = record.core().getQueued();
    const auto annex = record.annex(0);
    const bool named = annex && annex->isRecipient();
    std::string text = fmt::format(
        "queued for {} at {}, given up after {}",
        named ? angle(shown(annex->getRecipient().getForwardPath())) : "an erased address",
        names.destination(DestinationId(core.getDestination())),
        timeText(core.getExpiresNs()));
    if (core.getDueNs() > record.core().getTimeNs()) {
        text += ", not tried before " + timeText(core.getDueNs());
    }
    if (named && annex->getRecipient().getOriginal().size() != 0) {
        text += fmt::format(" (first sent to {})", shown(annex->getRecipient().getOriginal()));
    }
    return text;
}

std::string attemptStarted(const Record& record, Names& names) {
    const auto core = record.core().getAttemptStarted();
    const Remote remote = remoteOf(record);
    return fmt::format(
        "offered to {} for {} (try {})",
        remote.server.empty() ? "an erased server" : remote.server,
        recipientsText(record, core.getRecipients(), names),
        core.getNumber());
}

std::string relayed(const Record& record, Names& names) {
    const auto core = record.core().getRelayed();
    const Remote remote = remoteOf(record);
    return fmt::format(
        "relayed to {}{} for {}{}{}{}",
        remote.server.empty() ? "another server" : remote.server,
        tlsText(core.getTls()),
        recipientsText(record, core.getRecipients(), names),
        answerText(remote, core.getReply()),
        core.getDsn() ? "; it reports itself from now on" : "",
        reportsDueText(core.getReports()));
}

// What deferred and bounced share: " by mx [ip] over TLS 1.3: 451 later".
std::string refusalText(
    const Record& record,
    event::OutcomeReason reason,
    event::SmtpReply::Reader reply,
    event::TlsResult::Reader tls) {
    const Remote remote = remoteOf(record);
    std::string text = fmt::format(" ({})", reasonText(reason));
    if (!remote.server.empty()) {
        text += " by " + remote.server;
        if (reply.getCode() != 0 || reason == event::OutcomeReason::TLS) text += tlsText(tls);
    }
    return text + answerText(remote, reply);
}

std::string deferred(const Record& record, Names& names) {
    const auto core = record.core().getDeferred();
    return fmt::format(
        "deferred for {} until {}{}{}",
        recipientsText(record, core.getRecipients(), names),
        timeText(core.getNextNs()),
        refusalText(record, core.getReason(), core.getReply(), core.getTls()),
        reportsDueText(core.getReports()));
}

std::string bounced(const Record& record, Names& names) {
    const auto core = record.core().getBounced();
    return fmt::format(
        "failed for good for {}{}{}",
        recipientsText(record, core.getRecipients(), names),
        refusalText(record, core.getReason(), core.getReply(), core.getTls()),
        reportsDueText(core.getReports()));
}

std::string expired(const Record& record, Names& names) {
    const auto core = record.core().getExpired();
    const Remote remote = remoteOf(record);
    const std::string answer = answerText(remote, core.getReply());
    return fmt::format(
        "given up for {} after {}: {} is over{}{}",
        recipientsText(record, core.getRecipients(), names),
        core.getTries() == 1 ? "1 try" : fmt::format("{} tries", core.getTries()),
        core.getDeadline() == event::Deadline::DELIVER_BY ? "the time that the sender gave"
                                                          : "its time in the queue",
        answer.empty() ? "" : "; the last answer" + answer,
        reportsDueText(core.getReports()));
}

std::string outcomeUnknown(const Record& record, Names& names) {
    const auto core = record.core().getAttemptOutcomeUnknown();
    const Remote remote = remoteOf(record);
    return fmt::format(
        "no answer of {} to the message for {} is on record{}: it may have been taken, and is "
        "tried "
        "again at {}",
        remote.server.empty() ? "the other server" : remote.server,
        recipientsText(record, core.getRecipients(), names),
        remote.text.empty() ? "" : fmt::format(" ({})", remote.text),
        timeText(core.getNextNs()));
}

std::string reportIssued(const Record& record, Names& names) {
    const auto core = record.core().getDsnIssued();
    const std::string about = recipientsText(record, core.getRecipients(), names);
    switch (core.getSuppressed()) {
        case event::ReportSuppressed::NO: break;
        case event::ReportSuppressed::SENDER_GONE:
            return fmt::format(
                "no report \"{}\" about {}: the sender is gone", wordOf(core.getAction()), about);
        case event::ReportSuppressed::NULL_REVERSE_PATH:
            return fmt::format(
                "no report \"{}\" about {}: the message came without a sender",
                wordOf(core.getAction()),
                about);
    }
    return fmt::format(
        "a report \"{}\" about {} goes to the sender as message {}",
        wordOf(core.getAction()),
        about,
        idText(core.getReport()));
}

std::string_view disposedText(event::Disposed disposition) {
    switch (disposition) {
        case event::Disposed::DISPLAYED: return "displayed";
        case event::Disposed::DELETED: return "deleted";
        case event::Disposed::DISPATCHED: return "dispatched";
        case event::Disposed::PROCESSED: return "processed";
        case event::Disposed::DENIED: return "denied";
        case event::Disposed::FAILED: return "failed";
    }
    return "";
}

std::string_view feedbackText(event::FeedbackType type) {
    switch (type) {
        case event::FeedbackType::ABUSE: return "abuse";
        case event::FeedbackType::FRAUD: return "fraud";
        case event::FeedbackType::VIRUS: return "virus";
        case event::FeedbackType::NOT_SPAM: return "not spam";
        case event::FeedbackType::OPT_OUT: return "opt-out";
        case event::FeedbackType::OTHER: return "other";
    }
    return "";
}

std::string reportReceived(const Record& record, Names& names) {
    const auto core = record.core().getDsnReceived();
    const Remote remote = remoteOf(record);
    const std::string status = statusText(core.getEnhancedCode());
    return fmt::format(
        "{} reports \"{}\"{} for {}{} (message {})",
        remote.server.empty() ? "another server" : remote.server,
        wordOf(core.getAction()),
        status.empty() ? "" : " (" + status + ")",
        recipientsText(record, core.getRecipients(), names),
        remote.text.empty() ? "" : ": " + remote.text,
        idText(core.getReport()));
}

std::string dispositionReceived(const Record& record) {
    const auto core = record.core().getMdnReceived();
    const Remote remote = remoteOf(record);
    return fmt::format(
        "{} says that the message was {}{} (message {})",
        remote.server.empty() ? "the recipient" : remote.server,
        disposedText(core.getDisposition()),
        core.getAutomatic() ? " automatically" : "",
        idText(core.getReport()));
}

std::string feedbackReceived(const Record& record, Names& names) {
    const auto core = record.core().getFeedbackReceived();
    const Remote remote = remoteOf(record);
    return fmt::format(
        "a complaint ({}) came from {} about the message for {} (message {})",
        feedbackText(core.getType()),
        remote.server.empty() ? "another server" : remote.server,
        recipientsText(record, core.getRecipients(), names),
        idText(core.getReport()));
}

std::string queueAction(const Record& record, Names& names) {
    const auto core = record.core().getQueueAction();
    const std::string about = recipientsText(record, core.getRecipients(), names);
    const std::string by = who(record, names);
    switch (core.getOp()) {
        case event::QueueOperation::HOLD:
            return fmt::format("held for {} by {}, until it is released", about, by);
        case event::QueueOperation::RELEASE: return fmt::format("released for {} by {}", about, by);
        case event::QueueOperation::RETRY:
            return fmt::format("to be tried again at once for {}, said {}", about, by);
        case event::QueueOperation::REMOVE:
            return fmt::format(
                "taken out of the queue for {} by {}{}",
                about,
                by,
                reportsDueText(core.getReports()));
    }
    return "";
}

std::string suppressionChanged(const Record& record, Names& names) {
    const auto core = record.core().getSuppressionChanged();
    const std::string account = names.account(AccountId(record.core().getAccount()));
    if (!core.getOn()) {
        return fmt::format(
            "mail of {} is taken again for a suppressed address (suppression {}), said {}",
            account,
            idText(core.getSuppression()),
            who(record, names));
    }
    const std::string status = statusText(core.getEnhancedCode());
    return fmt::format(
        "mail of {} for {} is not taken any more{}",
        account,
        quoted(record),
        status.empty() ? ", said " + who(record, names) : ": it failed with " + status);
}

std::string tlsReportIssued(const Record& record, Names& names) {
    const auto core = record.core().getTlsReportIssued();
    return fmt::format(
        "the TLS report of {} for {} is done{}",
        dayText(core.getDay()),
        names.destination(DestinationId(core.getDestination())),
        core.getReport() == 0 ? "" : fmt::format(" (message {})", idText(core.getReport())));
}

std::string keyRotated(const Record& record, Names& names) {
    const auto core = record.core().getDkimKeyRotated();
    constexpr const char* kStates[] = {
        "is made, to be put into the DNS", "signs from now on", "signs no more and is deleted"};
    const auto state = static_cast<std::size_t>(core.getState());
    return fmt::format(
        "the {} signing key {} of {} {}, said {}",
        core.getAlgorithm() == event::DkimAlgorithm::ED25519_SHA256 ? "Ed25519" : "RSA",
        quoted(record),
        names.domain(DomainId(core.getDomain())),
        state < std::size(kStates) ? kStates[state] : "changed",
        who(record, names));
}

std::string delegationChanged(const Record& record, Names& names) {
    const auto core = record.core().getDelegationChanged();
    return fmt::format(
        "{} {} send as {}, said {}",
        names.account(AccountId(core.getDelegate())),
        (core.getRights() & kMaySendAs) != 0 ? "may" : "may no longer",
        names.account(AccountId(record.core().getAccount())),
        who(record, names));
}

}  // namespace

std::string ofSending(const Record& record, Names& names) {
    switch (record.kind()) {
        case Kind::Queued: return queued(record, names);
        case Kind::AttemptStarted: return attemptStarted(record, names);
        case Kind::Relayed: return relayed(record, names);
        case Kind::Deferred: return deferred(record, names);
        case Kind::Bounced: return bounced(record, names);
        case Kind::Expired: return expired(record, names);
        case Kind::AttemptOutcomeUnknown: return outcomeUnknown(record, names);
        case Kind::DsnIssued: return reportIssued(record, names);
        case Kind::DsnReceived: return reportReceived(record, names);
        case Kind::MdnReceived: return dispositionReceived(record);
        case Kind::FeedbackReceived: return feedbackReceived(record, names);
        case Kind::QueueAction: return queueAction(record, names);
        case Kind::DestinationDefined:
            return fmt::format(
                "first mail for {}",
                names.destination(
                    DestinationId(record.core().getDestinationDefined().getDestination())));
        case Kind::SuppressionChanged: return suppressionChanged(record, names);
        case Kind::TlsReportIssued: return tlsReportIssued(record, names);
        case Kind::DkimKeyRotated: return keyRotated(record, names);
        case Kind::DelegationChanged: return delegationChanged(record, names);
        default: return "";
    }
}

}  // namespace daybook
