// maildrop_locks.h
//
// Keeps each maildrop to one session at a time (RFC 1939 §4). In memory: a restart frees all.
// Thread: any.
#pragma once

#include <mutex>
#include <optional>
#include <unordered_set>

#include "journal/base/ids.h"
#include "protocols/pop3/session.h"

namespace daybook::pop3 {

class MaildropLocks {
public:
    // Held until it is destroyed; the locks live longer.
    class Lock {
    public:
        ~Lock();
        Lock(Lock&& other) noexcept;
        Lock& operator=(Lock&&) = delete;

    private:
        friend class MaildropLocks;

        Lock(MaildropLocks& locks, AccountId account) : locks_(&locks), account_(account) {}

        MaildropLocks* locks_;
        AccountId account_;
    };

    // Nothing: another session has it.
    std::optional<Lock> lock(AccountId account);

private:
    std::mutex mutex_;
    std::unordered_set<AccountId> held_;
};

}  // namespace daybook::pop3
