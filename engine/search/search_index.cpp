#include "engine/search/search_index.h"

#include <algorithm>
#include <atomic>
#include <fcntl.h>
#include <fmt/format.h>
#include <list>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <system_error>
#include <unistd.h>

#include "engine/mime/searchable_text.h"
#include "engine/runtime/descriptor.h"
#include "engine/search/search_catalogue.h"
#include "engine/search/search_shelf.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

constexpr int kFilesVersion = 1;
// Handles that wait to be used again; each is three descriptors and some hundred KiB.
constexpr std::size_t kIdleReadersMax = 32;
constexpr std::size_t kWritersMax = 16;

std::string currentVersion() {
    return fmt::format("{} {}", kFilesVersion, mime::searchableVersion());
}

void syncFile(const std::filesystem::path& file) {
    const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    // A log that was taken in and removed meanwhile: the database was synced for that.
    if (descriptor.number() < 0 && errno == ENOENT) return;
    if (descriptor.number() < 0 || ::fdatasync(descriptor.number()) != 0) {
        throw std::system_error(errno, std::generic_category(), "sync " + file.string());
    }
}

// A file is not what the catalogue says, or cannot be read.
class ShelfLost : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace

class SearchIndex::Implementation {
public:
    Implementation(const std::filesystem::path& directory, const Journal& journal, const Log& log)
        : folder_(searchFolder(directory)), journal_(journal), log_(log) {
        std::filesystem::create_directories(folder_);
        std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
        try {
            load();
        } catch (const sqlite::Error& error) {
            if (!error.isDamage()) throw;
            lose(error.what());
        }
        if (lost_) beginAnew();
    }

    std::optional<SearchFinds> find(AccountId account, const SearchNeedle& needle) {
        if (needle.text.empty() || lost_) return std::nullopt;
        const std::shared_lock life(life_);
        const Seq position = covers();
        const std::optional<SearchCatalogueRow> row = rowOf(account);
        if (!row) return SearchFinds{.covers = position};
        try {
            std::unique_ptr<ShelfReader> reader = borrow(account, *row);
            std::optional<SearchFinds> finds = reader->find(needle, stopping_);
            giveBack(account, std::move(reader));
            if (finds) finds->covers = std::max(finds->covers, position);
            return finds;
        } catch (const std::exception& error) {
            // The question is answered by the messages themselves; the keeper sees to the file.
            failed(error);
            return std::nullopt;
        }
    }

    Seq covers() const { return Seq(position_.load()); }

    SearchIndexState state() const {
        SearchIndexState state{.covers = covers(), .accounts = {}};
        const std::lock_guard lock(mutex_);
        for (const auto& [account, row] : rows_) {
            std::error_code gone;
            const auto octets = std::filesystem::file_size(shelfFile(folder_, account), gone);
            state.accounts.push_back({
                .account = account,
                .messages = row.messages,
                .textOctets = row.textOctets,
                .fileOctets = gone ? 0 : octets,
            });
        }
        return state;
    }

    void add(AccountId account, std::span<const SearchText> messages, Seq upTo) {
        try {
            addTo(writerOf(account), account, messages, upTo);
        } catch (const std::exception& error) {
            // What is half done was undone; its statements are not to be used again.
            std::erase_if(
                writers_, [&](const OpenWriter& open) { return open.account == account; });
            if (!failed(error)) throw;
        }
    }

    void addTo(
        ShelfWriter& writer, AccountId account, std::span<const SearchText> messages, Seq upTo) {
        const Seq has = rowOf(account).value_or(SearchCatalogueRow()).applied;
        if (upTo <= has) return;
        const auto first = std::ranges::upper_bound(messages, has, {}, &SearchText::stored);
        const ShelfMark mark{
            .journalId = journal_.journalId(),
            .applied = upTo,
            .root = journal_.rootAt(upTo.number()).value_or(Hash256()),
        };
        const ShelfWriter::Added added =
            writer.add(messages.subspan(static_cast<std::size_t>(first - messages.begin())), mark);
        changed_.insert(account);
        const std::lock_guard lock(mutex_);
        SearchCatalogueRow& row = rows_[account];
        row.applied = upTo;
        row.messages += added.messages;
        row.textOctets += added.octets;
    }

