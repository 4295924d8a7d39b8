#include <algorithm>

#include "journal/base/ascii.h"
#include "journal/base/limits.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

constexpr std::chrono::seconds kLookRound{120};

}  // namespace

// IDLE. RFC 2177 §3.
Task<Reply> Session::idle(Arguments& arguments) {
    arguments.end();
    const Deadline deadline = after(limits::kImapIdleTimeout);
    out_ += "+ idling\r\n";
    co_await flush();
    connection_.rest();
    while (true) {
        news_.take();
        co_await tellNews(Expunges::Told);
        // Left raised: the session loop would say it too.
        if (stopping_.isRaised()) bye("The server is stopping", event::CloseReason::SERVER_STOPPED);
        if (ended_) co_return ok("Over");
        co_await flush();
        const Wake wake =
            co_await connection_.wait(news_, stopping_, std::min(deadline, after(kLookRound)));
        if (wake == Wake::Readable) break;
        if (wake == Wake::TimedOut) connection_.rest();
        if (isSelected()) selected().access->flushIfDue();
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
