// refusal_table.h
//
// One refusal, every protocol's code and words: the only place where the domain's "no" becomes text
// for a peer. Never contains the refusal's detail. A test fails when a reason has an empty cell.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "journal/base/refusal.h"

namespace daybook {

struct RefusalWords {
    RefusalReason reason;
    int smtpCode;                   // 4xx or 5xx, RFC 5321 §4.2
    std::string_view enhancedCode;  // "5.7.1", RFC 3463
    std::string_view imapCode;      // response code without brackets, RFC 5530, RFC 9051 §7.1
    std::string_view pop3Code;      // extended response code, RFC 2449 §8, RFC 3206; may be empty
    std::string_view text;          // a sentence for people, without a full stop
};

const RefusalWords& wordsFor(RefusalReason reason);

// "550 5.1.1 No such user here", without line end.
std::string smtpReply(RefusalReason reason);
// "[NONEXISTENT] No such mailbox": what stands after the tag and NO.
std::string imapNo(RefusalReason reason);
// "-ERR [AUTH] Authentication failed", without line end.
std::string pop3Err(RefusalReason reason);

}  // namespace daybook
