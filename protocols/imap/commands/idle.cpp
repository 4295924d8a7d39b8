#include <algorithm>

#include "engine/runtime/nursery.h"
#include "journal/base/ascii.h"
#include "journal/base/limits.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// IDLE waits for news, but must hear of the server's stop as well.
struct StopWatch {
    Signal& stopping;
    Signal& news;
    bool over = false;  // IDLE has ended: nobody is to be woken
    bool heard = false;
};

Task<void> forwardStop(StopWatch& watch) {
    co_await watch.stopping.wait();
    if (watch.over) co_return;
    watch.heard = true;
    watch.news.raise();
}

constexpr std::chrono::seconds kLookRound{120};

}  // namespace

// IDLE. RFC 2177 §3.
Task<Reply> Session::idle(Arguments& arguments) {
    arguments.end();
    StopWatch watch{.stopping = stopping_, .news = news_};
    std::exception_ptr problem;
    Reply reply;
    {
        Nursery nursery(connection_.reactor(), [](const std::exception_ptr&) {});
        nursery.start(forwardStop(watch));
        try {
            reply = co_await idleUntilDone(watch.heard);
        } catch (...) {
            problem = std::current_exception();
        }
        watch.over = true;
        watch.heard = watch.heard || stopping_.isRaised();
        stopping_.raise();
        co_await nursery.join();
    }
    if (watch.heard) stopping_.raise();  // for the session loop, which says goodbye
    if (problem) std::rethrow_exception(problem);
    co_return reply;
}

// `stopped` turns true while it waits.
Task<Reply> Session::idleUntilDone(const bool& stopped) {
    const Deadline deadline = after(limits::kImapIdleTimeout);
    out_ += "+ idling\r\n";
    while (true) {
        news_.take();
        announce(Expunges::Told);
        if (ended_) co_return ok("Over");
        co_await flush();
        const Wake wake = co_await connection_.wait(news_, std::min(deadline, after(kLookRound)));
        if (wake == Wake::Readable) break;
        if (isSelected()) selected().access->flushIfDue();
        if (stopped) bye("The server is stopping", event::CloseReason::SERVER_STOPPED);
        if (ended_) co_return ok("Over");
        if (wake == Wake::TimedOut && std::chrono::steady_clock::now() >= deadline) {
            throw TimedOut("idle for too long");
        }
    }
    const std::string line =
        co_await lines_.readLine(limits::kImapLineOctetsMax, commandDeadline());
    if (!equalsIgnoreCase(line, "DONE")) throw Bad("DONE was expected");
    co_return ok("Done idling");
}

}  // namespace daybook::imap
