// time_argument.h
//
// Times and queries as they are written on the command line. Pure; thread: main.
#pragma once

#include <string>

#include "journal/base/clock.h"
#include "tools/daybook/commands.h"

namespace daybook {

// "2026-11-24", "2026-11-24T01:37", "2026-11-24T01:37:58Z" (UTC), or "@1795484278" (Unix seconds).
// Throws UsageError that names the option and the forms.
TimeNs parseTimeArgument(const char* option, const std::string& text);

// The command line as a person would repeat it, for JournalRead.
std::string describeQuery(const LogOptions& options);

}  // namespace daybook