    void advance(Seq upTo) { position_ = upTo.number(); }

    void forget(AccountId account, std::span<const Seq> stored) {
        // No question has the pages as they were, so that the log can be emptied.
        const std::unique_lock life(life_);
        if (!rowOf(account)) return;
        {
            const std::lock_guard lock(mutex_);
            std::erase_if(
                readers_, [&](const IdleReader& idle) { return idle.account == account; });
        }
        const ShelfWriter::Added removed = writerOf(account).forget(stored);
        changed_.insert(account);
        const std::lock_guard lock(mutex_);
        SearchCatalogueRow& row = rows_[account];
        row.messages -= std::min(row.messages, removed.messages);
        row.textOctets -= std::min(row.textOctets, removed.octets);
    }

    void settle() {
        const Seq position = covers();
        const std::optional<Hash256> root = journal_.rootAt(position.number());
        if (!root || (position == settled_ && changed_.empty())) return;
        SearchCatalogueState state{
            .journalId = journal_.journalId(),
            .version = currentVersion(),
            .applied = position,
            .root = *root,
            .rows = {},
        };
        for (const AccountId account : changed_) {
            const std::filesystem::path file = shelfFile(folder_, account);
            syncFile(file.string() + "-wal");
            syncFile(file);
            if (const auto row = rowOf(account)) state.rows.emplace(account, *row);
        }
        syncFile(folder_);
        catalogue_->store(state);
        changed_.clear();
        settled_ = position;
    }

    bool isLost() const { return lost_; }

    void beginAnew() {
        const std::unique_lock life(life_);
        const std::lock_guard lock(mutex_);
        position_ = 0;
        settled_ = Seq();
        readers_.clear();
        writers_.clear();
        changed_.clear();
        rows_.clear();
        catalogue_.reset();
        for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
            std::filesystem::remove_all(entry.path());
        }
        catalogue_.emplace(catalogueFile(folder_));
        lost_ = false;
    }

    void stop() { stopping_ = true; }

