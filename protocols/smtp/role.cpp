#include "protocols/smtp/role.h"

#include "journal/base/assert.h"

namespace daybook::smtp {

namespace {

constexpr RoleFacts kMxFacts{
    .bit = kMx,
    .protocol = event::Protocol::SMTP,
    .greeting = "ESMTP Daybook",
    .helloCommand = "EHLO",
    .authenticationRequired = false,
    .repliesPerRecipient = false,
    .completesHeader = false,
};

constexpr RoleFacts kSubmissionFacts{
    .bit = kSubmission,
    .protocol = event::Protocol::SUBMISSION,
    .greeting = "ESMTP Daybook submission",
    .helloCommand = "EHLO",
    .authenticationRequired = true,
    .repliesPerRecipient = false,
    .completesHeader = true,
};

constexpr RoleFacts kLmtpFacts{
    .bit = kLmtp,
    .protocol = event::Protocol::LMTP,
    .greeting = "LMTP Daybook",
    .helloCommand = "LHLO",
    .authenticationRequired = false,
    .repliesPerRecipient = true,
    .completesHeader = false,
};

}  // namespace

const RoleFacts& factsOf(Role role) {
    switch (role) {
        case Role::Mx: return kMxFacts;
        case Role::Submission: return kSubmissionFacts;
        case Role::Lmtp: return kLmtpFacts;
    }
    DAYBOOK_ASSERT(false);
}

std::string withWord(Role role, const Transmission& transmission) {
    const bool lmtp = role == Role::Lmtp;
    if (!transmission.extended) return "SMTP";
    std::string word = transmission.utf8 ? "UTF8" : "";
    if (lmtp) {
        word += "LMTP";
    } else {
        word += transmission.utf8 ? "SMTP" : "ESMTP";
    }
    if (transmission.tls) word += 'S';
    if (transmission.authenticated) word += 'A';
    return word;
}

}  // namespace daybook::smtp
