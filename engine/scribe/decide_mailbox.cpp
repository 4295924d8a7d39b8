// CreateMailbox, DeleteMailbox, RenameMailbox, Subscribe.

#include <algorithm>
#include <iterator>

#include "engine/scribe/decide_rights.h"
#include "engine/scribe/decide_sharing.h"
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
        : deciding_(deciding),
          views_(deciding.views.mailboxes()),
          events_(events),
          origin_(actingIn(origin, account)),
          account_(account),
          ids_(ids),
          last_(views_.lastUidValidity(account)),
          now_(static_cast<std::uint32_t>(deciding.now / kSecondNs)) {}

    // DESIGN 3.5: max(the account's last + 1, Unix seconds).
    CreateMailbox::Answer create(const std::string& name, std::uint16_t specialUses) {
        DAYBOOK_ASSERT(used_ < ids_.size());
        last_ = UidValidity(std::max(last_.number() + 1, now_));
        const CreateMailbox::Answer made{.mailbox = ids_[used_++], .uidValidity = last_};
        const ModSeq modSeq = events_.nextModSeq();
        Draft& draft = addFor(events_, Kind::MailboxCreated, origin_, account_, made.mailbox);
        auto created = draft.core().initMailboxCreated();
        created.setUidValidity(made.uidValidity.number());
        created.setSpecialUses(specialUses);
        created.setModSeq(modSeq.number());
        setName(draft, account_, name);
        inheritGrants(made.mailbox);
        return made;
    }

    // The levels above `name` that are no mailboxes.
    void createParents(const std::string& name) {
        std::vector<std::string> levels = levelsOf(name);
        levels.pop_back();
        for (const std::string& level : levels) {
            if (!views_.find(account_, level)) create(level, 0);
        }
    }

    // What comes below it has its grants (RFC 4314 §4).
    void setParent(const std::optional<MailboxRow>& parent) {
        if (parent) grants_ = deciding_.views.accessRights().grantsOf(account_, parent->id);
    }

private:
    void inheritGrants(MailboxId mailbox) {
        for (GrantRow grant : grants_) {
            grant.mailbox = mailbox;
            addAclChanged(events_, origin_, grant, 0);
        }
    }

    const Deciding& deciding_;
    MailboxesView views_;
    Events& events_;
    Origin origin_;
    AccountId account_;
    const std::vector<MailboxId>& ids_;
    std::vector<GrantRow> grants_;
    std::size_t used_ = 0;
    UidValidity last_;
    std::uint32_t now_;
};

Outcome<MailboxRow> findFor(
    const Deciding& deciding,
    const Origin& origin,
    AccountId account,
    std::string_view name,
    std::uint16_t needed) {
    std::optional<MailboxRow> row = deciding.views.mailboxes().find(account, name);
    if (!row) return refuse(RefusalReason::NoSuchMailbox, std::string(name));
    const Outcome<Done> permitted =
        requireRights(rightsIn(deciding, origin, account, row->id), needed);
    if (!permitted) return std::unexpected(permitted.error());
    return std::move(*row);
}

// The nearest level above the name that is a mailbox.
std::optional<MailboxRow> parentOf(
    const Deciding& deciding, AccountId account, const std::string& name) {
    const std::vector<std::string> levels = levelsOf(name);
    for (auto level = std::next(levels.rbegin()); level != levels.rend(); ++level) {
        std::optional<MailboxRow> row = deciding.views.mailboxes().find(account, *level);
        if (row) return row;
    }
    return std::nullopt;
}

// RFC 4314 §4: "k" in the nearest mailbox above. At the top of somebody else's tree: nobody else.
Outcome<Done> mayCreateBelow(
    const Deciding& deciding,
    const Origin& origin,
    AccountId account,
    const std::optional<MailboxRow>& parent) {
    if (!isForeign(origin, account)) return Done{};
    if (!parent) return refuse(RefusalReason::NotPermitted);
    return requireRights(rightsIn(deciding, origin, account, parent->id), kMayCreate);
}

// Under another account's names stand others' mailboxes, not one's own (RFC 2342 §5).
Outcome<std::string> checkedOwnName(std::string_view name) {
    Outcome<std::string> checked = checkedMailboxName(name);
    if (checked && isOthersName(*checked)) {
        return refuse(RefusalReason::MailboxNameInvalid, "Other Users is reserved");
    }
    return checked;
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
    addTransfer(events, actingIn(command.origin, command.account), transfer);
}

