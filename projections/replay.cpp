#include "projections/replay.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <system_error>
#include <utility>

#include "journal/base/encoding.h"

namespace daybook {

namespace {

// Built without a sync, which is done once at the end.
const ViewsOptions kBuildOptions{.sync = lmdb::Sync::None};

// A folder of its own that goes with the object.
class TemporaryFolder {
public:
    explicit TemporaryFolder(const std::filesystem::path& parent) {
        std::string pattern = (parent / (std::string(kCheckFolderPrefix) + "XXXXXX")).string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::system_error(errno, std::generic_category(), "make " + pattern);
        }
        path_ = pattern;
    }

    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// One side of a comparison.
struct Side {
    const lmdb::Transaction& txn;
    const ViewTables& tables;
};

bool isBefore(const lmdb::Cursor& a, const lmdb::Cursor& b, bool integerKeys) {
    return integerKeys ? a.number() < b.number() : a.key() < b.key();
}

std::optional<ViewDifference> firstDifference(
    const Side& live, const Side& replayed, const ViewTableSpec& table) {
    const auto differs = [&](const lmdb::Cursor& at, const char* how) {
        return ViewDifference{
            .view = {}, .table = table.name, .key = toHex(asBytes(at.key())), .how = how};
    };
    lmdb::Cursor a(live.txn, live.tables.*table.member);
    lmdb::Cursor b(replayed.txn, replayed.tables.*table.member);
    bool thereA = a.first();
    bool thereB = b.first();
    while (thereA && thereB && a.key() == b.key()) {
        if (a.value() != b.value()) return differs(a, "values differ");
        thereA = a.next();
        thereB = b.next();
    }
    if (!thereA && !thereB) return std::nullopt;
    const bool onlyLive = !thereB || (thereA && isBefore(a, b, table.integerKeys));
    return onlyLive ? differs(a, "only in the live views") : differs(b, "only in the replay");
}

std::vector<ViewDifference> differencesOf(
    const Side& live, const Side& replayed, const ReplayComparison& comparison) {
    std::vector<ViewDifference> differences;
    const auto projections = allProjections();
    for (std::size_t index = 0; index < projections.size(); ++index) {
        if (comparison.live[index] == comparison.replayed[index]) continue;
        for (const auto member : projections[index].tables) {
            auto difference = firstDifference(live, replayed, specOf(member));
            if (!difference) continue;
            difference->view = projections[index].name;
            differences.push_back(std::move(*difference));
            break;
        }
    }
    return differences;
}

}  // namespace

ReplayResult replayInto(
    const Journal& journal,
    const std::filesystem::path& folder,
    Seq to,
    const CatchUpProgress& progress) {
    if (std::filesystem::exists(folder) && !std::filesystem::is_empty(folder)) {
        throw ViewsUnusable(fmt::format("{} is not empty", folder.string()));
    }
    const auto started = std::chrono::steady_clock::now();
    ViewsEnvironment views(folder, kBuildOptions);
    ReplayResult result;
    result.folder = folder;
    result.appliedSeq = catchUp(views, journal, to, progress);
    views.environment().sync();
    const lmdb::ReadTransaction txn(views.environment());
    result.digests = digestsOf(txn, views.tables());
    const auto took = std::chrono::steady_clock::now() - started;
    result.milliseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
    return result;
}

ReplayComparison checkReplay(
    const Journal& journal, const Views& views, const CatchUpProgress& progress) {
    const TemporaryFolder folder(views.folder());
    ViewsEnvironment built(folder.path(), kBuildOptions);
    // First to where the live views are now, without holding a reader of theirs; what they take in
    // meanwhile is a small rest.
    const Seq first = views.snapshot().appliedSeq();
    if (first) catchUp(built, journal, first, progress);
    const Snapshot live = views.snapshot();
    ReplayComparison comparison;
    comparison.appliedSeq = live.appliedSeq();
    const Seq done = first ? catchUp(built, journal, comparison.appliedSeq) : Seq();
    if (done < comparison.appliedSeq) {
        throw ViewsUnusable(fmt::format(
            "the live views are at {}, the journal ends at {}: rebuild them with daybook replay",
            comparison.appliedSeq.number(),
            done.number()));
    }
    const lmdb::ReadTransaction txn(built.environment());
    comparison.live = digestsOf(live.transaction(), live.tables());
    comparison.replayed = digestsOf(txn, built.tables());
    comparison.differences =
        differencesOf({live.transaction(), live.tables()}, {txn, built.tables()}, comparison);
    return comparison;
}

}  // namespace daybook
