#include "tests/support/scribe_fixture.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <mutex>
#include <stdexcept>

#include "journal/base/digest.h"
#include "journal/journal_reader.h"
#include "projections/replay.h"

namespace daybook::test {

namespace {

constexpr std::array<std::string_view, 6> kDefaults = {
    "Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"};
constexpr int kLevels = 40;

}  // namespace

struct ScribeFixture::Open {
    Open(
        const std::filesystem::path& folder,
        const ScribeOptions& options,
        const Clock& clock,
        Random& random)
        : journal(
              folder, {.mapOctets = options.journalMapOctets, .segmentOctets = 4U << 20U}, random),
          views(folder, {.mapOctets = options.viewsMapOctets, .sync = lmdb::Sync::None}),
          scribe({
              .journal = journal,
              .views = views,
              .hub = hub,
              .clock = clock,
              .random = random,
              .log = log,
              .fatal =
                  [this](const std::string& why) {
                      const std::lock_guard lock(mutex);
                      fatal = why;
                  },
              .reserveOctets = options.reserveOctets,
              .quota = options.quota,
          }) {
        scribe.start();
    }

    // Refusals for lack of room are what some tests are about.
    const Log log{LogLevel::Error};
    std::mutex mutex;
    std::string fatal;
    Journal journal;
    Views views;
    Hub hub;
    Scribe scribe;
};

ScribeFixture::ScribeFixture(const ScribeOptions& options) : options_(options) {
    Journal::create(folder_.path(), random_);
    open();
    does(AddDomain{.name = "example.org", .newId = random_.id<DomainId>()});
    alice_ = addAccount("alice@example.org");
}

ScribeFixture::~ScribeFixture() = default;

void ScribeFixture::close() {
    open_->scribe.stop();
    open_.reset();
}

void ScribeFixture::open() {
    open_ = std::make_unique<Open>(folder_.path(), options_, clock_, random_);
}

AccountId ScribeFixture::addAccount(const std::string& login) {
    AddAccount command{
        .login = login,
        .newId = random_.id<AccountId>(),
        .newAddress = random_.id<AddressId>(),
    };
    for (int i = 0; i < 6; ++i) {
        command.newMailboxes.push_back(random_.id<MailboxId>());
        command.newSubscriptions.push_back(random_.number());
    }
    return does(std::move(command)).account;
}

CreateMailbox ScribeFixture::creation(const std::string& name) {
    CreateMailbox command{.origin = owner(), .account = alice_, .name = name};
    for (int i = 0; i < kLevels; ++i)
        command.newIds.push_back(random_.id<MailboxId>());
    return command;
}

RenameMailbox ScribeFixture::renaming(const std::string& from, const std::string& to) {
    RenameMailbox command{.origin = owner(), .account = alice_, .from = from, .to = to};
    for (int i = 0; i < kLevels; ++i)
        command.newIds.push_back(random_.id<MailboxId>());
    return command;
}

MailboxId ScribeFixture::create(const std::string& name) { return does(creation(name)).mailbox; }

MailboxId ScribeFixture::mailbox(const std::string& name) {
    const auto found = views().snapshot().mailboxes().find(alice_, name);
    if (!found) throw std::runtime_error("no mailbox " + name);
    return found->id;
}

std::vector<std::string> ScribeFixture::extraMailboxes() {
    std::vector<std::string> names;
    for (const MailboxRow& one : views().snapshot().mailboxes().mailboxesOf(alice_)) {
        if (std::ranges::find(kDefaults, one.name) == kDefaults.end()) names.push_back(one.name);
    }
    return names;
}

StoredBlob ScribeFixture::blob(std::string_view octets) {
    const std::array<std::string_view, 1> pieces{octets};
    return {
        .content = journal().content().append(ContentKind::Blob, pieces),
        .octets = octets.size(),
        .messageId = "<1@example.net>",
        .subject = "x",
    };
}

Append ScribeFixture::appending(MailboxId to, FlagSet flags) {
    return {
        .origin = owner(),
        .account = alice_,
        .mailbox = to,
        .messages = {{
            .message = random_.id<MessageId>(),
            .emailId = random_.id<EmailId>(),
            .blob = blob(),
            .flags = std::move(flags),
        }},
    };
}

Deliver ScribeFixture::delivery() {
    return {
        .message = random_.id<MessageId>(),
        .blob = blob(),
        .reversePath = "carol@example.net",
        .helo = "mx.example.net",
        .ip = "192.0.2.1",
        .targets = {target(alice_)},
    };
}

DeliveryTarget ScribeFixture::target(AccountId account, const std::string& mailboxName) {
    return {
        .account = account,
        .address = random_.id<AddressId>(),
        .mailboxName = mailboxName,
        .forwardPath = "somebody@example.org",
        .prefix = "Return-Path: <carol@example.net>\r\n",
        .emailId = random_.id<EmailId>(),
    };
}

StoreFlags ScribeFixture::storing(MailboxId in, UidRanges uids, FlagEdit edit, FlagSet flags) {
    return {
        .origin = owner(),
        .account = alice_,
        .mailbox = in,
        .uids = std::move(uids),
        .edit = edit,
        .flags = std::move(flags),
    };
}

std::vector<MessageRow> ScribeFixture::messages(MailboxId of) {
    scribe().betweenRounds([] {});
    std::vector<MessageRow> rows;
    views().snapshot().messages().forEach(of, Uid(0), Uid(UINT32_MAX), [&](const MessageRow& one) {
        rows.push_back(one);
        return true;
    });
    return rows;
}

MailboxRow ScribeFixture::row(MailboxId of) {
    scribe().betweenRounds([] {});
    const auto found = views().snapshot().mailboxes().mailbox(alice_, of);
    if (!found) throw std::runtime_error("no such mailbox");
    return *found;
}

std::vector<std::string> ScribeFixture::keywords(const MessageRow& message) {
    std::vector<std::string> names;
    const Snapshot snapshot = views().snapshot();
    for (const KeywordId id : message.keywords)
        names.push_back(snapshot.accounts().keywordName(alice_, id).value_or("?"));
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> ScribeFixture::kindsFrom(Seq from) {
    std::vector<std::string> kinds;
    JournalReader reader(journal());
    reader.forEach(from, Seq(UINT64_MAX - 1), [&](const Record& record) {
        kinds.emplace_back(nameOf(record.kind()).value_or("?"));
        return true;
    });
    return kinds;
}

std::size_t ScribeFixture::count(Kind kind) {
    const std::vector<std::string> kinds = kindsFrom(Seq(1));
    return static_cast<std::size_t>(std::ranges::count(kinds, *nameOf(kind)));
}

void ScribeFixture::withEvent(Seq seq, const std::function<void(const Record&)>& visit) {
    if (!JournalReader(journal()).at(seq, visit)) throw std::runtime_error("no such event");
}

Seq ScribeFixture::head() { return Seq(journal().head().size); }

std::string ScribeFixture::replayDifference() {
    scribe().betweenRounds([] {});
    const ReplayComparison comparison = checkReplay(journal(), views());
    if (comparison.appliedSeq != head()) return "the views are not at the journal's head";
    for (const ViewDifference& one : comparison.differences)
        return fmt::format("{} {} {}: {}", one.view, one.table, one.key, one.how);
    return comparison.live == comparison.replayed ? "" : "digests differ";
}

Scribe& ScribeFixture::scribe() { return open_->scribe; }

Journal& ScribeFixture::journal() { return open_->journal; }

Views& ScribeFixture::views() { return open_->views; }

Hub& ScribeFixture::hub() { return open_->hub; }

std::string ScribeFixture::fatal() const {
    const std::lock_guard lock(open_->mutex);
    return open_->fatal;
}

void ScribeFixture::fail(const Refusal& refusal) {
    throw std::runtime_error(fmt::format("{}: {}", nameOf(refusal.reason), refusal.detail));
}

}  // namespace daybook::test
