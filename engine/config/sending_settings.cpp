// The tables [dns] and [outbound]: how mail for other servers finds its way.

#include "engine/config/sending_settings.h"

#include <arpa/inet.h>
#include <array>
#include <fmt/format.h>

#include "engine/config/config_values.h"
#include "engine/directory/address.h"
#include "engine/runtime/address_ranges.h"
#include "journal/base/ascii.h"

namespace daybook {

namespace {

constexpr std::uint64_t kMebi = 1ULL << 20U;
constexpr std::uint64_t kGibi = 1ULL << 30U;
constexpr std::chrono::milliseconds kSecond{1'000};
constexpr std::chrono::milliseconds kDay{86'400'000};

std::string plain(std::int64_t number) { return fmt::format("{}", number); }

std::string flag(bool on) { return on ? "true" : "false"; }

std::string quoted(const std::string& text) { return text.empty() ? text : tomlString(text); }

std::string wrongResolver(const std::string& text) {
    const std::size_t at = text.find('@');
    const bool hasPort = at != std::string::npos;
    const std::optional<std::uint64_t> port =
        parseNumber(hasPort ? std::string_view(text).substr(at + 1) : "53", 65'535);
    if (isIpAddress(text.substr(0, at)) && port.value_or(0) != 0) return {};
    return fmt::format(
        "\"{}\" is not the address of a resolver; write one like \"192.0.2.53\" or "
        "\"127.0.0.1@5353\"",
        text);
}

std::string wrongZone(const std::string& text) {
    if (normalizeDomain(text)) return {};
    return fmt::format("\"{}\" is not a zone; write one like \"test\"", text);
}

std::string readOneAddress(std::string& into, const ConfigValue& value, int family) {
    std::string text;
    std::string problem = readText(text, value);
    if (!problem.empty()) return problem;
    std::array<unsigned char, 16> octets{};
    if (::inet_pton(family, text.c_str(), octets.data()) != 1) {
        return fmt::format(
            "\"{}\" is not an IPv{} address of this machine", text, family == AF_INET ? 4 : 6);
    }
    into = text;
    return {};
}

std::string readName(std::string& into, const ConfigValue& value) {
    std::string text;
    std::string problem = readText(text, value);
    if (!problem.empty()) return problem;
    const auto name = normalizeDomain(text);
    if (!name)
        return fmt::format("\"{}\" is not a host name; write one like mail.example.org", text);
    into = *name;
    return {};
}

// "host", "host:587", "192.0.2.1:25", "[2001:db8::1]:25".
std::string readRelayHost(OutboundConfig& into, const ConfigValue& value) {
    std::string text;
    std::string problem = readText(text, value);
    if (!problem.empty()) return problem;
    const std::size_t colon = text.rfind(':');
    const bool hasPort = colon != std::string::npos && text.find(']', colon) == std::string::npos;
    std::string host = text.substr(0, hasPort ? colon : std::string::npos);
    const auto port = hasPort ? parseNumber(std::string_view(text).substr(colon + 1), 65'535)
                              : std::optional<std::uint64_t>(587);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (!isIpAddress(host)) {
        const auto name = normalizeDomain(host);
        host = name.value_or(std::string());
    }
    if (host.empty() || port.value_or(0) == 0) {
        return fmt::format(
            "\"{}\" is not a host; write \"relay.example.org:587\" or \"192.0.2.1:25\"", text);
    }
    into.relayHost = host;
    into.relayPort = static_cast<std::uint16_t>(port.value_or(0));
    return {};
}

std::string relayHostText(const OutboundConfig& outbound) {
    if (outbound.relayHost.empty()) return {};
    const bool ipv6 = outbound.relayHost.find(':') != std::string::npos;
    return tomlString(fmt::format(
        "{}{}{}:{}", ipv6 ? "[" : "", outbound.relayHost, ipv6 ? "]" : "", outbound.relayPort));
}

std::string readRetry(std::vector<std::chrono::milliseconds>& into, const ConfigValue& value) {
    const auto* const texts = std::get_if<std::vector<std::string>>(&value);
    if (texts == nullptr || texts->empty()) {
        return "must be a list of times; write [\"5m\", \"15m\", \"1h\"]";
    }
    std::vector<std::chrono::milliseconds> waits;
    for (const std::string& text : *texts) {
        std::chrono::milliseconds wait{};
        std::string problem = readDuration(wait, text, kSecond / 10, kDay);
        if (!problem.empty()) return problem;
        waits.push_back(wait);
    }
    into = std::move(waits);
    return {};
}

std::string retryText(const std::vector<std::chrono::milliseconds>& waits) {
    std::string text;
    for (const std::chrono::milliseconds wait : waits) {
        text += fmt::format("{}\"{}\"", text.empty() ? "" : ", ", durationText(wait));
    }
    return "[" + text + "]";
}

constexpr Words<RelayTls, 4> kRelayTlsWords{{
    {"required", RelayTls::Required},
    {"implicit", RelayTls::Implicit},
    {"opportunistic", RelayTls::Opportunistic},
    {"none", RelayTls::None},
}};

constexpr Words<ReportWords, 2> kReportWords{{
    {"en", ReportWords::English},
    {"de", ReportWords::German},
}};

using V = ConfigValue;
using C = Config;

template <auto Member>
std::string readTime(
    C& config, const V& value, std::chrono::milliseconds min, std::chrono::milliseconds max) {
    return readDuration(config.outbound.*Member, value, min, max);
}

template <auto Member>
std::string timeOf(const C& config) {
    return tomlString(durationText(config.outbound.*Member));
}

constexpr std::array<Setting<C>, 6> kDns{{
    {"forward",
     "list of addresses",
     "none: the servers of the DNS themselves, from the root down",
     "Resolvers to ask instead, \"192.0.2.53\" or \"127.0.0.1@5353\"; they must pass DNSSEC on "
     "(or set validate = false).",
     [](C& c, const V& v) { return readTexts(c.dnsForward, v, wrongResolver); },
     [](const C& c) { return textList(c.dnsForward); }},
    {"validate",
     "true or false",
     "true",
     "Check DNSSEC. Without it there is no DANE, and forged answers are believed.",
     [](C& c, const V& v) { return readFlag(c.dnsValidate, v); },
     [](const C& c) { return flag(c.dnsValidate); }},
    {"trust_anchor",
     "path",
     "\"/usr/share/dns/root.key\" if it is there",
     "The keys that DNSSEC begins with, as DS or DNSKEY records. The package dns-root-data has the "
     "root's.",
     [](C& c, const V& v) { return readPath(c.dnsTrustAnchor, v); },
     [](const C& c) { return quoted(c.dnsTrustAnchor.string()); }},
    {"ask_reserved",
     "list of zones",
     "none",
     "Reserved zones (\"test\", \"invalid\", reverse zones of private networks) to ask for all the "
     "same: for networks that serve them.",
     [](C& c, const V& v) { return readTexts(c.dnsAskReserved, v, wrongZone); },
     [](const C& c) { return textList(c.dnsAskReserved); }},
    {"cache",
     "size",
     "\"32MiB\"",
     "Memory for answers; half as much again goes to keys and to what does not exist.",
     [](C& c, const V& v) { return readSize(c.dnsCacheOctets, v, kMebi, 16 * kGibi); },
     [](const C& c) { return tomlString(sizeText(c.dnsCacheOctets)); }},
    {"timeout",
     "seconds",
     "30",
     "How long an answer is waited for; then the delivery that needs it is tried again later.",
     [](C& c, const V& v) { return readNumber(c.dnsTimeout, v, 1, 300); },
     [](const C& c) { return plain(c.dnsTimeout.count()); }},
}};

constexpr std::array<Setting<C>, 22> kOutbound{{
    {"relay_host",
     "host and port",
     "none: to the mail hosts of each domain",
     "A server that takes all mail for others (a smart host), \"relay.example.org:587\".",
     [](C& c, const V& v) { return readRelayHost(c.outbound, v); },
     [](const C& c) { return relayHostText(c.outbound); }},
    {"relay_user",
     "text",
     "none",
     "The user name there.",
     [](C& c, const V& v) { return readText(c.outbound.relayUser, v); },
     [](const C& c) { return quoted(c.outbound.relayUser); }},
    {"relay_password_file",
     "path",
     "none",
     "A file with the password in its first line, readable by the server's user alone.",
     [](C& c, const V& v) { return readPath(c.outbound.relayPasswordFile, v); },
     [](const C& c) { return quoted(c.outbound.relayPasswordFile.string()); }},
    {"relay_tls",
     "\"required\", \"implicit\", \"opportunistic\", \"none\"",
     "\"required\"",
     "STARTTLS or nothing, TLS first (port 465), STARTTLS where it is offered, or none. The first "
     "two check that the certificate bears the name in relay_host; where that is an address, "
     "nothing is checked.",
     [](C& c, const V& v) { return readWord(c.outbound.relayTls, v, kRelayTlsWords); },
     [](const C& c) { return tomlString(wordOf(c.outbound.relayTls, kRelayTlsWords)); }},
    {"port",
     "port",
     "25",
     "Where mail hosts listen: another one for tests alone.",
     [](C& c, const V& v) { return readNumber(c.outbound.port, v, 1, 65'535); },
     [](const C& c) { return plain(c.outbound.port); }},
    {"helo",
     "name",
     "hostname",
     "The name that this server gives itself; its address should have it in the DNS.",
     [](C& c, const V& v) { return readName(c.outbound.helo, v); },
     [](const C& c) { return quoted(c.outbound.helo); }},
    {"source_ipv4",
     "address",
     "the system's choice",
     "The address that connections over IPv4 come from.",
     [](C& c, const V& v) { return readOneAddress(c.outbound.sourceIpv4, v, AF_INET); },
     [](const C& c) { return quoted(c.outbound.sourceIpv4); }},
    {"source_ipv6",
     "address",
     "the system's choice",
     "The address that connections over IPv6 come from.",
     [](C& c, const V& v) { return readOneAddress(c.outbound.sourceIpv6, v, AF_INET6); },
     [](const C& c) { return quoted(c.outbound.sourceIpv6); }},
    {"connections",
     "number",
     "100",
     "Connections to all destinations together.",
     [](C& c, const V& v) { return readNumber(c.outbound.connections, v, 1, 10'000); },
     [](const C& c) { return plain(c.outbound.connections); }},
    {"connections_per_host",
     "number",
     "20",
     "Connections to one destination. It begins with fewer and gets more as it takes mail.",
     [](C& c, const V& v) { return readNumber(c.outbound.connectionsPerHost, v, 1, 1'000); },
     [](const C& c) { return plain(c.outbound.connectionsPerHost); }},
    {"idle",
     "time",
     "\"2s\"",
     "How long a connection without mail is kept for the next message.",
     [](C& c, const V& v) {
    return readTime<&OutboundConfig::idle>(c, v, std::chrono::milliseconds(0), 60 * kSecond);
},
     timeOf<&OutboundConfig::idle>},
    {"retry",
     "list of times",
     "[\"5m\", \"15m\", \"30m\", \"1h\", \"2h\", \"4h\"]",
     "How long after the first, second ... failure it is tried again; the last one repeats.",
     [](C& c, const V& v) { return readRetry(c.outbound.retry, v); },
     [](const C& c) { return retryText(c.outbound.retry); }},
    {"lifetime",
     "time",
     "\"5d\"",
     "After so long a message that could not be delivered goes back to its sender.",
     [](C& c, const V& v) { return readTime<&OutboundConfig::lifetime>(c, v, kSecond, 60 * kDay); },
     timeOf<&OutboundConfig::lifetime>},
    {"delay_warning",
     "time",
     "\"4h\"",
     "After so long the sender is told that it takes longer; \"0s\": never.",
     [](C& c, const V& v) {
    return readTime<&OutboundConfig::delayWarning>(c, v, std::chrono::milliseconds(0), 60 * kDay);
},
     timeOf<&OutboundConfig::delayWarning>},
    {"report_interval",
     "time",
     "\"5m\"",
     "At most one report about a message in so long.",
     [](C& c, const V& v) {
    return readTime<&OutboundConfig::reportInterval>(c, v, std::chrono::milliseconds(0), kDay);
},
     timeOf<&OutboundConfig::reportInterval>},
    {"report_language",
     "\"en\" or \"de\"",
     "\"en\"",
     "What reports are written in, for people.",
     [](C& c, const V& v) { return readWord(c.outbound.reportWords, v, kReportWords); },
     [](const C& c) { return tomlString(wordOf(c.outbound.reportWords, kReportWords)); }},
    {"suppression",
     "time",
     "\"30d\"",
     "An address that does not exist, by its own server's word, gets no more mail from the same "
     "account for so long (see `daybook suppression`); \"0s\": it does.",
     [](C& c, const V& v) {
    return readTime<&OutboundConfig::suppression>(c, v, std::chrono::milliseconds(0), 3'650 * kDay);
},
     timeOf<&OutboundConfig::suppression>},
    {"tls_roots",
     "path",
     "the system's",
     "Certificates (PEM) that others' are checked against: MTA-STS, smart hosts, REQUIRETLS.",
     [](C& c, const V& v) { return readPath(c.outbound.tlsRoots, v); },
     [](const C& c) { return quoted(c.outbound.tlsRoots.string()); }},
    {"dane",
     "true or false",
     "true",
     "Hold other servers to their TLSA records (RFC 7672).",
     [](C& c, const V& v) { return readFlag(c.outbound.dane, v); },
     [](const C& c) { return flag(c.outbound.dane); }},
    {"mta_sts",
     "true or false",
     "true",
     "Hold other servers to their MTA-STS policies (RFC 8461).",
     [](C& c, const V& v) { return readFlag(c.outbound.mtaSts, v); },
     [](const C& c) { return flag(c.outbound.mtaSts); }},
    {"mta_sts_port",
     "port",
     "443",
     "Where policy hosts listen: another one for tests alone.",
     [](C& c, const V& v) { return readNumber(c.outbound.mtaStsPort, v, 1, 65'535); },
     [](const C& c) { return plain(c.outbound.mtaStsPort); }},
    {"tls_reports",
     "true or false",
     "true",
     "Tell domains that ask for it once a day how TLS with them went (RFC 8460).",
     [](C& c, const V& v) { return readFlag(c.outbound.tlsReports, v); },
     [](const C& c) { return flag(c.outbound.tlsReports); }},
}};

}  // namespace

std::span<const Setting<Config>> dnsSettings() { return kDns; }

std::span<const Setting<Config>> outboundSettings() { return kOutbound; }

}  // namespace daybook
