#include "journal/base/ascii.h"
#include "protocols/imap/rights.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

constexpr std::string_view kAnyoneName = "anyone";
// RFC 4314 §3: "any of the following rights".
constexpr std::uint16_t kSeesOwnRights =
    kMayLookup | kMayRead | kMayInsert | kMayCreate | kMayDeleteMailbox | kMayAdminister;

// An account by its login, or anyone. Throws Bad and No.
AccountId identified(const Snapshot& views, const std::string& identifier) {
    if (identifier.empty()) throw Bad("An identifier was expected");
    if (equalsIgnoreCase(identifier, kAnyoneName)) return kAnyone;
    // RFC 4314 §2: rights that are taken away whatever else is granted; there are none here.
    if (identifier.starts_with('-')) throw No("CANNOT", "There are no negative rights");
    const auto account = views.accounts().findLogin(identifier);
    if (!account) throw No("NONEXISTENT", "There is nobody of that name");
    return account->id;
}

std::string identifierOf(const Snapshot& views, AccountId grantee) {
    if (grantee == kAnyone) return std::string(kAnyoneName);
    const auto account = views.accounts().account(grantee);
    return account ? account->login : std::string();
}

}  // namespace

// SETACL. RFC 4314 §3.1.
Task<Reply> Session::setAcl(Arguments& arguments) {
    // setacl = "SETACL" SP mailbox SP identifier SP mod-rights
    arguments.space();
    const std::string name = arguments.mailbox();
    arguments.space();
    const std::string identifier = arguments.astring();
    arguments.space();
    const RightsChange change = parseRightsChange(arguments.astring());
    arguments.end();
    Reply reply = co_await changeAcl(name, identifier, change);
    co_return reply;
}

// DELETEACL. RFC 4314 §3.2.
Task<Reply> Session::deleteAcl(Arguments& arguments) {
    arguments.space();
    const std::string name = arguments.mailbox();
    arguments.space();
    const std::string identifier = arguments.astring();
    arguments.end();
    Reply reply = co_await changeAcl(name, identifier, RightsChange{});
    co_return reply;
}

Task<Reply> Session::changeAcl(std::string name, std::string identifier, RightsChange change) {
    SetAcl command{.origin = session_.origin()};
    const auto find = [&]() -> std::optional<Refusal> {
        const Snapshot views = services_.views.snapshot();
        const Outcome<MailboxTarget> target = targetFor(views, account(), name, kMayAdminister);
        if (!target) return target.error();
        command.account = target->owner;
        command.mailbox = target->row.id;
        command.grantee = identified(views, identifier);
        return std::nullopt;
    };
    const std::optional<Refusal> refused = find();
    if (refused) co_return no(*refused);
    if (command.grantee == command.account) {
        co_return no("CANNOT", "The owner always has all rights");
    }
    command.edit = change.edit;
    command.rights = change.rights;
    const Outcome<SetAcl::Answer> set = co_await services_.scribe.submit(std::move(command));
    if (!set) co_return no(set.error());
    co_return ok("Set");
}

// GETACL. RFC 4314 §3.3.
Task<Reply> Session::getAcl(Arguments& arguments) {
    arguments.space();
    const std::string name = arguments.mailbox();
    arguments.end();
    const Snapshot views = services_.views.snapshot();
    const Outcome<MailboxTarget> target = targetFor(views, account(), name, kMayAdminister);
    if (!target) co_return no(target.error());
    out_ += "* ACL ";
    appendMailbox(out_, name, dialect_);
    const auto append = [&](AccountId who, std::uint16_t rights) {
        const std::string identifier = identifierOf(views, who);
        if (identifier.empty()) return;  // erased
        out_ += ' ';
        appendAstring(out_, identifier);
        out_ += ' ' + rightsText(rights);
    };
    append(target->owner, kAllRights);
    for (const GrantRow& grant : views.accessRights().grantsOf(target->owner, target->row.id)) {
        append(grant.grantee, grant.rights);
    }
    out_ += "\r\n";
    co_return ok("Those are they");
}

// LISTRIGHTS. RFC 4314 §3.4. No right is tied to another.
Task<Reply> Session::listRights(Arguments& arguments) {
    arguments.space();
    const std::string name = arguments.mailbox();
    arguments.space();
    const std::string identifier = arguments.astring();
    arguments.end();
    const Snapshot views = services_.views.snapshot();
    const Outcome<MailboxTarget> target = targetFor(views, account(), name, kMayAdminister);
    if (!target) co_return no(target.error());
    const bool isOwner = identified(views, identifier) == target->owner;
    out_ += "* LISTRIGHTS ";
    appendMailbox(out_, name, dialect_);
    out_ += ' ';
    appendAstring(out_, identifier);
    const std::string all = rightsText(kAllRights);
    if (isOwner) {
        out_ += ' ' + all;
    } else {
        out_ += " \"\"";
        for (const char right : all) {
            out_ += ' ';
            out_ += right;
        }
    }
    out_ += "\r\n";
    co_return ok("That is possible");
}

// MYRIGHTS. RFC 4314 §3.5.
Task<Reply> Session::myRights(Arguments& arguments) {
    arguments.space();
    const std::string name = arguments.mailbox();
    arguments.end();
    const std::optional<MailboxTarget> target =
        findMailbox(services_.views.snapshot(), account(), name);
    if (!target || (target->rights & kSeesOwnRights) == 0) {
        co_return no(Refusal{.reason = RefusalReason::NoSuchMailbox, .detail = {}});
    }
    appendMyRights(name, target->rights);
    co_return ok("Those are yours");
}

// "* MYRIGHTS INBOX lrswipkxtecda"
void Session::appendMyRights(std::string_view name, std::uint16_t rights) {
    out_ += "* MYRIGHTS ";
    appendMailbox(out_, name, dialect_);
    out_ += ' ' + rightsText(rights) + "\r\n";
}

// RFC 4314 §5.1.1: what was granted or taken while the mailbox is open holds at once. False: it may
// not be read any more.
bool Session::followRights(const Snapshot& views) {
    const std::uint16_t rights =
        views.accessRights().rightsOf(account(), selected().owner, selected().id);
    if (rights == selected().rights) return true;
    selected().rights = rights;
    if ((rights & kMayRead) == 0) return false;
    appendFlagLists();
    return true;
}

}  // namespace daybook::imap
