#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>
#include <toml++/toml.h>

#include "engine/config/config.h"
#include "engine/config/config_settings.h"

namespace daybook {

namespace {

// Gathers what is wrong, so that everything is said at once, in the order of the file.
class Problems {
public:
    explicit Problems(std::string file) : file_(std::move(file)) {}

    void add(const toml::source_region& where, std::string text) {
        found_.emplace(std::pair(where.begin.line, where.begin.column), std::move(text));
    }

    void throwIfAny() const {
        if (found_.empty()) return;
        std::vector<std::string> lines;
        for (const auto& [where, text] : found_) {
            lines.push_back(fmt::format("{}:{}:{}: {}", file_, where.first, where.second, text));
        }
        throw ConfigError(std::move(lines));
    }

private:
    std::string file_;
    std::multimap<std::pair<toml::source_index, toml::source_index>, std::string> found_;
};

// Lists are of texts; others are of no type that a setting has.
ConfigValue textsOf(const toml::array& array) {
    std::vector<std::string> texts;
    for (const toml::node& element : array) {
        const auto* const text = element.as_string();
        if (text == nullptr) return std::monostate{};
        texts.push_back(text->get());
    }
    return texts;
}

ConfigValue valueOf(const toml::node& node) {
    if (const auto* const flag = node.as_boolean()) return flag->get();
    if (const auto* const number = node.as_integer()) return number->get();
    if (const auto* const text = node.as_string()) return text->get();
    if (const auto* const array = node.as_array()) return textsOf(*array);
    return std::monostate{};
}

// How many letters have to change to make one of the other (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

std::string unknownKey(std::string_view key, const std::vector<std::string_view>& known) {
    std::string all;
    for (const std::string_view name : known) {
        if (distance(key, name) <= 2) return fmt::format("unknown key; did you mean {}?", name);
        all += fmt::format("{}{}", all.empty() ? "" : ", ", name);
    }
    return fmt::format("unknown key; remove it, or write one of: {}", all);
}

std::string fullName(std::string_view table, std::string_view key) {
    return table.empty() ? std::string(key) : fmt::format("{}.{}", table, key);
}

// Reads the keys of one table into the target. `others`: keys that are read elsewhere.
template <class Target>
void readTable(
    std::string_view name,
    const toml::table& table,
    std::span<const Setting<Target>> settings,
    const std::vector<std::string_view>& others,
    Target& target,
    Problems& problems) {
    std::vector<std::string_view> known = others;
    for (const Setting<Target>& setting : settings)
        known.push_back(setting.key);
    for (const auto& [key, node] : table) {
        const std::string_view keyText = key.str();
        if (std::ranges::find(others, keyText) != others.end()) continue;
        const auto setting = std::ranges::find(settings, keyText, &Setting<Target>::key);
        if (setting == settings.end()) {
            const std::string text = unknownKey(keyText, known);
            problems.add(key.source(), fullName(name, keyText) + ": " + text);
            continue;
        }
        const std::string problem = setting->read(target, valueOf(node));
        if (problem.empty()) continue;
        problems.add(node.source(), fullName(name, keyText) + ": " + problem);
    }
}

template <class Target>
void requireKeys(
    std::string_view name,
    const toml::table& table,
    std::span<const Setting<Target>> settings,
    Problems& problems) {
    for (const Setting<Target>& setting : settings) {
        if (setting.defaultText != "required" || table.contains(setting.key)) continue;
        problems.add(
            table.source(),
            fmt::format(
                "{}: missing; add a line {} = ... ({})",
                fullName(name, setting.key),
                setting.key,
                setting.meaning));
    }
}

void readSections(const toml::table& root, Config& config, Problems& problems) {
    std::vector<std::string_view> tables{kListenerTable, kCertificateTable};
    for (const ConfigSection& section : configSections()) {
        if (!section.name.empty()) tables.push_back(section.name);
    }
    for (const ConfigSection& section : configSections()) {
        if (section.name.empty()) {
            readTable(section.name, root, section.settings, tables, config, problems);
            requireKeys(section.name, root, section.settings, problems);
            continue;
        }
        const toml::node* const node = root.get(section.name);
        if (node == nullptr) continue;
        if (const toml::table* const table = node->as_table()) {
            readTable(section.name, *table, section.settings, {}, config, problems);
            continue;
        }
        problems.add(
            node->source(), fmt::format("{0}: must be a table; write [{0}]", section.name));
    }
}

// The tables of [[name]]; anything else of that name is a problem.
std::vector<const toml::table*> tablesOf(
    const toml::table& root, std::string_view name, Problems& problems) {
    std::vector<const toml::table*> tables;
    const toml::node* const node = root.get(name);
    if (node == nullptr) return tables;
    const toml::array* const array = node->as_array();
    if (array == nullptr || !array->is_homogeneous(toml::node_type::table)) {
        problems.add(node->source(), fmt::format("{0}: write [[{0}]], in double brackets", name));
        return tables;
    }
    for (const toml::node& element : *array)
        tables.push_back(element.as_table());
    return tables;
}

std::filesystem::path under(
    const std::filesystem::path& directory, const std::filesystem::path& path) {
    return (directory / path).lexically_normal();
}

void completeDns(const toml::table& root, Config& config, Problems& problems) {
    if (config.dnsTrustAnchor.empty()) return;
    config.dnsTrustAnchor = under(config.directory, config.dnsTrustAnchor);
    std::error_code ignored;
    if (std::filesystem::exists(config.dnsTrustAnchor, ignored)) return;
    problems.add(
        root["dns"]["trust_anchor"].node()->source(),
        fmt::format("dns.trust_anchor: there is no file {}", config.dnsTrustAnchor.string()));
}

void completeOutbound(const toml::table& root, Config& config, Problems& problems) {
    OutboundConfig& outbound = config.outbound;
    const std::array<std::pair<std::string_view, std::filesystem::path*>, 2> files{{
        {"relay_password_file", &outbound.relayPasswordFile},
        {"tls_roots", &outbound.tlsRoots},
    }};
    for (const auto& [key, path] : files) {
        if (path->empty()) continue;
        *path = under(config.directory, *path);
        std::error_code ignored;
        if (std::filesystem::exists(*path, ignored)) continue;
        problems.add(
            root["outbound"][key].node()->source(),
            fmt::format("outbound.{}: there is no file {}", key, path->string()));
    }
    if (outbound.relayUser.empty() == outbound.relayPasswordFile.empty()) return;
    problems.add(
        root["outbound"].node()->source(),
        "outbound: relay_user and relay_password_file belong together; add the other one");
}

void completeCertificate(
    const toml::table& table,
    const Config& config,
    CertificateConfig& certificate,
    Problems& problems) {
    if (certificate.serverName.empty()) certificate.serverName = config.hostname;
    const std::array<std::pair<std::string_view, std::filesystem::path*>, 2> files{{
        {"chain", &certificate.chain},
        {"key", &certificate.key},
    }};
    for (const auto& [key, path] : files) {
        if (path->empty()) continue;
        *path = under(config.directory, *path);
        std::error_code ignored;
        if (std::filesystem::exists(*path, ignored)) continue;
        problems.add(
            table.get(key)->source(),
            fmt::format("certificate.{}: there is no file {}", key, path->string()));
    }
}

void readCertificates(const toml::table& root, Config& config, Problems& problems) {
    for (const toml::table* const table : tablesOf(root, kCertificateTable, problems)) {
        CertificateConfig certificate;
        readTable(kCertificateTable, *table, certificateSettings(), {}, certificate, problems);
        requireKeys(kCertificateTable, *table, certificateSettings(), problems);
        completeCertificate(*table, config, certificate, problems);
        config.certificates.push_back(std::move(certificate));
    }
}

bool isSmtp(ListenerProtocol protocol) {
    return protocol == ListenerProtocol::Smtp || protocol == ListenerProtocol::Submission ||
           protocol == ListenerProtocol::Submissions || protocol == ListenerProtocol::Lmtp;
}

// The first key that was set and that LMTP has not: nobody logs in there, nothing is relayed.
std::string_view sendersKeyOf(const ListenerConfig& listener) {
    if (!listener.ownAddressesOnly) return "own_addresses";
    if (!listener.ownFromOnly) return "own_from";
    if (!listener.rates) return "rates";
    if (!listener.relayFrom.empty()) return "relay_from";
    return {};
}

// The first key that was set and that only the protocols of SMTP have; empty: none.
std::string_view smtpKeyOf(const ListenerConfig& listener) {
    const ListenerConfig defaults;
    if (listener.messageOctetsMax != 0) return "message_size";
    if (listener.recipientsMax != 0) return "recipients";
    if (listener.auth != defaults.auth) return "auth";
    if (!listener.xclientFrom.empty()) return "xclient_from";
    return sendersKeyOf(listener);
}

// Says what does not go together; empty: all does.
std::string contradiction(const ListenerConfig& listener, const Config& config) {
    const bool implicit = hasImplicitTls(listener.protocol);
    if (isSocketPath(listener.address)) {
        if (listener.protocol != ListenerProtocol::Lmtp) {
            return "address: only LMTP can listen on a unix socket; write an IP address";
        }
        if (listener.tls != ListenerTls::None) {
            return "tls: there is no TLS on a unix socket; remove the line";
        }
    }
    if (implicit && listener.tls != ListenerTls::Implicit) {
        return fmt::format("tls: {} begins with TLS; remove the line", nameOf(listener.protocol));
    }
    if (!implicit && listener.tls == ListenerTls::Implicit) {
        return fmt::format(
            "tls: {} does not begin with TLS; write \"starttls\" or \"none\"",
            nameOf(listener.protocol));
    }
    std::error_code ignored;
    if (!listener.clientAuthorities.empty()) {
        if (listener.tls == ListenerTls::None || config.certificates.empty()) {
            return "client_ca: needs TLS and a [[certificate]]; remove the line, or add them";
        }
        if (!std::filesystem::exists(listener.clientAuthorities, ignored)) {
            return fmt::format(
                "client_ca: there is no file {}", listener.clientAuthorities.string());
        }
    }
    const std::string_view ofSmtp = smtpKeyOf(listener);
    if (!isSmtp(listener.protocol) && !ofSmtp.empty()) {
        return fmt::format("{}: only smtp, submission and lmtp have it; remove the line", ofSmtp);
    }
    const bool lmtp = listener.protocol == ListenerProtocol::Lmtp;
    const bool takesAuth =
        listener.auth == ListenerAuth::Required || listener.auth == ListenerAuth::Offered;
    if (lmtp && takesAuth) return "auth: LMTP has none; write \"none\" or remove the line";
    const std::string_view ofSenders = sendersKeyOf(listener);
    if (lmtp && !ofSenders.empty()) {
        return fmt::format("{}: LMTP has no such thing; remove the line", ofSenders);
    }
    if (implicit && config.certificates.empty()) {
        return fmt::format(
            "protocol: {} needs a certificate; add a [[certificate]] table with chain and key",
            nameOf(listener.protocol));
    }
    return {};
}

void completeListener(const toml::table& table, const Config& config, ListenerConfig& listener) {
    const bool socket = isSocketPath(listener.address);
    if (socket) listener.address = under(config.directory, listener.address).string();
    if (!table.contains("port") && !socket) listener.port = standardPort(listener.protocol);
    if (!table.contains("tls")) {
        listener.tls = socket                              ? ListenerTls::None
                       : hasImplicitTls(listener.protocol) ? ListenerTls::Implicit
                                                           : ListenerTls::StartTls;
    }
    if (!listener.clientAuthorities.empty()) {
        listener.clientAuthorities = under(config.directory, listener.clientAuthorities);
    }
    if (listener.name.empty()) listener.name = nameOf(listener.protocol);
}

void readListener(const toml::table& table, Config& config, Problems& problems) {
    ListenerConfig listener;
    readTable(kListenerTable, table, listenerSettings(), {}, listener, problems);
    requireKeys(kListenerTable, table, listenerSettings(), problems);
    if (!table.contains("protocol")) return;
    completeListener(table, config, listener);
    const std::string wrong = contradiction(listener, config);
    if (!wrong.empty()) {
        const toml::node* const node = table.get(wrong.substr(0, wrong.find(':')));
        problems.add(
            node == nullptr ? table.source() : node->source(),
            fmt::format("{}.{}", kListenerTable, wrong));
    }
    if (!listener.address.empty()) {
        config.listeners.push_back(std::move(listener));
        return;
    }
    for (const std::string_view everywhere : {"0.0.0.0", "::"}) {
        listener.address = everywhere;
        config.listeners.push_back(listener);
    }
}

void readListeners(const toml::table& root, Config& config, Problems& problems) {
    const std::vector<const toml::table*> tables = tablesOf(root, kListenerTable, problems);
    if (!root.contains(kListenerTable)) {
        problems.add(root.source(), "listener: none; add at least one [[listener]] table");
    }
    std::set<std::pair<std::string, std::uint16_t>> taken;
    for (const toml::table* const table : tables) {
        const std::size_t before = config.listeners.size();
        readListener(*table, config, problems);
        for (std::size_t i = before; i < config.listeners.size(); ++i) {
            const ListenerConfig& listener = config.listeners[i];
            const bool isFree = listener.port == 0 && !isSocketPath(listener.address);
            if (isFree || taken.emplace(listener.address, listener.port).second) continue;
            problems.add(
                table->source(),
                fmt::format(
                    "listener: another one has address {} and port {}; change one of them",
                    listener.address,
                    listener.port));
        }
    }
}

void completeOauth(const toml::table& root, Config& config, Problems& problems) {
    if (config.oauthPublicKey.empty()) return;
    config.oauthPublicKey = under(config.directory, config.oauthPublicKey);
    const toml::table& table = *root.get("oauth")->as_table();
    if (config.oauthIssuer.empty() || config.oauthAudience.empty()) {
        problems.add(table.source(), "oauth: public_key needs issuer and audience; add both");
    }
    std::error_code ignored;
    if (std::filesystem::exists(config.oauthPublicKey, ignored)) return;
    problems.add(
        table.get("public_key")->source(),
        fmt::format("oauth.public_key: there is no file {}", config.oauthPublicKey.string()));
}

toml::table parseFile(const std::filesystem::path& file) {
    try {
        return toml::parse_file(file.string());
    } catch (const toml::parse_error& error) {
        const toml::source_position where = error.source().begin;
        // Line 0: the file itself cannot be read.
        if (where.line == 0) {
            throw ConfigError({fmt::format(
                "{}: {}; write one with `daybook init`, or name another with --config",
                file.string(),
                error.description())});
        }
        throw ConfigError({fmt::format(
            "{}:{}:{}: {}", file.string(), where.line, where.column, error.description())});
    }
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines)
        text += (text.empty() ? "" : "\n") + line;
    return text;
}

}  // namespace

ConfigError::ConfigError(std::vector<std::string> problems)
    : std::runtime_error(joined(problems)), problems_(std::move(problems)) {}

Config loadConfig(const std::filesystem::path& file) {
    const toml::table root = parseFile(file);
    Problems problems(file.string());
    Config config;
    config.file = std::filesystem::absolute(file).lexically_normal();
    readSections(root, config, problems);
    config.directory = under(config.file.parent_path(), config.directory);
    if (!config.directory.has_filename()) config.directory = config.directory.parent_path();
    completeDns(root, config, problems);
    completeOauth(root, config, problems);
    completeOutbound(root, config, problems);
    readCertificates(root, config, problems);
    readListeners(root, config, problems);
    problems.throwIfAny();
    return config;
}

}  // namespace daybook
