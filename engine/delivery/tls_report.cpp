#include "engine/delivery/tls_report.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "engine/delivery/mta_sts.h"
#include "engine/directory/address.h"
#include "engine/mime/encoding.h"
#include "engine/mime/header_fields.h"
#include "engine/runtime/deflate.h"
#include "journal/base/ascii.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

using Json = nlohmann::ordered_json;

// A report stays readable whatever a receiver's hosts call themselves; the summary counts all.
constexpr std::size_t kDetailsMax = 1'000;
// A record that lists more wants something else than reports.
constexpr std::size_t kAddressesMax = 10;
constexpr std::chrono::seconds kPostTimeout{60};
constexpr std::size_t kPostAnswerOctetsMax = 65'536;
constexpr const char* kMediaType = "application/tlsrpt+gzip";

std::optional<std::string> percentDecoded(std::string_view text) {
    std::string plain;
    while (!text.empty()) {
        if (text.front() != '%') {
            plain += text.front();
            text.remove_prefix(1);
            continue;
        }
        const auto octet = text.size() < 3 ? std::nullopt : fromHex(text.substr(1, 2));
        if (!octet) return {};
        plain += *octet;
        text.remove_prefix(3);
    }
    return plain;
}

// RFC 6068: one address, its header fields do not matter.
std::optional<std::string> mailboxIn(std::string_view uri) {
    if (!startsWithIgnoreCase(uri, "mailto:")) return {};
    uri.remove_prefix(std::string_view("mailto:").size());
    const auto text = percentDecoded(uri.substr(0, uri.find('?')));
    if (!text) return {};
    const auto address = parseAddress(*text);
    if (!address) return {};
    return address->text();
}

// tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri); a URI that is of no use to us is passed over.
TlsReportAddresses addressesIn(std::string_view list) {
    TlsReportAddresses addresses;
    for (;;) {
        const std::size_t comma = list.find(',');
        const std::string_view uri = trimmed(list.substr(0, comma));
        auto mailbox = mailboxIn(uri);
        auto url = mailbox ? std::nullopt : parseHttpsUrl(uri);
        if (mailbox) addresses.mailboxes.push_back(std::move(*mailbox));
        if (url) addresses.urls.push_back(std::move(*url));
        const std::size_t count = addresses.mailboxes.size() + addresses.urls.size();
        if (comma == std::string_view::npos || count >= kAddressesMax) return addresses;
        list.remove_prefix(comma + 1);
    }
}

std::string_view policyType(event::TlsPolicy policy) {
    switch (policy) {
        case event::TlsPolicy::NONE: return "no-policy-found";
        case event::TlsPolicy::MTA_STS: return "sts";
        case event::TlsPolicy::DANE: return "tlsa";
    }
    std::unreachable();
}

// RFC 3339 §5.6
std::string dateTime(TimeNs timeNs) {
    const auto seconds = static_cast<std::time_t>(timeNs / kSecondNs);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const std::size_t octets =
        std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), octets};
}

// The last second that the report is about.
TimeNs lastNs(const TlsReport& report) { return report.endNs - kSecondNs; }

std::string submitterOf(const TlsReport& report) {
    return report.contact.substr(report.contact.rfind('@') + 1);
}

std::string reportIdOf(const TlsReport& report) { return report.id + "@" + submitterOf(report); }

void addUnlessEmpty(Json& object, const char* name, const std::string& value) {
    if (!value.empty()) object[name] = value;
}

Json detailJson(const TlsFailureCount& detail) {
    Json object = Json::object();
    object["result-type"] = tlsResultType(detail.fault);
    addUnlessEmpty(object, "sending-mta-ip", detail.sendingIp);
    addUnlessEmpty(object, "receiving-mx-hostname", detail.receivingHost);
    addUnlessEmpty(object, "receiving-mx-helo", detail.receivingHelo);
    addUnlessEmpty(object, "receiving-ip", detail.receivingIp);
    object["failed-session-count"] = detail.sessions;
    addUnlessEmpty(object, "failure-reason-code", detail.reason);
    return object;
}

