#include "engine/scribe/decide_thread.h"

namespace daybook {

std::uint64_t Threads::take(AccountId account, const StoredBlob& blob, EmailId emailId) {
    const std::uint64_t thread =
        find(account, blob.threadKeys, blob.subjectKey).value_or(emailId.number());
    for (const std::uint64_t key : blob.threadKeys)
        fresh_.try_emplace({account, key, blob.subjectKey}, thread);
    return thread;
}

std::optional<std::uint64_t> Threads::find(
    AccountId account, const std::vector<std::uint64_t>& keys, std::uint64_t subject) const {
    for (const std::uint64_t key : keys) {
        if (const auto known = deciding_.views.threads().find(account, key, subject)) return known;
        const auto fresh = fresh_.find({account, key, subject});
        if (fresh != fresh_.end()) return fresh->second;
    }
    return std::nullopt;
}

}  // namespace daybook
