// hub.h
//
// Tells sessions what changed, after the commit: whoever watches a mailbox or an account has its
// Signal raised; it then reads a snapshot and finds out what. Thread: watch and unwatch from the
// session's reactor, announce from the scribe.
#pragma once

#include <cstddef>
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
};

}  // namespace daybook
