// CreateMailbox, DeleteMailbox, RenameMailbox, Subscribe.

#include <algorithm>

#include "engine/scribe/decide_parts.h"
#include "engine/scribe/mailbox_name.h"
#include "journal/base/assert.h"
#include "journal/base/limits.h"

namespace daybook {

namespace {

// Names and UIDVALIDITYs that this command gives out itself.
class NewMailboxes {
public:
    NewMailboxes(
        const Deciding& deciding,
        Events& events,
        const Origin& origin,
        AccountId account,
        const std::vector<MailboxId>& ids)
        : views_(deciding.views.mailboxes()),
          events_(events),
          origin_(origin),
          account_(account),
          ids_(ids),
          last_(views_.lastUidValidity(account)),
          now_(static_cast<std::uint32_t>(deciding.now / kSecondNs)) {}

    // DESIGN 3.5: max(the account's last + 1, Unix seconds).
    CreateMailbox::Answer create(const std::string& name, event::SpecialUse specialUse) {
        DAYBOOK_ASSERT(used_ < ids_.size());
        last_ = UidValidity(std::max(last_.number() + 1, now_));
        const CreateMailbox::Answer made{.mailbox = ids_[used_++], .uidValidity = last_};
        const ModSeq modSeq = events_.nextModSeq();
        Draft& draft = addFor(events_, Kind::MailboxCreated, origin_, account_, made.mailbox);
        auto created = draft.core().initMailboxCreated();
        created.setUidValidity(made.uidValidity.number());
        created.setSpecialUse(specialUse);
        created.setModSeq(modSeq.number());
        setName(draft, account_, name);
        return made;
    }

