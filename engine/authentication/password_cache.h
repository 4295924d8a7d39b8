// password_cache.h
//
// Remembers for 5 minutes, in memory only, that a password was right for a credential: as
// HMAC-SHA-256 with a key of this process, so that nothing of it can be read back. It never says
// that the credential still counts: the caller asks the views each time. Bounded. Thread: any.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string_view>

#include "journal/base/clock.h"
#include "journal/base/digest.h"
#include "journal/base/ids.h"
#include "journal/base/random.h"

namespace daybook {

class PasswordCache {
public:
    static constexpr std::size_t kEntriesMax = 16'384;

    PasswordCache(Random& random, const Clock& clock);

    void remember(CredentialId credential, std::string_view password);
    bool knows(CredentialId credential, std::string_view password);

private:
    struct Entry {
        TimeNs expiresNs;
        Hash256 key;
    };

    Hash256 keyOf(CredentialId credential, std::string_view password) const;
    void dropOld();

    const Clock& clock_;
    Hash256 processKey_{};
    std::mutex mutex_;
    std::map<Hash256, TimeNs> expiry_;
    std::deque<Entry> byAge_;
};

}  // namespace daybook
