#include "protocols/imap/session.h"

namespace daybook::imap {

// NOTIFY. RFC 5465 §3.
Task<Reply> Session::notify(Arguments& arguments) {
    std::optional<NotifyRequest> request = parseNotify(arguments);
    if (request && request->newMessage) request->newMessage->uid = !dialect_.uidOnly;
    auto watched = std::make_unique<WatchedMailboxes>(
        request.value_or(NotifyRequest{}), account(), services_.hub, news_);
    const auto begin = [&] {
        const Snapshot views = services_.views.snapshot();
        const MailboxId open = isSelected() ? selected().id : MailboxId();
        watched->begin(views, open, dialect_, out_);
    };
    begin();
    // RFC 5465 §3.1: what gathered for the selected mailbox is told at once, by the loop.
    watched_ = std::move(watched);
    if (isSelected() && selected().flagsToldModSeq && (wantedOfSelected() & kFlagChange) != 0) {
        announceOldFlags();
    }
    co_return ok(request ? "You will be told" : "You will not be told");
}

bool Session::listensAlways() const {
    if (!watched_ || !account()) return false;
    const NotifyRequest& request = watched_->request();
    return (isSelected() && request.selected != 0) || !request.groups.empty();
}

Task<void> Session::tellNews(Expunges expunges) {
    announce(expunges);
    if (ended_) co_return;
    if (!newMessages_.empty()) co_await fetchNewMessages();
    lookAtOthers();
}

// RFC 5465 §5.2: FETCH with what MessageNew asked for, after EXISTS.
Task<void> Session::fetchNewMessages() {
    NumberRanges uids;
    for (const std::uint32_t uid : std::exchange(newMessages_, {}))
        extend(uids, uid);
    if (!isSelected() || !watched_ || !watched_->request().newMessage) co_return;
    const FetchItems items = *watched_->request().newMessage;
    // A refusal (a full disk) leaves the EXISTS: the client can ask for them itself.
    const Outcome<FetchTrouble> told =
        co_await sendMessages(items, selected().numbers.runsOfUids(uids));
    if (!told) out_ += "* NO [UNAVAILABLE] The new messages cannot be read now\r\n";
}

void Session::lookAtOthers() {
    if (!watched_ || watched_->request().groups.empty()) return;
    const Snapshot views = services_.views.snapshot();
    const MailboxId open = isSelected() ? selected().id : MailboxId();
    if (watched_->look(views, open, dialect_, out_)) return;
    watched_ = std::make_unique<WatchedMailboxes>(NotifyRequest{}, account(), services_.hub, news_);
    out_ += "* OK [NOTIFICATIONOVERFLOW] There are more mailboxes than can be watched\r\n";
}

}  // namespace daybook::imap