    // The levels above `name` that are no mailboxes.
    void createParents(const std::string& name) {
        std::vector<std::string> levels = levelsOf(name);
        levels.pop_back();
        for (const std::string& level : levels) {
            if (!views_.find(account_, level)) create(level, event::SpecialUse::NONE);
        }
    }

private:
    MailboxesView views_;
    Events& events_;
    const Origin& origin_;
    AccountId account_;
    const std::vector<MailboxId>& ids_;
    std::size_t used_ = 0;
    UidValidity last_;
    std::uint32_t now_;
};

Outcome<MailboxRow> findOrRefuse(
    const Deciding& deciding, AccountId account, std::string_view name) {
    std::optional<MailboxRow> row = deciding.views.mailboxes().find(account, name);
    if (!row) return refuse(RefusalReason::NoSuchMailbox, std::string(name));
    return std::move(*row);
}

// RENAME of INBOX: its messages move, it stays (RFC 9051 §6.3.6).
void moveInbox(
    const RenameMailbox& command,
    const MailboxRow& inbox,
    const CreateMailbox::Answer& target,
    const Deciding& deciding,
    Events& events) {
    Transfer transfer{
        .kind = Kind::Moved,
        .account = command.account,
        .from = inbox.id,
        .to = target.mailbox,
        .toValidity = target.uidValidity,
    };
    std::uint32_t next = 1;
    deciding.views.messages().forEachUid(
        inbox.id, [&](Uid uid) { transfer.uids.emplace_back(uid, Uid(next++)); });
    addTransfer(events, command.origin, transfer);
}

void addRenamed(
    const RenameMailbox& command, MailboxId mailbox, const std::string& name, Events& events) {
    const ModSeq modSeq = events.nextModSeq();
    Draft& draft = addFor(events, Kind::MailboxRenamed, command.origin, command.account, mailbox);
    draft.core().initMailboxRenamed().setModSeq(modSeq.number());
    setName(draft, command.account, name);
}

}  // namespace

Outcome<CreateMailbox::Answer> decide(
    const CreateMailbox& command, const Deciding& deciding, Events& events) {
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    const Outcome<std::string> name = checkedMailboxName(command.name);
    if (!name) return std::unexpected(name.error());
    const MailboxesView mailboxes = deciding.views.mailboxes();
    if (mailboxes.find(command.account, *name)) return refuse(RefusalReason::MailboxExists, *name);
    if (mailboxes.mailboxesOf(command.account).size() >= limits::kMailboxesPerAccountMax) {
        return refuse(RefusalReason::MailboxFull, "the number of mailboxes");
    }
    if (command.newIds.size() < levelsOf(*name).size()) {
        return refuse(RefusalReason::InvalidArgument, "an id for each level");
    }
    NewMailboxes created(deciding, events, command.origin, command.account, command.newIds);
    created.createParents(*name);
    return created.create(*name, command.specialUse);
}

// RFC 9051 §6.3.5: children stay, the name becomes \NonExistent.
Outcome<Done> decide(const DeleteMailbox& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> mailbox = findOrRefuse(deciding, command.account, command.name);
    if (!mailbox) return std::unexpected(mailbox.error());
    if (mailbox->name == "INBOX") return refuse(RefusalReason::MailboxIsInbox);
    const ModSeq modSeq = events.nextModSeq();
    Draft& draft =
        addFor(events, Kind::MailboxDeleted, command.origin, command.account, mailbox->id);
    auto deleted = draft.core().initMailboxDeleted();
    deleted.setMessages(mailbox->messages);
    deleted.setModSeq(modSeq.number());
    return Done{};
}

Outcome<Done> decide(const RenameMailbox& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> from = findOrRefuse(deciding, command.account, command.from);
    if (!from) return std::unexpected(from.error());
    const Outcome<std::string> to = checkedMailboxName(command.to);
    if (!to) return std::unexpected(to.error());
    const MailboxesView mailboxes = deciding.views.mailboxes();
    if (mailboxes.find(command.account, *to)) return refuse(RefusalReason::MailboxExists, *to);
    if (isBelow(*to, from->name) && from->name != "INBOX") {
        return refuse(RefusalReason::MailboxNameInvalid, "below itself");
    }
    if (command.newIds.size() < levelsOf(*to).size()) {
        return refuse(RefusalReason::InvalidArgument, "an id for each level");
    }
    NewMailboxes created(deciding, events, command.origin, command.account, command.newIds);
    if (from->name == "INBOX") {
        created.createParents(*to);
        const CreateMailbox::Answer target = created.create(*to, event::SpecialUse::NONE);
        moveInbox(command, *from, target, deciding, events);
        return Done{};
    }
    // Refused before anything is written, if a child's new name is taken or too long.
    std::vector<std::pair<MailboxId, std::string>> renames{{from->id, *to}};
    for (const MailboxRow& child : mailboxes.mailboxesOf(command.account)) {
        if (!isBelow(child.name, from->name)) continue;
        const Outcome<std::string> name =
            checkedMailboxName(*to + child.name.substr(from->name.size()));
        if (!name) return std::unexpected(name.error());
        if (mailboxes.find(command.account, *name)) {
            return refuse(RefusalReason::MailboxExists, *name);
        }
        renames.emplace_back(child.id, *name);
    }
    created.createParents(*to);
    for (const auto& [mailbox, name] : renames) {
        addRenamed(command, mailbox, name, events);
    }
    return Done{};
}

// RFC 9051 §6.3.7: the name need not exist. Subscribing twice is no event.
Outcome<Done> decide(const Subscribe& command, const Deciding& deciding, Events& events) {
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    const Outcome<std::string> name = checkedMailboxName(command.name);
    if (!name) return std::unexpected(name.error());
    std::uint64_t known = 0;
    std::size_t count = 0;
    for (const SubscriptionRow& row : deciding.views.mailboxes().subscriptionsOf(command.account)) {
        ++count;
        if (row.name == *name) known = row.id;
    }
    if (command.on == (known != 0)) return Done{};
    if (command.on && count >= limits::kMailboxesPerAccountMax) {
        return refuse(RefusalReason::MailboxFull, "the number of subscriptions");
    }
    Draft& draft = addFor(events, Kind::SubscriptionChanged, command.origin, command.account);
    auto changed = draft.core().initSubscriptionChanged();
    changed.setSubscription(command.on ? command.newId : known);
    changed.setOn(command.on);
    if (command.on) setName(draft, command.account, *name);
    return Done{};
}

}  // namespace daybook
