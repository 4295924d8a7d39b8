#include "protocols/pop3/maildrop_locks.h"

#include <utility>

namespace daybook::pop3 {

MaildropLocks::Lock::~Lock() {
    if (locks_ == nullptr) return;
    const std::lock_guard guard(locks_->mutex_);
    locks_->held_.erase(account_);
}

MaildropLocks::Lock::Lock(Lock&& other) noexcept
    : locks_(std::exchange(other.locks_, nullptr)), account_(other.account_) {}

std::optional<MaildropLocks::Lock> MaildropLocks::lock(AccountId account) {
    const std::lock_guard guard(mutex_);
    if (!held_.insert(account).second) return std::nullopt;
    return Lock(*this, account);
}

}  // namespace daybook::pop3
