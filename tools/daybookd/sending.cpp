#include "tools/daybookd/sending.h"

#include <fmt/format.h>
#include <fstream>

#include "engine/delivery/courier.h"
#include "engine/dns/unbound_resolver.h"
#include "engine/runtime/address_ranges.h"
#include "protocols/smtp/client.h"

namespace daybook {

namespace {

// A policy host that drips holds one of these for a minute, and nobody else's work.
constexpr std::size_t kPolicyWorkers = 4;
constexpr std::chrono::seconds kBlockAtFirst{30};
constexpr std::chrono::minutes kBlockMax{30};
constexpr std::uint32_t kMessagesPerConnection = 100;

dns::UnboundOptions resolverOptions(const Config& config) {
    dns::UnboundOptions options;
    options.forwarders = config.dnsForward;
    options.validate = config.dnsValidate;
    options.trustAnchorFile = config.dnsTrustAnchor;
    options.reservedZones = config.dnsAskReserved;
    options.cacheOctets = config.dnsCacheOctets;
    options.timeout = config.dnsTimeout;
    return options;
}

TlsMode modeOf(RelayTls tls) {
    switch (tls) {
        case RelayTls::Required: return TlsMode::Required;
        case RelayTls::Implicit: return TlsMode::Implicit;
        case RelayTls::Opportunistic: return TlsMode::Opportunistic;
        case RelayTls::None: return TlsMode::Never;
    }
    return TlsMode::Required;
}

// Its first line.
std::string passwordFrom(const std::filesystem::path& file) {
    std::ifstream stream(file);
    std::string password;
    std::getline(stream, password);
    if (!password.empty()) return password;
    throw std::runtime_error(fmt::format(
        "outbound.relay_password_file: there is no password in the first line of {}",
        file.string()));
}

// RFC 5321 §4.1.3
std::string literalOf(const std::string& address) {
    const bool ipv6 = address.find(':') != std::string::npos;
    return fmt::format("[{}{}]", ipv6 ? "IPv6:" : "", address);
}

std::optional<SmartHost> smartHostOf(const OutboundConfig& outbound) {
    if (outbound.relayHost.empty()) return std::nullopt;
    const bool isAddress = isIpAddress(outbound.relayHost);
    SmartHost smart{
        .host = isAddress ? literalOf(outbound.relayHost) : outbound.relayHost,
        .port = outbound.relayPort,
        .tls = modeOf(outbound.relayTls),
        // Certificates bear names: that of a bare address cannot be checked.
        .verify = !isAddress,
        .login = std::nullopt,
    };
    if (!outbound.relayUser.empty()) {
        smart.login = SmartHostLogin{outbound.relayUser, passwordFrom(outbound.relayPasswordFile)};
    }
    return smart;
}

DialerSettings dialerSettings(const Config& config) {
    const OutboundConfig& outbound = config.outbound;
    return {
        .helo = outbound.helo.empty() ? config.hostname : outbound.helo,
        .self = {config.hostname},
        .port = outbound.port,
        .sourceIpv4 = outbound.sourceIpv4,
        .sourceIpv6 = outbound.sourceIpv6,
        .smartHost = smartHostOf(outbound),
    };
}

CourierSettings courierSettings(const Config& config) {
    const OutboundConfig& outbound = config.outbound;
    const bool one = !outbound.relayHost.empty();
    // The one host that takes everything was chosen for that: it need not be tried out.
    const std::size_t atFirst = one ? outbound.connectionsPerHost : 4;
    return {
        .dialer = dialerSettings(config),
        .limits =
            {
                .connections = outbound.connections,
                .connectionsPerLane = outbound.connectionsPerHost,
                .connectionsAtFirst = atFirst,
            },
        .retry = outbound.retry,
        .delayWarning = std::chrono::duration_cast<std::chrono::seconds>(outbound.delayWarning),
        // Never longer than the first message may wait.
        .blockAtFirst = std::min<std::chrono::milliseconds>(kBlockAtFirst, outbound.retry.front()),
        .blockMax = std::min<std::chrono::milliseconds>(kBlockMax, outbound.retry.back()),
        .idle = outbound.idle,
        .messagesPerConnection = one ? UINT32_MAX : kMessagesPerConnection,
    };
}

}  // namespace

class Sending::Implementation {
public:
    explicit Implementation(const Parts& parts)
        : tls_(parts.config.outbound.tlsRoots),
          transport_(tls_),
          resolver_(resolverOptions(parts.config), parts.log),
          policyWorkers_(kPolicyWorkers),
          policies_(TlsPolicies::Parts{
              .resolver = resolver_,
              .workers = policyWorkers_,
              .clock = parts.clock,
              .log = parts.log,
              .cacheFolder = parts.config.directory / "cache",
              .roots = parts.config.outbound.tlsRoots,
              .httpsPort = parts.config.outbound.mtaStsPort,
              .dane = parts.config.outbound.dane,
              .mtaSts = parts.config.outbound.mtaSts,
          }),
          reporter_(
              Reporter::Parts{
                  .scribe = parts.scribe,
                  .reception = parts.reception,
                  .content = parts.journal.content(),
                  .workers = parts.workers,
                  .random = parts.random,
                  .clock = parts.clock,
                  .log = parts.log,
              },
              ReporterSettings{
                  .hostname = parts.config.hostname,
                  .language = parts.config.outbound.reportWords == ReportWords::German
                                  ? ReportLanguage::German
                                  : ReportLanguage::English,
                  .interval = parts.config.outbound.reportInterval,
              }),
          tlsReporter_(TlsReporter::Parts{
              .scribe = parts.scribe,
              .reception = parts.reception,
              .resolver = resolver_,
              .policies = policies_,
              .workers = policyWorkers_,
              .random = parts.random,
              .clock = parts.clock,
              .log = parts.log,
              .signer = parts.signer,
              .hostname = parts.config.hostname,
              .roots = parts.config.outbound.tlsRoots,
          }),
          courier_(
              Courier::Parts{
                  .scribe = parts.scribe,
                  .hub = parts.hub,
                  .content = parts.journal.content(),
                  .transport = transport_,
                  .resolver = resolver_,
                  .policies = policies_,
                  .reporter = reporter_,
                  .tlsReporter = parts.config.outbound.tlsReports ? &tlsReporter_ : nullptr,
                  .signer = &parts.signer,
                  .workers = parts.workers,
                  .random = parts.random,
                  .clock = parts.clock,
                  .log = parts.log,
              },
              courierSettings(parts.config)) {}

    void start() { courier_.start(); }

    // What waits for a name or a policy is answered at once, so that the courier can end.
    void stop() {
        resolver_.stop();
        policies_.stop();
        tlsReporter_.stop();
        courier_.stop();
    }

private:
    TlsClientContext tls_;
    smtp::ClientTransport transport_;
    dns::UnboundResolver resolver_;
    WorkerPool policyWorkers_;
    TlsPolicies policies_;
    Reporter reporter_;
    TlsReporter tlsReporter_;
    Courier courier_;
};

Sending::Sending(const Parts& parts) : implementation_(std::make_unique<Implementation>(parts)) {}

Sending::~Sending() = default;

void Sending::start() { implementation_->start(); }

void Sending::stop() { implementation_->stop(); }

}  // namespace daybook
