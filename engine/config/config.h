// config.h
//
// Every setting, with its documentation: what DIR/daybook.toml may hold. Unknown keys are errors.
// The reference page (tools/doc/configuration.md) is printed from these texts. Values; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/address_ranges.h"
#include "engine/scribe/quota_room.h"
#include "journal/base/log.h"

namespace daybook {

enum class ListenerProtocol { Smtp, Submission, Submissions, Lmtp, Imap, Imaps, Pop3, Pop3s };

enum class ListenerTls { None, StartTls, Implicit };

// Whether a listener takes AUTH, and whether MAIL needs it.
enum class ListenerAuth { ByProtocol, Required, Offered, None };

// [rates]: how much may come in. 0: no limit.
struct RateConfig {
    std::uint32_t accountMessagesPerHour = 500;       // account_messages_per_hour
    std::uint32_t accountRecipientsPerHour = 2'000;   // account_recipients_per_hour
    std::uint32_t addressConnectionsPerMinute = 300;  // address_connections_per_minute
    std::uint32_t addressMessagesPerMinute = 600;     // address_messages_per_minute
    bool exemptLoopback = true;                       // exempt_loopback
};

// [folders]: what a new account has beside INBOX (RFC 6154). Empty: it is not made.
struct FolderConfig {
    std::string drafts = "Drafts";
    std::string sent = "Sent";
    std::string junk = "Junk";
    std::string trash = "Trash";
    std::string archive = "Archive";
};

enum class RelayTls { Required, Implicit, Opportunistic, None };

// The language of reports.
enum class ReportWords { English, German };

// [outbound]: mail to other servers.
struct OutboundConfig {
    std::string relayHost;  // relay_host: empty: to the mail hosts of each domain
    std::uint16_t relayPort = 587;
    std::string relayUser;                    // relay_user
    std::filesystem::path relayPasswordFile;  // relay_password_file
    RelayTls relayTls = RelayTls::Required;   // relay_tls
    std::uint16_t port = 25;                  // port
    std::string helo;                         // helo: empty: hostname
    std::string sourceIpv4;                   // source_ipv4
    std::string sourceIpv6;                   // source_ipv6
    std::uint32_t connections = 100;          // connections
    std::uint32_t connectionsPerHost = 20;    // connections_per_host
    std::chrono::milliseconds idle = std::chrono::seconds(2);
    std::vector<std::chrono::milliseconds> retry{
        std::chrono::minutes(5),
        std::chrono::minutes(15),
        std::chrono::minutes(30),
        std::chrono::hours(1),
        std::chrono::hours(2),
        std::chrono::hours(4),
    };
    std::chrono::milliseconds lifetime = std::chrono::days(5);
    std::chrono::milliseconds delayWarning = std::chrono::hours(4);      // delay_warning
    std::chrono::milliseconds reportInterval = std::chrono::minutes(5);  // report_interval
    ReportWords reportWords = ReportWords::English;                      // report_language
    std::chrono::milliseconds suppression = std::chrono::days(30);
    std::filesystem::path tlsRoots;  // tls_roots
    bool dane = true;
    bool mtaSts = true;              // mta_sts
    std::uint16_t mtaStsPort = 443;  // mta_sts_port
    bool tlsReports = true;          // tls_reports
};

// [[listener]]: one address and port (or unix socket) with one protocol.
struct ListenerConfig {
    ListenerProtocol protocol = ListenerProtocol::Smtp;
    // An IP address, or the path of a unix socket (LMTP only). Default: "::" and "0.0.0.0" together
    // are two listeners.
    std::string address;
    // 0 takes a free port; what was taken is in DIR/run/ports.json.
    std::uint16_t port = 0;
    // Default by protocol: implicit for submissions, imaps, pop3s; starttls for the others; none
    // for a unix socket.
    ListenerTls tls = ListenerTls::StartTls;
    // "smtp", "imaps" ...: the key in ports.json.
    std::string name;

