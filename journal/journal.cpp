#include "journal/journal.h"

#include <cerrno>
#include <fmt/format.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <unistd.h>

#include "journal/content_segment.h"
#include "journal/journal_format.h"
#include "journal/merkle_log.h"
#include "journal/recovery.h"

namespace daybook {

namespace {

namespace fs = std::filesystem;

constexpr const char* kJournalFolder = "journal";
constexpr const char* kUnfinishedFolder = "journal.new";
constexpr const char* kContentFolder = "content";

// statfs(2), f_type.
constexpr bool isNetwork(std::uint64_t type) {
    switch (type) {
        case 0x6969:      // NFS
        case 0x517B:      // SMB
        case 0xFF534D42:  // CIFS
        case 0xFE534D42:  // SMB2
        case 0x01021997:  // 9P
        case 0x5346414F:  // AFS
        case 0x73757245:  // Coda
        case 0x00C36400:  // Ceph
            return true;
        default: return false;
    }
}

void refuseNetwork(const fs::path& directory) {
    struct statfs status{};
    if (::statfs(directory.c_str(), &status) != 0) return;
    if (!isNetwork(static_cast<std::uint32_t>(status.f_type))) return;
    throw JournalUnusable(fmt::format(
        "{} is on a network file system, where locks and memory maps do not hold: move the data "
        "directory to a local disk",
        directory.string()));
}

bool holdsJournal(const fs::path& directory) {
    return fs::exists(directory / kJournalFolder / "data.mdb");
}

Journal::Tables openTables(lmdb::Environment& environment, const fs::path& directory) {
    const auto events = environment.openTable(format::kEvents, true);
    const auto commits = environment.openTable(format::kCommits, true);
    const auto meta = environment.openTable(format::kMeta, false);
    if (!events || !commits || !meta)
        throw JournalUnusable(fmt::format(
            "{} is not a Daybook journal: restore it from a backup, or make a new one in another "
            "directory with 'daybook init'",
            (directory / kJournalFolder).string()));
    return {.events = *events, .commits = *commits, .meta = *meta};
}

void checkFormat(
    const lmdb::Environment& environment,
    const Journal::Tables& tables,
    const fs::path& directory) {
    const lmdb::ReadTransaction txn(const_cast<lmdb::Environment&>(environment));
    const auto found =
        format::decodeNumber32(txn.get(tables.meta, format::kFormatKey).value_or(""));
    if (!found || *found == 0)
        throw JournalUnusable(fmt::format(
            "{} does not say its format: it is no Daybook journal, or damaged; restore it from a "
            "backup",
            (directory / kJournalFolder).string()));
    if (*found > kJournalFormat)
        throw JournalUnusable(fmt::format(
            "{} has format {}, written by Daybook {}; this is Daybook {}, which knows formats up "
            "to {}: install the newer Daybook",
            (directory / kJournalFolder).string(),
            *found,
            txn.get(tables.meta, format::kVersionKey).value_or("(unknown)"),
            format::programVersion(),
            kJournalFormat));
}

std::uint64_t requiredNumber(
    const lmdb::Transaction& txn, const Journal::Tables& tables, std::string_view key) {
    const auto number = format::decodeNumber64(txn.get(tables.meta, key).value_or(""));
    if (!number)
        throw JournalUnusable(fmt::format(
            "the journal's meta table has no readable '{}': run 'daybook journal verify'", key));
    return *number;
}

// So that an operator, and an older program's refusal, can say who wrote last.
void noteWriter(lmdb::Environment& environment, const Journal::Tables& tables) {
    {
        const lmdb::ReadTransaction txn(environment);
        if (txn.get(tables.meta, format::kSchemaKey) == format::schemaDigest() &&
            txn.get(tables.meta, format::kVersionKey) == format::programVersion())
            return;
    }
    lmdb::WriteTransaction txn(environment);
    txn.put(tables.meta, format::kSchemaKey, format::schemaDigest());
    txn.put(tables.meta, format::kVersionKey, format::programVersion());
    txn.commit();
}

void writeEmpty(const fs::path& folder, Random& random) {
    lmdb::Environment environment(folder, {.mapOctets = std::size_t{1} << 24U});
    const Journal::Tables tables = openTables(environment, folder.parent_path());
    lmdb::WriteTransaction txn(environment);
    txn.put(tables.meta, format::kFormatKey, format::encodeNumber32(kJournalFormat));
    txn.put(tables.meta, format::kJournalKey, format::encodeNumber64(random.number()));
    txn.put(tables.meta, format::kModSeqKey, format::encodeNumber64(0));
    txn.put(tables.meta, format::kHeadKey, format::encodeHead({.root = MerkleLog().root()}));
    txn.put(tables.meta, format::kEdgeKey, "");
    txn.put(tables.meta, format::kEndsKey, "");
    txn.put(tables.meta, format::kSchemaKey, format::schemaDigest());
    txn.put(tables.meta, format::kVersionKey, format::programVersion());
    txn.commit();
}

}  // namespace

void Journal::create(const fs::path& directory, Random& random) {
    fs::create_directories(directory);
    refuseNetwork(directory);
    if (fs::exists(directory / kJournalFolder))
        throw JournalUnusable(fmt::format(
            "{} already holds a journal: a journal is never made anew in its place; choose "
            "another directory",
            directory.string()));
    const fs::path content = directory / kContentFolder;
    if (fs::exists(content) && !content::segmentsIn(content).empty())
        throw JournalUnusable(fmt::format(
            "{} holds content but no journal: restore the journal from a backup, or choose "
            "another directory",
            directory.string()));
    fs::create_directories(content);
    fs::permissions(content, fs::perms::owner_all);
    const fs::path unfinished = directory / kUnfinishedFolder;
    fs::remove_all(unfinished);
    fs::create_directory(unfinished);
    fs::permissions(unfinished, fs::perms::owner_all);
    writeEmpty(unfinished, random);
    content::syncFolder(unfinished);
    fs::rename(unfinished, directory / kJournalFolder);
    content::syncFolder(directory);
}

Journal::Journal(const fs::path& directory, const JournalOptions& options, Random& random)
    : directory_(directory) {
    const fs::path folder = directory_ / kJournalFolder;
    if (!holdsJournal(directory_))
        throw JournalUnusable(fmt::format(
            "{} holds no journal: make one with 'daybook init', or name its directory with --dir",
            directory_.string()));
    refuseNetwork(directory_);
    const lmdb::Options readOnly{
        .access = lmdb::Access::ReadOnly,
        .mapOctets = options.mapOctets,
    };
    // First without the right to write: what is not ours must not be touched.
    environment_ = std::make_unique<lmdb::Environment>(folder, readOnly);
    tables_ = openTables(*environment_, directory_);
    checkFormat(*environment_, tables_, directory_);
    if (!options.readOnly) {
        environment_.reset();
        environment_ = std::make_unique<lmdb::Environment>(
            folder, lmdb::Options{.mapOctets = options.mapOctets});
        tables_ = openTables(*environment_, directory_);
        noteWriter(*environment_, tables_);
    }
    {
        const lmdb::ReadTransaction txn(*environment_);
        journalId_ = requiredNumber(txn, tables_, format::kJournalKey);
        modSeqBase_ = requiredNumber(txn, tables_, format::kModSeqKey);
    }
    content_ = std::make_unique<ContentLog>(
        directory_ / kContentFolder,
        ContentLog::Options{.segmentOctets = options.segmentOctets, .readOnly = options.readOnly},
        random);
    if (!options.readOnly) recover(*environment_, tables_, *content_);
}

Journal::~Journal() = default;

JournalHead Journal::head() const {
    const lmdb::ReadTransaction txn(*environment_);
    const auto head = format::decodeHead(txn.get(tables_.meta, format::kHeadKey).value_or(""));
    if (!head)
        throw JournalUnusable(
            "the journal's meta table has no readable head: run 'daybook journal verify'");
    return *head;
}

std::optional<Hash256> Journal::rootAt(std::uint64_t size) const {
    if (size == 0) return MerkleLog().root();
    const lmdb::ReadTransaction txn(*environment_);
    const auto octets = txn.get(tables_.commits, size);
    if (!octets) return std::nullopt;
    const auto commit = format::decodeCommit(*octets);
    if (!commit) return std::nullopt;
    return commit->root;
}

}  // namespace daybook
