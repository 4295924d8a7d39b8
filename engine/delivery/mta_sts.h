// mta_sts.h
//
// The texts of MTA-STS (RFC 8461): the record that says there is a policy, the policy, and which
// hosts it lists. Never fetches: see tls_policy.h. Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace daybook {

struct MtaStsPolicy {
    enum class Mode : std::uint8_t { None, Testing, Enforce } mode = Mode::None;
    std::chrono::seconds maxAge{0};
    std::vector<std::string> hosts;  // lower case: "mx.example.org", "*.example.net"
    // As they came, for TLSRPT (RFC 8460 §4.5).
    std::vector<std::string> lines;
};

// The id that the TXT records of _mta-sts.DOMAIN give (each a record's strings, joined). Nothing:
// the domain has no policy to be fetched.
std::optional<std::string> mtaStsIdOf(std::span<const std::string> records);

// The policy, or what is wrong with it and in which line.
std::expected<MtaStsPolicy, std::string> parseMtaStsPolicy(std::string_view text);

// Domain of RFC 5321 §4.1.2: labels of letters, digits and hyphens; no address literal.
bool isDomainName(std::string_view text);

// `host`: lower case, no dot at its end.
bool matchesMtaSts(std::span<const std::string> patterns, std::string_view host);

// The fields of a record such as "v=STSv1; id=1;", that of RFC 8460 §3 has the same form: name and
// value in order, the version first. Nothing: malformed.
struct TxtField {
    std::string_view name;
    std::string_view value;
};

std::optional<std::vector<TxtField>> parseTxtFields(std::string_view record);

// The fields of the one record whose version is `version`; nothing if none or several have it, or
// it is malformed. They point into `records`.
std::optional<std::vector<TxtField>> onlyRecordOf(
    std::span<const std::string> records, std::string_view version);

}  // namespace daybook
