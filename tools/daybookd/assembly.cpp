#include "tools/daybookd/assembly.h"

#include <fmt/format.h>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>
#include <unistd.h>

#include "engine/authentication/dkim_signer.h"
#include "engine/control/administration.h"
#include "engine/control/control_server.h"
#include "engine/control/data_directory.h"
#include "engine/mime/decoding.h"
#include "engine/runtime/server.h"
#include "protocols/common/services.h"
#include "protocols/imap/recent_claims.h"
#include "protocols/imap/session.h"
#include "protocols/pop3/maildrop_locks.h"
#include "protocols/pop3/session.h"
#include "protocols/smtp/session.h"
#include "tools/daybookd/searching.h"
#include "tools/daybookd/sending.h"
#include "tools/version.h"

namespace daybook {

namespace {

constexpr std::chrono::seconds kStrangersFlushEvery{10};
// A tool that records its look into the journal holds the directory for a moment.
constexpr std::chrono::seconds kLockPatience{3};

std::vector<CertificateFiles> certificateFiles(const Config& config) {
    std::vector<CertificateFiles> files;
    files.reserve(config.certificates.size());
    for (const CertificateConfig& certificate : config.certificates) {
        files.push_back(CertificateFiles{
            .serverName = certificate.serverName,
            .certificateChain = certificate.chain,
            .privateKey = certificate.key,
        });
    }
    return files;
}

// One for each file of authorities that a listener names; by path.
std::map<std::filesystem::path, TlsContext> askingContexts(const Config& config) {
    std::map<std::filesystem::path, TlsContext> contexts;
    for (const ListenerConfig& listener : config.listeners) {
        if (listener.clientAuthorities.empty()) continue;
        contexts.try_emplace(
            listener.clientAuthorities, certificateFiles(config), listener.clientAuthorities);
    }
    return contexts;
}

std::unique_ptr<TlsContext> tlsContext(const Config& config, const Log& log) {
    if (config.certificates.empty()) {
        log.warning("no-certificate", {{"effect", "TLS is not offered"}});
        return nullptr;
    }
    return std::make_unique<TlsContext>(certificateFiles(config));
}

std::optional<OauthSettings> oauthSettings(const Config& config) {
    if (config.oauthPublicKey.empty()) return std::nullopt;
    return OauthSettings{
        .publicKey = config.oauthPublicKey,
        .issuer = config.oauthIssuer,
        .audience = config.oauthAudience,
        .accountClaim = config.oauthAccountClaim,
    };
}

std::size_t orCores(std::uint32_t configured) {
    if (configured != 0) return configured;
    return std::max(1U, std::thread::hardware_concurrency());
}

std::chrono::seconds seconds(std::chrono::milliseconds time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time);
}

std::string sayRefusal(const Refusal& refusal) {
    return fmt::format("{} {}", nameOf(refusal.reason), refusal.detail);
}

// What a client reads when there is no room for it; nothing is said before an implicit handshake.
std::string busyText(ListenerProtocol protocol) {
    switch (protocol) {
        case ListenerProtocol::Smtp:
        case ListenerProtocol::Submission:
        case ListenerProtocol::Lmtp: return "421 4.3.2 Too many connections, try again later\r\n";
        case ListenerProtocol::Imap: return "* BYE [LIMIT] Too many connections\r\n";
        case ListenerProtocol::Pop3: return "-ERR [SYS/TEMP] Too many connections\r\n";
        case ListenerProtocol::Submissions:
        case ListenerProtocol::Imaps:
        case ListenerProtocol::Pop3s: return "";
    }
    return "";
}

// Written whole and renamed, so that who waits for it never reads half of it.
void writePorts(const std::filesystem::path& file, const nlohmann::json& ports) {
    const std::filesystem::path temporary = file.string() + ".new";
    std::ofstream stream(temporary, std::ios::trunc);
    stream << ports.dump(2) << '\n';
    stream.close();
    if (!stream) throw std::runtime_error("cannot write " + temporary.string());
    std::filesystem::rename(temporary, file);
}

}  // namespace

// What a session is given: a configuration as it was when the session began, and the parts.
struct Settings {
    Settings(Config read, const std::function<Services(const Config&)>& servicesFor)
        : config(std::move(read)), services(servicesFor(config)), servicesWithoutTls(services) {
        servicesWithoutTls.tls = nullptr;
    }

