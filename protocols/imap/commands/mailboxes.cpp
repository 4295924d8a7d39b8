#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// RFC 3501 §6.3.3: a delimiter at the end only says that there will be children.
std::string withoutDelimiter(std::string name) {
    if (name.size() > 1 && name.ends_with(kHierarchyDelimiter)) name.pop_back();
    return name;
}

}  // namespace

// CREATE. RFC 3501 §6.3.3.
Task<Reply> Session::create(Arguments& arguments) {
    arguments.space();
    const std::string name = withoutDelimiter(arguments.mailbox());
    arguments.end();
    CreateMailbox command{
        .origin = session_.origin(),
        .account = account(),
        .name = name,
        .newIds = newMailboxIds(name),
    };
    const Outcome<CreateMailbox::Answer> created =
        co_await services_.scribe.submit(std::move(command));
    if (!created) co_return no(created.error());
    if (watched_) watched_->expect(name);
    co_return ok("Created");
}

// DELETE. RFC 3501 §6.3.4.
Task<Reply> Session::remove(Arguments& arguments) {
    arguments.space();
    const std::string name = arguments.mailbox();
    arguments.end();
    const std::optional<MailboxTarget> target =
        findMailbox(services_.views.snapshot(), account(), name);
    DeleteMailbox command{.origin = session_.origin(), .account = account(), .name = name};
    const Outcome<Done> deleted = co_await services_.scribe.submit(std::move(command));
    if (!deleted) co_return no(deleted.error());
    if (watched_) watched_->expect(name);
    if (isSelected() && target && selected().id == target->row.id) {
        leaveMailbox();
        out_ += "* OK [CLOSED] The selected mailbox is gone\r\n";
    }
    co_return ok("Deleted");
}

// RENAME. RFC 3501 §6.3.5.
Task<Reply> Session::rename(Arguments& arguments) {
    arguments.space();
    const std::string from = arguments.mailbox();
    arguments.space();
    const std::string to = withoutDelimiter(arguments.mailbox());
    arguments.end();
    RenameMailbox command{
        .origin = session_.origin(),
        .account = account(),
        .from = from,
        .to = to,
        .newIds = newMailboxIds(to),
    };
    const Outcome<Done> renamed = co_await services_.scribe.submit(std::move(command));
    if (!renamed) co_return no(renamed.error());
    if (watched_) watched_->expect(to);
    co_return ok("Renamed");
}

// SUBSCRIBE. RFC 3501 §6.3.6.
Task<Reply> Session::subscribe(Arguments& arguments) {
    Reply reply = co_await setSubscription(arguments, Subscription::On);
    co_return reply;
}

// UNSUBSCRIBE. RFC 3501 §6.3.7.
Task<Reply> Session::unsubscribe(Arguments& arguments) {
    Reply reply = co_await setSubscription(arguments, Subscription::Off);
    co_return reply;
}

Task<Reply> Session::setSubscription(Arguments& arguments, Subscription subscription) {
    const bool on = subscription == Subscription::On;
    arguments.space();
    const std::string name = withoutDelimiter(arguments.mailbox());
    arguments.end();
    Subscribe command{
        .origin = session_.origin(),
        .account = account(),
        .name = name,
        .on = on,
        .newId = on ? services_.random.number() : 0,
    };
    const Outcome<Done> done = co_await services_.scribe.submit(std::move(command));
    if (!done) co_return no(done.error());
    if (watched_) watched_->expect(name);
    co_return ok(on ? "Subscribed" : "Unsubscribed");
}

}  // namespace daybook::imap
