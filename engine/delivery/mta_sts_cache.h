// mta_sts_cache.h
//
// The MTA-STS policies that are known, each valid from its fetch for its max_age, and their written
// form: one JSON document. Bounded: where there are too many, the oldest fetch goes; where they are
// too large, the largest. Thread: one at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/delivery/mta_sts.h"
#include "journal/base/clock.h"

namespace daybook {

struct CachedPolicy {
    std::string id;
    TimeNs fetchedNs = 0;
    MtaStsPolicy policy;

    bool isValid(TimeNs nowNs) const;
    // Half of its life is gone: it is time to fetch it again, long before it ends (RFC 8461 §10.2).
    bool isOld(TimeNs nowNs) const;
};

class MtaStsCache {
public:
    // The policy, if it is valid; lives until the next store() or load().
    const CachedPolicy* find(std::string_view domain, TimeNs nowNs) const;
    void store(const std::string& domain, CachedPolicy cached);
    // The domains whose policies are valid and old.
    std::vector<std::string> oldOnes(TimeNs nowNs) const;

    std::string text() const;
    // Throws std::runtime_error if the text is no such document; the cache is unchanged then.
    void load(std::string_view text, TimeNs nowNs);

private:
    std::map<std::string, CachedPolicy, std::less<>> policies_;
    std::size_t octets_ = 0;
};

}  // namespace daybook
