#include "engine/config/config.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/temporary_folder.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::string_view kLeast =
    "hostname = \"mail.example.org\"\n"
    "[[listener]]\n"
    "protocol = \"smtp\"\n"
    "address = \"127.0.0.1\"\n";

class ConfigFile {
public:
    ConfigFile() : path_(folder_.path() / "daybook.toml") {
        write("chain.pem", "");
        write("key.pem", "");
    }

    void write(const std::string& name, std::string_view text) const {
        std::ofstream(folder_.path() / name) << text;
    }

    Config load(std::string_view text) const {
        write("daybook.toml", text);
        return loadConfig(path_);
    }

    // What is wrong with it, without the path of the file.
    std::vector<std::string> problems(std::string_view text) const {
        try {
            static_cast<void>(load(text));
        } catch (const ConfigError& error) {
            std::vector<std::string> lines;
            for (const std::string& line : error.problems()) {
                REQUIRE(line.starts_with(path_.string() + ":"));
                lines.push_back(line.substr(path_.string().size() + 1));
            }
            return lines;
        }
        return {};
    }

    // The least that is a configuration, and these lines.
    std::vector<std::string> problemsOf(std::string_view text) const {
        return problems(std::string(kLeast) + std::string(text));
    }

    const std::filesystem::path& folder() const { return folder_.path(); }

    const std::filesystem::path& path() const { return path_; }

private:
    TemporaryFolder folder_;
    std::filesystem::path path_;
};

struct Wrong {
    std::string_view text;
    std::string_view problem;
};

}  // namespace

TEST_CASE("config: the least has every default", "[engine]") {
    const ConfigFile file;
    const Config config = file.load(kLeast);
    CHECK(config.file == file.path());
    CHECK(config.directory == file.folder());
    CHECK(config.hostname == "mail.example.org");
    REQUIRE(config.listeners.size() == 1);
    CHECK(config.listeners[0].port == 25);
    CHECK(config.listeners[0].tls == ListenerTls::StartTls);
    CHECK(config.listeners[0].name == "smtp");
    CHECK(config.certificates.empty());
    const Config defaults;
    CHECK(config.messageOctetsMax == defaults.messageOctetsMax);
    CHECK(config.plaintextLoginOnLoopback == false);
    CHECK(config.scramPlus == false);
    CHECK(config.stopPatience == std::chrono::seconds(20));
    CHECK(config.journalMapOctets == 1ULL << 40U);
}

