#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// Everybody's mailboxes are one quota root, named as the account.
std::string rootOf(const Snapshot& views, AccountId owner) {
    const auto account = views.accounts().account(owner);
    return account ? account->login : std::string();
}

// "(STORAGE 10 512 MESSAGE 3 1000)": what is limited; STORAGE in units of 1,024 octets (RFC 9208
// §5.1), the usage rounded up.
std::string resources(const Snapshot& views, AccountId owner, const QuotaLimits& defaults) {
    const QuotaLimits limits = views.quotas().limitsOf(owner, defaults);
    const AccountUsage usage = views.mailboxes().usageOf(owner);
    constexpr std::uint64_t kUnit = 1'024;
    std::string text = "(";
    const auto add = [&text](std::string_view name, std::uint64_t used, std::uint64_t limit) {
        if (text.size() > 1) text += ' ';
        text += name;
        text += ' ' + std::to_string(used) + ' ' + std::to_string(limit);
    };
    if (limits.storageOctets != kNoLimit) {
        add("STORAGE", (usage.octets + kUnit - 1) / kUnit, limits.storageOctets / kUnit);
    }
    if (limits.messages != kNoLimit) add("MESSAGE", usage.messages, limits.messages);
    return text + ')';
}

// RFC 9208 §6: "r" in one of the root's mailboxes.
bool seesQuotaOf(const Snapshot& views, AccountId user, AccountId owner) {
    if (user == owner) return true;
    for (const GrantRow& grant : views.accessRights().sharedWith(user)) {
        if (grant.account == owner && (grant.rights & kMayRead) != 0) return true;
    }
    return false;
}

}  // namespace

// GETQUOTA. RFC 9208 §4.1.1.
Task<Reply> Session::getQuota(Arguments& arguments) {
    // getquota = "GETQUOTA" SP quota-root-name
    arguments.space();
    const std::string root = arguments.astring();
    arguments.end();
    const Snapshot views = services_.views.snapshot();
    const auto owner = views.accounts().findLogin(root);
    if (!owner || !seesQuotaOf(views, account(), owner->id)) {
        co_return no("NONEXISTENT", "There is no such quota root");
    }
    out_ += "* QUOTA ";
    appendAstring(out_, owner->login);
    out_ += ' ' + resources(views, owner->id, services_.config.quota.limits) + "\r\n";
    co_return ok("So much");
}

// GETQUOTAROOT. RFC 9208 §4.1.2: the mailbox need not be there.
Task<Reply> Session::getQuotaRoot(Arguments& arguments) {
    arguments.space();
    const std::string name = arguments.mailbox();
    arguments.end();
    const Snapshot views = services_.views.snapshot();
    const std::optional<NamedMailbox> named = ownerOf(views, account(), name);
    if (!named || !seesQuotaOf(views, account(), named->owner)) {
        co_return no(Refusal{.reason = RefusalReason::NoSuchMailbox, .detail = {}});
    }
    const std::string root = rootOf(views, named->owner);
    out_ += "* QUOTAROOT ";
    appendMailbox(out_, name, dialect_);
    out_ += ' ';
    appendAstring(out_, root);
    out_ += "\r\n* QUOTA ";
    appendAstring(out_, root);
    out_ += ' ' + resources(views, named->owner, services_.config.quota.limits) + "\r\n";
    co_return ok("So much");
}

// SETQUOTA. RFC 9208 §4.1.3. Limits are the operator's (`daybook quota set`): QUOTASET is not
// announced, and who asks all the same hears why it cannot be.
Task<Reply> Session::setQuota(Arguments& arguments) {
    // setquota = "SETQUOTA" SP quota-root-name SP "(" [name SP limit *(SP name SP limit)] ")"
    arguments.space();
    arguments.astring();
    arguments.space();
    arguments.lexer().expect('(');
    while (!arguments.lexer().skip(')')) {
        arguments.word();
        arguments.space();
        arguments.lexer().number(INT64_MAX);
        if (arguments.lexer().peek() != ')') arguments.space();
    }
    arguments.end();
    co_return no("NOPERM", "Limits are set by the operator");
}

}  // namespace daybook::imap
