// report_claim.h
//
// What an arriving message says of mail of ours, as the scribe is asked to match it: from
// report_parser.h's reading to the command's terms. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "engine/scribe/command.h"

namespace daybook {

// Nothing: the message is no report.
std::optional<ReportClaim> claimOf(std::string_view message);

}  // namespace daybook