    Config config;
    Services services;
    // For listeners with tls = "none".
    Services servicesWithoutTls;
};

// Members are destroyed in the opposite order: sessions end before the scribe, the scribe before
// the views, the views before the journal.
class Assembly::Parts {
public:
    Parts(Config settings, const Log& diary, std::function<void(const std::string&)> fatal);

    void start();
    void stop();
    Outcome<Done> reload();

private:
    Services servicesFor(const Config& config);
    SessionFunction sessionFor(const ListenerConfig& listener, const Services& services);
    Task<void> serve(const ListenerConfig& listener, SessionStart start);
    void listen(const ListenerConfig& listener);
    TlsContext* tlsOf(const ListenerConfig& listener);
    std::shared_ptr<const Settings> settings();
    void renew(const Config& fresh);

    Config config_;
    const Log& log_;
    SystemClock clock_;
    SystemRandom random_;
    DataDirectory directory_;
    WriterLock lock_;
    Journal journal_;
    SecretsStore secrets_;
    Views views_;
    WorkerPool workers_;
    Hub hub_;
    Scribe scribe_;
    std::unique_ptr<TlsContext> tls_;
    // For the listeners that ask clients for certificates.
    std::map<std::filesystem::path, TlsContext> askingTls_;
    Strangers strangers_;
    Directory users_;
    Authenticator authenticator_;
    DkimSigner signer_;
    Reception reception_;
    Searching searching_;
    std::unique_ptr<Sending> sending_;
    RateLimits rates_;
    imap::RecentClaims recentClaims_;
    pop3::MaildropLocks maildropLocks_;
    std::mutex settingsMutex_;
    // Shared: with the sessions that began under them.
    std::shared_ptr<const Settings> settings_;
    LocalAdministration administration_;
    Server server_;
    nlohmann::json ports_ = nlohmann::json::object();
    std::unique_ptr<ControlServer> control_;
    std::jthread housekeeping_;
    bool started_ = false;
};

Assembly::Parts::Parts(
    Config settings, const Log& diary, std::function<void(const std::string&)> fatal)
    : config_(std::move(settings)),
      log_(diary),
      directory_(config_.directory),
      lock_(directory_, kLockPatience),
      journal_(
          config_.directory,
          JournalOptions{
              .mapOctets = config_.journalMapOctets,
              .segmentOctets = config_.segmentOctets,
          },
          random_),
      secrets_(config_.directory),
      views_(config_.directory, ViewsOptions{.mapOctets = config_.viewsMapOctets}),
      workers_(orCores(config_.workers)),
      scribe_(Scribe::Parts{
          .journal = journal_,
          .views = views_,
          .hub = hub_,
          .clock = clock_,
          .random = random_,
          .log = log_,
          .fatal = std::move(fatal),
          .reserveOctets = config_.reserveOctets,
          .quota = config_.quota,
      }),
      tls_(tlsContext(config_, log_)),
      askingTls_(askingContexts(config_)),
      strangers_(scribe_, clock_),
      users_(views_),
      authenticator_(Authenticator::Parts{
          .views = views_,
          .secrets = secrets_,
          .workers = workers_,
          .strangers = strangers_,
          .random = random_,
          .clock = clock_,
          .plaintextLoginOnLoopback = config_.plaintextLoginOnLoopback,
          .offersPlus = config_.scramPlus,
          .hostname = config_.hostname,
          .offersSha1 = config_.scramSha1,
          .oauth = oauthSettings(config_),
      }),
      signer_(DkimSigner::Parts{
          .views = views_,
          .secrets = secrets_,
          .clock = clock_,
          .log = log_,
      }),
      reception_(Reception::Parts{
          .scribe = scribe_,
          .content = journal_.content(),
          .workers = workers_,
          .random = random_,
          .clock = clock_,
          .directory = users_,
          .hostname = config_.hostname,
          .lifetime = seconds(config_.outbound.lifetime),
          .suppression = seconds(config_.outbound.suppression),
          .signer = &signer_,
      }),
      searching_(config_, journal_, hub_, log_),
      sending_(std::make_unique<Sending>(Sending::Parts{
          .config = config_,
          .log = log_,
          .clock = clock_,
          .random = random_,
          .journal = journal_,
          .hub = hub_,
          .scribe = scribe_,
          .workers = workers_,
          .reception = reception_,
          .signer = signer_,
      })),
      rates_(clock_, config_.rates),
      recentClaims_(journal_),
      administration_(LocalAdministration::Parts{
          .scribe = scribe_,
          .journal = journal_,
          .secrets = secrets_,
          .random = random_,
          .reload = [this] { return reload(); },
          .folders = foldersOf(config_.folders),
          .searchIndex = searching_.index(),
          .indexKeeper = searching_.keeper(),
      }),
      server_(orCores(config_.reactors), log_) {
    mime::initialize();
    renew(config_);
    for (const ListenerConfig& listener : config_.listeners) {
        listen(listener);
    }
}