// By result type; those that differ in nothing are added up.
std::vector<TlsFailureCount> grouped(const std::vector<TlsFailureCount>& details) {
    const auto key = [](const TlsFailureCount& detail) {
        return std::tuple(
            tlsResultType(detail.fault),
            std::string_view(detail.sendingIp),
            std::string_view(detail.receivingHost),
            std::string_view(detail.receivingHelo),
            std::string_view(detail.receivingIp),
            std::string_view(detail.reason));
    };
    std::vector<TlsFailureCount> sorted = details;
    std::ranges::sort(sorted, {}, key);
    std::vector<TlsFailureCount> groups;
    for (TlsFailureCount& detail : sorted) {
        if (!groups.empty() && key(groups.back()) == key(detail)) {
            groups.back().sessions += detail.sessions;
        } else if (groups.size() < kDetailsMax) {
            groups.push_back(std::move(detail));
        }
    }
    return groups;
}

Json policyJson(const TlsReportPolicy& policy) {
    Json description = Json::object();
    description["policy-type"] = policyType(policy.policy);
    if (policy.policy != event::TlsPolicy::NONE) description["policy-string"] = policy.lines;
    description["policy-domain"] = policy.domain;
    // RFC 8460 §4.4: an array (the example of appendix B has a string).
    if (!policy.hosts.empty()) description["mx-host"] = policy.hosts;
    Json object{
        {"policy", std::move(description)},
        {"summary",
         {{"total-successful-session-count", policy.successes},
          {"total-failure-session-count", policy.failures}}},
    };
    if (policy.details.empty()) return object;
    Json details = Json::array();
    for (const TlsFailureCount& detail : grouped(policy.details))
        details.push_back(detailJson(detail));
    object["failure-details"] = std::move(details);
    return object;
}

}  // namespace

// RFC 8460 §3
std::optional<TlsReportAddresses> parseTlsReportRecord(std::span<const std::string> records) {
    const auto fields = onlyRecordOf(records, "v=TLSRPTv1");
    if (!fields) return {};
    const auto rua = std::ranges::find(*fields, "rua", &TxtField::name);
    if (rua == fields->end()) return {};
    TlsReportAddresses addresses = addressesIn(rua->value);
    if (addresses.mailboxes.empty() && addresses.urls.empty()) return {};
    return addresses;
}

std::string_view tlsResultType(event::TlsFault fault) {
    switch (fault) {
        case event::TlsFault::NONE: return "";
        case event::TlsFault::START_TLS_NOT_SUPPORTED: return "starttls-not-supported";
        case event::TlsFault::CERTIFICATE_HOST_MISMATCH: return "certificate-host-mismatch";
        case event::TlsFault::CERTIFICATE_EXPIRED: return "certificate-expired";
        case event::TlsFault::CERTIFICATE_NOT_TRUSTED: return "certificate-not-trusted";
        case event::TlsFault::VALIDATION_FAILURE: return "validation-failure";
        case event::TlsFault::TLSA_INVALID: return "tlsa-invalid";
        case event::TlsFault::DNSSEC_INVALID: return "dnssec-invalid";
        case event::TlsFault::DANE_REQUIRED: return "dane-required";
        case event::TlsFault::STS_POLICY_FETCH_ERROR: return "sts-policy-fetch-error";
        case event::TlsFault::STS_POLICY_INVALID: return "sts-policy-invalid";
        case event::TlsFault::STS_WEBPKI_INVALID: return "sts-webpki-invalid";
    }
    // Of a newer version's journal: RFC 8460 §4.3.3.
    return "validation-failure";
}

