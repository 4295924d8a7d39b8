#include "engine/delivery/mta_sts.h"

#include <algorithm>
#include <set>

#include "journal/base/ascii.h"

namespace daybook {

namespace {

constexpr std::size_t kNameOctetsMax = 32;
constexpr std::size_t kIdOctetsMax = 32;
constexpr std::size_t kMaxAgeDigitsMax = 10;
// RFC 8461 §3.2: the maximum; what asks for more gets that.
constexpr std::uint64_t kMaxAgeSecondsMax = 31'557'600;
// RFC 1035 §2.3.4.
constexpr std::size_t kDomainOctetsMax = 253;
constexpr std::size_t kLabelOctetsMax = 63;

bool isAlphanumeric(char c) { return isAlpha(c) || isDigit(c); }

bool isBlank(char c) { return c == ' ' || c == '\t'; }

std::string_view withoutBlanksBefore(std::string_view text) {
    while (!text.empty() && isBlank(text.front()))
        text.remove_prefix(1);
    return text;
}

std::string_view withoutBlanksAfter(std::string_view text) {
    while (!text.empty() && isBlank(text.back()))
        text.remove_suffix(1);
    return text;
}

// sts-ext-name = (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".")
bool isFieldName(std::string_view text) {
    if (text.empty() || text.size() > kNameOctetsMax || !isAlphanumeric(text.front())) return false;
    return std::ranges::all_of(
        text, [](char c) { return isAlphanumeric(c) || c == '_' || c == '-' || c == '.'; });
}

bool isLabel(std::string_view text) {
    if (text.empty() || text.size() > kLabelOctetsMax) return false;
    if (!isAlphanumeric(text.front()) || !isAlphanumeric(text.back())) return false;
    return std::ranges::all_of(text, [](char c) { return isAlphanumeric(c) || c == '-'; });
}

// sts-policy-mx-value = ["*."] Domain
bool isPattern(std::string_view text) {
    if (text.starts_with("*.")) text.remove_prefix(2);
    return isDomainName(text);
}

bool isExtensionValue(std::string_view text) {
    const auto isControl = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
    return !text.empty() && std::ranges::none_of(text, isControl);
}

// One reading of a policy: `seen` are the fields that may come once.
class PolicyReader {
public:
    // Returns what is wrong with the line; empty: nothing.
    std::string take(std::string_view line);
    std::string finish();

    MtaStsPolicy policy;

private:
    std::string takeField(std::string_view name, std::string_view value);

    std::set<std::string, std::less<>> seen_;
};

// sts-policy-field-delim = ":" *WSP
std::string PolicyReader::take(std::string_view line) {
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || !isFieldName(name)) return "is not \"name: value\"";
    policy.lines.emplace_back(line);
    const std::string_view value = withoutBlanksBefore(line.substr(colon + 1));
    if (name == "mx") {
        if (!isPattern(value)) return "names no MX host or *.domain";
        policy.hosts.push_back(lowered(value));
        return {};
    }
    // RFC 8461 §3.2: of a field that comes again, only the first counts.
    if (!seen_.emplace(name).second) return {};
    return takeField(name, value);
}

std::string PolicyReader::takeField(std::string_view name, std::string_view value) {
    if (name == "version") {
        return value == "STSv1" ? "" : "is of a version other than STSv1";
    }
    if (name == "mode") {
        if (value == "enforce") policy.mode = MtaStsPolicy::Mode::Enforce;
        if (value == "testing") policy.mode = MtaStsPolicy::Mode::Testing;
        if (value == "none") policy.mode = MtaStsPolicy::Mode::None;
        const bool known = value == "enforce" || value == "testing" || value == "none";
        return known ? "" : "has a mode other than enforce, testing and none";
    }
    if (name == "max_age") {
        const auto seconds = parseNumber(value);
        if (!seconds || value.size() > kMaxAgeDigitsMax) return "has no number of seconds";
        policy.maxAge = std::chrono::seconds(std::min(*seconds, kMaxAgeSecondsMax));
        return {};
    }
    return isExtensionValue(value) ? "" : "has no value, or control characters in it";
}

std::string PolicyReader::finish() {
    for (const char* const name : {"version", "mode", "max_age"}) {
        if (!seen_.contains(name)) return std::string("it has no line \"") + name + ":\"";
    }
    if (policy.hosts.empty() && policy.mode != MtaStsPolicy::Mode::None) {
        return "it has no line \"mx:\"";
    }
    return {};
}

}  // namespace

