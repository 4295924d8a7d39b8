#include "projections/views.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "projections/projector.h"

namespace daybook {

namespace {

constexpr const char* kCurrent = "CURRENT";
constexpr const char* kCurrentNew = "CURRENT.new";

[[noreturn]] void throwErrno(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

class File {
public:
    File(const std::filesystem::path& path, int flags) : path_(path.string()) {
        descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
        if (descriptor_ < 0) throwErrno("open " + path_);
    }

    ~File() { ::close(descriptor_); }

    File(const File&) = delete;
    File& operator=(const File&) = delete;

    void write(std::string_view octets) const {
        while (!octets.empty()) {
            const ssize_t count = ::write(descriptor_, octets.data(), octets.size());
            if (count < 0) throwErrno("write " + path_);
            octets.remove_prefix(static_cast<std::size_t>(count));
        }
    }

    void sync() const {
        if (::fsync(descriptor_) != 0) throwErrno("sync " + path_);
    }

private:
    std::string path_;
    int descriptor_;
};

// Empty: there is none.
std::string readCurrent(const std::filesystem::path& folder) {
    std::ifstream file(folder / kCurrent);
    std::string name;
    std::getline(file, name);
    return name;
}

void syncFolder(const std::filesystem::path& folder) {
    File(folder, O_RDONLY | O_DIRECTORY).sync();
}

// The environment that is named is on disk before its name is.
void writeCurrent(const std::filesystem::path& folder, const std::string& name) {
    syncFolder(folder / name);
    {
        const File file(folder / kCurrentNew, O_WRONLY | O_CREAT | O_TRUNC);
        file.write(name + "\n");
        file.sync();
    }
    std::filesystem::rename(folder / kCurrentNew, folder / kCurrent);
    syncFolder(folder);
}

// 0: not the name of a generation.
std::uint64_t generationOf(const std::string& name) {
    std::uint64_t number = 0;
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data(), end, number);
    return error == std::errc() && stop == end ? number : 0;
}

// Folders of generations that do not count, and of comparisons that were cut off.
void removeLeftOvers(const std::filesystem::path& folder, const std::string& current) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const std::string name = entry.path().filename().string();
        if (name == current || !entry.is_directory()) continue;
        if (generationOf(name) != 0 || name.starts_with(kCheckFolderPrefix)) {
            std::filesystem::remove_all(entry.path());
        }
    }
}

std::shared_ptr<ViewsEnvironment> openForWriting(
    const std::filesystem::path& folder, const ViewsOptions& options) {
    std::filesystem::create_directories(folder);
    std::string current = readCurrent(folder);
    removeLeftOvers(folder, current);
    if (!current.empty()) return std::make_shared<ViewsEnvironment>(folder / current, options);
    current = "1";
    auto environment = std::make_shared<ViewsEnvironment>(folder / current, options);
    writeCurrent(folder, current);
    return environment;
}

std::shared_ptr<ViewsEnvironment> openForReading(
    const std::filesystem::path& folder, const ViewsOptions& options) {
    std::string current = readCurrent(folder);
    while (true) {
        if (current.empty()) {
            throw ViewsUnusable(fmt::format(
                "there are no views in {}: start the server once, or run daybook replay",
                folder.string()));
        }
        try {
            return std::make_shared<ViewsEnvironment>(folder / current, options);
        } catch (const lmdb::Error&) {
            // The server may have swapped and removed them meanwhile.
            const std::string now = readCurrent(folder);
            if (now == current) throw;
            current = now;
        }
    }
}

lmdb::Options optionsOf(const ViewsOptions& options) {
    lmdb::Options result;
    result.access = options.readOnly ? lmdb::Access::ReadOnly : lmdb::Access::ReadWrite;
    result.sync = options.sync;
    result.mapOctets = options.mapOctets;
    return result;
}

}  // namespace

ViewsEnvironment::ViewsEnvironment(const std::filesystem::path& folder, const ViewsOptions& options)
    : environment_(folder, optionsOf(options)) {
    for (const ViewTableSpec& spec : allViewTables()) {
        const auto table = environment_.openTable(spec.name, spec.integerKeys);
        if (!table) {
            throw ViewsUnusable(fmt::format(
                "the views in {} have no table {}: another version of Daybook made them; start the "
                "server once, or run daybook replay",
                folder.string(),
                spec.name));
        }
        tables_.*spec.member = *table;
    }
}

std::unique_ptr<lmdb::ReadTransaction> ViewsEnvironment::borrow() {
    std::unique_ptr<lmdb::ReadTransaction> txn;
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            txn = std::move(idle_.back());
            idle_.pop_back();
        }
    }
    if (!txn) return std::make_unique<lmdb::ReadTransaction>(environment_);
    txn->renew();
    return txn;
}

void ViewsEnvironment::giveBack(std::unique_ptr<lmdb::ReadTransaction> txn) noexcept {
    txn->reset();
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(txn));
}

Seq ViewsReader::appliedSeq() const { return readAppliedSeq(txn_, tables_); }

Snapshot::Snapshot(std::shared_ptr<ViewsEnvironment> environment)
    : environment_(std::move(environment)), txn_(environment_->borrow()) {}

Snapshot::~Snapshot() { environment_->giveBack(std::move(txn_)); }

Views::Views(const std::filesystem::path& directory, const ViewsOptions& options)
    : directory_(directory), folder_(directory / "views"), options_(options) {
    environment_ =
        options.readOnly ? openForReading(folder_, options_) : openForWriting(folder_, options_);
}

std::shared_ptr<ViewsEnvironment> Views::environment() const {
    const std::lock_guard lock(mutex_);
    return environment_;
}

std::filesystem::path Views::freshFolder() const {
    std::uint64_t last = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        last = std::max(last, generationOf(entry.path().filename().string()));
    }
    return folder_ / std::to_string(last + 1);
}

void Views::adopt(const std::filesystem::path& folder) {
    const std::string name = folder.filename().string();
    const bool ours = std::filesystem::equivalent(folder.parent_path(), folder_);
    if (!ours || generationOf(name) == 0) {
        throw ViewsUnusable(fmt::format("{} is no folder for views", folder.string()));
    }
    auto adopted = std::make_shared<ViewsEnvironment>(folder_ / name, options_);
    writeCurrent(folder_, name);
    const std::lock_guard lock(mutex_);
    environment_ = std::move(adopted);
}

}  // namespace daybook
