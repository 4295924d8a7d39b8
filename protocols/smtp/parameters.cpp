#include "protocols/smtp/parameters.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "engine/mime/xtext.h"
#include "journal/base/ascii.h"

namespace daybook::smtp {

namespace {

// What BY and HOLDFOR can say: nine digits.
constexpr std::uint64_t kSecondsMax = 999'999'999;

struct NotifyWord {
    std::string_view word;
    std::uint16_t bit;
};

// RFC 3461 §4.1
constexpr std::array kNotifyWords{
    NotifyWord{"NEVER", kNotifyNever},
    NotifyWord{"SUCCESS", kNotifySuccess},
    NotifyWord{"FAILURE", kNotifyFailure},
    NotifyWord{"DELAY", kNotifyDelay},
};

std::string_view valueOf(const Parameter& parameter) {
    return parameter.value ? std::string_view(*parameter.value) : std::string_view();
}

void refuseValue(const Parameter& parameter) {
    if (parameter.value) badArguments(parameter.keyword + " takes no value");
}

// SIZE. RFC 1870 §6.
void takeSize(const Parameter& parameter, MailParameters& into) {
    const std::optional<std::uint64_t> octets = parseNumber(valueOf(parameter));
    if (!octets) badArguments("SIZE takes a number");
    into.octets = *octets;
}

// BODY. RFC 6152 §2, RFC 3030 §3.
void takeBody(const Parameter& parameter, MailParameters& into) {
    const std::string_view value = valueOf(parameter);
    if (equalsIgnoreCase(value, "8BITMIME")) {
        into.body = Body::EightBitMime;
    } else if (equalsIgnoreCase(value, "BINARYMIME")) {
        into.body = Body::BinaryMime;
    } else if (!equalsIgnoreCase(value, "7BIT")) {
        badArguments("BODY is 7BIT, 8BITMIME or BINARYMIME");
    }
}

// SMTPUTF8. RFC 6531 §3.4.
void takeSmtpUtf8(const Parameter& parameter, MailParameters& into) {
    refuseValue(parameter);
    into.smtpUtf8 = true;
}

// RET. RFC 3461 §4.3.
void takeReturn(const Parameter& parameter, MailParameters& into) {
    const std::string_view value = valueOf(parameter);
    if (equalsIgnoreCase(value, "FULL")) {
        into.ret = event::DsnReturn::FULL;
    } else if (equalsIgnoreCase(value, "HDRS")) {
        into.ret = event::DsnReturn::HEADERS;
    } else {
        badArguments("RET is FULL or HDRS");
    }
}

// ENVID. RFC 3461 §4.4.
void takeEnvelopeId(const Parameter& parameter, MailParameters& into) {
    std::optional<std::string> decoded = mime::parseEnvelopeId(valueOf(parameter));
    if (!decoded) badArguments("ENVID takes xtext, at most 100 characters");
    into.envelopeId = std::move(*decoded);
}

// AUTH. RFC 4954 §5: understood, and not trusted.
void checkAuth(const Parameter& parameter, MailParameters&) {
    const std::string_view value = valueOf(parameter);
    if (value.empty() || (value != "<>" && !mime::decodeXtext(value)))
        badArguments("AUTH takes xtext");
}

// REQUIRETLS. RFC 8689 §2.
void takeRequireTls(const Parameter& parameter, MailParameters& into) {
    refuseValue(parameter);
    into.requireTls = true;
}

// by-value = by-time ";" by-mode [by-trace]; by-time = ["-" / "+"] 1*9digit. RFC 2852 §4.
void takeDeliverBy(const Parameter& parameter, MailParameters& into) {
    constexpr std::string_view kUsage = "BY is seconds;N or seconds;R, with T for a trace";
    std::string_view value = valueOf(parameter);
    const bool negative = value.starts_with('-');
    if (negative || value.starts_with('+')) value.remove_prefix(1);
    const std::size_t semicolon = value.find(';');
    if (semicolon == std::string_view::npos || semicolon > 9) badArguments(kUsage);
    const auto seconds = parseNumber(value.substr(0, semicolon), kSecondsMax);
    const std::string mode = uppered(value.substr(semicolon + 1));
    if (!seconds || mode.empty() || mode.size() > 2 || (mode[0] != 'N' && mode[0] != 'R') ||
        (mode.size() == 2 && mode[1] != 'T')) {
        badArguments(kUsage);
    }
    DeliverBy by{
        .seconds = static_cast<std::int64_t>(*seconds),
        .orReturn = mode[0] == 'R',
        .trace = mode.size() == 2,
    };
    if (negative) by.seconds = -by.seconds;
    if (by.orReturn && by.seconds <= 0) badArguments("BY with R takes a time in the future");
    into.deliverBy = by;
}

// HOLDFOR = %x31-39 *8DIGIT. RFC 4865 §3.
void takeHoldFor(const Parameter& parameter, MailParameters& into) {
    const std::string_view value = valueOf(parameter);
    const std::optional<std::uint64_t> seconds = parseNumber(value, kSecondsMax);
    if (!seconds || value.starts_with('0')) badArguments("HOLDFOR takes a number of seconds");
    into.holdSeconds = static_cast<std::int64_t>(*seconds);
}

// A piece of a date-time with a fixed number of digits; -1: it is none.
int digits(std::string_view text, std::size_t from, std::size_t count) {
    const std::string_view piece = text.substr(std::min(from, text.size()), count);
    const std::optional<std::uint64_t> number = parseNumber(piece);
    return number && piece.size() == count ? static_cast<int>(*number) : -1;
}

// date-time of RFC 3339 §5.6 in UTC: "2026-11-25T22:00:00Z", also with a fraction, which is cut
// off.
std::optional<TimeNs> fromDateTime(std::string_view text) {
    constexpr std::size_t kFixed = 19;
    if (text.size() < kFixed) return std::nullopt;
    std::string_view rest = text.substr(kFixed);
    if (rest.starts_with('.')) {
        const std::size_t end = rest.find_first_not_of("0123456789", 1);
        if (end == 1 || end == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(end);
    }
    if (!equalsIgnoreCase(rest, "Z") && rest != "+00:00" && rest != "-00:00") return std::nullopt;
    const std::chrono::year_month_day day{
        std::chrono::year(digits(text, 0, 4)),
        std::chrono::month(static_cast<unsigned>(digits(text, 5, 2))),
        std::chrono::day(static_cast<unsigned>(digits(text, 8, 2))),
    };
    const int hour = digits(text, 11, 2);
    const int minute = digits(text, 14, 2);
    const int second = digits(text, 17, 2);
    const bool marks = text[4] == '-' && text[7] == '-' && toUpper(text[10]) == 'T' &&
                       text[13] == ':' && text[16] == ':';
    // 60: a leap second, taken for the one after it.
    const bool fits = digits(text, 0, 4) >= 1970 && day.ok() && hour >= 0 && hour < 24 &&
                      minute >= 0 && minute < 60 && second >= 0 && second <= 60;
    if (!marks || !fits || digits(text, 0, 4) > 2200) return std::nullopt;
    const std::chrono::sys_seconds time = std::chrono::sys_days(day) + std::chrono::hours(hour) +
                                          std::chrono::minutes(minute) +
                                          std::chrono::seconds(second);
    return time.time_since_epoch().count() * kSecondNs;
}

// HOLDUNTIL. RFC 4865 §3.
void takeHoldUntil(const Parameter& parameter, MailParameters& into) {
    into.holdUntilNs = fromDateTime(valueOf(parameter));
    if (!into.holdUntilNs) badArguments("HOLDUNTIL takes a time like 2026-11-25T22:00:00Z");
}

// priority-value = (["-"] NZDIGIT) / "0". RFC 6710 §7; §4.1 names the codes.
void takePriority(const Parameter& parameter, MailParameters& into) {
    std::string_view value = valueOf(parameter);
    const bool negative = value.starts_with('-');
    if (negative) value.remove_prefix(1);
    if (value.size() != 1 || !isDigit(value[0]) || (negative && value[0] == '0')) {
        throw Reject(reply(501, "5.5.2", "MT-PRIORITY is a number from -9 to 9"));
    }
    into.priority = negative ? -(value[0] - '0') : value[0] - '0';
}

struct ParameterRow {
    std::string_view keyword;
    bool MailOffer::* offered;  // nullptr: always
    void (*take)(const Parameter& parameter, MailParameters& into);
};

constexpr std::array kMailParameters{
    ParameterRow{"SIZE", nullptr, takeSize},
    ParameterRow{"BODY", nullptr, takeBody},
    ParameterRow{"SMTPUTF8", nullptr, takeSmtpUtf8},
    ParameterRow{"RET", nullptr, takeReturn},
    ParameterRow{"ENVID", nullptr, takeEnvelopeId},
    ParameterRow{"AUTH", &MailOffer::auth, checkAuth},
    ParameterRow{"REQUIRETLS", &MailOffer::requireTls, takeRequireTls},
    ParameterRow{"BY", &MailOffer::deliverBy, takeDeliverBy},
    ParameterRow{"HOLDFOR", &MailOffer::futureRelease, takeHoldFor},
    ParameterRow{"HOLDUNTIL", &MailOffer::futureRelease, takeHoldUntil},
    ParameterRow{"MT-PRIORITY", &MailOffer::priority, takePriority},
};

[[noreturn]] void notOffered(const Parameter& parameter) {
    throw Reject(reply(555, "5.5.4", "Parameter not offered: " + parameter.keyword));
}

// notify-esmtp-value = "NEVER" / 1#notify-list-element. RFC 3461 §4.1.
std::uint16_t notifyBits(std::string_view list) {
    std::uint16_t bits = 0;
    for (;;) {
        const std::size_t comma = list.find(',');
        const std::string_view word = list.substr(0, comma);
        const auto* const known = std::ranges::find_if(
            kNotifyWords, [&](const NotifyWord& row) { return equalsIgnoreCase(row.word, word); });
        if (known == kNotifyWords.end()) {
            badArguments("NOTIFY is NEVER, or some of SUCCESS,FAILURE,DELAY");
        }
        bits |= known->bit;
        if (comma == std::string_view::npos) break;
        list.remove_prefix(comma + 1);
    }
    if ((bits & kNotifyNever) != 0 && bits != kNotifyNever)
        badArguments("NOTIFY=NEVER stands alone");
    return bits;
}

}  // namespace

MailParameters parseMailParameters(
    const std::vector<Parameter>& parameters, const MailOffer& offer) {
    MailParameters result;
    for (const Parameter& parameter : parameters) {
        const auto* const row =
            std::ranges::find(kMailParameters, parameter.keyword, &ParameterRow::keyword);
        if (row == kMailParameters.end()) notOffered(parameter);
        if (row->offered != nullptr && !(offer.*(row->offered))) notOffered(parameter);
        row->take(parameter, result);
    }
    // RFC 4865 §4.2: not more than one of them.
    if (result.holdSeconds && result.holdUntilNs) badArguments("HOLDFOR or HOLDUNTIL, not both");
    return result;
}

RecipientOptions parseRcptParameters(const std::vector<Parameter>& parameters) {
    RecipientOptions result;
    for (const Parameter& parameter : parameters) {
        if (parameter.keyword == "NOTIFY") {
            result.notify = notifyBits(valueOf(parameter));
        } else if (parameter.keyword == "ORCPT") {
            const auto original = mime::parseOriginalRecipient(valueOf(parameter));
            if (!original) badArguments("ORCPT is an address type, a semicolon and xtext");
            result.original = valueOf(parameter);
        } else {
            notOffered(parameter);
        }
    }
    return result;
}

}  // namespace daybook::smtp
