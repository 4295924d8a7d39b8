#include "journal/base/ascii.h"
#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

Outcome<Done> Dialogue::maySend(
    const std::string& reversePath, const MailParameters& parameters) const {
    if (parameters.octets > services_.config.messageOctetsMax) {
        return refuse(RefusalReason::MessageTooLarge);
    }
    if (identity_ && !services_.directory.mayUseAddress(identity_->account, reversePath)) {
        return refuse(RefusalReason::SenderNotOwned);
    }
    return Done{};
}

// MAIL. RFC 5321 §4.1.1.2. SIZE: RFC 1870 §6. SMTPUTF8: RFC 6531 §3.5. Submission: RFC 6409 §6.1.
// The From field is not compared with the account: only the envelope is.
Task<Reply> Dialogue::mail(std::string_view arguments) {
    PathAndParameters mail = parseMail(arguments);
    const MailParameters parameters = parseMailParameters(
        mail.parameters,
        facts_.authenticationRequired ? AuthParameter::Allowed : AuthParameter::Unknown);
    if (!extended_ && !mail.parameters.empty()) {
        co_return reply(555, "5.5.4", "Parameters need EHLO");
    }
    if (!isAscii(mail.path) && !parameters.smtpUtf8) {
        co_return reply(550, "5.6.7", "This address needs the SMTPUTF8 parameter");
    }
    const Outcome<Done> allowed = maySend(mail.path, parameters);
    transaction_ = std::make_unique<Transaction>();
    transaction_->reversePath = std::move(mail.path);
    transaction_->parameters = parameters;
    if (allowed) co_return reply(250, "2.1.0", "Ok");
    const Reply answer = reply(allowed.error());
    recordRefusal(event::Stage::MAIL, answer, {});
    transaction_.reset();
    co_return answer;
}

}  // namespace daybook::smtp
