#include <fmt/format.h>

#include "journal/base/ascii.h"
#include "journal/base/limits.h"
#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

Outcome<Done> Dialogue::maySend(
    const std::string& reversePath, const MailParameters& parameters) const {
    if (parameters.octets > messageOctetsMax()) {
        return refuse(RefusalReason::MessageTooLarge);
    }
    const bool checked = identity_ && policy_.ownAddressesOnly;
    if (checked && !services_.directory.mayUseAddress(identity_->account, reversePath)) {
        return refuse(RefusalReason::SenderNotOwned);
    }
    return Done{};
}

MailOffer Dialogue::mailOffer() const {
    const bool lmtp = role_ == Role::Lmtp;
    return {
        .auth = offersAuthentication(),
        // RFC 8689 §2: on sessions with TLS alone.
        .requireTls = connection_.isTls() && !lmtp,
        // What LMTP takes is delivered at once.
        .deliverBy = !lmtp,
        .futureRelease = role_ == Role::Submission,
        .priority = !lmtp,
    };
}

// RFC 2852 §3 (the minimum for mode R) and RFC 4865 §4.2 (no later than was announced).
void Dialogue::checkTimes(const MailParameters& parameters) const {
    const std::optional<DeliverBy>& by = parameters.deliverBy;
    if (by && by->orReturn && by->seconds < limits::kDeliverByMin.count()) {
        throw Reject(reply(
            555,
            "5.5.4",
            fmt::format("BY with R takes {} seconds at least", limits::kDeliverByMin.count())));
    }
    const std::int64_t maxSeconds = limits::kFutureReleaseMax.count();
    const TimeNs now = services_.clock.now();
    const bool tooLong = parameters.holdSeconds.value_or(0) > maxSeconds ||
                         parameters.holdUntilNs.value_or(now) > now + (maxSeconds + 1) * kSecondNs;
    if (tooLong) badArguments("That is later than was announced for FUTURERELEASE");
    if (parameters.holdUntilNs.value_or(now) < now) badArguments("HOLDUNTIL is past");
}

// RFC 6710 §4.1: a stranger's priority is lowered, and the answer says so.
Reply Dialogue::mailAccepted() {
    MailParameters& parameters = transaction_->parameters;
    if (parameters.priority <= 0 || identity_) return reply(250, "2.1.0", "Ok");
    parameters.priority = 0;
    return reply(250, "2.3.6", "0 Priorities above 0 are for authenticated users");
}

// MAIL. RFC 5321 §4.1.1.2. SIZE: RFC 1870 §6. SMTPUTF8: RFC 6531 §3.5. Submission: RFC 6409 §6.1.
// The From field is compared with the account when it has come: foreignFrom().
Task<Reply> Dialogue::mail(std::string_view arguments) {
    PathAndParameters mail = parseMail(arguments);
    const MailParameters parameters = parseMailParameters(mail.parameters, mailOffer());
    if (!extended_ && !mail.parameters.empty()) {
        co_return reply(555, "5.5.4", "Parameters need EHLO");
    }
    if (!isAscii(mail.path) && !parameters.smtpUtf8) {
        co_return reply(550, "5.6.7", "This address needs the SMTPUTF8 parameter");
    }
    checkTimes(parameters);
    const Outcome<Done> allowed = maySend(mail.path, parameters);
    transaction_ = std::make_unique<Transaction>();
    transaction_->reversePath = std::move(mail.path);
    transaction_->parameters = parameters;
    transaction_->begunNs = services_.clock.now();
    std::optional<Reply> refused;
    if (!allowed) {
        refused = reply(allowed.error());
    } else {
        refused = tooManyMessages();
    }
    if (!refused) co_return mailAccepted();
    const Reply answer = *refused;
    recordRefusal(event::Stage::MAIL, answer, {});
    transaction_.reset();
    co_return answer;
}

}  // namespace daybook::smtp
