// dsn.h
//
// A delivery status notification as a whole message: RFC 3464 in RFC 6522's multipart/report, with
// UTF-8 addresses as RFC 6533 has them. Composes only: whether it is due, who sends it (with a null
// reverse-path), and that one message gets no storm of reports, is the caller's. What peers and
// senders said is made safe: no controls, no long lines, no new fields. Pure; any thread. Call
// mime::initialize() once before.
//
// The message is 7-bit unless the reverse-path is not ASCII: then it needs SMTPUTF8, as that does,
// and its parts are those of RFC 6533. To an ASCII reverse-path UTF-8 addresses go in the 7-bit
// form (RFC 6533 §3), so that any server on the way takes the report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/delivery/dsn_texts.h"
#include "engine/delivery/transport.h"
#include "journal/base/clock.h"
#include "journal/base/ids.h"

namespace daybook {

// RFC 3464 §2.3.3: "failed", "delayed" ...
const char* wordOf(event::DsnAction action);

struct DsnRecipient {
    std::string finalRecipient;     // the forward-path as it was accepted
    std::string originalRecipient;  // ORCPT's value as it came; empty: none
    event::DsnAction action = event::DsnAction::FAILED;
    std::uint32_t enhancedCode = 0;  // as RemoteReply's; 0: x.0.0 as the action has it
    std::string remoteMta;           // host name; empty: no remote was involved
    std::string diagnostic;          // the reply's text; empty: none
    std::optional<TimeNs> lastAttemptNs;
    std::optional<TimeNs> willRetryUntilNs;  // of DELAYED
};

struct DsnReport {
    // The report itself.
    MessageId report;      // makes its Message-ID and its boundary
    std::string hostName;  // Reporting-MTA, and where MAILER-DAEMON is
    TimeNs nowNs = 0;
    ReportLanguage language = ReportLanguage::English;

    // The message that it speaks of.
    std::string reversePath;  // empty: nobody is told; without a To field then
    std::string envelopeId;   // ENVID, decoded; empty: none
    event::DsnReturn ret = event::DsnReturn::UNSAID;
    MessageId message;  // the journal id that people ask with
    TimeNs arrivalNs = 0;
    // Its octets in order; they outlive the call.
    std::vector<std::string_view> original;
    // A longer one is returned as its header only, whatever RET says (RFC 3461 §6.2).
    std::size_t returnOctetsMax = 1U << 20U;

    std::vector<DsnRecipient> recipients;  // at least one
};

struct ComposedDsn {
    std::string octets;  // lines of at most 998, CRLF
    bool smtpUtf8 = false;
};

ComposedDsn composeDsn(const DsnReport& report);

}  // namespace daybook
