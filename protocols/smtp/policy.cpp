// What this listener and its operator allow: its table in the configuration, the limits of rates,
// and who may write which From field.

#include <fmt/format.h>

#include "engine/mime/address_list.h"
#include "engine/mime/header_fields.h"
#include "journal/base/ascii.h"
#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

namespace {

// What a reply says of a header field at most.
constexpr std::size_t kShownOctets = 200;

// "in 40 seconds", "in 12 minutes".
std::string whenToComeBack(std::chrono::seconds wait) {
    constexpr std::int64_t kMinute = 60;
    const std::int64_t seconds = wait.count();
    if (seconds <= kMinute) return fmt::format("in {} seconds", seconds);
    return fmt::format("in {} minutes", (seconds + kMinute - 1) / kMinute);
}

Reply tooMany(std::string_view what, std::chrono::seconds wait) {
    return reply(
        450, "4.7.1", fmt::format("Too many {}; come back {}", what, whenToComeBack(wait)));
}

}  // namespace

bool Dialogue::offersAuthentication() const {
    if (role_ == Role::Lmtp) return false;
    if (policy_.auth == ListenerAuth::ByProtocol) return facts_.authenticationRequired;
    return policy_.auth != ListenerAuth::None;
}

bool Dialogue::requiresAuthentication() const {
    if (policy_.auth == ListenerAuth::ByProtocol) return facts_.authenticationRequired;
    return policy_.auth == ListenerAuth::Required;
}

std::uint64_t Dialogue::messageOctetsMax() const {
    return policy_.messageOctetsMax != 0 ? policy_.messageOctetsMax
                                         : services_.config.messageOctetsMax;
}

std::size_t Dialogue::recipientsMax() const {
    return policy_.recipientsMax != 0 ? policy_.recipientsMax : services_.config.recipientsMax;
}

bool Dialogue::isTrustedRelay() const { return policy_.relayFrom.contains(record_.facts().ip); }

bool Dialogue::mayRelay() const { return identity_.has_value() || isTrustedRelay(); }

bool Dialogue::isRated() const {
    return services_.rates != nullptr && policy_.rates && role_ != Role::Lmtp;
}

// A proxy comes as often as its clients do, and each of them counts when it has said for whom.
std::optional<Reply> Dialogue::tooManyConnections() const {
    const bool isProxy = mayXclient() && record_.facts().ip == connection_.peerIp();
    if (!isRated() || isProxy || isTrustedRelay()) return std::nullopt;
    const RateLimits::Wait wait = services_.rates->takeConnection(record_.facts().ip);
    if (!wait) return std::nullopt;
    // RFC 5321 §3.8: a connection is refused with 421.
    Reply answer = tooMany("connections from your address", *wait);
    answer.code = 421;
    return answer;
}

std::optional<Reply> Dialogue::tooManyMessages() const {
    if (!isRated() || (!identity_ && isTrustedRelay())) return std::nullopt;
    const RateLimits::Wait wait = identity_ ? services_.rates->takeMessage(identity_->account)
                                            : services_.rates->takeMessage(record_.facts().ip);
    if (!wait) return std::nullopt;
    return tooMany(identity_ ? "messages" : "messages from your address", *wait);
}

std::optional<Reply> Dialogue::tooManyRecipients() const {
    if (!isRated() || !identity_) return std::nullopt;
    const RateLimits::Wait wait = services_.rates->takeRecipient(identity_->account);
    if (!wait) return std::nullopt;
    return tooMany("recipients", *wait);
}

// A message without a From field passes: nobody's name is taken by it.
std::optional<Reply> Dialogue::foreignFrom(std::string_view message) const {
    if (!identity_ || !policy_.ownFromOnly) return std::nullopt;
    const std::string_view header = mime::headerOf(message);
    mime::HeaderFieldCursor cursor(header);
    mime::HeaderField field;
    while (cursor.next(field)) {
        if (!equalsIgnoreCase(field.name, "From")) continue;
        for (const mime::ListedAddress& listed : mime::parseAddressList(field.value)) {
            if (listed.kind != mime::ListedAddress::Kind::Mailbox) continue;
            const std::string address =
                Address{.localPart = listed.mailbox, .domain = listed.host}.text();
            if (services_.directory.mayUseAddress(identity_->account, address)) continue;
            return reply(
                550,
                "5.7.1",
                fmt::format(
                    "From: <{}> belongs to somebody else",
                    printable(address.substr(0, kShownOctets))));
        }
    }
    return std::nullopt;
}

}  // namespace daybook::smtp