std::string tlsReportJson(const TlsReport& report) {
    Json policies = Json::array();
    for (const TlsReportPolicy& policy : report.policies)
        policies.push_back(policyJson(policy));
    const Json document{
        {"organization-name", report.organization},
        {"date-range",
         {{"start-datetime", dateTime(report.beginNs)},
          {"end-datetime", dateTime(lastNs(report))}}},
        {"contact-info", report.contact},
        {"report-id", reportIdOf(report)},
        {"policies", std::move(policies)},
    };
    // What peers call themselves may be no UTF-8: it is replaced, not a reason to report nothing.
    return document.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string tlsReportFileName(const TlsReport& report) {
    // unique-id = 1*(ALPHA / DIGIT)
    std::string id;
    std::ranges::copy_if(
        report.id, std::back_inserter(id), [](char c) { return isAlpha(c) || isDigit(c); });
    return submitterOf(report) + "!" + report.domain + "!" +
           std::to_string(report.beginNs / kSecondNs) + "!" +
           std::to_string(lastNs(report) / kSecondNs) + (id.empty() ? "" : "!" + id) + ".json.gz";
}

// The boundary has "=_" in it, which base64 has not, and the text part is our own.
std::string tlsReportMail(const TlsReport& report, std::string_view recipient, TimeNs nowNs) {
    const std::string submitter = submitterOf(report);
    const std::string boundary = "=_" + report.id;
    std::string mail;
    mail += "From: <" + report.contact + ">\r\n";
    mail += "To: <" + std::string(recipient) + ">\r\n";
    mail += "Date: " + mime::dateText(nowNs) + "\r\n";
    mail += "Message-ID: <" + reportIdOf(report) + ">\r\n";
    mail += "Subject: Report Domain: " + report.domain + "\r\n";
    mail += " Submitter: " + submitter + "\r\n";
    mail += " Report-ID: <" + reportIdOf(report) + ">\r\n";
    mail += "TLS-Report-Domain: " + report.domain + "\r\n";
    mail += "TLS-Report-Submitter: " + submitter + "\r\n";
    // RFC 8460 §5.3: what is wrong with the receiver's TLS must not keep the report from it, at
    // relays neither: RFC 8689 §3.
    mail += "TLS-Required: No\r\n";
    mail += "Auto-Submitted: auto-generated\r\n";
    mail += "MIME-Version: 1.0\r\n";
    mail += "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n";
    mail += " boundary=\"" + boundary + "\"\r\n\r\n";
    mail += "--" + boundary + "\r\n";
    mail += "Content-Type: text/plain; charset=us-ascii\r\n";
    mail += "Content-Transfer-Encoding: 7bit\r\n\r\n";
    mail += "This is an aggregate TLS report from " + submitter + "\r\n";
    mail += "about connections to the mail hosts of " + report.domain + ",\r\n";
    mail += "from " + dateTime(report.beginNs) + " to " + dateTime(lastNs(report)) + ".\r\n";
    mail += "--" + boundary + "\r\n";
    mail += std::string("Content-Type: ") + kMediaType + "\r\n";
    mail += "Content-Transfer-Encoding: base64\r\n";
    mail += "Content-Disposition: attachment;\r\n";
    mail += " filename=\"" + tlsReportFileName(report) + "\"\r\n\r\n";
    mail += mime::encodeBase64Lines(gzip(tlsReportJson(report)));
    mail += "--" + boundary + "--\r\n";
    return mail;
}

Task<std::string> sendTlsReport(
    HttpsParts parts, HttpsUrl url, std::filesystem::path roots, TlsReport report) {
    HttpsRequest request{
        .url = std::move(url),
        .roots = std::move(roots),
        .octetsMax = kPostAnswerOctetsMax,
        .timeout = kPostTimeout,
        .contentType = kMediaType,
        .body = gzip(tlsReportJson(report)),
    };
    const HttpsAnswer answer = co_await askHttps(parts, std::move(request));
    if (answer.trouble != HttpsAnswer::Trouble::None) co_return answer.why;
    if (answer.status >= 200 && answer.status < 300) co_return "";
    co_return "the receiver answered with HTTP status " + std::to_string(answer.status);
}

}  // namespace daybook