TEST_CASE("config: each wrong line is named with its line, its column and advice", "[engine]") {
    const ConfigFile file;
    // kLeast has 4 lines: these begin at line 5.
    const std::vector<Wrong> wrongs{
        {"nmae = \"x\"\n", "5:1: listener.nmae: unknown key; did you mean name?"},
        {"colour = \"x\"\n",
         "5:1: listener.colour: unknown key; remove it, or write one of: protocol, address, port, "
         "tls, name, proxy_from, client_ca, message_size, recipients, auth, own_addresses, "
         "own_from, rates, relay_from, xclient_from"},
        {"proxy_from = 7\n",
         "5:14: listener.proxy_from: must be a list of texts; write addresses and networks like "
         "[\"192.0.2.1\", \"2001:db8::/32\"]"},
        {"relay_from = [\"10.0.0.1/8\"]\n",
         "5:14: listener.relay_from: \"10.0.0.1/8\" is no address or network; write addresses and "
         "networks like [\"192.0.2.1\", \"2001:db8::/32\"]"},
        {"xclient_from = [\"10.0.0.1\", 7]\n",
         "5:16: listener.xclient_from: must be a list of texts; write addresses and networks like "
         "[\"192.0.2.1\", \"2001:db8::/32\"]"},
        {"auth = \"maybe\"\n",
         "5:8: listener.auth: \"maybe\" is not known; write one of \"required\", \"offered\", "
         "\"none\""},
        {"own_from = 1\n", "5:12: listener.own_from: must be true or false, without quotes"},
        {"message_size = \"1KiB\"\n",
         "5:16: listener.message_size: 1KiB is out of range; write a size from 64KiB to 1GiB"},
        {"client_ca = \"ca.pem\"\n",
         "5:13: listener.client_ca: needs TLS and a [[certificate]]; remove the line, or add them"},
        {"[[listener]]\nprotocol = \"lmtp\"\nauth = \"offered\"\n",
         "7:8: listener.auth: LMTP has none; write \"none\" or remove the line"},
        {"[[listener]]\nprotocol = \"lmtp\"\nrelay_from = [\"10.0.0.0/8\"]\n",
         "7:14: listener.relay_from: LMTP has no such thing; remove the line"},
        {"[[listener]]\nprotocol = \"lmtp\"\nown_from = false\n",
         "7:12: listener.own_from: LMTP has no such thing; remove the line"},
        {"[[listener]]\nprotocol = \"imap\"\nrelay_from = \"10.0.0.0/8\"\n",
         "7:14: listener.relay_from: only smtp, submission and lmtp have it; remove the line"},
        {"[oauth]\npublic_key = \"chain.pem\"\nissuer = \"x\"\n",
         "5:1: oauth: public_key needs issuer and audience; add both"},
        {"[rates]\naccount_messages_per_hour = -1\n",
         "6:29: rates.account_messages_per_hour: -1 is out of range; write a number from 0 to "
         "10000000"},
        {"port = \"25\"\n",
         "5:8: listener.port: must be a whole number from 0 to 65535, without quotes"},
        {"port = 65536\n",
         "5:8: listener.port: 65536 is out of range; write a number from 0 to 65535"},
        {"port = -1\n", "5:8: listener.port: -1 is out of range; write a number from 0 to 65535"},
        {"port = 2.5\n",
         "5:8: listener.port: must be a whole number from 0 to 65535, without quotes"},
        {"tls = \"yes\"\n",
         "5:7: listener.tls: \"yes\" is not known; write one of \"none\", \"starttls\", "
         "\"implicit\""},
        {"tls = true\n", "5:7: listener.tls: must be one of \"none\", \"starttls\", \"implicit\""},
        {"tls = \"implicit\"\n",
         "5:7: listener.tls: smtp does not begin with TLS; write \"starttls\" or \"none\""},
        {"name = \"\"\n", "5:8: listener.name: is empty; write a value, or leave the key out"},
        {"name = []\n", "5:8: listener.name: must be a text; write it in double quotes"},
        {"[limits]\nmessage_size = \"50MB\"\n",
         "6:16: limits.message_size: is not a size; write it as \"50MiB\" (KiB, MiB, GiB, TiB), or "
         "as a number of octets"},
        {"[limits]\nmessage_size = \"99999999999999999999GiB\"\n",
         "6:16: limits.message_size: is not a size; write it as \"50MiB\" (KiB, MiB, GiB, TiB), or "
         "as a number of octets"},
        {"[limits]\nmessage_size = \"2GiB\"\n",
         "6:16: limits.message_size: 2GiB is out of range; write a size from 64KiB to 1GiB"},
        {"[limits]\nrecipients = 0\n",
         "6:14: limits.recipients: 0 is out of range; write a number from 1 to 100000"},
        {"[security]\nplaintext_login_on_loopback = \"true\"\n",
         "6:31: security.plaintext_login_on_loopback: must be true or false, without quotes"},
        {"[server]\nlog_level = \"loud\"\n",
         "6:13: server.log_level: \"loud\" is not known; write one of \"debug\", \"information\", "
         "\"warning\", \"error\""},
        {"[dns]\nforward = \"192.0.2.53\"\n",
         "6:11: dns.forward: must be a list of texts; write [\"...\", \"...\"]"},
        {"[dns]\nforward = [\"192.0.2.53\", 53]\n",
         "6:11: dns.forward: must be a list of texts; write [\"...\", \"...\"]"},
        {"[dns]\nforward = [\"192.0.2.53\", \"127.0.0.1@0\"]\n",
         "6:11: dns.forward: \"127.0.0.1@0\" is not the address of a resolver; write one like "
         "\"192.0.2.53\" or \"127.0.0.1@5353\""},
        {"[dns]\nforward = [\"dns.example.org\"]\n",
         "6:11: dns.forward: \"dns.example.org\" is not the address of a resolver; write one like "
         "\"192.0.2.53\" or \"127.0.0.1@5353\""},
        {"[dns]\nask_reserved = [\"te st\"]\n",
         "6:16: dns.ask_reserved: \"te st\" is not a zone; write one like \"test\""},
        {"[sever]\n", "5:2: sever: unknown key; did you mean server?"},
        {"[server]\nreactor = 1\n", "6:1: server.reactor: unknown key; did you mean reactors?"},
        {"[certificate]\n", "5:1: certificate: write [[certificate]], in double brackets"},
        {"[[certificate]]\nchain = \"chain.pem\"\n",
         "5:1: certificate.key: missing; add a line key = ... (Its private key (privkey.pem), "
         "readable by the daemon alone.)"},
        {"[[listener]]\nport = 1\n",
         "5:1: listener.protocol: missing; add a line protocol = ... (What is spoken there.)"},
        {"[[listener]]\nprotocol = \"imaps\"\n",
         "6:12: listener.protocol: imaps needs a certificate; add a [[certificate]] table with "
         "chain and key"},
        {"[[listener]]\nprotocol = \"smtp\"\naddress = \"127.0.0.1\"\n",
         "5:1: listener: another one has address 127.0.0.1 and port 25; change one of them"},
        {"[[listener]]\nprotocol = \"imap\"\naddress = \"run/imap\"\n",
         "7:11: listener.address: only LMTP can listen on a unix socket; write an IP address"},
        {"[[listener]]\nprotocol = \"lmtp\"\naddress = \"run/lmtp\"\ntls = \"starttls\"\n",
         "8:7: listener.tls: there is no TLS on a unix socket; remove the line"},
        {"[[listener]]\nprotocol = \"lmtp\"\naddress = \"localhost\"\n",
         "7:11: listener.address: \"localhost\" is not an IP address; write one like \"0.0.0.0\", "
         "\"::\" or \"127.0.0.1\" (or, for LMTP, the path of a unix socket)"},
    };
    for (const Wrong& wrong : wrongs) {
        INFO(wrong.text);
        const std::vector<std::string> problems = file.problemsOf(wrong.text);
        REQUIRE(problems.size() == 1);
        CHECK(problems[0] == wrong.problem);
    }
}

