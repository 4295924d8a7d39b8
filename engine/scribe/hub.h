// hub.h
//
// Tells sessions what changed, after the commit: whoever watches a mailbox or an account has its
// Signal raised; it then reads a snapshot and finds out what. Thread: watch and unwatch from the
// session's reactor, announce from the scribe.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <vector>

#include "engine/runtime/signal.h"
#include "journal/base/ids.h"

namespace daybook {

class Hub {
public:
    // Watches until it is destroyed; destroyed before the Signal.
    class Watch {
    public:
        Watch() = default;
        ~Watch();
        Watch(Watch&& other) noexcept;
        Watch& operator=(Watch&& other) noexcept;

    private:
        friend class Hub;
        Hub* hub_ = nullptr;
        std::uint64_t key_ = 0;
        std::uint64_t token_ = 0;
    };

    Watch watchMailbox(MailboxId mailbox, Signal& signal);
    // The tree of mailboxes, subscriptions and the state of the account.
    Watch watchAccount(AccountId account, Signal& signal);

    void announce(const std::set<MailboxId>& mailboxes, const std::set<AccountId>& accounts);

    // The queue's follower: told which messages for other servers changed, on the scribe's thread,
    // so it must be quick. An empty function ends it; when that returns, no call is under way.
    using OutboundFollower = std::function<void(const std::set<MessageId>&)>;
    void followOutbound(OutboundFollower follower);
    void announceOutbound(const std::set<MessageId>& messages);

    // The search index's follower: told that the journal has grown, as above.
    using CommitFollower = std::function<void()>;
    void followCommits(CommitFollower follower);

private:
    struct Watcher {
        std::uint64_t token;
        Signal::Handle handle;
    };

    Watch watch(std::uint64_t key, Signal& signal);
    void unwatch(std::uint64_t key, std::uint64_t token);

    std::mutex mutex_;
    std::uint64_t nextToken_ = 1;
    // Mailbox and account ids are random 64-bit numbers: one table serves both.
    std::unordered_map<std::uint64_t, std::vector<Watcher>> watchers_;
    std::mutex followerMutex_;
    OutboundFollower follower_;
    CommitFollower commitFollower_;
};

}  // namespace daybook
