// status_report.h
//
// The status of a message as a delivery status report (RFC 3464), as its sender would get one.
// Thread: main.
#pragma once

#include <string>

#include "journal/journal.h"
#include "tools/daybook/message_status.h"

namespace daybook {

// The whole report, a message of lines that end with CRLF, with the header of the message that it
// is about, where that still exists. Requires: at least one recipient.
std::string statusReport(
    const Journal& journal, const MessageStatus& status, const std::string& hostname);

}  // namespace daybook
