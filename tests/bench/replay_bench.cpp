// Builds a synthetic journal and measures how fast views follow from it.
//
//     replay_bench [--smoke] [--messages N] [--dir FOLDER] [--only MEASUREMENT]
//
// A FOLDER that has a journal from an earlier run is used as it is.
// Prints JSON lines:
//     journal   what was built: per message Received, Accepted, Stored, AccessOpened, Fetched,
//               FlagsChanged; for every second one a second FlagsChanged, Expunged, and a session
//               of SessionOpened, AuthSucceeded, SessionClosed
//     read      the journal read, nothing folded
//     fold      each view alone, in transactions of the same size
//     replay    all views (catchUp, without the final sync)
//     digest    the digests of all views
//     live      messages that arrive after that, 1 and 16 a commit (without its sync), and the
//               octets that the commits wrote
//     scan      the flags of a mailbox of 100,000 messages (smoke: 1,000)
//     snapshot  one Snapshot taken and let go

#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "journal/base/ascii.h"
#include "journal/journal.h"
#include "journal/journal_writer.h"
#include "projections/projector.h"
#include "projections/replay.h"
#include "tests/support/events.h"
#include "tests/support/temporary_folder.h"

using namespace daybook;

namespace {

constexpr std::uint64_t kMailboxes = 200;
constexpr std::uint64_t kMessagesPerCommit = 1'000;
constexpr std::size_t kSummaryOctets = 1'200;
const ViewsOptions kBuilding{.sync = lmdb::Sync::None};

class Stopwatch {
public:
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    }

private:
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

void report(std::string_view what, std::string_view which, std::uint64_t count, double seconds) {
    fmt::print(
        "{{\"bench\":\"{}\",\"of\":\"{}\",\"count\":{},\"seconds\":{:.4f},\"perSecond\":{:.0f}}}\n",
        what,
        which,
        count,
        seconds,
        static_cast<double>(count) / seconds);
    std::fflush(stdout);
}

// Fills a journal with the life of `messages` messages in kMailboxes mailboxes.
class JournalMaker {
public:
    JournalMaker(Journal& journal, Random& random)
        : journal_(journal), random_(random), writer_(journal) {}

    void make(std::uint64_t messages) {
        writer_.begin(1);
        for (std::uint64_t mailbox = 1; mailbox <= kMailboxes; ++mailbox) {
            append(test::accountCreated(mailbox, fmt::format("u{}@example.org", mailbox), "U"));
            append(test::mailboxCreated(mailbox, mailbox, "INBOX", 1, next()));
        }
        for (std::uint64_t i = 0; i < messages; ++i) {
            if (i % kMessagesPerCommit == 0) {
                writer_.commit();
                writer_.begin(1);
            }
            life(i);
        }
        writer_.commit();
    }

private:
    std::uint64_t next() const { return writer_.nextSeq().number(); }

    Seq append(Draft draft) { return writer_.append(draft, ++timeNs_).seq(); }

    void life(std::uint64_t index) {
        mailbox_ = 1 + index % kMailboxes;
        uid_ = static_cast<std::uint32_t>(1 + index / kMailboxes);
        message_ = random_.number();
        arrive();
        const std::uint64_t session = random_.number();
        if (index % 2 == 0) append(sessionEvent(Kind::SessionOpened, session));
        if (index % 2 == 0) append(sessionEvent(Kind::AuthSucceeded, session));
        const Seq opened = append(test::accessOpened(mailbox_, mailbox_, session));
        append(test::fetched(mailbox_, mailbox_, opened, true));
        append(flags(kSeen));
        if (index % 2 != 0) return;
        append(flags(kDeleted));
        append(test::expunged(mailbox_, mailbox_, next(), {{uid_, uid_}}));
        append(sessionEvent(Kind::SessionClosed, session));
    }

    void arrive() {
        Draft received(Kind::Received);
        received.core().setMessage(message_);
        received.core().initReceived().setRecipients(1);
        received.addAnnex(AccountId()).initReceived().setReversePath("sender@example.com");
        append(std::move(received));
        Draft accepted = test::draftFor(Kind::Accepted, mailbox_);
        accepted.core().setMessage(message_);
        accepted.core().initAccepted();
        accepted.addAnnex(AccountId(mailbox_)).initRecipient().setForwardPath("u@example.org");
        append(std::move(accepted));
        test::StoredMessage message;
        message.uid = uid_;
        message.modSeq = next();
        message.message = message_;
        message.prefix = "Return-Path: <sender@example.com>\r\nDelivered-To: u@example.org\r\n";
        message.summary = std::string(kSummaryOctets, 's');
        append(withBlob(test::stored(mailbox_, mailbox_, message), message.summary));
    }

