#include "engine/search/index_keeper.h"

#include <map>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include "engine/mime/parts.h"
#include "engine/mime/searchable_text.h"
#include "engine/search/search_catalogue.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

constexpr int kNice = 10;
constexpr std::size_t kBatchMessages = 4'000;
constexpr std::uint64_t kBatchOctets = 32ULL << 20U;
constexpr std::uint64_t kBatchEvents = 50'000;
// With a longer backlog than that nothing is waited for.
constexpr std::uint64_t kBacklogEvents = 2'000;
// How long it waits for room on the disk, and after a failure.
constexpr std::chrono::seconds kPatience{30};

}  // namespace

// What a Stored says that is needed here.
struct StoredMessage {
    AccountId account;
    Seq stored;
    Place place;
    std::uint64_t octets = 0;
    std::string prefix;
};

struct IndexKeeper::Batch {
    std::vector<StoredMessage> messages;
    Seq last;
};

IndexKeeper::IndexKeeper(Parts parts, const IndexKeeperSettings& settings)
    : parts_(parts),
      settings_(settings),
      reader_(parts.journal),
      disk_({searchFolder(parts.journal.directory())}, settings.reserveOctets, parts.log),
      settledAt_(std::chrono::steady_clock::now()) {}

IndexKeeper::~IndexKeeper() { stop(); }

void IndexKeeper::start() {
    parts_.hub.followCommits([this] { raise(); });
    thread_ = std::thread([this] { work(); });
}

void IndexKeeper::stop() {
    parts_.hub.followCommits({});
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    parts_.index.stop();
    raised_.notify_all();
    advanced_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void IndexKeeper::rebuild() {
    {
        const std::lock_guard lock(mutex_);
        rebuild_ = true;
    }
    raise();
}

void IndexKeeper::raise() {
    {
        const std::lock_guard lock(mutex_);
        news_ = true;
    }
    raised_.notify_all();
}

bool IndexKeeper::waitUntilCovered() {
    const Seq head(parts_.journal.head().size);
    std::unique_lock lock(mutex_);
    advanced_.wait(lock, [&] { return stopping_ || parts_.index.covers() >= head; });
    return parts_.index.covers() >= head;
}

void IndexKeeper::work() {
    // Of this thread alone; where it is not allowed, it works as all do.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) break;
        }
        bool busy = false;
        try {
            busy = step();
            settleIfDue();
        } catch (const std::exception& failure) {
            parts_.log.error("search-index-failed", {{"why", failure.what()}});
            std::unique_lock lock(mutex_);
            raised_.wait_for(lock, kPatience, [this] { return stopping_; });
        }
        if (!busy) waitForNews();
    }
    try {
        parts_.index.settle();
    } catch (const std::exception& failure) {
        parts_.log.error("search-index-failed", {{"why", failure.what()}});
    }
}

bool IndexKeeper::step() {
    bool anew = parts_.index.isLost();
    {
        const std::lock_guard lock(mutex_);
        anew = anew || rebuild_;
        rebuild_ = false;
        news_ = false;
    }
    // Without the lock, which the scribe takes to tell of news.
    if (anew) parts_.index.beginAnew();
    const Seq head(parts_.journal.head().size);
    const Seq done = parts_.index.covers();
    if (done >= head || disk_.isTouched()) return false;
    const Batch batch = gather(Seq(done.number() + 1), head);
    std::map<AccountId, std::vector<SearchText>> texts;
    for (const StoredMessage& message : batch.messages) {
        texts[message.account].push_back(textOf(message));
    }
    for (const auto& [account, messages] : texts) {
        parts_.index.add(account, messages, batch.last);
    }
    if (parts_.index.isLost()) return true;
    {
        const std::lock_guard lock(mutex_);
        parts_.index.advance(batch.last);
    }
    advanced_.notify_all();
    return true;
}

// Ends where a commit of the journal ended, so that the root there is known.
IndexKeeper::Batch IndexKeeper::gather(Seq from, Seq to) {
    Batch batch;
    std::uint64_t events = 0;
    std::uint64_t octets = 0;
    reader_.forEach(from, to, [&](const Record& record) {
        batch.last = record.seq();
        const event::Core::Reader core = record.core();
        if (core.isStored()) {
            const auto blob = core.getStored().getBlob();
            StoredMessage& message = batch.messages.emplace_back();
            message.account = AccountId(core.getAccount());
            message.stored = record.seq();
            message.place = refOf(blob).place;
            message.octets = blob.getOctets();
            const auto details = record.annex(0);
            if (details && details->isStored()) {
                const auto prefix = details->getStored().getPrefix();
                message.prefix.assign(prefix.begin(), prefix.size());
            }
            octets += message.octets;
        }
        const bool enough = ++events >= kBatchEvents || octets >= kBatchOctets ||
                            batch.messages.size() >= kBatchMessages;
        return !enough || !parts_.journal.rootAt(record.seq().number());
    });
    return batch;
}

// What is erased has no text: it matches nothing, as it does in the message itself.
SearchText IndexKeeper::textOf(const StoredMessage& message) {
    SearchText text{.stored = message.stored};
    try {
        const std::optional<std::string> content = parts_.journal.content().read(message.place);
        if (!content) return text;
        const std::string_view octets = std::string_view(*content).substr(0, message.octets);
        std::optional<FlatMessage> flat;
        std::optional<summary::Summary::Reader> summary;
        if (content->size() > message.octets) {
            flat.emplace(asBytes(std::string_view(*content).substr(message.octets)));
            summary = flat->root<summary::Summary>();
        }
        const auto extent =
            summary ? mime::extentOf(*summary, {.text = mime::SectionText::Header}) : std::nullopt;
        const std::string fields =
            message.prefix + std::string(octets.substr(0, extent ? extent->end : octets.size()));
        mime::SearchableText header = mime::searchableHeader(fields, settings_.textOctetsMax);
        mime::SearchableText body;
        if (summary) body = mime::searchableBody(octets, *summary, settings_.textOctetsMax);
        text.header = std::move(header.text);
        text.body = std::move(body.text);
        text.whole = header.whole && body.whole;
    } catch (const ContentDamaged& damage) {
        parts_.log.error(
            "search-index-unreadable",
            {{"event", std::to_string(message.stored.number())}, {"why", damage.what()}});
        text = {.stored = message.stored, .whole = false, .readable = false};
    }
    return text;
}

void IndexKeeper::settleIfDue() {
    const auto now = std::chrono::steady_clock::now();
    if (now < settledAt_ + settings_.settle) return;
    parts_.index.settle();
    settledAt_ = now;
}

void IndexKeeper::waitForNews() {
    const auto settle = settledAt_ + settings_.settle;
    {
        std::unique_lock lock(mutex_);
        raised_.wait_until(lock, settle, [this] { return stopping_ || news_ || rebuild_; });
        if (stopping_ || rebuild_ || !news_) return;
    }
    const std::uint64_t backlog = parts_.journal.head().size - parts_.index.covers().number();
    if (backlog >= kBacklogEvents) return;
    std::unique_lock lock(mutex_);
    raised_.wait_for(lock, settings_.gather, [this] { return stopping_ || rebuild_; });
}

}  // namespace daybook