// Domain = sub-domain *("." sub-domain), RFC 5321 §4.1.2
bool isDomainName(std::string_view text) {
    if (text.size() > kDomainOctetsMax) return false;
    for (;;) {
        const std::size_t dot = text.find('.');
        if (!isLabel(text.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

// sts-text-record = sts-version 1*(sts-field-delim sts-field) [sts-field-delim]
// sts-field-delim = *WSP ";" *WSP
// sts-ext-value   = 1*(%x21-3A / %x3C / %x3E-7E)
// Other than there a value may have "=" and blanks in it: RFC 8460 §3 has URIs and lists there.
std::optional<std::vector<TxtField>> parseTxtFields(std::string_view record) {
    std::vector<TxtField> fields;
    for (;;) {
        const std::size_t end = record.find(';');
        const std::string_view piece = withoutBlanksAfter(
            fields.empty() ? record.substr(0, end) : withoutBlanksBefore(record.substr(0, end)));
        const bool last = end == std::string_view::npos;
        if (piece.empty() && last && !fields.empty()) return fields;
        const std::size_t equals = piece.find('=');
        if (equals == std::string_view::npos || !isFieldName(piece.substr(0, equals))) return {};
        const TxtField field{.name = piece.substr(0, equals), .value = piece.substr(equals + 1)};
        const auto isText = [](char c) { return (c >= ' ' && c < '\x7f') || c == '\t'; };
        if (field.value.empty() || !std::ranges::all_of(field.value, isText)) return {};
        fields.push_back(field);
        if (last) return fields;
        record.remove_prefix(end + 1);
    }
}

std::optional<std::vector<TxtField>> onlyRecordOf(
    std::span<const std::string> records, std::string_view version) {
    const std::string* found = nullptr;
    for (const std::string& record : records) {
        // The grammar allows blanks before the semicolon, and so do we.
        const std::string_view text = record;
        if (!text.starts_with(version)) continue;
        if (!withoutBlanksBefore(text.substr(version.size())).starts_with(';')) continue;
        if (found != nullptr) return {};
        found = &record;
    }
    if (found == nullptr) return {};
    return parseTxtFields(*found);
}

// RFC 8461 §3.1
std::optional<std::string> mtaStsIdOf(std::span<const std::string> records) {
    const auto fields = onlyRecordOf(records, "v=STSv1");
    if (!fields) return {};
    const auto isInside = [](char c) { return c > ' ' && c != '='; };
    std::optional<std::string> id;
    for (const TxtField& field : *fields) {
        if (!std::ranges::all_of(field.value, isInside)) return {};
        if (field.name != "id" || id) continue;
        if (field.value.size() > kIdOctetsMax) return {};
        if (!std::ranges::all_of(field.value, isAlphanumeric)) return {};
        id = field.value;
    }
    return id;
}

// sts-policy-record = sts-policy-field *WSP *(sts-policy-term sts-policy-field *WSP)
//                     [sts-policy-term]
// sts-policy-term   = LF / CRLF
// Empty lines are passed over: a policy is not given up for one.
std::expected<MtaStsPolicy, std::string> parseMtaStsPolicy(std::string_view text) {
    if (!isUtf8(text)) return std::unexpected("the policy is not UTF-8");
    PolicyReader reader;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        line = withoutBlanksAfter(line);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty()) continue;
        const std::string fault = reader.take(line);
        if (fault.empty()) continue;
        return std::unexpected("line " + std::to_string(number) + " of the policy " + fault);
    }
    const std::string fault = reader.finish();
    if (!fault.empty()) return std::unexpected("the policy is not complete: " + fault);
    return std::move(reader.policy);
}

// RFC 8461 §4.1: "*" stands for exactly one label, the left-most.
bool matchesMtaSts(std::span<const std::string> patterns, std::string_view host) {
    const std::size_t dot = host.find('.');
    return std::ranges::any_of(patterns, [host, dot](std::string_view pattern) {
        if (!pattern.starts_with("*.")) return pattern == host;
        if (dot == std::string_view::npos || dot == 0) return false;
        return host.substr(dot) == pattern.substr(1);
    });
}

}  // namespace daybook
