// tls_report.h
//
// SMTP TLS reports (RFC 8460): who wants them, and the report of one day about one domain as JSON,
// as a mail, or posted by HTTPS. Counts nothing and keeps nothing: what it reports is handed in.
// Pure but for sendTlsReport(). Thread: any; sendTlsReport() any reactor's.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/delivery/https_fetch.h"
#include "engine/delivery/tls_policy.h"
#include "journal/base/clock.h"

namespace daybook {

// Where a domain wants its reports, in the record's order.
struct TlsReportAddresses {
    std::vector<std::string> mailboxes;  // of mailto: URIs, normalized
    std::vector<HttpsUrl> urls;
};

// Of the TXT records of _smtp._tls.DOMAIN (each a record's strings, joined). Nothing: the domain
// wants none, or says it in a way that nobody understands.
std::optional<TlsReportAddresses> parseTlsReportRecord(std::span<const std::string> records);

// Sessions that failed in the same way.
struct TlsFailureCount {
    event::TlsFault fault = event::TlsFault::NONE;
    std::string sendingIp;
    std::string receivingHost;  // the MX host's name; empty: there was none (a policy's fault)
    std::string receivingHelo;  // as it called itself; empty: not known
    std::string receivingIp;
    std::uint64_t sessions = 0;
    std::string reason;  // failure-reason-code; empty: none
};

// RFC 8460 §4.3's word: "certificate-expired"; empty for NONE.
std::string_view tlsResultType(event::TlsFault fault);

struct TlsReportPolicy {
    event::TlsPolicy policy = event::TlsPolicy::NONE;
    // The policy's lines (MTA-STS), or tlsaText() of each record (DANE).
    std::vector<std::string> lines;
    std::string domain;
    std::vector<std::string> hosts;  // MTA-STS: its patterns; DANE: the host
    std::uint64_t successes = 0;
    std::uint64_t failures = 0;
    std::vector<TlsFailureCount> details;  // the same one may come several times
};

struct TlsReport {
    std::string organization;
    std::string contact;  // an address; its domain is the submitter
    std::string id;       // unique for the submitter: letters, digits, "-", "."
    TimeNs beginNs = 0;   // 00:00 UTC
    TimeNs endNs = 0;     // 24:00 UTC; not in it
    std::string domain;   // the policy domain that it is about
    std::vector<TlsReportPolicy> policies;
};

// RFC 8460 §4.4, one line; ASCII.
std::string tlsReportJson(const TlsReport& report);
// RFC 8460 §5.1: "mail.example.org!example.net!1470013200!1470099599!ID.json.gz".
std::string tlsReportFileName(const TlsReport& report);
// RFC 8460 §5.3, not yet signed by DKIM: header fields (but no Received) and body, CRLF line ends.
// It is to be sent whatever TLS the receiver has, and not to be counted (RFC 8460 §3).
std::string tlsReportMail(const TlsReport& report, std::string_view recipient, TimeNs nowNs);

// Posts it (RFC 8460 §5.4). Returns what is wrong; empty: it was taken.
Task<std::string> sendTlsReport(
    HttpsParts parts, HttpsUrl url, std::filesystem::path roots, TlsReport report);

}  // namespace daybook
