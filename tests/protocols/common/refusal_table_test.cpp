// Every reason has words that fit every protocol.
#include "protocols/common/refusal_table.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <set>

using namespace daybook;

namespace {

// RFC 9051 §7.1, RFC 5530 §3, RFC 4469 §4.2, RFC 5464 §4.3, RFC 6154 §3.
const std::set<std::string_view> kImapCodes{
    "ALREADYEXISTS",
    "AUTHENTICATIONFAILED",
    "CANNOT",
    "CONTACTADMIN",
    "HASCHILDREN",
    "INUSE",
    "LIMIT",
    "METADATA TOOMANY",
    "NONEXISTENT",
    "NOPERM",
    "OVERQUOTA",
    "PRIVACYREQUIRED",
    "SERVERBUG",
    "TOOBIG",
    "UNKNOWN-CTE",
    "UNAVAILABLE",
    "USEATTR"};
// RFC 2449 §8.1, RFC 3206 §4.
const std::set<std::string_view> kPop3Codes{"", "AUTH", "IN-USE", "SYS/PERM", "SYS/TEMP"};

bool isPlainText(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7F; });
}

}  // namespace

TEST_CASE("refusals: every reason has a whole row", "[protocols]") {
    for (int i = 0; i <= static_cast<int>(RefusalReason::InvalidArgument); ++i) {
        const auto reason = static_cast<RefusalReason>(i);
        INFO(nameOf(reason));
        const RefusalWords& words = wordsFor(reason);
        CHECK(words.reason == reason);
        CHECK(words.smtpCode >= 400);
        CHECK(words.smtpCode < 600);
        // RFC 3463 §2: the class of the enhanced code is that of the reply.
        CHECK(words.enhancedCode.substr(0, 2) == std::to_string(words.smtpCode / 100) + ".");
        CHECK(std::count(words.enhancedCode.begin(), words.enhancedCode.end(), '.') == 2);
        CHECK(kImapCodes.contains(words.imapCode));
        CHECK(kPop3Codes.contains(words.pop3Code));
        CHECK(words.text.size() > 5);
        CHECK(isPlainText(words.text));
        CHECK_FALSE(words.text.ends_with('.'));
    }
}

TEST_CASE("refusals: what can pass is temporary, what cannot is permanent", "[protocols]") {
    for (const RefusalReason reason :
         {RefusalReason::Overloaded,
          RefusalReason::DiskFull,
          RefusalReason::ShuttingDown,
          RefusalReason::StorageFailed,
          RefusalReason::AuthenticationTooOften,
          RefusalReason::MailboxFull}) {
        INFO(nameOf(reason));
        CHECK(wordsFor(reason).smtpCode / 100 == 4);
    }
    for (const RefusalReason reason :
         {RefusalReason::NoSuchAddress,
          RefusalReason::RelayDenied,
          RefusalReason::AuthenticationFailed,
          RefusalReason::MailLoop,
          RefusalReason::MessageTooLarge}) {
        INFO(nameOf(reason));
        CHECK(wordsFor(reason).smtpCode / 100 == 5);
    }
}

TEST_CASE("refusals: the sentences of the three protocols", "[protocols]") {
    CHECK(smtpReply(RefusalReason::NoSuchAddress) == "550 5.1.1 No such user here");
    CHECK(imapNo(RefusalReason::NoSuchMailbox) == "[NONEXISTENT] No such mailbox");
    CHECK(pop3Err(RefusalReason::AuthenticationFailed) == "-ERR [AUTH] Authentication failed");
    CHECK(pop3Err(RefusalReason::NoSuchMessage) == "-ERR No such message");
}