    // proxy_from: who speaks the PROXY protocol before anything else.
    AddressRanges proxyFrom{};
    // client_ca: who vouches for clients' certificates (EXTERNAL); empty: none is asked for.
    std::filesystem::path clientAuthorities{};
    // Of SMTP, submission and LMTP alone:
    std::uint64_t messageOctetsMax = 0;            // message_size; 0: as in [limits]
    std::uint32_t recipientsMax = 0;               // recipients; 0: as in [limits]
    ListenerAuth auth = ListenerAuth::ByProtocol;  // auth
    bool ownAddressesOnly = true;                  // own_addresses: of MAIL, after AUTH
    bool ownFromOnly = true;                       // own_from: of the From field, after AUTH
    bool rates = true;                             // rates
    AddressRanges relayFrom{};                     // relay_from
    AddressRanges xclientFrom{};                   // xclient_from
};

// [[certificate]]: files in PEM. The first one is the default.
struct CertificateConfig {
    std::string serverName;
    std::filesystem::path chain;
    std::filesystem::path key;
};

struct Config {
    // The file that it was read from, and the data directory: its folder unless `directory` says
    // otherwise. Relative paths count from there.
    std::filesystem::path file;
    std::filesystem::path directory;
    // hostname: the server's name in greetings, Received fields and HELO. Required.
    std::string hostname;
    std::vector<ListenerConfig> listeners;
    std::vector<CertificateConfig> certificates;

    // [limits]
    std::uint64_t messageOctetsMax = 50ULL << 20U;  // message_size: "50MiB" or octets
    std::uint32_t recipientsMax = 1'000;            // recipients
    std::uint32_t connectionsMax = 10'000;          // connections, per listener
    std::uint32_t connectionsPerAddressMax = 100;   // connections_per_address

    RateConfig rates;

    // [quota]: of accounts that have no limits of their own; exceeded: defer, or reject for good.
    QuotaPolicy quota;

    FolderConfig folders;

    // [security]
    // plaintext_login_on_loopback: passwords without TLS from 127.0.0.0/8 and ::1. Default false.
    bool plaintextLoginOnLoopback = false;
    // scram_plus: offer SCRAM-SHA-256-PLUS over TLS. Default false: clients built on libgsasl (mutt
    // of Debian 12 is one) take it where it is offered and then have no channel binding for it.
    bool scramPlus = false;

    // scram_sha1: offer SCRAM-SHA-1 too, for old clients.
    bool scramSha1 = true;

    // [oauth]: whose tokens OAUTHBEARER takes; without a public key it is not offered.
    std::filesystem::path oauthPublicKey;     // public_key
    std::string oauthIssuer;                  // issuer
    std::string oauthAudience;                // audience
    std::string oauthAccountClaim = "email";  // account_claim

    // [server]
    std::uint32_t reactors = 0;                 // 0: one per core
    std::uint32_t workers = 0;                  // 0: one per core
    LogLevel logLevel = LogLevel::Information;  // log_level: debug, information, warning, error
    std::chrono::seconds stopPatience{20};      // stop_patience, seconds

    // [dns]
    std::vector<std::string> dnsForward;          // forward: "192.0.2.53", "127.0.0.1@5353"
    bool dnsValidate = true;                      // validate
    std::filesystem::path dnsTrustAnchor;         // trust_anchor; empty: Debian's
    std::vector<std::string> dnsAskReserved;      // ask_reserved: zones, "test"
    std::uint64_t dnsCacheOctets = 32ULL << 20U;  // cache
    std::chrono::seconds dnsTimeout{30};          // timeout, of a question

    OutboundConfig outbound;

    // [search]
    bool searchIndex = true;                          // index
    std::uint64_t searchTextOctetsMax = 1ULL << 20U;  // text_limit

    // [storage]
    std::uint64_t journalMapOctets = 1ULL << 40U;  // journal_map: address space, not disk
    std::uint64_t viewsMapOctets = 1ULL << 38U;    // views_map
    std::uint64_t segmentOctets = 64ULL << 20U;    // segment_size
    std::uint64_t reserveOctets = 64ULL << 20U;    // reserve: kept free on the disk
};

// Everything that is wrong, one line each: "daybook.toml:12:3: listener.port: ... (what to do)".
class ConfigError : public std::runtime_error {
public:
    explicit ConfigError(std::vector<std::string> problems);

    const std::vector<std::string>& problems() const { return problems_; }

private:
    std::vector<std::string> problems_;
};

// Throws ConfigError with all problems at once.
Config loadConfig(const std::filesystem::path& file);

// The text of a new daybook.toml with these values, commented for its reader.
std::string configText(const Config& config);

// The reference page in Markdown: every key, type, default, meaning.
std::string configReference();

std::string_view nameOf(ListenerProtocol protocol);

}  // namespace daybook