private:
    void load() {
        catalogue_.emplace(catalogueFile(folder_));
        std::optional<SearchCatalogueState> state = catalogue_->load();
        if (!state) return lose("nothing there yet");
        if (state->journalId != journal_.journalId()) return lose("of another journal");
        if (state->version != currentVersion()) return lose("of another version");
        if (!isOurs({state->journalId, state->applied, state->root})) {
            return lose("ahead of the journal");
        }
        rows_ = std::move(state->rows);
        settled_ = state->applied;
        position_ = state->applied.number();
    }

    void lose(const std::string& why) {
        if (lost_.exchange(true)) return;
        log_.information("search-index-begun-anew", {{"why", why}});
    }

    // True: a file is damaged, and everything will begin anew. Else it may go another time.
    bool failed(const std::exception& error) {
        const auto* const problem = dynamic_cast<const sqlite::Error*>(&error);
        const bool isDamage = problem != nullptr
                                  ? problem->isDamage()
                                  : dynamic_cast<const ShelfLost*>(&error) != nullptr ||
                                        dynamic_cast<const PackedTextDamaged*>(&error) != nullptr;
        if (isDamage) {
            lose(error.what());
        } else {
            log_.error("search-index-failed", {{"why", error.what()}});
        }
        return isDamage;
    }

    bool isOurs(const ShelfMark& mark) const {
        if (mark.journalId != journal_.journalId()) return false;
        return journal_.rootAt(mark.applied.number()) == mark.root;
    }

    void check(const std::optional<ShelfMark>& mark, AccountId account, Seq promised) const {
        const bool usable = mark ? isOurs(*mark) && mark->applied >= promised : !promised;
        if (usable) return;
        throw ShelfLost("not what the catalogue says: " + shelfFile(folder_, account).string());
    }

    std::optional<SearchCatalogueRow> rowOf(AccountId account) const {
        const std::lock_guard lock(mutex_);
        const auto found = rows_.find(account);
        if (found == rows_.end()) return std::nullopt;
        return found->second;
    }

    std::unique_ptr<ShelfReader> borrow(AccountId account, const SearchCatalogueRow& row) {
        {
            const std::lock_guard lock(mutex_);
            const auto idle = std::ranges::find(readers_, account, &IdleReader::account);
            if (idle != readers_.end()) {
                std::unique_ptr<ShelfReader> reader = std::move(idle->reader);
                readers_.erase(idle);
                return reader;
            }
        }
        const std::filesystem::path file = shelfFile(folder_, account);
        if (!std::filesystem::exists(file)) throw ShelfLost("not there: " + file.string());
        auto reader = std::make_unique<ShelfReader>(file);
        check(reader->mark(), account, row.applied);
        return reader;
    }

    void giveBack(AccountId account, std::unique_ptr<ShelfReader> reader) {
        const std::lock_guard lock(mutex_);
        readers_.push_front({.account = account, .reader = std::move(reader)});
        if (readers_.size() > kIdleReadersMax) readers_.pop_back();
    }

    ShelfWriter& writerOf(AccountId account) {
        const auto open = std::ranges::find(writers_, account, &OpenWriter::account);
        if (open != writers_.end()) {
            writers_.splice(writers_.begin(), writers_, open);
            return *writers_.front().writer;
        }
        if (writers_.size() >= kWritersMax) writers_.pop_back();
        const std::filesystem::path file = shelfFile(folder_, account);
        auto writer = std::make_unique<ShelfWriter>(file);
        const std::optional<ShelfMark> mark = writer->mark();
        const std::optional<SearchCatalogueRow> row = rowOf(account);
        check(mark, account, row ? row->applied : Seq());
        // What was done after the catalogue was written: it counts, and is counted.
        if (mark && (!row || mark->applied > row->applied)) {
            const ShelfWriter::Added has = writer->count();
            const std::lock_guard lock(mutex_);
            rows_[account] = {
                .applied = mark->applied,
                .messages = has.messages,
                .textOctets = has.octets,
            };
        }
        writers_.push_front({.account = account, .writer = std::move(writer)});
        return *writers_.front().writer;
    }

    struct IdleReader {
        AccountId account;
        std::unique_ptr<ShelfReader> reader;
    };

    struct OpenWriter {
        AccountId account;
        std::unique_ptr<ShelfWriter> writer;
    };

    std::filesystem::path folder_;
    const Journal& journal_;
    const Log& log_;
    // Shared by questions; alone while everything is thrown away.
    std::shared_mutex life_;
    mutable std::mutex mutex_;
    std::unordered_map<AccountId, SearchCatalogueRow> rows_;  // under mutex_
    std::list<IdleReader> readers_;                           // under mutex_; last used first
    std::atomic<std::uint64_t> position_ = 0;
    std::atomic<bool> lost_ = false;
    std::atomic<bool> stopping_ = false;
    // The keeper's.
    std::optional<SearchCatalogue> catalogue_;
    std::list<OpenWriter> writers_;  // last used first
    std::set<AccountId> changed_;    // since the last settle()
    Seq settled_;
};

SearchIndex::SearchIndex(
    const std::filesystem::path& directory, const Journal& journal, const Log& log)
    : implementation_(std::make_unique<Implementation>(directory, journal, log)) {}

SearchIndex::~SearchIndex() = default;

std::optional<SearchFinds> SearchIndex::find(AccountId account, const SearchNeedle& needle) const {
    return implementation_->find(account, needle);
}

Seq SearchIndex::covers() const { return implementation_->covers(); }

SearchIndexState SearchIndex::state() const { return implementation_->state(); }

void SearchIndex::add(AccountId account, std::span<const SearchText> messages, Seq upTo) {
    implementation_->add(account, messages, upTo);
}

void SearchIndex::advance(Seq upTo) { implementation_->advance(upTo); }

void SearchIndex::forget(AccountId account, std::span<const Seq> stored) {
    implementation_->forget(account, stored);
}

void SearchIndex::settle() { implementation_->settle(); }

bool SearchIndex::isLost() const { return implementation_->isLost(); }

void SearchIndex::beginAnew() { implementation_->beginAnew(); }

void SearchIndex::stop() { implementation_->stop(); }

}  // namespace daybook