    // The blob has no octets of a message, only the summary: folds read nothing else.
    Draft withBlob(Draft draft, std::string_view summary) {
        const ContentRef written = journal_.content().append(ContentKind::Blob, {&summary, 1});
        event::BlobRef::Builder blob = draft.core().getStored().getBlob();
        blob.setSegment(written.place.segment);
        blob.setOffset(written.place.offset);
        blob.setOctets(0);
        return draft;
    }

    Draft flags(std::uint16_t add) {
        return test::flagsChanged(
            mailbox_, mailbox_, {.modSeq = next(), .uids = {{uid_, uid_}}, .add = add});
    }

    Draft sessionEvent(Kind kind, std::uint64_t session) {
        Draft draft = test::draftFor(kind, mailbox_);
        draft.core().setSession(session);
        if (kind == Kind::SessionOpened) draft.core().initSessionOpened();
        if (kind == Kind::AuthSucceeded) draft.core().initAuthSucceeded();
        if (kind == Kind::SessionClosed) draft.core().initSessionClosed();
        return draft;
    }

    Journal& journal_;
    Random& random_;
    JournalWriter writer_;
    TimeNs timeNs_ = 0;
    std::uint64_t mailbox_ = 0;
    std::uint32_t uid_ = 0;
    std::uint64_t message_ = 0;
};

void measureReading(const Journal& journal) {
    const Stopwatch watch;
    JournalReader reader(journal);
    std::uint64_t annexes = 0;
    reader.forEach(Seq(1), Seq(journal.head().size), [&](const Record& record) {
        annexes += record.core().getAnnexes().size();
        return true;
    });
    report(
        "read",
        fmt::format("cores, {} annexes passed over", annexes),
        journal.head().size,
        watch.seconds());
}

void measureView(
    const Journal& journal, const Projection& projection, const std::filesystem::path& folder) {
    ViewsEnvironment views(folder / projection.name, kBuilding);
    const Stopwatch watch;
    JournalReader reader(journal);
    const std::uint64_t head = journal.head().size;
    for (std::uint64_t done = 0; done < head; done += kEventsPerTransaction) {
        lmdb::WriteTransaction txn(views.environment());
        reader.forEach(
            Seq(done + 1),
            Seq(std::min(done + kEventsPerTransaction, head)),
            [&](const Record& record) {
            projection.apply(record, txn, views.tables());
            return true;
        });
        txn.commit();
    }
    report("fold", projection.name, head, watch.seconds());
}

// Octets that this process handed to write calls so far.
std::uint64_t octetsWritten() {
    std::ifstream file("/proc/self/io");
    std::string name;
    std::uint64_t octets = 0;
    while (file >> name >> octets) {
        if (name == "wchar:") return octets;
    }
    return 0;
}

// What one message that arrives leaves in the history.
void arrive(test::EventHistory& history, Random& random, std::uint32_t uid) {
    const std::uint64_t mailbox = 1 + random.number() % kMailboxes;
    const std::uint64_t message = random.number();
    Draft received(Kind::Received);
    received.core().setMessage(message);
    history.append(std::move(received));
    Draft accepted = test::draftFor(Kind::Accepted, mailbox);
    accepted.core().setMessage(message);
    history.append(std::move(accepted));
    test::StoredMessage stored{.uid = uid, .message = message};
    stored.modSeq = history.last().number() + 1;
    stored.prefix = "Return-Path: <sender@example.com>\r\nDelivered-To: u@example.org\r\n";
    stored.summary = std::string(kSummaryOctets, 's');
    history.append(test::stored(mailbox, mailbox, stored));
}

void measureLive(ViewsEnvironment& views, Seq head, std::uint32_t batch, bool smoke) {
    SystemRandom random;
    test::EventHistory history(head);
    const std::uint32_t messages = smoke ? 64 : 4'096;
    for (std::uint32_t i = 0; i < messages; ++i) {
        arrive(history, random, 1'000'000 + static_cast<std::uint32_t>(head.number()) + i);
    }
    const std::uint64_t before = octetsWritten();
    const Stopwatch watch;
    Seq seq = head;
    for (std::uint32_t i = 0; i < messages; i += batch) {
        lmdb::WriteTransaction txn(views.environment());
        for (std::uint32_t event = 0; event < batch * 3; ++event) {
            seq = Seq(seq.number() + 1);
            history.withRecord(
                seq, [&](const Record& record) { applyToAll(record, txn, views.tables()); });
        }
        txn.commit();
    }
    const std::string which = fmt::format(
        "messages, {} a commit, {} octets written each",
        batch,
        (octetsWritten() - before) / messages);
    report("live", which, messages, watch.seconds());
}

void measureReplay(const Journal& journal, const std::filesystem::path& folder, bool smoke) {
    ViewsEnvironment views(folder / "all", kBuilding);
    {
        const Stopwatch watch;
        catchUp(views, journal, Seq(0));
        report("replay", "all views", journal.head().size, watch.seconds());
    }
    {
        const Stopwatch watch;
        const lmdb::ReadTransaction txn(views.environment());
        std::uint64_t rows = 0;
        for (const ViewDigest& digest : digestsOf(txn, views.tables())) {
            rows += digest.rows;
        }
        report("digest", "rows of all views", rows, watch.seconds());
    }
    const Seq head(journal.head().size);
    measureLive(views, head, 1, smoke);
    measureLive(views, Seq(head.number() + 1'000'000), 16, smoke);
}

// A folder with `messages` messages, some with keywords.
void fillMailbox(ViewsEnvironment& views, std::uint32_t messages) {
    test::EventHistory history;
    lmdb::WriteTransaction txn(views.environment());
    for (std::uint32_t uid = 1; uid <= messages; ++uid) {
        test::StoredMessage message{.uid = uid, .modSeq = uid, .message = uid};
        if (uid % 4 == 0) message.keywords = {1, 2};
        history.append(test::stored(1, 1, message));
        history.withRecord(history.last(), [&](const Record& record) {
            kMessagesProjection.apply(record, txn, views.tables());
        });
    }
    txn.commit();
}

void measureReads(const std::filesystem::path& folder, bool smoke) {
    const std::uint32_t messages = smoke ? 1'000 : 100'000;
    auto views = std::make_shared<ViewsEnvironment>(folder / "scan", kBuilding);
    fillMailbox(*views, messages);
    const Snapshot snapshot(views);
    for (const char* which : {"cold flags", "flags", "flags again"}) {
        std::uint64_t unseen = 0;
        const Stopwatch watch;
        const Uid last(UINT32_MAX);
        snapshot.messages().forEach(MailboxId(1), Uid(1), last, [&](const MessageRow& row) {
            unseen += (row.systemFlags & kSeen) == 0 ? 1 : 0;
            return true;
        });
        report("scan", which, unseen, watch.seconds());
    }
    {
        std::uint64_t uids = 0;
        const Stopwatch watch;
        snapshot.messages().forEachUid(MailboxId(1), [&](Uid) { ++uids; });
        report("scan", "UIDs", uids, watch.seconds());
    }
    const std::uint64_t snapshots = smoke ? 1'000 : 1'000'000;
    const Stopwatch watch;
    for (std::uint64_t i = 0; i < snapshots; ++i) {
        const Snapshot taken(views);
    }
    report("snapshot", "taken and let go", snapshots, watch.seconds());
}

struct Arguments {
    bool smoke = false;
    std::uint64_t messages = 100'000;
    std::optional<std::filesystem::path> folder;
    std::string_view only;

