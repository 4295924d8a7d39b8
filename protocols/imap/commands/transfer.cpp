// What COPY and MOVE do with the messages once it is known where they go.

#include "engine/delivery/bringing.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

// Into another account each message is a new one with the same blob: what it is made of is read
// first.
Task<Outcome<CopyMessages::Answer>> Session::transfer(
    MailboxTarget target, UidRanges uids, Transferring how) {
    CopyMessages command{
        .origin = session_.origin(),
        .account = selected().owner,
        .from = selected().id,
        .to = target.row.id,
        .uids = std::move(uids),
        .move = how == Transferring::Move,
        .targetAccount = target.owner,
    };
    if (target.owner != selected().owner) {
        Outcome<std::vector<BroughtMessage>> brought = bring(
            services_.journal,
            services_.views.snapshot(),
            selected().id,
            command.uids,
            services_.random);
        if (!brought) co_return std::unexpected(brought.error());
        command.brought = *std::move(brought);
    }
    Outcome<CopyMessages::Answer> copied = co_await services_.scribe.submit(std::move(command));
    co_return copied;
}

}  // namespace daybook::imap