TEST_CASE("config: implicit TLS is not to be weakened", "[engine]") {
    const ConfigFile file;
    const std::vector<std::string> problems = file.problemsOf(
        "[[certificate]]\nchain = \"chain.pem\"\nkey = \"key.pem\"\n"
        "[[listener]]\nprotocol = \"imaps\"\naddress = \"::1\"\ntls = \"none\"\n");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0] == "11:7: listener.tls: imaps begins with TLS; remove the line");
}

TEST_CASE("config: a certificate's missing file is named", "[engine]") {
    const ConfigFile file;
    const std::vector<std::string> problems =
        file.problemsOf("[[certificate]]\nchain = \"chain.pem\"\nkey = \"nokey.pem\"\n");
    REQUIRE(problems.size() == 1);
    CHECK(
        problems[0] ==
        "7:7: certificate.key: there is no file " + (file.folder() / "nokey.pem").string());
}

TEST_CASE("config: a missing trust anchor is named", "[engine]") {
    const ConfigFile file;
    const std::vector<std::string> problems =
        file.problemsOf("[dns]\ntrust_anchor = \"run/anchor\"\n");
    REQUIRE(problems.size() == 1);
    CHECK(
        problems[0] ==
        "6:16: dns.trust_anchor: there is no file " + (file.folder() / "run/anchor").string());
}

TEST_CASE("config: all problems are told at once, in the order of the file", "[engine]") {
    const ConfigFile file;
    const std::vector<std::string> problems = file.problems(
        "hostname = \"not a host\"\n"
        "directroy = \"x\"\n"
        "limits = 3\n"
        "listener = []\n"
        "[server]\n"
        "workers = 300\n"
        "reactors = -1\n");
    REQUIRE(problems.size() == 6);
    CHECK(
        problems[0] ==
        "1:12: hostname: \"not a host\" is not a host name; write one like \"mail.example.org\"");
    CHECK(problems[1] == "2:1: directroy: unknown key; did you mean directory?");
    CHECK(problems[2] == "3:10: limits: must be a table; write [limits]");
    CHECK(problems[3] == "4:12: listener: write [[listener]], in double brackets");
    CHECK(problems[4] == "6:11: server.workers: 300 is out of range; write a number from 0 to 256");
    CHECK(problems[5] == "7:12: server.reactors: -1 is out of range; write a number from 0 to 256");
}

