// login_throttle.h
//
// Counts failed logins per network (IPv4 /24, IPv6 /64) and says when one has to wait: after 10
// failures within 10 minutes for 5 seconds, then twice as long with each further failure, at most 5
// minutes. From this machine (loopback, unix sockets), where a web mailer may speak for everybody,
// only after 1000 failures, and for 5 seconds at a time. A success does not clear the count: an
// attacker may have an account of his own. Bounded: forgets who failed longest ago. Thread: any.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "journal/base/clock.h"

namespace daybook {

class LoginThrottle {
public:
    static constexpr std::size_t kNetworksMax = 65'536;

    explicit LoginThrottle(const Clock& clock) : clock_(clock) {}

    // Must this address wait? `ip` as SessionFacts have it.
    bool mustWait(std::string_view ip) const;
    void failed(std::string_view ip);
    std::size_t networks() const;

private:
    struct Entry {
        std::uint32_t failures = 0;
        TimeNs firstNs = 0;
        TimeNs lastNs = 0;
        TimeNs waitUntilNs = 0;
        std::list<std::string>::iterator age;
    };

    Entry& entryOf(const std::string& network);

    const Clock& clock_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Entry> entries_;
    std::list<std::string> byAge_;  // who failed longest ago is first
};

}  // namespace daybook
