// SetAcl, SetQuota, SetMetadata: who may do what, how much there may be, and what is noted about
// it.

#include "engine/scribe/decide_sharing.h"

#include <algorithm>

#include "engine/scribe/decide_rights.h"
#include "journal/base/limits.h"

namespace daybook {

namespace {

// Attributes that a mailbox with messages of its own can have (RFC 6154 §2): no folder of ours is
// "everything" or "all that is flagged".
constexpr std::uint16_t kPossibleUses =
    specialUseBit(event::SpecialUse::ARCHIVE) | specialUseBit(event::SpecialUse::DRAFTS) |
    specialUseBit(event::SpecialUse::JUNK) | specialUseBit(event::SpecialUse::SENT) |
    specialUseBit(event::SpecialUse::TRASH);
constexpr std::uint16_t kInboxBit = specialUseBit(event::SpecialUse::INBOX);

void addSpecialUse(
    Events& events,
    const Origin& origin,
    AccountId account,
    MailboxId mailbox,
    std::uint16_t specialUses) {
    addFor(events, Kind::SpecialUseChanged, origin, account, mailbox)
        .core()
        .initSpecialUseChanged()
        .setSpecialUses(specialUses);
}

bool isPrivate(std::string_view name) { return name.starts_with("/private/"); }

void addMetadataSet(
    Events& events,
    const SetMetadata& command,
    AccountId user,
    std::uint64_t entry,
    const MetadataEdit& edit) {
    const Origin origin = actingIn(command.origin, command.account);
    Draft& draft =
        addFor(events, Kind::MailboxMetadataSet, origin, command.account, command.mailbox);
    auto set = draft.core().initMailboxMetadataSet();
    set.setEntry(entry);
    set.setUser(user.number());
    set.setOn(edit.value.has_value());
    if (!edit.value) return;
    auto details = draft.addAnnex(user ? user : command.account).initMetadata();
    details.setEntry(edit.name);
    details.setValue(capnp::Data::Reader(
        reinterpret_cast<const kj::byte*>(edit.value->data()), edit.value->size()));
}

// RFC 5464 §3.3 asks for "l" and one of these to see and set anything; setting what others see
// takes "w" here.
constexpr std::uint16_t kSeesContent =
    kMayRead | kMaySetSeen | kMayWriteFlags | kMayInsert | kMayPost;

Outcome<Done> mayAnnotate(const SetMetadata& command, std::uint16_t rights) {
    if (rights == 0) return refuse(RefusalReason::NoSuchMailbox);
    const bool sees = (rights & kMayLookup) != 0 && (rights & kSeesContent) != 0;
    if (!sees) {
        const bool known = (rights & (kMayLookup | kMayRead)) != 0;
        return refuse(known ? RefusalReason::NotPermitted : RefusalReason::NoSuchMailbox);
    }
    const bool setsShared = std::ranges::any_of(
        command.edits, [](const MetadataEdit& edit) { return !isPrivate(edit.name); });
    if (setsShared && (rights & kMayWriteFlags) == 0) return refuse(RefusalReason::NotPermitted);
    if (command.specialUses && isForeign(command.origin, command.account)) {
        return refuse(RefusalReason::NotPermitted);
    }
    return Done{};
}

// Without a mailbox: /private is the account's own, /shared the operator's.
Outcome<Done> mayAnnotateServer(const SetMetadata& command, const Deciding& deciding) {
    const bool isAccount = command.origin.actor == event::Actor::OWNER;
    if (!command.account) {
        return isAccount ? Outcome<Done>(refuse(RefusalReason::NotPermitted)) : Done{};
    }
    if (isForeign(command.origin, command.account)) return refuse(RefusalReason::NotPermitted);
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    const bool setsShared = std::ranges::any_of(
        command.edits, [](const MetadataEdit& edit) { return !isPrivate(edit.name); });
    if (setsShared || command.specialUses) return refuse(RefusalReason::NotPermitted);
    return Done{};
}

// Who annotates: the account that asks; the owner where the operator does.
AccountId annotatorOf(const SetMetadata& command) {
    return isForeign(command.origin, command.account) ? command.origin.actorId : command.account;
}

}  // namespace

Outcome<std::uint16_t> checkedSpecialUses(std::uint16_t uses) {
    if ((uses & ~unsigned{kPossibleUses}) != 0) return refuse(RefusalReason::SpecialUseRefused);
    return uses;
}

std::vector<MailboxId> takeSpecialUses(
    const Deciding& deciding,
    Events& events,
    const Origin& origin,
    AccountId account,
    MailboxId except,
    std::uint16_t uses) {
    std::vector<MailboxId> lost;
    if (uses == 0) return lost;
    for (const MailboxRow& row : deciding.views.mailboxes().mailboxesOf(account)) {
        if (row.id == except || (row.specialUses & uses) == 0) continue;
        const auto rest = static_cast<std::uint16_t>(row.specialUses & ~unsigned{uses});
        addSpecialUse(events, origin, account, row.id, rest);
        lost.push_back(row.id);
    }
    return lost;
}

void addAclChanged(
    Events& events, const Origin& origin, const GrantRow& grant, std::uint16_t before) {
    Draft& draft = addFor(events, Kind::AclChanged, origin, grant.account, grant.mailbox);
    auto changed = draft.core().initAclChanged();
    changed.setGrantee(grant.grantee.number());
    changed.setBefore(before);
    changed.setAfter(grant.rights);
}

// RFC 4314 §3.1, §3.2.
Outcome<SetAcl::Answer> decide(const SetAcl& command, const Deciding& deciding, Events& events) {
    const Outcome<MailboxRow> mailbox =
        mailboxFor(deciding, command.origin, command.account, command.mailbox, kMayAdminister);
    if (!mailbox) return std::unexpected(mailbox.error());
    if (command.grantee == command.account) {
        return refuse(RefusalReason::NotPermitted, "the owner may do everything always");
    }
    const AccessRightsView acl = deciding.views.accessRights();
    const std::uint16_t before = acl.grantedTo(command.grantee, command.account, command.mailbox);
    unsigned after = command.rights & kAllRights;
    if (command.edit == FlagEdit::Add) after = before | after;
    if (command.edit == FlagEdit::Remove) after = before & ~after;
    const SetAcl::Answer answer{.rights = static_cast<std::uint16_t>(after)};
    // Of an account that is gone, a grant can only be taken away.
    if (command.grantee != kAnyone && answer.rights != 0) {
        const Outcome<AccountRow> grantee = accountOrRefuse(deciding, command.grantee);
        if (!grantee) return std::unexpected(grantee.error());
    }
    if (answer.rights == before) return answer;
    const GrantRow grant{
        .account = command.account,
        .mailbox = command.mailbox,
        .grantee = command.grantee,
        .rights = answer.rights,
    };
    addAclChanged(events, actingIn(command.origin, command.account), grant, before);
    return answer;
}

Outcome<Done> decide(const SetQuota& command, const Deciding& deciding, Events& events) {
    const bool isAccount = command.origin.actor == event::Actor::OWNER ||
                           command.origin.actor == event::Actor::DELEGATE;
    if (isAccount) return refuse(RefusalReason::NotPermitted, "limits are the operator's");
    const Outcome<AccountRow> account = accountOrRefuse(deciding, command.account);
    if (!account) return std::unexpected(account.error());
    if (deciding.views.quotas().quotaOf(command.account) == command.quota) return Done{};
    Draft& draft = addFor(events, Kind::QuotaSet, command.origin, command.account);
    auto set = draft.core().initQuotaSet();
    unsigned own = 0;
    if (command.quota.storageOctets) own |= kOwnStorage;
    if (command.quota.messages) own |= kOwnMessages;
    set.setOwn(static_cast<std::uint16_t>(own));
    set.setStorageOctets(command.quota.storageOctets.value_or(0));
    set.setMessages(command.quota.messages.value_or(0));
    return Done{};
}

// RFC 5464 §4.3. What is set to what it is, and what is removed that is not there, is no event.
Outcome<SetMetadata::Answer> decide(
    const SetMetadata& command, const Deciding& deciding, Events& events) {
    std::optional<MailboxRow> mailbox;
    if (command.mailbox) {
        Outcome<MailboxRow> found = mailboxOrRefuse(deciding, command.account, command.mailbox);
        if (!found) return std::unexpected(found.error());
        mailbox = *std::move(found);
    }
    const Outcome<Done> permitted =
        mailbox ? mayAnnotate(
                      command, rightsIn(deciding, command.origin, command.account, command.mailbox))
                : mayAnnotateServer(command, deciding);
    if (!permitted) return std::unexpected(permitted.error());
    const Outcome<std::uint16_t> uses = checkedSpecialUses(command.specialUses.value_or(0));
    if (!uses) return std::unexpected(uses.error());

    const AccountId annotator = annotatorOf(command);
    const std::vector<MetadataRow> rows =
        deciding.views.metadata().entriesOf(command.account, command.mailbox);
    std::size_t count = rows.size();

    struct Change {
        AccountId user;
        std::uint64_t entry;
        const MetadataEdit* edit;
    };

    std::vector<Change> changes;
    for (const MetadataEdit& edit : command.edits) {
        const AccountId user = isPrivate(edit.name) ? annotator : AccountId();
        const auto known = std::ranges::find_if(rows, [&](const MetadataRow& row) {
            return row.user == user && row.name == edit.name;
        });
        const bool isKnown = known != rows.end();
        if (edit.value ? isKnown && known->value == *edit.value : !isKnown) continue;
        if (!isKnown && ++count > limits::kAnnotationsMax) {
            return refuse(RefusalReason::TooManyAnnotations);
        }
        changes.push_back({user, isKnown ? known->entry : edit.newId, &edit});
    }
    SetMetadata::Answer answer;
    for (const Change& change : changes) {
        addMetadataSet(events, command, change.user, change.entry, *change.edit);
    }
    if (!command.specialUses || !mailbox) return answer;
    const std::uint16_t kept = mailbox->specialUses & kInboxBit;
    const auto wanted = static_cast<std::uint16_t>(*uses | kept);
    if (wanted == mailbox->specialUses) return answer;
    answer.lostSpecialUse =
        takeSpecialUses(deciding, events, command.origin, command.account, command.mailbox, *uses);
    addSpecialUse(events, command.origin, command.account, command.mailbox, wanted);
    return answer;
}

}  // namespace daybook
