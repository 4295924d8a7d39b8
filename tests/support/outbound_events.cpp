#include "tests/support/outbound_events.h"

#include "tests/support/events.h"

namespace daybook::test {

namespace {

void fill(capnp::List<std::uint32_t>::Builder list, const Numbers& numbers) {
    unsigned index = 0;
    for (const std::uint32_t number : numbers) {
        list.set(index++, number);
    }
}

unsigned sizeOf(const Numbers& numbers) { return static_cast<unsigned>(numbers.size()); }

Draft aboutMessage(Kind kind, std::uint64_t message, std::uint64_t account = 1) {
    Draft draft = draftFor(kind, account);
    draft.core().setMessage(message);
    return draft;
}

void say(Draft& draft, const RemoteSaid& said) {
    annex::Remote::Builder remote =
        draft.addAnnex(AccountId(draft.core().getAccount())).initRemote();
    remote.setHost(said.host);
    remote.setIp(said.ip);
    remote.setText(said.text);
}

void setReply(event::SmtpReply::Builder reply, const SendingOutcome& outcome) {
    reply.setCode(outcome.code);
    reply.setEnhancedCode(outcome.enhancedCode);
}

void setTls(event::TlsResult::Builder tls, const SendingOutcome& outcome) {
    tls.initTls().setVersion(outcome.tlsVersion);
    tls.setPolicy(outcome.policy);
    tls.setVerified(outcome.verified);
    tls.setFault(outcome.fault);
}

template <class Builder>
void setRecipients(Builder builder, const SendingOutcome& outcome) {
    fill(builder.initRecipients(sizeOf(outcome.recipients)), outcome.recipients);
    fill(builder.initReports(sizeOf(outcome.reports)), outcome.reports);
}

}  // namespace

Draft sent(const SentMessage& message) {
    Draft draft = aboutMessage(Kind::Received, message.message, message.account);
    draft.core().setActor(event::Actor::OWNER);
    draft.core().setActorId(message.account);
    event::Received::Builder received = draft.core().initReceived();
    received.setProtocol(event::Protocol::SUBMISSION);
    received.setRecipients(message.relays + message.reports);
    received.setRelays(message.relays);
    received.setReports(message.reports);
    received.setNullReversePath(message.reversePath.empty());
    received.initBlob().setOctets(1'000);
    annex::Received::Builder details = draft.addAnnex(AccountId(message.account)).initReceived();
    details.setReversePath(message.reversePath);
    details.setMessageId(message.messageId);
    details.setEnvelopeId(message.envelopeId);
    details.setSubject("one");
    return draft;
}

Draft queued(const QueuedRecipient& recipient) {
    Draft draft = aboutMessage(Kind::Queued, recipient.message, recipient.account);
    event::Queued::Builder built = draft.core().initQueued();
    built.setRecipient(recipient.recipient);
    built.setDestination(recipient.destination);
    built.setDueNs(recipient.dueNs);
    built.setExpiresNs(recipient.expiresNs);
    built.setClass(recipient.queueClass);
    annex::Recipient::Builder details =
        draft.addAnnex(AccountId(recipient.account)).initRecipient();
    details.setForwardPath(recipient.forwardPath);
    details.setOriginal(recipient.original);
    return draft;
}

Draft acceptedWithReport(
    std::uint64_t account,
    std::uint64_t message,
    std::uint32_t recipient,
    std::string_view forwardPath) {
    Draft draft = aboutMessage(Kind::Accepted, message, account);
    event::Accepted::Builder accepted = draft.core().initAccepted();
    accepted.setRecipient(recipient);
    accepted.setReport(true);
    annex::Recipient::Builder details = draft.addAnnex(AccountId(account)).initRecipient();
    details.setForwardPath(std::string(forwardPath));
    return draft;
}

Draft attemptStarted(const SendingOutcome& outcome) {
    Draft draft = aboutMessage(Kind::AttemptStarted, outcome.message);
    event::AttemptStarted::Builder started = draft.core().initAttemptStarted();
    started.setAttempt(outcome.attempt);
    started.setNumber(1);
    fill(started.initRecipients(sizeOf(outcome.recipients)), outcome.recipients);
    say(draft, outcome.said);
    return draft;
}

Draft relayed(const SendingOutcome& outcome) {
    Draft draft = aboutMessage(Kind::Relayed, outcome.message);
    event::Relayed::Builder built = draft.core().initRelayed();
    built.setAttempt(outcome.attempt);
    built.setDsn(outcome.dsn);
    setRecipients(built, outcome);
    setReply(built.initReply(), outcome);
    setTls(built.initTls(), outcome);
    say(draft, outcome.said);
    return draft;
}

Draft deferred(const SendingOutcome& outcome) {
    Draft draft = aboutMessage(Kind::Deferred, outcome.message);
    event::Deferred::Builder built = draft.core().initDeferred();
    built.setAttempt(outcome.attempt);
    built.setReason(outcome.reason);
    built.setNextNs(outcome.nextNs);
    setRecipients(built, outcome);
    setReply(built.initReply(), outcome);
    setTls(built.initTls(), outcome);
    say(draft, outcome.said);
    return draft;
}

Draft bounced(const SendingOutcome& outcome) {
    Draft draft = aboutMessage(Kind::Bounced, outcome.message);
    event::Bounced::Builder built = draft.core().initBounced();
    built.setAttempt(outcome.attempt);
    built.setReason(outcome.reason);
    setRecipients(built, outcome);
    setReply(built.initReply(), outcome);
    setTls(built.initTls(), outcome);
    say(draft, outcome.said);
    return draft;
}

Draft expired(const SendingOutcome& outcome) {
    Draft draft = aboutMessage(Kind::Expired, outcome.message);
    event::Expired::Builder built = draft.core().initExpired();
    setRecipients(built, outcome);
    setReply(built.initReply(), outcome);
    say(draft, outcome.said);
    return draft;
}

Draft outcomeUnknown(const SendingOutcome& outcome, RemoteKnown remote) {
    Draft draft = aboutMessage(Kind::AttemptOutcomeUnknown, outcome.message);
    event::AttemptOutcomeUnknown::Builder built = draft.core().initAttemptOutcomeUnknown();
    built.setAttempt(outcome.attempt);
    built.setNextNs(outcome.nextNs);
    fill(built.initRecipients(sizeOf(outcome.recipients)), outcome.recipients);
    if (remote == RemoteKnown::Yes) say(draft, outcome.said);
    return draft;
}

Draft queueAction(
    std::uint64_t message,
    event::QueueOperation op,
    const Numbers& recipients,
    std::int64_t dueNs,
    const Numbers& reports) {
    Draft draft = aboutMessage(Kind::QueueAction, message);
    draft.core().setActor(event::Actor::ADMIN);
    event::QueueAction::Builder built = draft.core().initQueueAction();
    built.setOp(op);
    built.setDueNs(dueNs);
    fill(built.initRecipients(sizeOf(recipients)), recipients);
    fill(built.initReports(sizeOf(reports)), reports);
    return draft;
}

Draft dsnIssued(
    std::uint64_t message,
    event::DsnAction action,
    const Numbers& recipients,
    std::uint64_t report) {
    Draft draft = aboutMessage(Kind::DsnIssued, message);
    event::DsnIssued::Builder built = draft.core().initDsnIssued();
    built.setAction(action);
    built.setReport(report);
    fill(built.initRecipients(sizeOf(recipients)), recipients);
    return draft;
}

Draft dsnReceived(
    std::uint64_t message,
    event::DsnAction action,
    const Numbers& recipients,
    const RemoteSaid& said) {
    Draft draft = aboutMessage(Kind::DsnReceived, message);
    event::DsnReceived::Builder built = draft.core().initDsnReceived();
    built.setAction(action);
    built.setEnhancedCode(0x050101);
    built.setReport(71);
    fill(built.initRecipients(sizeOf(recipients)), recipients);
    say(draft, said);
    return draft;
}

Draft destinationDefined(std::uint64_t destination, std::string_view domain) {
    Draft draft(Kind::DestinationDefined);
    draft.core().initDestinationDefined().setDestination(destination);
    setName(draft, domain);
    return draft;
}

Draft suppressionChanged(
    std::uint64_t account, std::uint64_t suppression, bool on, std::string_view address) {
    Draft draft = draftFor(Kind::SuppressionChanged, account);
    event::SuppressionChanged::Builder changed = draft.core().initSuppressionChanged();
    changed.setSuppression(suppression);
    changed.setOn(on);
    changed.setEnhancedCode(0x050101);
    if (on) setName(draft, address);
    return draft;
}

Draft tlsReportIssued(std::uint64_t destination, std::uint32_t day) {
    Draft draft(Kind::TlsReportIssued);
    event::TlsReportIssued::Builder built = draft.core().initTlsReportIssued();
    built.setDestination(destination);
    built.setDay(day);
    return draft;
}

}  // namespace daybook::test
