#include "engine/authentication/password_cache.h"

#include <string>

#include "journal/base/encoding.h"

namespace daybook {

namespace {

constexpr TimeNs kLifeNs = 300 * kSecondNs;

}  // namespace

PasswordCache::PasswordCache(Random& random, const Clock& clock) : clock_(clock) {
    random.fill(processKey_);
}

void PasswordCache::remember(CredentialId credential, std::string_view password) {
    const Hash256 key = keyOf(credential, password);
    const TimeNs expiresNs = clock_.now() + kLifeNs;
    const std::lock_guard lock(mutex_);
    expiry_[key] = expiresNs;
    byAge_.push_back({.expiresNs = expiresNs, .key = key});
    dropOld();
}

bool PasswordCache::knows(CredentialId credential, std::string_view password) {
    const Hash256 key = keyOf(credential, password);
    const std::lock_guard lock(mutex_);
    dropOld();
    return expiry_.contains(key);
}

Hash256 PasswordCache::keyOf(CredentialId credential, std::string_view password) const {
    // The id's text has a fixed length, so no two pairs make the same octets.
    return hmacSha256(processKey_, asBytes(idText(credential.number()) + std::string(password)));
}

void PasswordCache::dropOld() {
    const TimeNs now = clock_.now();
    while (!byAge_.empty()) {
        const Entry& oldest = byAge_.front();
        if (oldest.expiresNs > now && byAge_.size() <= kEntriesMax) return;
        // Remembered again later: then the later entry decides.
        const auto found = expiry_.find(oldest.key);
        if (found != expiry_.end() && found->second <= oldest.expiresNs) expiry_.erase(found);
        byAge_.pop_front();
    }
}

}  // namespace daybook