TEST_CASE("config: an empty file lacks a host name and a listener", "[engine]") {
    const ConfigFile file;
    const std::vector<std::string> problems = file.problems("");
    REQUIRE(problems.size() == 2);
    CHECK(problems[0].find("hostname: missing; add a line hostname = ...") != std::string::npos);
    CHECK(problems[1].find("listener: none; add at least one") != std::string::npos);
}

TEST_CASE("config: text that is no TOML is named by the parser's line", "[engine]") {
    const ConfigFile file;
    const std::vector<std::string> problems = file.problemsOf("port = \n");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].starts_with("5:8: "));
}

TEST_CASE("config: a file that is not there says so, and what to do", "[engine]") {
    const TemporaryFolder folder;
    try {
        static_cast<void>(loadConfig(folder.path() / "none.toml"));
        FAIL("loaded");
    } catch (const ConfigError& error) {
        REQUIRE(error.problems().size() == 1);
        CHECK(error.problems()[0].find("none.toml: ") != std::string::npos);
        CHECK(error.problems()[0].find("daybook init") != std::string::npos);
    }
}

TEST_CASE("config: what follows from the protocol", "[engine]") {
    const ConfigFile file;
    const Config config = file.load(
        "hostname = \"MAIL.example.org\"\n"
        "directory = \"data\"\n"
        "[[certificate]]\nchain = \"../chain.pem\"\nkey = \"/dev/null\"\n"
        "[[listener]]\nprotocol = \"imaps\"\naddress = \"::1\"\n"
        "[[listener]]\nprotocol = \"lmtp\"\naddress = \"run/lmtp.sock\"\n"
        "[[listener]]\nprotocol = \"submission\"\nport = 0\nname = \"other\"\n");
    CHECK(config.hostname == "mail.example.org");
    CHECK(config.directory == file.folder() / "data");
    REQUIRE(config.certificates.size() == 1);
    CHECK(config.certificates[0].serverName == "mail.example.org");
    CHECK(config.certificates[0].chain == file.folder() / "chain.pem");
    CHECK(config.certificates[0].key == "/dev/null");
    REQUIRE(config.listeners.size() == 4);
    CHECK(config.listeners[0].tls == ListenerTls::Implicit);
    CHECK(config.listeners[0].port == 993);
    CHECK(config.listeners[1].tls == ListenerTls::None);
    CHECK(config.listeners[1].address == (file.folder() / "data/run/lmtp.sock").string());
    CHECK(config.listeners[1].port == 0);
    // Without an address: everywhere, which is two listeners.
    CHECK(config.listeners[2].address == "0.0.0.0");
    CHECK(config.listeners[3].address == "::");
    CHECK(config.listeners[3].port == 0);
    CHECK(config.listeners[3].name == "other");
}

