#include "protocols/imap/session.h"

namespace daybook::imap {

// CHECK. RFC 3501 §6.4.1. Everything is always on disk.
Task<Reply> Session::check(Arguments& arguments) {
    arguments.end();
    co_return ok("Checked");
}

// CLOSE. RFC 3501 §6.4.2.
Task<Reply> Session::close(Arguments& arguments) {
    arguments.end();
    // RFC 4314 §4: without "e" nothing is expunged, and that is no failure.
    if (!selected().readOnly && (selected().rights & kMayExpunge) != 0) {
        Expunge command{
            .origin = session_.origin(),
            .account = selected().owner,
            .mailbox = selected().id,
            .uids = std::nullopt,
        };
        const Outcome<Expunge::Answer> expunged =
            co_await services_.scribe.submit(std::move(command));
        if (!expunged && expunged.error().reason != RefusalReason::NoSuchMailbox &&
            expunged.error().reason != RefusalReason::NotPermitted) {
            co_return no(expunged.error());
        }
    }
    leaveMailbox();
    co_return ok("Closed");
}

// UNSELECT. RFC 3691 §2.
Task<Reply> Session::unselect(Arguments& arguments) {
    arguments.end();
    leaveMailbox();
    co_return ok("Unselected");
}

// EXPUNGE. RFC 3501 §6.4.3. UID EXPUNGE: RFC 4315 §2.1. HIGHESTMODSEQ: RFC 7162 §3.2.7. The news
// tell what is gone.
Task<Reply> Session::expunge(Arguments& arguments) {
    std::optional<SequenceSet> set;
    if (arguments.byUid()) {
        arguments.space();
        set = arguments.sequenceSet();
    }
    arguments.end();
    requireWritable();
    Expunge command{
        .origin = session_.origin(),
        .account = selected().owner,
        .mailbox = selected().id,
        .uids = set ? std::optional(uidRanges(selected().runsOf(*set, true))) : std::nullopt,
    };
    const Outcome<Expunge::Answer> expunged = co_await services_.scribe.submit(std::move(command));
    if (!expunged) co_return no(expunged.error());
    Reply reply = ok("Expunged");
    reply.expunged = !expunged->uids.empty();
    co_return reply;
}

}  // namespace daybook::imap
