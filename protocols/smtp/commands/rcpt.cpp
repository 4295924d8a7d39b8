#include <algorithm>

#include "engine/scribe/quota_room.h"
#include "journal/base/ascii.h"
#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

namespace {

Reply replyTo(const Refusal& refusal) {
    if (refusal.reason != RefusalReason::InvalidArgument) return reply(refusal);
    return reply(501, "5.1.3", "Malformed recipient address");
}

bool isAscii(const PathAndParameters& rcpt) {
    return daybook::isAscii(rcpt.path) &&
           std::ranges::all_of(rcpt.parameters, [](const Parameter& parameter) {
        return daybook::isAscii(parameter.value.value_or(""));
    });
}

}  // namespace

Reply Dialogue::refusedRecipient(const std::string& path, Reply answer) {
    transaction_->recipientRefused = true;
    recordRefusal(event::Stage::RCPT, answer, path);
    return answer;
}

// Who it is here, or the domain that it is to be sent to, if this peer may send there.
Outcome<AcceptedRecipient> Dialogue::recipientFor(
    const std::string& path, RecipientOptions options) const {
    AcceptedRecipient accepted{.forwardPath = path, .options = std::move(options)};
    Outcome<std::vector<Recipient>> found = services_.directory.resolve(path);
    if (found) {
        accepted.recipients = std::move(*found);
        if (isFull(accepted.recipients)) return refuse(services_.config.quota.refusal(), path);
        return accepted;
    }
    const bool elsewhere = found.error().reason == RefusalReason::RelayDenied;
    if (!elsewhere || !mayRelay()) return std::unexpected(found.error());
    const std::optional<Address> address = parseAddress(path);
    if (!address) return refuse(RefusalReason::InvalidArgument, "no address");
    if (isSuppressed(path)) return refuse(RefusalReason::AddressSuppressed, path);
    accepted.remoteDomain = address->domain;
    return accepted;
}

// RFC 5321 §4.2.3: said before the message is sent, by its size where MAIL named it (RFC 1870
// §6.1). Of an alias it is refused only if nobody has room.
bool Dialogue::isFull(const std::vector<Recipient>& recipients) const {
    const std::uint64_t octets = std::max<std::uint64_t>(transaction_->parameters.octets, 1);
    const Snapshot views = services_.views.snapshot();
    return std::ranges::all_of(recipients, [&](const Recipient& recipient) {
        const QuotaRoom room(
            views.mailboxes(), views.quotas(), recipient.account, services_.config.quota.limits);
        return room.excess(octets).has_value();
    });
}

// Said at once, so that the sender learns it from the program in hand; the scribe decides again.
bool Dialogue::isSuppressed(const std::string& path) const {
    const auto patience = services_.config.outbound.suppression;
    if (!identity_ || patience.count() == 0) return false;
    const TimeNs since = services_.clock.now() - std::chrono::nanoseconds(patience).count();
    const Snapshot snapshot = services_.views.snapshot();
    const auto row = snapshot.deliveries().suppression(identity_->account, path);
    return row && row->sinceNs >= since;
}

// RCPT. RFC 5321 §4.1.1.3. Recipients here are looked up now: what is accepted is delivered, and
// nothing bounces. NOTIFY and ORCPT: RFC 3461 §4. Limit: §4.5.3.1.10.
Task<Reply> Dialogue::rcpt(std::string_view arguments) {
    const PathAndParameters rcpt = parseRcpt(arguments);
    RecipientOptions options = parseRcptParameters(rcpt.parameters);
    if (!extended_ && !rcpt.parameters.empty()) {
        co_return reply(555, "5.5.4", "Parameters need EHLO");
    }
    if (transaction_->chunks || transaction_->chunkRefused) {
        co_return reply(503, "5.5.1", "Recipients come before the first BDAT");
    }
    if (!isAscii(rcpt) && !transaction_->parameters.smtpUtf8) {
        co_return refusedRecipient(
            rcpt.path, reply(553, "5.6.7", "This address needs the SMTPUTF8 parameter of MAIL"));
    }
    if (transaction_->recipients.size() >= recipientsMax()) {
        co_return reply(452, "4.5.3", "Too many recipients; send the rest in another transaction");
    }
    Outcome<AcceptedRecipient> accepted = recipientFor(rcpt.path, std::move(options));
    if (!accepted) co_return refusedRecipient(rcpt.path, replyTo(accepted.error()));
    // RFC 4865 §5: nobody gets it before its time, and a mailbox cannot wait.
    const MailParameters& said = transaction_->parameters;
    if (accepted->remoteDomain.empty() && (said.holdSeconds || said.holdUntilNs)) {
        co_return refusedRecipient(
            rcpt.path, reply(550, "5.3.3", "A message to be held can only go to other servers"));
    }
    if (std::optional<Reply> tooMany = tooManyRecipients()) {
        co_return refusedRecipient(rcpt.path, std::move(*tooMany));
    }
    transaction_->recipients.push_back(std::move(*accepted));
    co_return reply(250, "2.1.5", "Ok");
}

}  // namespace daybook::smtp
