// courier.h
//
// The agent that takes mail to other servers: works from the deliveries view, keeps connections,
// limits and back-off for each destination, records each attempt before it offers a message and its
// outcome afterwards, and hands status reports to the reporter. Its to-do list is the view: it may
// be killed at any moment and goes on where it was. Runs on a thread of its own with a reactor of
// its own; replay links none of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/delivery/dialer.h"
#include "engine/delivery/dispatch_board.h"
#include "engine/delivery/reporter.h"
#include "engine/delivery/retry_schedule.h"
#include "engine/delivery/tls_reporter.h"
#include "engine/runtime/worker_pool.h"
#include "engine/scribe/scribe.h"

namespace daybook {

struct CourierSettings {
    DialerSettings dialer;
    BoardLimits limits;
    std::vector<std::chrono::milliseconds> retry;
    std::chrono::seconds delayWarning{};       // 0: none
    std::chrono::milliseconds blockAtFirst{};  // of a destination that did not answer; doubles
    std::chrono::milliseconds blockMax{};
    std::chrono::milliseconds idle{};  // a connection without mail is kept so long
    std::uint32_t messagesPerConnection = 100;
};

class Courier {
public:
    struct Parts {
        Scribe& scribe;
        Hub& hub;
        const ContentLog& content;
        Transport& transport;
        dns::Resolver& resolver;
        TlsPolicies& policies;
        Reporter& reporter;
        // nullptr: nobody is told how TLS went.
        TlsReporter* tlsReporter = nullptr;
        // For messages that have to be converted; nullptr: they go unsigned.
        const Signer* signer = nullptr;
        WorkerPool& workers;
        Random& random;
        const Clock& clock;
        const Log& log;
    };

    Courier(Parts parts, CourierSettings settings);
    // Stops.
    ~Courier();

    // Recovers what a killed run left open, then works. Requires: the scribe has started.
    void start();
    // Ends its connections, records what that means for the messages on them, and returns.
    // Requires: the scribe still runs. Thread: any but its own.
    void stop();

    class Implementation;

private:
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
