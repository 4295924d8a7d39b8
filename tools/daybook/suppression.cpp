// suppression list, add, remove: addresses that an account's mail is not taken for.

#include <fmt/format.h>

#include "engine/directory/address.h"
#include "journal/base/ascii.h"
#include "journal/base/encoding.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/event_words.h"
#include "tools/daybook/names.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

struct NamedSuppression {
    SuppressionRow row;
    std::string login;  // accountName()
};

std::vector<NamedSuppression> suppressionsOf(Context& context, const std::string& login) {
    const Snapshot snapshot = context.views().snapshot();
    std::vector<NamedSuppression> found;
    for (SuppressionRow& row : snapshot.deliveries().suppressions()) {
        std::string name = accountName(snapshot, row.account);
        if (!login.empty() && !equalsIgnoreCase(name, login)) continue;
        found.push_back({.row = std::move(row), .login = std::move(name)});
    }
    return found;
}

}  // namespace

int suppressionList(Context& context, const std::string& login) {
    TextTable table({"account", "address", "since", "status", "event"});
    for (const NamedSuppression& one : suppressionsOf(context, login)) {
        table.add({
            printable(one.login),
            one.row.address.empty() ? "(erased)" : printable(one.row.address),
            timeText(one.row.sinceNs),
            statusText(one.row.enhancedCode),
            std::to_string(one.row.seq.number()),
        });
    }
    table.print(context.json());
    return kDone;
}

int suppressionAdd(Context& context, const std::string& login, const std::string& address) {
    const Outcome<Done> done = context.administration().suppress(login, address, Suppressed::Yes);
    if (!done) {
        sayNote(sayRefusal(done.error()));
        return kRefused;
    }
    say(fmt::format("mail of {} for {} is not taken any more", login, address));
    return kDone;
}

// Without an account: for everybody.
int suppressionRemove(Context& context, const std::string& login, const std::string& address) {
    std::vector<std::string> logins;
    if (!login.empty()) {
        logins.push_back(login);
    } else {
        const auto parsed = parseAddress(address);
        const std::string wanted = parsed ? parsed->text() : address;
        for (const NamedSuppression& one : suppressionsOf(context, "")) {
            const bool same = equalsIgnoreCase(one.row.address, wanted) ||
                              equalsIgnoreCase(one.row.address, address);
            if (same) logins.push_back(one.login);
        }
    }
    for (const std::string& name : logins) {
        const Outcome<Done> done = context.administration().suppress(name, address, Suppressed::No);
        if (!done) {
            sayNote(fmt::format("{}: {}", printable(name), sayRefusal(done.error())));
            return kRefused;
        }
        say(fmt::format("mail of {} for {} is taken again", printable(name), address));
    }
    if (!logins.empty()) return kDone;
    sayNote(fmt::format(
        "{} is not suppressed; `daybook suppression list` shows what is", printable(address)));
    return kRefused;
}

}  // namespace daybook
