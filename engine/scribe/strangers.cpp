#include "engine/scribe/strangers.h"

#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace daybook {

namespace {

constexpr TimeNs kWindowNs = 60 * kSecondNs;
constexpr std::size_t kCountersMax = 10'000;

// What belongs together: one address, one kind of mischief.
using Key = std::tuple<std::string, int, int, int, std::uint64_t>;

template <class Command>
class Counters {
public:
    // True: the first of its kind, to be written at once. Else it is counted.
    bool isFirst(const Key& key, const Command& command, TimeNs now) {
        const auto [entry, isNew] = counters_.try_emplace(key);
        Counter& counter = entry->second;
        if (isNew) counter.sinceNs = now;
        if (isNew) return true;
        if (counter.count == 0) counter.sample = command;
        ++counter.count;
        return false;
    }

    // Takes out what is due, oldest or not.
    std::vector<Command> take(TimeNs now, bool all) {
        std::vector<Command> due;
        const bool crowded = counters_.size() > kCountersMax;
        for (auto entry = counters_.begin(); entry != counters_.end();) {
            Counter& counter = entry->second;
            if (!all && !crowded && now - counter.sinceNs < kWindowNs) {
                ++entry;
                continue;
            }
            if (counter.count != 0) {
                counter.sample.count = counter.count;
                counter.sample.windowNs = now - counter.sinceNs;
                due.push_back(std::move(counter.sample));
            }
            entry = counters_.erase(entry);
        }
        return due;
    }

    bool isCrowded() const { return counters_.size() > kCountersMax; }

private:
    struct Counter {
        TimeNs sinceNs = 0;
        std::uint32_t count = 0;
        Command sample;
    };

    std::map<Key, Counter> counters_;
};

}  // namespace

class Strangers::Implementation {
public:
    Implementation(Scribe& scribe, const Clock& clock) : scribe_(scribe), clock_(clock) {}

    void rejected(const RecordRejection& rejection) {
        const Key key(
            rejection.ip,
            static_cast<int>(rejection.protocol),
            static_cast<int>(rejection.stage),
            rejection.smtpCode,
            0);
        count(rejections_, key, rejection);
    }

    void authFailed(const RecordAuthFailed& failure) {
        const Key key(
            failure.ip,
            static_cast<int>(failure.protocol),
            static_cast<int>(failure.mechanism),
            0,
            failure.account.number());
        count(failures_, key, failure);
    }

    void flush(bool all) {
        std::vector<RecordRejection> rejections;
        std::vector<RecordAuthFailed> failures;
        {
            const std::lock_guard lock(mutex_);
            rejections = rejections_.take(clock_.now(), all);
            failures = failures_.take(clock_.now(), all);
        }
        for (RecordRejection& rejection : rejections) {
            scribe_.note(std::move(rejection));
        }
        for (RecordAuthFailed& failure : failures) {
            scribe_.note(std::move(failure));
        }
    }

private:
    template <class Command>
    void count(Counters<Command>& counters, const Key& key, const Command& command) {
        bool first = false;
        bool crowded = false;
        {
            const std::lock_guard lock(mutex_);
            first = counters.isFirst(key, command, clock_.now());
            crowded = counters.isCrowded();
        }
        if (first) scribe_.note(command);
        if (crowded) flush(false);
    }

    Scribe& scribe_;
    const Clock& clock_;
    std::mutex mutex_;
    Counters<RecordRejection> rejections_;
    Counters<RecordAuthFailed> failures_;
};

Strangers::Strangers(Scribe& scribe, const Clock& clock)
    : implementation_(std::make_unique<Implementation>(scribe, clock)) {}

Strangers::~Strangers() = default;

void Strangers::rejected(const RecordRejection& rejection) { implementation_->rejected(rejection); }

void Strangers::authFailed(const RecordAuthFailed& failure) {
    implementation_->authFailed(failure);
}

void Strangers::flush(bool all) { implementation_->flush(all); }

}  // namespace daybook
