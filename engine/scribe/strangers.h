// strangers.h
//
// Counts what unauthenticated peers do wrong (failed logins, refused commands) and notes it: the
// first of its kind from an address at once, the rest of the minute as one event with a count.
// Bounded: the least recent addresses are flushed first. Thread: any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/scribe/scribe.h"

namespace daybook {

class Strangers {
public:
    Strangers(Scribe& scribe, const Clock& clock);
    ~Strangers();

    void rejected(const RecordRejection& rejection);
    void authFailed(const RecordAuthFailed& failure);
    // Writes what is counted and due. Called every few seconds, and at the stop with `all`.
    void flush(bool all);

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