void addRenamed(
    const RenameMailbox& command, MailboxId mailbox, const std::string& name, Events& events) {
    const ModSeq modSeq = events.nextModSeq();
    const Origin origin = actingIn(command.origin, command.account);
    Draft& draft = addFor(events, Kind::MailboxRenamed, origin, command.account, mailbox);
    draft.core().initMailboxRenamed().setModSeq(modSeq.number());
    setName(draft, command.account, name);
}

}  // namespace

Outcome<CreateMailbox::Answer> decide(
    const CreateMailbox& command, const Deciding& deciding, Events& events) {
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    const Outcome<std::string> name = checkedOwnName(command.name);
    if (!name) return std::unexpected(name.error());
    const std::optional<MailboxRow> parent = parentOf(deciding, command.account, *name);
    const Outcome<Done> permitted =
        mayCreateBelow(deciding, command.origin, command.account, parent);
    if (!permitted) return std::unexpected(permitted.error());
    const MailboxesView mailboxes = deciding.views.mailboxes();
    if (mailboxes.find(command.account, *name)) return refuse(RefusalReason::MailboxExists, *name);
    if (mailboxes.mailboxesOf(command.account).size() >= limits::kMailboxesPerAccountMax) {
        return refuse(RefusalReason::MailboxFull, "the number of mailboxes");
    }
    if (command.newIds.size() < levelsOf(*name).size()) {
        return refuse(RefusalReason::InvalidArgument, "an id for each level");
    }
    const Outcome<std::uint16_t> uses = checkedSpecialUses(command.specialUses);
    if (!uses) return std::unexpected(uses.error());
    // Special uses are the owner's.
    if (*uses != 0 && isForeign(command.origin, command.account)) {
        return refuse(RefusalReason::SpecialUseRefused, "in another account");
    }
    takeSpecialUses(deciding, events, command.origin, command.account, MailboxId(), *uses);
    NewMailboxes created(deciding, events, command.origin, command.account, command.newIds);
    created.setParent(parent);
    created.createParents(*name);
    return created.create(*name, *uses);
}

// RFC 9051 §6.3.5: children stay, the name becomes \NonExistent.
Outcome<Done> decide(const DeleteMailbox& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> mailbox =
        findFor(deciding, command.origin, command.account, command.name, kMayDeleteMailbox);
    if (!mailbox) return std::unexpected(mailbox.error());
    if (mailbox->name == "INBOX") return refuse(RefusalReason::MailboxIsInbox);
    const ModSeq modSeq = events.nextModSeq();
    const Origin origin = actingIn(command.origin, command.account);
    Draft& draft = addFor(events, Kind::MailboxDeleted, origin, command.account, mailbox->id);
    auto deleted = draft.core().initMailboxDeleted();
    deleted.setMessages(mailbox->messages);
    deleted.setModSeq(modSeq.number());
    return Done{};
}

// RFC 4314 §4: "x" on the mailbox, "k" on the new parent. Grants stay as they are.
Outcome<Done> decide(const RenameMailbox& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> from =
        findFor(deciding, command.origin, command.account, command.from, kMayDeleteMailbox);
    if (!from) return std::unexpected(from.error());
    const Outcome<std::string> to = checkedOwnName(command.to);
    if (!to) return std::unexpected(to.error());
    const std::optional<MailboxRow> parent = parentOf(deciding, command.account, *to);
    const Outcome<Done> permitted =
        mayCreateBelow(deciding, command.origin, command.account, parent);
    if (!permitted) return std::unexpected(permitted.error());
    const MailboxesView mailboxes = deciding.views.mailboxes();
    if (mailboxes.find(command.account, *to)) return refuse(RefusalReason::MailboxExists, *to);
    if (isBelow(*to, from->name) && from->name != "INBOX") {
        return refuse(RefusalReason::MailboxNameInvalid, "below itself");
    }
    if (command.newIds.size() < levelsOf(*to).size()) {
        return refuse(RefusalReason::InvalidArgument, "an id for each level");
    }
    NewMailboxes created(deciding, events, command.origin, command.account, command.newIds);
    created.setParent(parent);
    if (from->name == "INBOX") {
        created.createParents(*to);
        const CreateMailbox::Answer target = created.create(*to, 0);
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
    if (isForeign(command.origin, command.account)) return refuse(RefusalReason::NotPermitted);
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
