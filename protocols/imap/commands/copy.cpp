#include "protocols/imap/session.h"

namespace daybook::imap {

// COPY and UID COPY. RFC 3501 §6.4.7. COPYUID: RFC 4315 §3.
Task<Reply> Session::copy(Arguments& arguments) { return copyOrMove(arguments, false); }

// MOVE and UID MOVE. RFC 6851 §3.1. The news tell the expunges.
Task<Reply> Session::move(Arguments& arguments) { return copyOrMove(arguments, true); }

Task<Reply> Session::copyOrMove(Arguments& arguments, bool moves) {
    // copy = "COPY" SP sequence-set SP mailbox
    arguments.space();
    const SequenceSet set = arguments.sequenceSet();
    arguments.space();
    const std::string name = arguments.mailbox();
    arguments.end();
    if (moves) requireWritable();
    const std::vector<Run> runs = selected().runsOf(set, arguments.byUid());
    const std::optional<MailboxTarget> target =
        findMailbox(services_.views.snapshot(), account(), name);
    if (!target) co_return no("TRYCREATE", "No such mailbox");
    if (runs.empty()) co_return ok("No messages");
    const Outcome<CopyMessages::Answer> copied = co_await transfer(
        *target, uidRanges(runs), moves ? Transferring::Move : Transferring::Copy);
    if (!copied && copied.error().reason == RefusalReason::NoSuchMailbox) {
        co_return no("TRYCREATE", "No such mailbox");
    }
    if (!copied) co_return no(copied.error());
    if (copied->uids.empty()) co_return no("EXPUNGEISSUED", "The messages are gone");
    std::vector<std::uint32_t> sources;
    std::vector<std::uint32_t> targets;
    for (const auto& [from, to] : copied->uids) {
        sources.push_back(from.number());
        targets.push_back(to.number());
    }
    const std::string code = "COPYUID " + std::to_string(copied->targetUidValidity.number()) + ' ' +
                             setText(sources) + ' ' + setText(targets);
    if (!moves) co_return ok(code, "Copied");
    // RFC 6851 §4.3: COPYUID comes before the expunges.
    out_ += "* OK [" + code + "] Moved\r\n";
    Reply reply = ok("Moved");
    reply.expunged = true;
    co_return reply;
}

}  // namespace daybook::imap