Services Assembly::Parts::servicesFor(const Config& config) {
    return Services{
        .config = config,
        .log = log_,
        .clock = clock_,
        .random = random_,
        .views = views_,
        .content = journal_.content(),
        .journal = journal_,
        .scribe = scribe_,
        .hub = hub_,
        .strangers = strangers_,
        .directory = users_,
        .authenticator = authenticator_,
        .reception = reception_,
        .workers = workers_,
        .rates = &rates_,
        .tls = tls_.get(),
        .searchIndex = searching_.index(),
    };
}

SessionFunction Assembly::Parts::sessionFor(
    const ListenerConfig& listener, const Services& services) {
    switch (listener.protocol) {
        case ListenerProtocol::Smtp:
            return smtp::sessionFunction(services, smtp::Role::Mx, listener);
        case ListenerProtocol::Submission:
        case ListenerProtocol::Submissions:
            return smtp::sessionFunction(services, smtp::Role::Submission, listener);
        case ListenerProtocol::Lmtp:
            return smtp::sessionFunction(services, smtp::Role::Lmtp, listener);
        case ListenerProtocol::Imap:
        case ListenerProtocol::Imaps: return imap::sessionFunction(services, recentClaims_);
        case ListenerProtocol::Pop3:
        case ListenerProtocol::Pop3s: return pop3::sessionFunction(services, maildropLocks_);
    }
    return {};
}

// A session keeps the settings that it began with.
Task<void> Assembly::Parts::serve(const ListenerConfig& listener, SessionStart start) {
    const bool offersTls = listener.tls != ListenerTls::None;
    const std::shared_ptr<const Settings> mine = settings();
    // Rare: this session has services of its own, with a context that asks for certificates.
    std::optional<Services> asking;
    if (!listener.clientAuthorities.empty()) asking.emplace(mine->services).tls = tlsOf(listener);
    const Services& usual = offersTls ? mine->services : mine->servicesWithoutTls;
    const SessionFunction session = sessionFor(listener, asking ? *asking : usual);
    co_await session(start);
}

std::shared_ptr<const Settings> Assembly::Parts::settings() {
    const std::lock_guard lock(settingsMutex_);
    return settings_;
}

void Assembly::Parts::renew(const Config& fresh) {
    auto settings = std::make_shared<const Settings>(
        fresh, [this](const Config& config) { return servicesFor(config); });
    authenticator_.allowPlaintextOnLoopback(fresh.plaintextLoginOnLoopback);
    const std::lock_guard lock(settingsMutex_);
    settings_ = std::move(settings);
}

TlsContext* Assembly::Parts::tlsOf(const ListenerConfig& listener) {
    const auto found = askingTls_.find(listener.clientAuthorities);
    return found == askingTls_.end() ? tls_.get() : &found->second;
}

void Assembly::Parts::listen(const ListenerConfig& listener) {
    ListenerOptions options;
    options.name = listener.name;
    options.address = listener.address;
    options.port = listener.port;
    options.connectionsMax = config_.connectionsMax;
    options.connectionsPerAddressMax = config_.connectionsPerAddressMax;
    options.proxyFrom = listener.proxyFrom;
    options.uncountedFrom = listener.xclientFrom;
    options.busyText = busyText(listener.protocol);
    if (listener.tls == ListenerTls::Implicit) {
        if (!tls_) {
            throw std::runtime_error(fmt::format(
                "listener {}: tls = \"implicit\" needs a [[certificate]] in {}",
                listener.name,
                config_.file.string()));
        }
        options.implicitTls = tlsOf(listener);
    }
    // `listener` is in config_, which stays as it was at the start.
    const std::uint16_t port = server_.listen(
        options, [this, &listener](SessionStart start) { return serve(listener, start); });
    // A second listener of the same name (IPv6 beside IPv4) does not hide the first one's port.
    if (port != 0 && !ports_.contains(listener.name)) ports_[listener.name] = port;
    log_.information(
        "listening",
        {{"name", listener.name}, {"address", listener.address}, {"port", std::to_string(port)}});
}

