#include "journal/base/ascii.h"
#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

Reply Dialogue::refusedRecipient(const std::string& path, const Refusal& refusal) {
    Reply answer = reply(refusal);
    if (refusal.reason == RefusalReason::InvalidArgument) {
        answer = reply(501, "5.1.3", "Malformed recipient address");
    } else if (refusal.reason == RefusalReason::RelayDenied && facts_.authenticationRequired) {
        answer = reply(550, "5.7.1", "This server does not send to other domains yet");
    }
    transaction_->recipientRefused = true;
    recordRefusal(event::Stage::RCPT, answer, path);
    return answer;
}

// RCPT. RFC 5321 §4.1.1.3. Recipients are looked up now: what is accepted is delivered, and nothing
// bounces. No parameters are offered. Limit: §4.5.3.1.10.
Task<Reply> Dialogue::rcpt(std::string_view arguments) {
    const PathAndParameters rcpt = parseRcpt(arguments);
    if (!rcpt.parameters.empty()) {
        co_return reply(555, "5.5.4", "Parameter not offered: " + rcpt.parameters.front().keyword);
    }
    if (transaction_->chunks || transaction_->chunkRefused) {
        co_return reply(503, "5.5.1", "Recipients come before the first BDAT");
    }
    if (!isAscii(rcpt.path) && !transaction_->parameters.smtpUtf8) {
        co_return reply(553, "5.6.7", "This address needs the SMTPUTF8 parameter of MAIL");
    }
    if (transaction_->recipients.size() >= services_.config.recipientsMax) {
        co_return reply(452, "4.5.3", "Too many recipients; send the rest in another transaction");
    }
    Outcome<std::vector<Recipient>> found = services_.directory.resolve(rcpt.path);
    if (!found) co_return refusedRecipient(rcpt.path, found.error());
    transaction_->recipients.push_back({.forwardPath = rcpt.path, .recipients = std::move(*found)});
    co_return reply(250, "2.1.5", "Ok");
}

}  // namespace daybook::smtp
