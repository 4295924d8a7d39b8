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

#include "journal/base/log.h"

namespace daybook {

enum class ListenerProtocol { Smtp, Submission, Submissions, Lmtp, Imap, Imaps, Pop3, Pop3s };

enum class ListenerTls { None, StartTls, Implicit };

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

    // [security]
    // plaintext_login_on_loopback: passwords without TLS from 127.0.0.0/8 and ::1. Default false.
    bool plaintextLoginOnLoopback = false;
    // scram_plus: offer SCRAM-SHA-256-PLUS over TLS. Default false: clients built on libgsasl (mutt
    // of Debian 12 is one) take it where it is offered and then have no channel binding for it.
    bool scramPlus = false;

    // [server]
    std::uint32_t reactors = 0;                 // 0: one per core
    std::uint32_t workers = 0;                  // 0: one per core
    LogLevel logLevel = LogLevel::Information;  // log_level: debug, information, warning, error
    std::chrono::seconds stopPatience{20};      // stop_patience, seconds

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
