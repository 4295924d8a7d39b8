#include "engine/config/config_settings.h"

#include "engine/config/account_settings.h"
#include "engine/config/config_values.h"
#include "engine/config/sending_settings.h"
#include "engine/directory/address.h"
#include "engine/runtime/address_ranges.h"

namespace daybook {

namespace {

constexpr std::uint64_t kMebi = 1ULL << 20U;
constexpr std::uint64_t kGibi = 1ULL << 30U;
constexpr std::uint64_t kTebi = 1ULL << 40U;

constexpr Words<LogLevel, 4> kLogLevels{{
    {"debug", LogLevel::Debug},
    {"information", LogLevel::Information},
    {"warning", LogLevel::Warning},
    {"error", LogLevel::Error},
}};

constexpr Words<ListenerTls, 3> kTlsWords{{
    {"none", ListenerTls::None},
    {"starttls", ListenerTls::StartTls},
    {"implicit", ListenerTls::Implicit},
}};

constexpr Words<ListenerAuth, 3> kAuthWords{{
    {"required", ListenerAuth::Required},
    {"offered", ListenerAuth::Offered},
    {"none", ListenerAuth::None},
}};

constexpr Words<ListenerProtocol, 8> kProtocols{{
    {"smtp", ListenerProtocol::Smtp},
    {"submission", ListenerProtocol::Submission},
    {"submissions", ListenerProtocol::Submissions},
    {"lmtp", ListenerProtocol::Lmtp},
    {"imap", ListenerProtocol::Imap},
    {"imaps", ListenerProtocol::Imaps},
    {"pop3", ListenerProtocol::Pop3},
    {"pop3s", ListenerProtocol::Pop3s},
}};

template <class Number>
std::string plain(Number number) {
    return fmt::format("{}", number);
}

std::string quotedSize(std::uint64_t octets) { return tomlString(sizeText(octets)); }

// What is not set is not written.
std::string quotedText(const std::string& text) {
    return text.empty() ? std::string() : tomlString(text);
}

std::string readHostname(std::string& into, const ConfigValue& value) {
    std::string text;
    std::string problem = readText(text, value);
    if (!problem.empty()) return problem;
    const std::optional<std::string> name = normalizeDomain(text);
    if (!name) {
        return fmt::format("\"{}\" is not a host name; write one like \"mail.example.org\"", text);
    }
    into = *name;
    return {};
}

std::string readAddress(std::string& into, const ConfigValue& value) {
    std::string text;
    std::string problem = readText(text, value);
    if (!problem.empty()) return problem;
    if (!isIpAddress(text) && !isSocketPath(text)) {
        return fmt::format(
            "\"{}\" is not an IP address; write one like \"0.0.0.0\", \"::\" or \"127.0.0.1\" "
            "(or, for LMTP, the path of a unix socket)",
            text);
    }
    into = text;
    return {};
}

using V = ConfigValue;

constexpr std::array<Setting<Config>, 2> kTop{{
    {"hostname",
     "text",
     "required",
     "The server's name: in greetings, in Received fields, and in certificates.",
     [](Config& c, const V& v) { return readHostname(c.hostname, v); },
     [](const Config& c) { return tomlString(c.hostname); }},
    {"directory",
     "path",
     "the folder of this file",
     "The data directory. Relative paths in this file count from there.",
     [](Config& c, const V& v) { return readPath(c.directory, v); },
     [](const Config& c) {
    return c.directory == c.file.parent_path() ? "" : tomlString(c.directory.string());
}},
}};

constexpr std::array<Setting<Config>, 4> kLimits{{
    {"message_size",
     "size",
     "\"50MiB\"",
     "The largest message that is taken (SMTP's SIZE, IMAP's APPENDLIMIT).",
     [](Config& c, const V& v) { return readSize(c.messageOctetsMax, v, 65'536, kGibi); },
     [](const Config& c) { return quotedSize(c.messageOctetsMax); }},
    {"recipients",
     "number",
     "1000",
     "The most recipients of one message. RFC 5321 asks for at least 100.",
     [](Config& c, const V& v) { return readNumber(c.recipientsMax, v, 1, 100'000); },
     [](const Config& c) { return plain(c.recipientsMax); }},
    {"connections",
     "number",
     "10000",
     "The most connections of one listener; who comes later is told to try again.",
     [](Config& c, const V& v) { return readNumber(c.connectionsMax, v, 1, 1'000'000); },
     [](const Config& c) { return plain(c.connectionsMax); }},
    {"connections_per_address",
     "number",
     "100",
     "The most connections from one address to one listener.",
     [](Config& c, const V& v) { return readNumber(c.connectionsPerAddressMax, v, 1, 1'000'000); },
     [](const Config& c) { return plain(c.connectionsPerAddressMax); }},
}};

constexpr std::uint32_t kRateMax = 10'000'000;

constexpr std::array<Setting<Config>, 5> kRates{{
    {"account_messages_per_hour",
     "number",
     "500",
     "The most messages that one account submits; enough for a person with a mailing list, too few "
     "for a thief of passwords.",
     [](Config& c, const V& v) {
    return readNumber(c.rates.accountMessagesPerHour, v, 0, kRateMax);
},
     [](const Config& c) { return plain(c.rates.accountMessagesPerHour); }},
    {"account_recipients_per_hour",
     "number",
     "2000",
     "The most recipients of what one account submits.",
     [](Config& c, const V& v) {
    return readNumber(c.rates.accountRecipientsPerHour, v, 0, kRateMax);
},
     [](const Config& c) { return plain(c.rates.accountRecipientsPerHour); }},
    {"address_connections_per_minute",
     "number",
     "300",
     "The most connections from one address (IPv6: one /64) to SMTP and submission.",
     [](Config& c, const V& v) {
    return readNumber(c.rates.addressConnectionsPerMinute, v, 0, kRateMax);
},
     [](const Config& c) { return plain(c.rates.addressConnectionsPerMinute); }},
    {"address_messages_per_minute",
     "number",
     "600",
     "The most messages from one address that did not authenticate.",
     [](Config& c, const V& v) {
    return readNumber(c.rates.addressMessagesPerMinute, v, 0, kRateMax);
},
     [](const Config& c) { return plain(c.rates.addressMessagesPerMinute); }},
    {"exempt_loopback",
     "true or false",
     "true",
     "No limits by address for this machine (127.0.0.0/8, ::1 and unix sockets).",
     [](Config& c, const V& v) { return readFlag(c.rates.exemptLoopback, v); },
     [](const Config& c) { return plain(c.rates.exemptLoopback); }},
}};

constexpr std::array<Setting<Config>, 3> kSecurity{{
    {"plaintext_login_on_loopback",
     "true or false",
     "false",
     "Passwords without TLS from this machine (127.0.0.0/8 and ::1): for tests and local tools.",
     [](Config& c, const V& v) { return readFlag(c.plaintextLoginOnLoopback, v); },
     [](const Config& c) { return plain(c.plaintextLoginOnLoopback); }},
    {"scram_plus",
     "true or false",
     "false",
     "Offer SCRAM-SHA-256-PLUS over TLS. Some clients (mutt) take it where it is offered and fail.",
     [](Config& c, const V& v) { return readFlag(c.scramPlus, v); },
     [](const Config& c) { return plain(c.scramPlus); }},
    {"scram_sha1",
     "true or false",
     "true",
     "Offer SCRAM-SHA-1 too, for old clients. It needs a password that was set by a version that "
     "knows it.",
     [](Config& c, const V& v) { return readFlag(c.scramSha1, v); },
     [](const Config& c) { return plain(c.scramSha1); }},
}};

constexpr std::array<Setting<Config>, 4> kOauth{{
    {"public_key",
     "path",
     "none: OAUTHBEARER is not offered",
     "The key that signs the tokens, in PEM: RSA (RS256) or P-256 (ES256).",
     [](Config& c, const V& v) { return readPath(c.oauthPublicKey, v); },
     [](const Config& c) { return quotedText(c.oauthPublicKey.string()); }},
    {"issuer",
     "text",
     "none; needed with public_key",
     "Who issues them: the claim iss.",
     [](Config& c, const V& v) { return readText(c.oauthIssuer, v); },
     [](const Config& c) { return quotedText(c.oauthIssuer); }},
    {"audience",
     "text",
     "none; needed with public_key",
     "For whom they are issued: this server's name in the claim aud.",
     [](Config& c, const V& v) { return readText(c.oauthAudience, v); },
     [](const Config& c) { return quotedText(c.oauthAudience); }},
    {"account_claim",
     "text",
     "\"email\"",
     "The claim that names the account by its address.",
     [](Config& c, const V& v) { return readText(c.oauthAccountClaim, v); },
     [](const Config& c) { return tomlString(c.oauthAccountClaim); }},
}};

constexpr std::array<Setting<Config>, 4> kServer{{
    {"reactors",
     "number",
     "0",
     "Threads that serve connections; 0: one for each core.",
     [](Config& c, const V& v) { return readNumber(c.reactors, v, 0, 256); },
     [](const Config& c) { return plain(c.reactors); }},
    {"workers",
     "number",
     "0",
     "Threads for passwords and large messages; 0: one for each core.",
     [](Config& c, const V& v) { return readNumber(c.workers, v, 0, 256); },
     [](const Config& c) { return plain(c.workers); }},
    {"log_level",
     "\"debug\", \"information\", \"warning\" or \"error\"",
     "\"information\"",
     "The least important lines that the log shows.",
     [](Config& c, const V& v) { return readWord(c.logLevel, v, kLogLevels); },
     [](const Config& c) { return tomlString(wordOf(c.logLevel, kLogLevels)); }},
    {"stop_patience",
     "seconds",
     "20",
     "How long a stop waits for clients to finish what they are doing.",
     [](Config& c, const V& v) { return readNumber(c.stopPatience, v, 0, 3'600); },
     [](const Config& c) { return plain(c.stopPatience.count()); }},
}};

constexpr std::array<Setting<Config>, 4> kStorage{{
    {"journal_map",
     "size",
     "\"1TiB\"",
     "Address space for the journal, not disk: the most that it can ever grow to.",
     [](Config& c, const V& v) { return readSize(c.journalMapOctets, v, 16 * kMebi, 64 * kTebi); },
     [](const Config& c) { return quotedSize(c.journalMapOctets); }},
    {"views_map",
     "size",
     "\"256GiB\"",
     "Address space for the views, not disk.",
     [](Config& c, const V& v) { return readSize(c.viewsMapOctets, v, 16 * kMebi, 64 * kTebi); },
     [](const Config& c) { return quotedSize(c.viewsMapOctets); }},
    {"segment_size",
     "size",
     "\"64MiB\"",
     "The size of a file of the content log, set aside on the disk when it is begun.",
     [](Config& c, const V& v) { return readSize(c.segmentOctets, v, kMebi, kGibi); },
     [](const Config& c) { return quotedSize(c.segmentOctets); }},
    {"reserve",
     "size",
     "\"64MiB\"",
     "Kept free on the disk: mail is refused for a while (452) before it is touched.",
     [](Config& c, const V& v) { return readSize(c.reserveOctets, v, 0, kTebi); },
     [](const Config& c) { return quotedSize(c.reserveOctets); }},
}};

constexpr std::array<Setting<ListenerConfig>, 15> kListener{{
    {"protocol",
     "\"smtp\", \"submission\", \"submissions\", \"lmtp\", \"imap\", \"imaps\", \"pop3\", "
     "\"pop3s\"",
     "required",
     "What is spoken there.",
     [](ListenerConfig& l, const V& v) { return readWord(l.protocol, v, kProtocols); },
     [](const ListenerConfig& l) { return tomlString(nameOf(l.protocol)); }},
    {"address",
     "IP address, or path of a unix socket (LMTP only)",
     "all addresses: \"0.0.0.0\" and \"::\"",
     "Where to listen.",
     [](ListenerConfig& l, const V& v) { return readAddress(l.address, v); },
     [](const ListenerConfig& l) { return quotedText(l.address); }},
    {"port",
     "number",
     "the protocol's standard port",
     "0 takes a free one; the ports in use are in run/ports.json.",
     [](ListenerConfig& l, const V& v) { return readNumber(l.port, v, 0, 65'535); },
     [](const ListenerConfig& l) { return isSocketPath(l.address) ? "" : plain(l.port); }},
    {"tls",
     "\"none\", \"starttls\" or \"implicit\"",
     "\"implicit\" for submissions, imaps, pop3s; \"none\" for a unix socket; else \"starttls\"",
     "How the connection is encrypted.",
     [](ListenerConfig& l, const V& v) { return readWord(l.tls, v, kTlsWords); },
     [](const ListenerConfig& l) { return tomlString(nameOf(l.tls)); }},
    {"name",
     "text",
     "the protocol's name",
     "The key in run/ports.json.",
     [](ListenerConfig& l, const V& v) { return readText(l.name, v); },
     [](const ListenerConfig& l) {
    return l.name == nameOf(l.protocol) ? "" : quotedText(l.name);
}},
    {"proxy_from",
     "addresses and networks",
     "none",
     "Who is a proxy: it must begin with the PROXY protocol (version 1 or 2) and say who the "
     "client "
     "is.",
     [](ListenerConfig& l, const V& v) { return readRanges(l.proxyFrom, v); },
     [](const ListenerConfig& l) { return rangesText(l.proxyFrom); }},
    {"client_ca",
     "path",
     "none: no client is asked for a certificate",
     "Authorities in PEM that vouch for clients' certificates. Who has one that names an account's "
     "address (rfc822Name, UID) may log in with EXTERNAL.",
     [](ListenerConfig& l, const V& v) { return readPath(l.clientAuthorities, v); },
     [](const ListenerConfig& l) { return quotedText(l.clientAuthorities.string()); }},
    {"message_size",
     "size",
     "as in [limits]",
     "SMTP, submission, LMTP: the largest message that is taken here.",
     [](ListenerConfig& l, const V& v) { return readSize(l.messageOctetsMax, v, 65'536, kGibi); },
     [](const ListenerConfig& l) {
    return l.messageOctetsMax == 0 ? "" : quotedSize(l.messageOctetsMax);
}},
    {"recipients",
     "number",
     "as in [limits]",
     "SMTP, submission, LMTP: the most recipients of one message here.",
     [](ListenerConfig& l, const V& v) { return readNumber(l.recipientsMax, v, 1, 100'000); },
     [](const ListenerConfig& l) { return l.recipientsMax == 0 ? "" : plain(l.recipientsMax); }},
    {"auth",
     "\"required\", \"offered\" or \"none\"",
     "\"required\" for submission and submissions; else \"none\"",
     "SMTP, submission: whether clients may log in, or must before they send.",
     [](ListenerConfig& l, const V& v) { return readWord(l.auth, v, kAuthWords); },
     [](const ListenerConfig& l) {
    return l.auth == ListenerAuth::ByProtocol ? "" : tomlString(wordOf(l.auth, kAuthWords));
}},
    {"own_addresses",
     "true or false",
     "true",
     "SMTP, submission: who logged in sends only from addresses of its own, or delegated to it.",
     [](ListenerConfig& l, const V& v) { return readFlag(l.ownAddressesOnly, v); },
     [](const ListenerConfig& l) { return std::string(l.ownAddressesOnly ? "" : "false"); }},
    {"own_from",
     "true or false",
     "true",
     "The same for the From field of the message.",
     [](ListenerConfig& l, const V& v) { return readFlag(l.ownFromOnly, v); },
     [](const ListenerConfig& l) { return std::string(l.ownFromOnly ? "" : "false"); }},
    {"rates",
     "true or false",
     "true",
     "SMTP, submission: whether [rates] holds here. Never for LMTP.",
     [](ListenerConfig& l, const V& v) { return readFlag(l.rates, v); },
     [](const ListenerConfig& l) { return std::string(l.rates ? "" : "false"); }},
    {"relay_from",
     "addresses and networks",
     "none",
     "SMTP, submission: who may send to other servers through this one without a login.",
     [](ListenerConfig& l, const V& v) { return readRanges(l.relayFrom, v); },
     [](const ListenerConfig& l) { return rangesText(l.relayFrom); }},
    {"xclient_from",
     "addresses and networks",
     "none",
     "SMTP, submission, LMTP: who may say with XCLIENT for which client it speaks.",
     [](ListenerConfig& l, const V& v) { return readRanges(l.xclientFrom, v); },
     [](const ListenerConfig& l) { return rangesText(l.xclientFrom); }},
}};

constexpr std::array<Setting<CertificateConfig>, 3> kCertificate{{
    {"server_name",
     "text",
     "the value of hostname",
     "The name that a client asks for (SNI).",
     [](CertificateConfig& c, const V& v) { return readHostname(c.serverName, v); },
     [](const CertificateConfig& c) { return quotedText(c.serverName); }},
    {"chain",
     "path",
     "required",
     "The certificate, followed by those between it and the root (fullchain.pem).",
     [](CertificateConfig& c, const V& v) { return readPath(c.chain, v); },
     [](const CertificateConfig& c) { return tomlString(c.chain.string()); }},
    {"key",
     "path",
     "required",
     "Its private key (privkey.pem), readable by the daemon alone.",
     [](CertificateConfig& c, const V& v) { return readPath(c.key, v); },
     [](const CertificateConfig& c) { return tomlString(c.key.string()); }},
}};

}  // namespace

std::span<const ConfigSection> configSections() {
    static const std::array<ConfigSection, 12> sections{{
        {"", "The top of the file, before any table.", kTop},
        {"limits", "What one client may ask for.", kLimits},
        {"rates",
         "How much may come in; who has it all is told when to come back. 0: no limit.",
         kRates},
        {"quota", "How much an account may keep. Read at the start.", quotaSettings()},
        {"folders",
         "What a new account has beside INBOX, subscribed and marked for clients; \"\": not made.",
         folderSettings()},
        {"security", "What is allowed without protection.", kSecurity},
        {"oauth",
         "Whose JSON Web Tokens log in with OAUTHBEARER (RFC 7628). They are checked here; the "
         "issuer "
         "is "
         "not asked.",
         kOauth},
        {"server", "How the daemon works.", kServer},
        {"dns", "Who is asked where mail goes, and what is believed.", dnsSettings()},
        {"outbound", "How mail goes to other servers.", outboundSettings()},
        {"search", "How SEARCH finds words in messages.", searchSettings()},
        {"storage",
         "How the data directory is laid out. The defaults suit nearly everybody.",
         kStorage},
    }};
    return sections;
}

std::span<const Setting<ListenerConfig>> listenerSettings() { return kListener; }

std::span<const Setting<CertificateConfig>> certificateSettings() { return kCertificate; }

std::string_view nameOf(ListenerProtocol protocol) { return wordOf(protocol, kProtocols); }

std::string_view nameOf(ListenerTls tls) { return wordOf(tls, kTlsWords); }

std::uint16_t standardPort(ListenerProtocol protocol) {
    switch (protocol) {
        case ListenerProtocol::Smtp: return 25;
        case ListenerProtocol::Submission: return 587;
        case ListenerProtocol::Submissions: return 465;
        case ListenerProtocol::Lmtp: return 24;
        case ListenerProtocol::Imap: return 143;
        case ListenerProtocol::Imaps: return 993;
        case ListenerProtocol::Pop3: return 110;
        case ListenerProtocol::Pop3s: return 995;
    }
    return 0;
}

bool hasImplicitTls(ListenerProtocol protocol) {
    return protocol == ListenerProtocol::Submissions || protocol == ListenerProtocol::Imaps ||
           protocol == ListenerProtocol::Pop3s;
}

bool isSocketPath(std::string_view address) { return address.find('/') != std::string_view::npos; }

std::string tomlString(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (octet < 0x20 || octet == 0x7f) {
            result += fmt::format("\\u{:04X}", octet);
        } else {
            result += c;
        }
    }
    result += '"';
    return result;
}

}  // namespace daybook
