#include "engine/scribe/hub.h"

#include <algorithm>
#include <utility>

namespace daybook {

Hub::Watch::~Watch() {
    if (hub_ != nullptr) hub_->unwatch(key_, token_);
}

Hub::Watch::Watch(Watch&& other) noexcept
    : hub_(std::exchange(other.hub_, nullptr)), key_(other.key_), token_(other.token_) {}

Hub::Watch& Hub::Watch::operator=(Watch&& other) noexcept {
    std::swap(hub_, other.hub_);
    std::swap(key_, other.key_);
    std::swap(token_, other.token_);
    return *this;
}

Hub::Watch Hub::watchMailbox(MailboxId mailbox, Signal& signal) {
    return watch(mailbox.number(), signal);
}

Hub::Watch Hub::watchAccount(AccountId account, Signal& signal) {
    return watch(account.number(), signal);
}

Hub::Watch Hub::watch(std::uint64_t key, Signal& signal) {
    const std::lock_guard lock(mutex_);
    Watch watch;
    watch.hub_ = this;
    watch.key_ = key;
    watch.token_ = nextToken_++;
    watchers_[key].push_back(Watcher{.token = watch.token_, .handle = signal.handle()});
    return watch;
}

void Hub::unwatch(std::uint64_t key, std::uint64_t token) {
    const std::lock_guard lock(mutex_);
    const auto entry = watchers_.find(key);
    if (entry == watchers_.end()) return;
    std::erase_if(entry->second, [&](const Watcher& watcher) { return watcher.token == token; });
    if (entry->second.empty()) watchers_.erase(entry);
}

void Hub::announce(const std::set<MailboxId>& mailboxes, const std::set<AccountId>& accounts) {
    {
        const std::lock_guard lock(followerMutex_);
        if (commitFollower_) commitFollower_();
    }
    const std::lock_guard lock(mutex_);
    const auto raise = [&](std::uint64_t key) {
        const auto entry = watchers_.find(key);
        if (entry == watchers_.end()) return;
        for (const Watcher& watcher : entry->second) {
            watcher.handle.raise();
        }
    };
    for (const MailboxId mailbox : mailboxes) {
        raise(mailbox.number());
    }
    for (const AccountId account : accounts) {
        raise(account.number());
    }
}

void Hub::followOutbound(OutboundFollower follower) {
    const std::lock_guard lock(followerMutex_);
    follower_ = std::move(follower);
}

void Hub::followCommits(CommitFollower follower) {
    const std::lock_guard lock(followerMutex_);
    commitFollower_ = std::move(follower);
}

void Hub::announceOutbound(const std::set<MessageId>& messages) {
    const std::lock_guard lock(followerMutex_);
    if (follower_ && !messages.empty()) follower_(messages);
}

}  // namespace daybook
