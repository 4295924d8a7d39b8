#include "protocols/smtp/command_table.h"

#include <array>
#include <chrono>
#include <fmt/chrono.h>
#include <optional>

#include "journal/base/ascii.h"
#include "journal/base/limits.h"

namespace daybook::smtp {

namespace {

constexpr RoleSet kEsmtp = kMx | kSubmission;

constexpr std::array kCommands = {
    CommandRow{"EHLO", kEsmtp, 0, &Dialogue::ehlo, "RFC 5321 §4.1.1.1"},
    CommandRow{"HELO", kEsmtp, 0, &Dialogue::helo, "RFC 5321 §4.1.1.1"},
    CommandRow{"LHLO", kLmtp, 0, &Dialogue::ehlo, "RFC 2033 §4.1"},
    CommandRow{"STARTTLS", kEvery, kHello | kNoArguments, &Dialogue::startTls, "RFC 3207 §4"},
    CommandRow{
        "AUTH",
        kEsmtp,
        kHello | kNoTransaction | kWhereOffered,
        &Dialogue::auth,
        "RFC 4954 §4",
    },
    CommandRow{
        "MAIL",
        kEvery,
        kHello | kAuthentication | kNoTransaction,
        &Dialogue::mail,
        "RFC 5321 §4.1.1.2",
    },
    CommandRow{
        "RCPT",
        kEvery,
        kHello | kAuthentication | kTransaction,
        &Dialogue::rcpt,
        "RFC 5321 §4.1.1.3",
    },
    CommandRow{
        "DATA",
        kEvery,
        kHello | kAuthentication | kTransaction | kNoArguments,
        &Dialogue::data,
        "RFC 5321 §4.1.1.4",
    },
    CommandRow{
        "BDAT",
        kEvery,
        kHello | kAuthentication | kTransaction | kBringsOctets,
        &Dialogue::bdat,
        "RFC 3030 §2",
    },
    CommandRow{"RSET", kEvery, kNoArguments, &Dialogue::rset, "RFC 5321 §4.1.1.5"},
    CommandRow{"NOOP", kEvery, 0, &Dialogue::noop, "RFC 5321 §4.1.1.9"},
    CommandRow{"VRFY", kEvery, kHello | kAuthentication, &Dialogue::vrfy, "RFC 5321 §4.1.1.6"},
    CommandRow{"EXPN", kEvery, kHello | kAuthentication, &Dialogue::expn, "RFC 5321 §4.1.1.7"},
    CommandRow{"ETRN", kEsmtp, kHello | kAuthentication, &Dialogue::etrn, "RFC 1985 §5"},
    CommandRow{
        "XCLIENT",
        kEvery,
        kTrustedProxy | kNoTransaction,
        &Dialogue::xclient,
        "RFC 5321 §4.1.5",
    },
    CommandRow{"HELP", kEvery, 0, &Dialogue::help, "RFC 5321 §4.1.1.8"},
    CommandRow{"QUIT", kEvery, kNoArguments, &Dialogue::quit, "RFC 5321 §4.1.1.10"},
};

using Parameters = std::optional<std::string>;  // nothing: not announced now

Parameters always(Dialogue&) { return ""; }

Parameters size(Dialogue& dialogue) { return " " + std::to_string(dialogue.messageOctetsMax()); }

Parameters startTls(Dialogue& dialogue) {
    return dialogue.canStartTls() ? Parameters("") : std::nullopt;
}

Parameters mechanisms(Dialogue& dialogue) {
    if (!dialogue.offersAuthentication()) return std::nullopt;
    std::string words;
    const AuthenticationPeer peer = dialogue.authenticationPeer();
    for (const std::string& name : dialogue.services().authenticator.mechanisms(peer)) {
        words += " " + name;
    }
    return words.empty() ? std::nullopt : Parameters(words);
}

Parameters requireTls(Dialogue& dialogue) {
    return dialogue.mailOffer().requireTls ? Parameters("") : std::nullopt;
}

Parameters deliverBy(Dialogue&) { return fmt::format(" {}", limits::kDeliverByMin.count()); }

// The longest interval, and when that would be.
Parameters futureRelease(Dialogue& dialogue) {
    const std::int64_t seconds = limits::kFutureReleaseMax.count();
    const auto latest = static_cast<std::time_t>(dialogue.services().clock.now() / kSecondNs);
    return fmt::format(" {} {:%Y-%m-%dT%H:%M:%SZ}", seconds, fmt::gmtime(latest + seconds));
}

Parameters recipientLimit(Dialogue& dialogue) {
    return fmt::format(" RCPTMAX={}", dialogue.recipientsMax());
}

// Postfix's XCLIENT_README: the attributes that may be said.
Parameters xclient(Dialogue& dialogue) {
    if (!dialogue.mayXclient()) return std::nullopt;
    return " NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT";
}

struct ExtensionRow {
    std::string_view keyword;
    RoleSet roles;
    Parameters (*parameters)(Dialogue& dialogue);
    std::string_view rfc;
};

constexpr std::array kExtensions = {
    ExtensionRow{"PIPELINING", kEvery, always, "RFC 2920 §3"},
    ExtensionRow{"SIZE", kEvery, size, "RFC 1870 §4"},
    ExtensionRow{"8BITMIME", kEvery, always, "RFC 6152 §2"},
    ExtensionRow{"SMTPUTF8", kEvery, always, "RFC 6531 §3.1"},
    ExtensionRow{"ENHANCEDSTATUSCODES", kEvery, always, "RFC 2034 §3"},
    ExtensionRow{"CHUNKING", kEvery, always, "RFC 3030 §2"},
    ExtensionRow{"BINARYMIME", kEvery, always, "RFC 3030 §3"},
    ExtensionRow{"DSN", kEvery, always, "RFC 3461 §4"},
    ExtensionRow{"DELIVERBY", kEsmtp, deliverBy, "RFC 2852 §2"},
    ExtensionRow{"FUTURERELEASE", kSubmission, futureRelease, "RFC 4865 §3"},
    ExtensionRow{"MT-PRIORITY", kEsmtp, always, "RFC 6710 §3"},
    ExtensionRow{"LIMITS", kEvery, recipientLimit, "RFC 9422 §3"},
    ExtensionRow{"STARTTLS", kEvery, startTls, "RFC 3207 §2"},
    ExtensionRow{"REQUIRETLS", kEsmtp, requireTls, "RFC 8689 §2"},
    ExtensionRow{"XCLIENT", kEvery, xclient, "RFC 5321 §4.1.5"},
    ExtensionRow{"AUTH", kEsmtp, mechanisms, "RFC 4954 §3"},
};

}  // namespace

std::span<const CommandRow> commandTable() { return kCommands; }

const CommandRow* findCommand(std::string_view verb, const RoleFacts& role) {
    for (const CommandRow& row : kCommands) {
        if ((row.roles & role.bit) != 0 && equalsIgnoreCase(row.verb, verb)) return &row;
    }
    return nullptr;
}

std::vector<std::string> keywords(Dialogue& dialogue) {
    std::vector<std::string> words;
    for (const ExtensionRow& row : kExtensions) {
        if ((row.roles & dialogue.facts().bit) == 0) continue;
        const Parameters parameters = row.parameters(dialogue);
        if (parameters) words.push_back(std::string(row.keyword) + *parameters);
    }
    return words;
}

}  // namespace daybook::smtp
