#include "tests/support/mail_house.h"

#include <filesystem>
#include <stdexcept>
#include <thread>

#include "engine/control/administration.h"
#include "engine/control/data_directory.h"
#include "engine/mime/decoding.h"
#include "engine/runtime/server.h"
#include "journal/journal.h"
#include "journal/journal_reader.h"
#include "protocols/common/services.h"
#include "protocols/imap/recent_claims.h"
#include "protocols/imap/session.h"
#include "protocols/pop3/maildrop_locks.h"
#include "protocols/pop3/session.h"
#include "protocols/smtp/session.h"
#include "tests/support/running_server.h"

namespace daybook::test {

namespace {

constexpr std::chrono::seconds kPatience{10};

JournalOptions journalOptions() {
    return {.mapOctets = std::size_t{1} << 30U, .segmentOctets = 4ULL << 20U};
}

ViewsOptions viewsOptions() { return {.mapOctets = std::size_t{1} << 30U}; }

std::filesystem::path made(const std::filesystem::path& directory, Random& random) {
    DataDirectory(directory).makeRunFolders();
    Journal::create(directory, random);
    return directory;
}

Config configFor(const std::filesystem::path& directory, const MailHouseOptions& options) {
    Config config;
    config.directory = directory;
    config.hostname = "mail.example.org";
    config.messageOctetsMax = options.messageOctetsMax;
    config.plaintextLoginOnLoopback = options.plaintextLogin;
    return config;
}

template <class T>
T expect(Outcome<T> outcome) {
    if (!outcome) throw std::runtime_error(nameOf(outcome.error().reason));
    return std::move(*outcome);
}

}  // namespace

class MailHouse::Parts {
public:
    explicit Parts(const MailHouseOptions& options);
    ~Parts();

    void listen(Door door, SessionFunction session) {
        const ListenerOptions options{.name = "test", .address = "127.0.0.1"};
        ports[door] = server.listen(options, std::move(session));
    }

    // What was acknowledged or noted is in the views, which a delivery's answer does not wait for.
    void settle() { expect(scribe.submitAndWait(RecordVerifyRun{})); }

    AccountId account(std::string_view login) const {
        return views.snapshot().accounts().findLogin(login).value().id;
    }

    MailboxRow inbox(std::string_view login) const {
        return views.snapshot().mailboxes().find(account(login), "INBOX").value();
    }

    std::vector<MessageRow> rows(std::string_view login) const {
        std::vector<MessageRow> found;
        views.snapshot().messages().forEach(
            inbox(login).id, Uid(1), Uid(UINT32_MAX), [&](const MessageRow& row) {
            found.push_back(row);
            return true;
        });
        return found;
    }

