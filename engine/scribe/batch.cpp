#include "engine/scribe/batch.h"

namespace daybook {

Batch::Batch(Parts parts) : parts_(std::move(parts)), txn_(parts_.views->environment()) {
    parts_.writer.begin(parts_.epoch);
}

Batch::~Batch() {
    if (open_) parts_.writer.abort();
}

void Batch::decide(PendingCommand& command, TimeNs now, CommandId id) {
    const TimeNs time = std::max(now, parts_.writer.lastTimeNs());
    const ViewsReader reader(txn_, parts_.views->tables());
    Events& events =
        decided_.emplace_back(parts_.writer.nextSeq(), parts_.journal.modSeqBase(), time, id);
    command.decideNow(Deciding{.views = reader, .now = time}, events);
    for (Draft& draft : events.drafts()) {
        const Record& record = parts_.writer.append(draft, time);
        applyToAll(record, txn_, parts_.views->tables());
        noteChange(record.core());
        last_ = record.seq();
        ++events_;
    }
}

void Batch::noteChange(const event::Core::Reader& core) {
    switch (core.which()) {
        case event::Core::COPIED: mailboxes_.emplace(core.getCopied().getTarget()); break;
        case event::Core::MOVED:
            mailboxes_.emplace(core.getMoved().getTarget());
            mailboxes_.emplace(core.getMailbox());
            break;
        case event::Core::STORED:
        case event::Core::FLAGS_CHANGED:
        case event::Core::EXPUNGED: mailboxes_.emplace(core.getMailbox()); break;
        case event::Core::MAILBOX_DELETED:
            mailboxes_.emplace(core.getMailbox());
            accounts_.emplace(core.getAccount());
            break;
        case event::Core::MAILBOX_CREATED:
        case event::Core::MAILBOX_RENAMED:
        case event::Core::SUBSCRIPTION_CHANGED:
        case event::Core::ACCOUNT_STATE_CHANGED:
        case event::Core::ACCOUNT_DELETED:
        case event::Core::CREDENTIAL_REVOKED: accounts_.emplace(core.getAccount()); break;
        default: break;  // nobody waits for the others
    }
}

void Batch::commitJournal() {
    parts_.writer.commit();
    open_ = false;
}

void Batch::commitViews() {
    if (isEmpty()) return;
    const JournalHead head = parts_.journal.head();
    markApplied(txn_, parts_.views->tables(), parts_.journal.journalId(), last_, head.root);
    txn_.commit();
}

}  // namespace daybook
