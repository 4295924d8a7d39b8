#include "engine/scribe/open_views.h"

#include <utility>

#include "journal/base/assert.h"

namespace daybook {

OpenViews::OpenViews(std::shared_ptr<ViewsEnvironment> views)
    : views_(std::move(views)), txn_(views_->environment()) {}

void OpenViews::apply(const Record& record) {
    last_ = record.seq();  // first: half of it may be there if the rest throws
    applyToAll(record, txn_, views_->tables());
    noteChange(record.core());
}

void OpenViews::noteChange(const event::Core::Reader& core) {
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
        case event::Core::MAILBOX_METADATA_SET:
            mailboxes_.emplace(core.getMailbox());
            accounts_.emplace(core.getAccount());
            break;
        case event::Core::ACL_CHANGED:
            mailboxes_.emplace(core.getMailbox());
            accounts_.emplace(core.getAccount());
            accounts_.emplace(core.getAclChanged().getGrantee());
            break;
        case event::Core::MAILBOX_CREATED:
        case event::Core::SPECIAL_USE_CHANGED:
        case event::Core::MAILBOX_RENAMED:
        case event::Core::SUBSCRIPTION_CHANGED:
        case event::Core::ACCOUNT_STATE_CHANGED:
        case event::Core::ACCOUNT_DELETED:
        case event::Core::CREDENTIAL_REVOKED: accounts_.emplace(core.getAccount()); break;
        case event::Core::ACCEPTED:
            if (core.getAccepted().getReport()) outbound_.emplace(core.getMessage());
            break;
        case event::Core::RELAYED:
            if (core.getRelayed().getReports().size() != 0) outbound_.emplace(core.getMessage());
            break;
        case event::Core::QUEUED:
        case event::Core::DEFERRED:
        case event::Core::BOUNCED:
        case event::Core::EXPIRED:
        case event::Core::ATTEMPT_OUTCOME_UNKNOWN:
        case event::Core::QUEUE_ACTION: outbound_.emplace(core.getMessage()); break;
        default: break;  // nobody waits for the others
    }
}

void OpenViews::commit(const Journal& journal) {
    DAYBOOK_ASSERT(!isAhead());
    const JournalHead head = journal.head();
    markApplied(txn_, views_->tables(), journal.journalId(), last_, head.root);
    txn_.commit();
}

}  // namespace daybook