TEST_CASE("config: sizes with and without units", "[engine]") {
    const ConfigFile file;
    const auto size = [&file](std::string_view text) {
        const std::string lines = "[storage]\nreserve = " + std::string(text) + "\n";
        return file.load(std::string(kLeast) + lines).reserveOctets;
    };
    CHECK(size("0") == 0);
    CHECK(size("\"0\"") == 0);
    CHECK(size("1000") == 1'000);
    CHECK(size("\"1KiB\"") == 1'024);
    CHECK(size("\"1 MiB\"") == 1'048'576);
    CHECK(size("\"1TiB\"") == 1ULL << 40U);
}

TEST_CASE("config: a written configuration is read again as the same", "[engine]") {
    const ConfigFile file;
    Config config;
    config.file = file.path();
    config.directory = file.folder() / "elsewhere \"quoted\"";
    config.hostname = "mail.example.org";
    config.certificates.push_back(
        {"mx.example.org", file.folder() / "chain.pem", file.folder() / "key.pem"});
    config.listeners = {
        {ListenerProtocol::Smtp, "0.0.0.0", 25, ListenerTls::StartTls, "smtp"},
        {ListenerProtocol::Imaps, "::1", 0, ListenerTls::Implicit, "imaps"},
        {ListenerProtocol::Lmtp, "/run/x/lmtp", 0, ListenerTls::None, "lmtp"},
        {ListenerProtocol::Pop3, "127.0.0.1", 2110, ListenerTls::None, "mine"},
    };
    config.messageOctetsMax = 70'001;
    config.listeners[0].auth = ListenerAuth::Offered;
    config.listeners[0].messageOctetsMax = 80'000;
    config.listeners[0].recipientsMax = 5;
    config.listeners[0].ownAddressesOnly = false;
    config.listeners[0].ownFromOnly = false;
    config.listeners[0].rates = false;
    REQUIRE(config.listeners[0].relayFrom.add("10.0.0.0/8"));
    REQUIRE(config.listeners[0].relayFrom.add("2001:db8::1"));
    REQUIRE(config.listeners[0].xclientFrom.add("10.0.0.1"));
    REQUIRE(config.listeners[3].proxyFrom.add("::1"));
    config.listeners[1].clientAuthorities = file.folder() / "chain.pem";
    config.rates.accountMessagesPerHour = 1;
    config.rates.accountRecipientsPerHour = 2;
    config.rates.addressConnectionsPerMinute = 3;
    config.rates.addressMessagesPerMinute = 0;
    config.rates.exemptLoopback = false;
    config.scramSha1 = false;
    config.oauthPublicKey = file.folder() / "key.pem";
    config.oauthIssuer = "https://login.example.org";
    config.oauthAudience = "mail";
    config.oauthAccountClaim = "upn";
    config.recipientsMax = 7;
    config.connectionsMax = 8;
    config.connectionsPerAddressMax = 9;
    config.plaintextLoginOnLoopback = true;
    config.scramPlus = true;
    config.reactors = 3;
    config.workers = 4;
    config.logLevel = LogLevel::Warning;
    config.stopPatience = std::chrono::seconds(5);
    config.journalMapOctets = 1ULL << 33U;
    config.viewsMapOctets = 1ULL << 32U;
    config.segmentOctets = 1ULL << 22U;
    config.reserveOctets = 0;
    config.dnsForward = {"127.0.0.1@5353", "2001:db8::53"};
    config.dnsValidate = false;
    config.dnsTrustAnchor = file.folder() / "chain.pem";
    config.dnsAskReserved = {"test"};
    config.dnsCacheOctets = 1ULL << 21U;
    config.dnsTimeout = std::chrono::seconds(7);

    const std::string text = configText(config);
    const Config read = file.load(text);
    CHECK(configText(read) == text);
    CHECK(read.directory == config.directory);
    CHECK(read.messageOctetsMax == config.messageOctetsMax);
    CHECK(read.recipientsMax == config.recipientsMax);
    CHECK(read.connectionsMax == config.connectionsMax);
    CHECK(read.connectionsPerAddressMax == config.connectionsPerAddressMax);
    CHECK(read.listeners[0].relayFrom.contains("10.1.2.3"));
    CHECK(read.listeners[0].relayFrom.contains("2001:db8::1"));
    CHECK_FALSE(read.listeners[0].relayFrom.contains("192.0.2.1"));
    CHECK(read.listeners[3].proxyFrom.contains("::1"));
    CHECK(read.listeners[1].clientAuthorities == config.listeners[1].clientAuthorities);
    CHECK(read.rates.addressConnectionsPerMinute == 3);
    CHECK(read.oauthAccountClaim == "upn");
    CHECK_FALSE(read.scramSha1);
    CHECK(read.plaintextLoginOnLoopback);
    CHECK(read.scramPlus);
    CHECK(read.reactors == 3);
    CHECK(read.workers == 4);
    CHECK(read.logLevel == LogLevel::Warning);
    CHECK(read.stopPatience == config.stopPatience);
    CHECK(read.journalMapOctets == config.journalMapOctets);
    CHECK(read.viewsMapOctets == config.viewsMapOctets);
    CHECK(read.segmentOctets == config.segmentOctets);
    CHECK(read.reserveOctets == 0);
    CHECK(read.dnsForward == config.dnsForward);
    CHECK_FALSE(read.dnsValidate);
    CHECK(read.dnsTrustAnchor == config.dnsTrustAnchor);
    CHECK(read.dnsAskReserved == config.dnsAskReserved);
    CHECK(read.dnsCacheOctets == config.dnsCacheOctets);
    CHECK(read.dnsTimeout == config.dnsTimeout);
    REQUIRE(read.certificates.size() == 1);
    CHECK(read.certificates[0].serverName == "mx.example.org");
    REQUIRE(read.listeners.size() == config.listeners.size());
    for (std::size_t i = 0; i < read.listeners.size(); ++i) {
        CHECK(read.listeners[i].protocol == config.listeners[i].protocol);
        CHECK(read.listeners[i].address == config.listeners[i].address);
        CHECK(read.listeners[i].port == config.listeners[i].port);
        CHECK(read.listeners[i].tls == config.listeners[i].tls);
        CHECK(read.listeners[i].name == config.listeners[i].name);
    }
}

TEST_CASE("config: what is not set is not written, so its default is read", "[engine]") {
    const ConfigFile file;
    Config config;
    config.hostname = "mail.example.org";
    config.certificates.push_back({"", file.folder() / "chain.pem", file.folder() / "key.pem"});
    config.listeners.push_back({.protocol = ListenerProtocol::Imap, .port = 143});
    const Config read = file.load(configText(config));
    CHECK(read.directory == file.folder());
    CHECK(read.certificates.at(0).serverName == "mail.example.org");
    CHECK(read.listeners.size() == 2);
    CHECK(read.listeners.at(0).name == "imap");
}

TEST_CASE("config: the reference page's defaults are the real ones", "[engine]") {
    const ConfigFile file;
    // What the page says is written as the default, the text of a default configuration has.
    Config config;
    config.file = file.path();
    config.directory = file.folder();
    config.hostname = "mail.example.org";
    const std::string text = configText(config);
    const std::string page = configReference();
    std::size_t settings = 0;
    for (std::size_t at = page.find("\n| `"); at != std::string::npos;
         at = page.find("\n| `", at + 1)) {
        const std::string row = page.substr(at + 4, page.find('\n', at + 1) - at - 4);
        const std::string key = row.substr(0, row.find('`'));
        const std::size_t type = row.find("| ") + 2;
        const std::size_t begin = row.find(" | ", type) + 3;
        const std::string value = row.substr(begin, row.find(" | ", begin) - begin);
        // In the table of that name; those that may come several times a default has none of.
        const std::size_t title = page.rfind("\n## ", at);
        const bool top = title == std::string::npos || page.compare(title, 6, "\n## `[") != 0;
        std::string table;
        if (!top) table = page.substr(title + 5, page.find('`', title + 5) - title - 5);
        const std::size_t begins = top ? 0 : text.find("\n" + table + "\n");
        if (begins == std::string::npos) continue;
        const std::size_t line = text.find("\n" + key + " = ", begins);
        if (line > text.find("\n[", begins + 1)) continue;
        // A listener's own value instead of the one in [limits].
        const bool overrides = value.starts_with("as in ");
        if (key == "hostname" || overrides || line == std::string::npos) continue;
        INFO(key);
        CHECK(text.substr(line + 1, text.find('\n', line + 1) - line - 1) == key + " = " + value);
        ++settings;
    }
    CHECK(settings == 47);
    CHECK(page.find("## `[[listener]]`") != std::string::npos);
    CHECK(page.find("## `[[certificate]]`") != std::string::npos);
}

TEST_CASE("config: tools/doc/configuration.md is the page that is printed", "[engine]") {
    std::ifstream file(DAYBOOK_SOURCE_DIR "/tools/doc/configuration.md");
    const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    INFO("write it anew with: config_test [reference]");
    CHECK((page == configReference()));
}

TEST_CASE("config: write tools/doc/configuration.md", "[.][reference]") {
    std::ofstream file(DAYBOOK_SOURCE_DIR "/tools/doc/configuration.md");
    file << configReference();
    CHECK(file.flush());
}