    TemporaryFolder folder;
    const Log log{LogLevel::Error};
    SystemClock clock;
    SystemRandom random;
    Config config;
    Journal journal;
    SecretsStore secrets;
    Views views;
    WorkerPool workers{2};
    Hub hub;
    Scribe scribe;
    TestCertificate certificate{"mail.example.org"};
    TlsContext tls{{certificate.files()}};
    Strangers strangers;
    Directory directory;
    Authenticator authenticator;
    Reception reception;
    std::optional<RateLimits> rates;
    ListenerConfig policy;
    pop3::MaildropLocks locks;
    imap::RecentClaims claims;
    Services services;
    LocalAdministration administration;
    Server server;
    std::map<Door, std::uint16_t> ports;
    std::jthread stopping;
};

MailHouse::Parts::Parts(const MailHouseOptions& options)
    : config(configFor(made(folder.path(), random), options)),
      journal(folder.path(), journalOptions(), random),
      secrets(folder.path()),
      views(folder.path(), viewsOptions()),
      scribe({
          .journal = journal,
          .views = views,
          .hub = hub,
          .clock = clock,
          .random = random,
          .log = log,
          .fatal = [](const std::string&) {},
          .reserveOctets = 0,
      }),
      strangers(scribe, clock),
      directory(views),
      authenticator({
          .views = views,
          .secrets = secrets,
          .workers = workers,
          .strangers = strangers,
          .random = random,
          .clock = clock,
          .plaintextLoginOnLoopback = options.plaintextLogin,
          .hostname = config.hostname,
      }),
      reception({
          .scribe = scribe,
          .content = journal.content(),
          .workers = workers,
          .random = random,
          .clock = clock,
          .directory = directory,
          .hostname = config.hostname,
      }),
      policy(options.policy),
      claims(journal),
      services{
          .config = config,
          .log = log,
          .clock = clock,
          .random = random,
          .views = views,
          .content = journal.content(),
          .journal = journal,
          .scribe = scribe,
          .hub = hub,
          .strangers = strangers,
          .directory = directory,
          .authenticator = authenticator,
          .reception = reception,
          .workers = workers,
          .rates = options.rates ? &rates.emplace(clock, *options.rates) : nullptr,
          .tls = options.tls ? &tls : nullptr,
      },
      administration({
          .scribe = scribe,
          .journal = journal,
          .secrets = secrets,
          .random = random,
          .reload = {},
      }),
      server(2, log) {
    mime::initialize();
    scribe.start();
    expect(administration.addDomain("example.org"));
    for (const char* login : {"alice@example.org", "bob@example.org"}) {
        expect(administration.addAccount(login, "", std::string(kPassword)));
    }
    listen(Door::Mx, smtp::sessionFunction(services, smtp::Role::Mx, policy));
    listen(Door::Submission, smtp::sessionFunction(services, smtp::Role::Submission, policy));
    listen(Door::Lmtp, smtp::sessionFunction(services, smtp::Role::Lmtp, policy));
    listen(Door::Pop3, pop3::sessionFunction(services, locks));
    listen(Door::Imap, imap::sessionFunction(services, claims));
    server.start();
}

MailHouse::Parts::~Parts() {
    if (stopping.joinable()) stopping.join();
    server.stop(kPatience);
    strangers.flush(true);
    scribe.stop();
}

MailHouse::MailHouse(const MailHouseOptions& options) : parts_(std::make_unique<Parts>(options)) {}

MailHouse::~MailHouse() = default;

TestClient MailHouse::client(Door door) const {
    TestClient client;
    client.connect("127.0.0.1", parts_->ports.at(door));
    return client;
}

std::uint16_t MailHouse::port(Door door) const { return parts_->ports.at(door); }

std::vector<std::string> MailHouse::inbox(std::string_view login) {
    parts_->settle();
    std::vector<std::string> messages;
    for (const MessageRow& row : parts_->rows(login)) {
        std::string message(parts_->views.snapshot().summaries().prefix(row.storedSeq));
        if (!parts_->journal.content().read(row.blob, 0, row.blobOctets, message)) {
            throw std::runtime_error("the message is erased");
        }
        messages.push_back(std::move(message));
    }
    return messages;
}

std::string MailHouse::deliver(std::string_view login, std::string_view message) {
    TestClient lmtp = client(Door::Lmtp);
    lmtp.send("LHLO test\r\nMAIL FROM:<sender@example.net>\r\n");
    lmtp.send("RCPT TO:<" + std::string(login) + ">\r\n");
    lmtp.send("BDAT " + std::to_string(message.size()) + " LAST\r\n");
    lmtp.send(message);
    lmtp.send("QUIT\r\n");
    const std::string said = lmtp.readToEnd();
    constexpr std::string_view words = "250 2.0.0 Ok: recorded as ";
    const std::size_t found = said.find(words);
    if (found == std::string::npos) throw std::runtime_error("not delivered: " + said);
    parts_->settle();
    return said.substr(found + words.size(), 16);
}

void MailHouse::delegate(std::string_view owner, std::string_view delegate, bool on) {
    expect(parts_->administration.setDelegation(
        std::string(owner), std::string(delegate), on ? kMaySendAs : std::uint16_t{0}));
}

void MailHouse::emptyInbox(std::string_view login) {
    Expunge command;
    command.account = parts_->account(login);
    command.mailbox = parts_->inbox(login).id;
    command.onlyDeleted = false;
    expect(parts_->scribe.submitAndWait(command));
}

void MailHouse::eraseLast(std::string_view login) {
    parts_->journal.content().erase(parts_->rows(login).back().blob, ContentState::Erased);
}

void MailHouse::removeAccount(std::string_view login) {
    expect(parts_->administration.removeAccount(std::string(login)));
}

void MailHouse::disableAccount(std::string_view login) {
    SetAccountState command;
    command.account = parts_->account(login);
    command.state = event::AccountState::DISABLED;
    expect(parts_->scribe.submitAndWait(command));
}

std::size_t MailHouse::count(Kind kind) { return origins(kind).size(); }

std::vector<Origin> MailHouse::origins(Kind kind) {
    parts_->strangers.flush(true);
    parts_->settle();
    std::vector<Origin> found;
    JournalReader reader(parts_->journal);
    reader.forEach(Seq(1), parts_->scribe.appliedSeq(), [&](const Record& record) {
        if (record.kind() != kind) return true;
        const auto core = record.core();
        found.push_back({
            .actor = core.getActor(),
            .actorId = AccountId(core.getActorId()),
            .credential = CredentialId(core.getCredential()),
            .session = SessionId(core.getSession()),
        });
        return true;
    });
    return found;
}

void MailHouse::beginStop() {
    parts_->stopping = std::jthread([this] { parts_->server.stop(kPatience); });
}

}  // namespace daybook::test
