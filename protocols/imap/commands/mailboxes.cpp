#include "protocols/imap/mailbox_listing.h"
#include "protocols/imap/object_id.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// RFC 3501 §6.3.3: a delimiter at the end only says that there will be children.
std::string withoutDelimiter(std::string name) {
    if (name.size() > 1 && name.ends_with(kHierarchyDelimiter)) name.pop_back();
    return name;
}

// "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")": bits. RFC 6154 §6. Throws Bad and No.
std::uint16_t parseUses(Arguments& arguments) {
    Lexer& lexer = arguments.lexer();
    unsigned uses = 0;
    lexer.expect('(');
    if (arguments.word() != "USE") throw Bad("Unknown parameter of CREATE");
    arguments.space();
    lexer.expect('(');
    while (!lexer.skip(')')) {
        lexer.expect('\\');
        const auto use = parseSpecialUse('\\' + std::string(lexer.atom()));
        if (!use) throw No("USEATTR", "There is no such special use");
        uses |= *use;
        if (lexer.peek() != ')') arguments.space();
    }
    lexer.expect(')');
    return static_cast<std::uint16_t>(uses);
}

}  // namespace

// CREATE. RFC 3501 §6.3.3. USE: RFC 6154 §3; MAILBOXID: RFC 8474 §4.1.
Task<Reply> Session::create(Arguments& arguments) {
    // create = "CREATE" SP mailbox [SP "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")"]
    arguments.space();
    const std::string name = withoutDelimiter(arguments.mailbox());
    const std::uint16_t specialUses = arguments.optionalSpace() ? parseUses(arguments) : 0;
    arguments.end();
    const std::optional<NamedMailbox> named = ownerOf(services_.views.snapshot(), account(), name);
    if (!named) co_return no("CANNOT", "Nothing can be created there");
    CreateMailbox command{
        .origin = session_.origin(),
        .account = named->owner,
        .name = named->name,
        .specialUses = specialUses,
        .newIds = newMailboxIds(name),
    };
    const Outcome<CreateMailbox::Answer> created =
        co_await services_.scribe.submit(std::move(command));
    if (!created) co_return no(created.error());
    if (watched_) watched_->expect(name);
    co_return ok(
        "MAILBOXID (" + objectIdText(ObjectKind::Mailbox, created->mailbox.number()) + ")",
        "Created");
}

// DELETE. RFC 3501 §6.3.4.
Task<Reply> Session::remove(Arguments& arguments) {
    arguments.space();
    const std::string name = arguments.mailbox();
    arguments.end();
    const std::optional<MailboxTarget> target =
        findMailbox(services_.views.snapshot(), account(), name);
    if (!target) co_return no(Refusal{.reason = RefusalReason::NoSuchMailbox, .detail = {}});
    DeleteMailbox command{
        .origin = session_.origin(), .account = target->owner, .name = target->row.name};
    const Outcome<Done> deleted = co_await services_.scribe.submit(std::move(command));
    if (!deleted) co_return no(deleted.error());
    if (watched_) watched_->expect(name);
    if (isSelected() && selected().id == target->row.id) {
        leaveMailbox();
        out_ += "* OK [CLOSED] The selected mailbox is gone\r\n";
    }
    co_return ok("Deleted");
}

// RENAME. RFC 3501 §6.3.5. OLDNAME: RFC 9051 §6.3.9.7.
Task<Reply> Session::rename(Arguments& arguments) {
    arguments.space();
    const std::string from = arguments.mailbox();
    arguments.space();
    const std::string to = withoutDelimiter(arguments.mailbox());
    arguments.end();
    const auto ownerNow = [this](const std::string& name) {
        return ownerOf(services_.views.snapshot(), account(), name);
    };
    const std::optional<NamedMailbox> source = ownerNow(from);
    const std::optional<NamedMailbox> target = ownerNow(to);
    if (!source) co_return no(Refusal{.reason = RefusalReason::NoSuchMailbox, .detail = {}});
    if (!target || target->owner != source->owner) {
        co_return no("CANNOT", "A mailbox stays with its owner");
    }
    RenameMailbox command{
        .origin = session_.origin(),
        .account = source->owner,
        .from = source->name,
        .to = target->name,
        .newIds = newMailboxIds(to),
    };
    const Outcome<Done> renamed = co_await services_.scribe.submit(std::move(command));
    if (!renamed) co_return no(renamed.error());
    if (watched_) {
        watched_->expect(from);
        watched_->expect(to);
    }
    if (dialect_.rev2 && from != "INBOX") {
        appendListing(
            out_,
            services_.views.snapshot(),
            account(),
            Listing{.name = to, .oldName = from},
            dialect_);
    }
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
