// account, alias, delegate: what stands in the accounts view, and the commands that change it.

#include <fmt/format.h>

#include "journal/base/ascii.h"
#include "journal/base/encoding.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/names.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

// Says what was done, or why not.
template <class T>
int finish(const Outcome<T>& outcome, const std::string& done) {
    if (!outcome) {
        sayNote(sayRefusal(outcome.error()));
        return kRefused;
    }
    say(done);
    return kDone;
}

std::string stateText(const AccountRow& account) {
    return account.state == event::AccountState::ACTIVE ? "active" : "disabled";
}

}  // namespace

int accountAdd(Context& context, const AccountOptions& options) {
    const std::string password =
        readPassword(fmt::format("new password for {}", options.login), true);
    const Outcome<AccountId> account =
        context.administration().addAccount(options.login, options.displayName, password);
    return finish(account, fmt::format("account {} is there", lowered(options.login)));
}

int accountList(Context& context) {
    TextTable table({"login", "state", "created", "addresses", "name", "id"});
    const Snapshot snapshot = context.views().snapshot();
    for (const AccountRow& account : snapshot.accounts().accounts()) {
        table.add({
            printable(account.login),
            stateText(account),
            timeText(account.createdNs),
            std::to_string(snapshot.accounts().addressesOf(account.id).size()),
            printable(account.displayName),
            idText(account.id.number()),
        });
    }
    table.print(context.json());
    return kDone;
}

int accountShow(Context& context, const std::string& login) {
    const Snapshot snapshot = context.views().snapshot();
    const AccountsView accounts = snapshot.accounts();
    const std::optional<AccountRow> account = accounts.findLogin(login);
    if (!account) {
        sayNote(fmt::format("no account is named {}; `daybook account list` shows them", login));
        return kRefused;
    }
    std::uint64_t messages = 0;
    std::uint64_t octets = 0;
    for (const MailboxRow& mailbox : snapshot.mailboxes().mailboxesOf(account->id)) {
        messages += mailbox.messages;
        octets += mailbox.octets;
    }
    TextTable table({"what", "value"});
    table.add({"login", printable(account->login)});
    table.add({"name", printable(account->displayName)});
    table.add({"state", stateText(*account)});
    table.add({"created", timeText(account->createdNs)});
    table.add({"id", idText(account->id.number())});
    for (const AddressRow& address : accounts.addressesOf(account->id)) {
        table.add({address.primary ? "address" : "alias", printable(address.address)});
    }
    for (const CredentialRow& credential : accounts.credentialsOf(account->id)) {
        table.add({"password set", timeText(credential.createdNs)});
    }
    table.add({"messages", std::to_string(messages)});
    table.add({"size", humanSize(octets)});
    table.print(context.json());
    return kDone;
}

int accountPassword(Context& context, const std::string& login) {
    const std::string password = readPassword(fmt::format("new password for {}", login), true);
    return finish(
        context.administration().setPassword(login, password),
        "the new password holds from now on; the old one is revoked");
}

int accountSetState(Context& context, const std::string& login, event::AccountState state) {
    const bool active = state == event::AccountState::ACTIVE;
    return finish(
        context.administration().setAccountState(login, state),
        active ? "the account may log in and receive again"
               : "the account can neither log in nor receive; its mail is kept");
}

int accountRemove(Context& context, const std::string& login) {
    return finish(
        context.administration().removeAccount(login),
        "the account is gone; its history stays in the journal");
}

int aliasAdd(Context& context, const std::string& address, const std::string& login) {
    return finish(
        context.administration().addAlias(address, login),
        fmt::format("mail for {} goes to {} too", address, login));
}

int aliasList(Context& context) {
    TextTable table({"address", "account", "kind"});
    const Snapshot snapshot = context.views().snapshot();
    for (const AddressRow& address : snapshot.accounts().addresses()) {
        table.add({
            printable(address.address),
            printable(accountName(snapshot, address.account)),
            address.primary ? "primary" : "alias",
        });
    }
    table.print(context.json());
    return kDone;
}

int aliasRemove(Context& context, const std::string& address, const std::string& login) {
    return finish(
        context.administration().removeAlias(address, login),
        fmt::format("mail for {} no longer goes to {}", address, login));
}

int delegateAdd(Context& context, const std::string& owner, const std::string& delegate) {
    return finish(
        context.administration().setDelegation(owner, delegate, kMaySendAs),
        fmt::format("{} may send as {}", delegate, owner));
}

int delegateList(Context& context) {
    TextTable table({"owner", "delegate", "rights"});
    const Snapshot snapshot = context.views().snapshot();
    for (const DelegationRow& row : snapshot.accounts().delegations()) {
        table.add({
            printable(accountName(snapshot, row.account)),
            printable(accountName(snapshot, row.delegate)),
            (row.rights & kMaySendAs) != 0 ? "send as" : "none",
        });
    }
    table.print(context.json());
    return kDone;
}

int delegateRemove(Context& context, const std::string& owner, const std::string& delegate) {
    return finish(
        context.administration().setDelegation(owner, delegate, 0),
        fmt::format("{} may no longer send as {}", delegate, owner));
}

}  // namespace daybook
