#include <algorithm>

#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// A client that waits as long as this wants to know why.
constexpr std::chrono::seconds kFirstWord{2};
constexpr std::chrono::seconds kNextWord{10};

}  // namespace

// INPROGRESS. RFC 9585 §3. For handlers that take their time, between two slices of their work:
// says how far they are, if it is time to. `goal`: 0 if it is not known.
Task<void> Session::tellProgress(std::uint64_t done, std::uint64_t goal) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now - commandBegan_ < kFirstWord || now - progressTold_ < kNextWord) co_return;
    progressTold_ = now;
    // "INPROGRESS" SP "(" tag SP number SP (number / nil) ")"
    out_ += "* OK [INPROGRESS (";
    appendString(out_, tag_);
    out_ += ' ';
    appendNumber(out_, goal == 0 ? done : std::min(done, goal));
    out_ += ' ';
    if (goal == 0)
        out_ += "NIL";
    else
        appendNumber(out_, goal);
    out_ += ")] Still at it\r\n";
    co_await flush();
}

}  // namespace daybook::imap