void Assembly::Parts::start() {
    scribe_.start();
    const Outcome<Done> recorded = scribe_.submitAndWait(scribe_.describeStart());
    if (!recorded) {
        throw std::runtime_error(
            fmt::format("cannot record the start: {}", sayRefusal(recorded.error())));
    }
    started_ = true;
    control_ = std::make_unique<ControlServer>(
        directory_.controlSocket(),
        administration_,
        ControlServer::Facts{
            .version = kVersion,
            .sessions = [this] { return server_.sessionCount(); },
            .appliedSeq = [this] { return scribe_.appliedSeq(); },
        },
        log_);
    sending_->start();
    searching_.start();
    server_.start();
    housekeeping_ = std::jthread([this](const std::stop_token& stopping) {
        std::mutex mutex;
        std::condition_variable_any condition;
        std::unique_lock guard(mutex);
        while (!condition.wait_for(
            guard, stopping, kStrangersFlushEvery, [&] { return stopping.stop_requested(); })) {
            strangers_.flush(false);
        }
    });
    writePorts(directory_.portsFile(), ports_);
    log_.information(
        "ready",
        {{"hostname", config_.hostname},
         {"directory", config_.directory.string()},
         {"events", std::to_string(scribe_.appliedSeq().number())}});
}

void Assembly::Parts::stop() {
    if (!started_) return;
    started_ = false;
    std::error_code ignored;
    std::filesystem::remove(directory_.portsFile(), ignored);
    control_.reset();
    log_.information("stopping", {{"sessions", std::to_string(server_.sessionCount())}});
    server_.stop(config_.stopPatience);
    sending_->stop();
    searching_.stop();
    housekeeping_ = std::jthread();  // asks it to stop, and waits
    strangers_.flush(true);
    const Outcome<Done> recorded = scribe_.submitAndWait(RecordServerStopped{.origin = Origin{}});
    if (!recorded) log_.error("stop-not-recorded", {{"why", sayRefusal(recorded.error())}});
    scribe_.stop();
    log_.information("stopped");
}

// What sessions look at changes for those that begin from now on; what the parts were built with
// (addresses, storage, threads, the host's name) stays until a restart, and the log says so.
Outcome<Done> Assembly::Parts::reload() {
    try {
        const Config fresh = loadConfig(config_.file);
        if (tls_ && !fresh.certificates.empty()) {
            tls_->reload(certificateFiles(fresh));
            for (auto& [authorities, context] : askingTls_)
                context.reload(certificateFiles(fresh));
        }
        Config inUse = config_;
        inUse.messageOctetsMax = fresh.messageOctetsMax;
        inUse.recipientsMax = fresh.recipientsMax;
        inUse.plaintextLoginOnLoopback = fresh.plaintextLoginOnLoopback;
        inUse.certificates = fresh.certificates;
        inUse.rates = fresh.rates;
        rates_.configure(fresh.rates);
        renew(inUse);
        const bool needsRestart = configText(fresh) != configText(inUse);
        log_.information(
            "reloaded",
            {{"certificates", std::to_string(fresh.certificates.size())},
             {"settings", needsRestart ? "some changes need a restart" : "all in use"}});
        return Done{};
    } catch (const ConfigError& error) {
        log_.error("reload-refused", {{"why", error.what()}});
        return refuse(RefusalReason::InvalidArgument, error.what());
    } catch (const TlsFilesUnusable& error) {
        log_.error("reload-refused", {{"why", error.what()}});
        return refuse(RefusalReason::InvalidArgument, error.what());
    }
}

Assembly::Assembly(Config config, const Log& log, std::function<void(const std::string&)> fatal)
    : parts_(std::make_unique<Parts>(std::move(config), log, std::move(fatal))) {}

Assembly::~Assembly() = default;

// A start that is on record is followed by a stop that is.
void Assembly::start() {
    try {
        parts_->start();
    } catch (...) {
        parts_->stop();
        throw;
    }
}

void Assembly::stop() { parts_->stop(); }

Outcome<Done> Assembly::reload() { return parts_->reload(); }

}  // namespace daybook