    bool wants(std::string_view what) const { return only.empty() || only == what; }
};

std::optional<Arguments> parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        const bool hasValue = i + 1 < argc;
        if (word == "--smoke") {
            arguments.smoke = true;
            arguments.messages = 500;
        } else if (word == "--messages" && hasValue) {
            const auto number = parseNumber(argv[++i]);
            if (!number) return std::nullopt;
            arguments.messages = *number;
        } else if (word == "--dir" && hasValue) {
            arguments.folder = argv[++i];
        } else if (word == "--only" && hasValue) {
            arguments.only = argv[++i];
        } else {
            return std::nullopt;
        }
    }
    return arguments;
}

void run(const Arguments& arguments) {
    const test::TemporaryFolder temporary;
    const std::filesystem::path folder = arguments.folder.value_or(temporary.path());
    std::filesystem::create_directories(folder);
    const std::filesystem::path views = folder / "bench-views";
    std::filesystem::remove_all(views);
    SystemRandom random;
    const bool isNew = !std::filesystem::exists(folder / "journal");
    if (isNew) Journal::create(folder, random);
    Journal journal(folder, {}, random);
    if (isNew) {
        const Stopwatch watch;
        JournalMaker(journal, random).make(arguments.messages);
        report("journal", "events appended", journal.head().size, watch.seconds());
    }
    if (arguments.wants("read")) measureReading(journal);
    for (const Projection& projection : allProjections()) {
        if (arguments.wants("fold")) measureView(journal, projection, views);
    }
    if (arguments.wants("replay")) measureReplay(journal, views, arguments.smoke);
    if (arguments.wants("scan")) measureReads(views, arguments.smoke);
}

}  // namespace

int main(int argc, char** argv) {
    const auto arguments = parse(argc, argv);
    if (!arguments) {
        fmt::print(
            stderr, "usage: replay_bench [--smoke] [--messages N] [--dir FOLDER] [--only WHAT]\n");
        return 2;
    }
    try {
        run(*arguments);
    } catch (const std::exception& error) {
        fmt::print(stderr, "replay_bench: {}\n", error.what());
        return 1;
    }
    return 0;
}
