// init: a new data directory with its configuration, certificate, domain and accounts.

#include <fmt/format.h>
#include <fstream>
#include <unistd.h>

#include "engine/authentication/password.h"
#include "engine/directory/address.h"
#include "engine/runtime/tls_context.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/dns_records.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

struct ListenerPlan {
    ListenerProtocol protocol;
    std::uint16_t port;
    ListenerTls tls;
};

// RFC 8314 §3.3, RFC 5321 §4.5.4.2.
constexpr ListenerPlan kPlans[] = {
    {ListenerProtocol::Smtp, 25, ListenerTls::StartTls},
    {ListenerProtocol::Submission, 587, ListenerTls::StartTls},
    {ListenerProtocol::Submissions, 465, ListenerTls::Implicit},
    {ListenerProtocol::Imap, 143, ListenerTls::StartTls},
    {ListenerProtocol::Imaps, 993, ListenerTls::Implicit},
    {ListenerProtocol::Pop3, 110, ListenerTls::StartTls},
    {ListenerProtocol::Pop3s, 995, ListenerTls::Implicit},
};

constexpr std::uint16_t kDevPortBase = 2000;
// LMTP has no port of its own (RFC 2033 §5); Cyrus made 2003 the usual one. Free in --dev too.
constexpr std::uint16_t kDevLmtpPort = 2003;

struct NewAccount {
    std::string login;
    std::string password;
};

struct Population {
    std::vector<NewAccount> accounts;
    std::vector<DnsRecord> records;
};

ListenerConfig makeListener(
    ListenerProtocol protocol, const std::string& address, std::uint16_t port, ListenerTls tls) {
    ListenerConfig listener;
    listener.protocol = protocol;
    listener.address = address;
    listener.port = port;
    listener.tls = tls;
    listener.name = nameOf(protocol);
    return listener;
}

// A listener takes one family: both are named, IPv6 where the machine has it.
std::vector<std::string> addressesFor(const InitOptions& options) {
    if (options.dev) return {"127.0.0.1"};
    std::vector<std::string> addresses{"0.0.0.0"};
    std::ifstream interfaces("/proc/net/if_inet6");
    if (interfaces.peek() != std::ifstream::traits_type::eof()) addresses.emplace_back("::");
    return addresses;
}

std::vector<ListenerConfig> planListeners(
    const InitOptions& options, const std::filesystem::path& directory) {
    std::vector<ListenerConfig> listeners;
    const auto portOf = [&](std::uint16_t standard) {
        if (options.freePorts) return std::uint16_t{0};
        if (!options.dev) return standard;
        return static_cast<std::uint16_t>(kDevPortBase + standard);
    };
    for (const ListenerPlan& plan : kPlans) {
        for (const std::string& address : addressesFor(options)) {
            listeners.push_back(makeListener(plan.protocol, address, portOf(plan.port), plan.tls));
        }
    }
    if (options.dev) {
        listeners.push_back(makeListener(
            ListenerProtocol::Lmtp,
            "127.0.0.1",
            options.freePorts ? std::uint16_t{0} : kDevLmtpPort,
            ListenerTls::StartTls));
    }
    // A path of a unix socket has room for 107 octets.
    const std::string socket = directory / "run" / "lmtp.sock";
    if (socket.size() < 108) {
        ListenerConfig unixListener =
            makeListener(ListenerProtocol::Lmtp, socket, 0, ListenerTls::None);
        unixListener.name = "lmtp-unix";
        listeners.push_back(std::move(unixListener));
    }
    return listeners;
}

Config planConfig(const InitOptions& options, const std::filesystem::path& directory) {
    Config config;
    config.file = directory / "daybook.toml";
    config.directory = directory;
    config.hostname = options.hostname;
    config.listeners = planListeners(options, directory);
    config.certificates.push_back(CertificateConfig{
        .serverName = "",
        .chain = "tls/server.crt",
        .key = "tls/server.key",
    });
    config.plaintextLoginOnLoopback = options.dev;
    return config;
}

