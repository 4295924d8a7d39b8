#include "tools/daybook/time_argument.h"

#include <ctime>
#include <fmt/format.h>

#include "journal/base/ascii.h"

namespace daybook {

TimeNs parseTimeArgument(const char* option, const std::string& text) {
    if (text.starts_with('@')) {
        const auto seconds = parseNumber(std::string_view(text).substr(1), INT32_MAX * 4ULL);
        if (seconds) return static_cast<TimeNs>(*seconds) * kSecondNs;
    }
    std::string bare = text;
    if (bare.ends_with('Z')) bare.pop_back();
    for (const char* form : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
        std::tm parts{};
        const char* const end = ::strptime(bare.c_str(), form, &parts);
        if (end != nullptr && *end == '\0') return ::timegm(&parts) * kSecondNs;
    }
    throw UsageError(fmt::format(
        "{} {}: not a time; write 2026-11-24, 2026-11-24T01:37:58Z (UTC) or @UNIXSECONDS",
        option,
        text));
}

std::string describeQuery(const LogOptions& options) {
    std::string text = "journal log";
    const auto add = [&](const char* option, const std::string& value) {
        if (!value.empty()) text += fmt::format(" {} {}", option, value);
    };
    add("--account", options.account);
    add("--address", options.address);
    add("--ip", options.ip);
    for (const std::string& kind : options.kinds) {
        add("--kind", kind);
    }
    add("--message", options.message);
    add("--session", options.session);
    add("--since", options.since);
    add("--until", options.until);
    if (options.fromSeq != 0) add("--from", std::to_string(options.fromSeq));
    if (options.toSeq != 0) add("--to", std::to_string(options.toSeq));
    return text;
}

}  // namespace daybook
