// run_cursor.h
//
// Walks the messages of a command in slices, so that no snapshot is held while octets are sent:
// each visit() goes on where the last one stopped, with a snapshot of its own. Messages that were
// expunged meanwhile, but not yet announced, come as they were (their tombstones). One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "projections/views.h"
#include "protocols/imap/message_numbers.h"

namespace daybook::imap {

class RunCursor {
public:
    explicit RunCursor(std::vector<Run> runs);

    bool done() const { return index_ == runs_.size(); }

    // Returns whether to go on; the message that it was called for is done either way.
    // `isThere`: not expunged.
    using Visit = std::function<bool(std::uint32_t number, const MessageRow& row, bool isThere)>;
    void visit(const Snapshot& views, MailboxId mailbox, const Visit& visit);

    // Messages that are gone without a trace.
    std::size_t missing() const { return missing_; }

private:
    bool visitGone(const Snapshot& views, MailboxId mailbox, const Visit& visit);

    std::vector<Run> runs_;
    std::size_t index_ = 0;
    std::uint64_t next_ = 0;  // UID
    std::size_t missing_ = 0;
};

}  // namespace daybook::imap