void writeConfig(const Config& config) {
    std::ofstream stream(config.file, std::ios::trunc);
    stream << configText(config);
    stream.close();
    if (!stream) throw CommandFailed("cannot write " + config.file.string());
    std::filesystem::permissions(
        config.file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

// The domain and the accounts, through a scribe of our own.
Population populate(const Config& config, const InitOptions& options) {
    GlobalOptions global;
    global.config = config.file;
    Context context(global);
    Administration& administration = context.administration();
    const Outcome<Done> domain = administration.addDomain(options.domain);
    if (!domain) throw CommandFailed(sayRefusal(domain.error()));
    Population made;
    for (const std::string& name : options.accounts) {
        NewAccount account;
        account.login = name.find('@') == std::string::npos ? name + "@" + options.domain : name;
        account.password = makeUpPassword(context.random());
        const Outcome<AccountId> added =
            administration.addAccount(account.login, "", account.password);
        if (!added) throw CommandFailed(sayRefusal(added.error()));
        made.accounts.push_back(std::move(account));
    }
    const Snapshot snapshot = context.views().snapshot();
    const std::optional<DomainRow> row = snapshot.accounts().findDomain(options.domain);
    made.records = dnsRecordsOf(
        options.domain,
        options.hostname,
        row ? snapshot.accounts().dkimKeysOf(row->id) : std::vector<DkimKeyRow>());
    return made;
}

void sayDnsRecords(const InitOptions& options, const std::vector<DnsRecord>& records) {
    say("");
    say("DNS records for your domain (zone file form; again with: daybook dns records):");
    say(fmt::format("{}.  IN A  <the IPv4 address of this machine>", options.hostname));
    say(fmt::format("{}.  IN AAAA  <its IPv6 address, if it has one>", options.hostname));
    sayZoneFile(records);
    say("and ask your provider for a PTR record of that address to " + options.hostname);
}

void sayClientSettings(const Config& config, const std::vector<NewAccount>& accounts) {
    say("");
    say("Client settings:");
    TextTable table({"protocol", "server", "port", "security"});
    for (const ListenerConfig& listener : config.listeners) {
        const bool isForClients = listener.protocol != ListenerProtocol::Smtp &&
                                  listener.protocol != ListenerProtocol::Lmtp;
        // The same port in the other family is no news.
        if (!isForClients || listener.address == "::") continue;
        table.add({
            std::string(nameOf(listener.protocol)),
            config.plaintextLoginOnLoopback ? listener.address : config.hostname,
            listener.port == 0 ? "see run/ports.json" : std::to_string(listener.port),
            listener.tls == ListenerTls::Implicit ? "TLS" : "STARTTLS",
        });
    }
    table.print(false);
    for (const NewAccount& account : accounts) {
        say("");
        say(fmt::format("user name  {}", account.login));
        say(fmt::format("password   {}", account.password));
    }
    if (accounts.empty()) {
        say("");
        say(fmt::format(
            "no account yet: daybook account add --dir {} NAME@DOMAIN", config.directory.string()));
    } else {
        say("");
        say("This is the only time the password is shown; `daybook account passwd` sets another.");
    }
}

void checkOptions(InitOptions& options) {
    if (options.dev) {
        if (options.domain.empty()) options.domain = "daybook.test";
        if (options.hostname.empty()) options.hostname = "localhost";
        if (options.accounts.empty()) options.accounts.emplace_back("demo");
    }
    if (options.domain.empty()) throw UsageError("--domain is missing: example.org");
    if (options.hostname.empty()) {
        throw UsageError("--hostname is missing: the name of this machine, mail.example.org");
    }
    const std::optional<std::string> domain = normalizeDomain(options.domain);
    if (!domain) throw CommandFailed(fmt::format("'{}' is not a domain name", options.domain));
    options.domain = *domain;
    const std::optional<std::string> hostname = normalizeDomain(options.hostname);
    if (!hostname) throw CommandFailed(fmt::format("'{}' is not a host name", options.hostname));
    options.hostname = *hostname;
    for (const std::string& account : options.accounts) {
        const std::string login =
            account.find('@') == std::string::npos ? account + "@" + options.domain : account;
        const std::optional<Address> address = parseAddress(login);
        if (!address || address->domain != options.domain) {
            throw CommandFailed(fmt::format("'{}' is no address in {}", account, options.domain));
        }
    }
}

}  // namespace

int initDirectory(const InitOptions& given) {
    InitOptions options = given;
    if (options.directory.empty()) throw UsageError("--dir is missing: where to make it");
    checkOptions(options);
    const std::filesystem::path directory =
        std::filesystem::weakly_canonical(std::filesystem::absolute(options.directory));
    if (std::filesystem::exists(directory / "journal") ||
        std::filesystem::exists(directory / "daybook.toml")) {
        throw CommandFailed(
            fmt::format("{} is a data directory already; nothing was changed", directory.string()));
    }
    std::filesystem::create_directories(directory / "tls");
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all);
    const Config config = planConfig(options, directory);
    std::vector<std::string> names{options.hostname};
    if (options.dev) names.insert(names.end(), {"localhost", "127.0.0.1", "::1"});
    writeSelfSignedCertificate(
        names, directory / config.certificates[0].chain, directory / config.certificates[0].key);
    SystemRandom random;
    Journal::create(directory, random);
    writeConfig(config);
    const Population made = populate(config, options);

    say(fmt::format("made {}", directory.string()));
    if (!options.dev) sayDnsRecords(options, made.records);
    sayClientSettings(config, made.accounts);
    say("");
    say(fmt::format("start it with: daybookd --config {}", config.file.string()));
    if (!options.dev) {
        say("The certificate is self-signed: put your own into [[certificate]] of daybook.toml.");
    }
    return kDone;
}

}  // namespace daybook
