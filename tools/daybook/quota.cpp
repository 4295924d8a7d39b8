// quota show, quota set: how much accounts have and may have.

#include <charconv>
#include <fmt/format.h>

#include "engine/config/config.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

std::string limitText(std::uint64_t limit, bool asSize) {
    if (limit == kNoLimit) return "no limit";
    return asSize ? humanSize(limit) : std::to_string(limit);
}

void addRow(
    TextTable& table,
    const Snapshot& snapshot,
    const AccountRow& account,
    const QuotaLimits& defaults) {
    const AccountUsage usage = snapshot.mailboxes().usageOf(account.id);
    const QuotaRow own = snapshot.quotas().quotaOf(account.id);
    const QuotaLimits limits = own.over(defaults);
    const auto source = [](bool isOwn) { return std::string(isOwn ? "own" : "default"); };
    table.add({
        printable(account.login),
        humanSize(usage.octets),
        limitText(limits.storageOctets, true),
        source(own.storageOctets.has_value()),
        std::to_string(usage.messages),
        limitText(limits.messages, false),
        source(own.messages.has_value()),
    });
}

// "none", "default" or a number; sizes may have a unit: "500MiB".
std::optional<std::uint64_t> parseLimit(const std::string& text, bool isSize) {
    if (text == "none") return kNoLimit;
    if (text == "default") return std::nullopt;
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    unsigned shift = 0;
    bool known = unit.empty();
    if (isSize) {
        for (const auto& [name, bits] :
             {std::pair{"KiB", 10U},
              std::pair{"MiB", 20U},
              std::pair{"GiB", 30U},
              std::pair{"TiB", 40U}}) {
            if (unit != name) continue;
            known = true;
            shift = bits;
        }
    }
    if (error != std::errc() || !known || number > (kNoLimit - 1) >> shift) {
        throw UsageError(fmt::format(
            "'{}' is no limit; write {}, or none, or default",
            text,
            isSize ? "a size like 500MiB" : "a number"));
    }
    return number << shift;
}

}  // namespace

int quotaShow(Context& context, const std::string& login) {
    const QuotaLimits defaults = context.config().quota.limits;
    const Snapshot snapshot = context.views().snapshot();
    TextTable table(
        {"account",
         "used",
         "limit",
         "limit_from",
         "messages",
         "messages_limit",
         "messages_limit_from"});
    if (login.empty()) {
        for (const AccountRow& account : snapshot.accounts().accounts()) {
            addRow(table, snapshot, account, defaults);
        }
    } else {
        const std::optional<AccountRow> account = snapshot.accounts().findLogin(login);
        if (!account) {
            throw CommandFailed(
                fmt::format("no account is named {}; `daybook account list` shows them", login));
        }
        addRow(table, snapshot, *account, defaults);
    }
    table.print(context.json());
    return kDone;
}

int quotaSet(Context& context, const QuotaOptions& options) {
    if (options.storage.empty() && options.messages.empty()) {
        throw UsageError("nothing to set; give --storage or --messages");
    }
    QuotaRow quota;
    {
        const Snapshot snapshot = context.views().snapshot();
        const std::optional<AccountRow> account = snapshot.accounts().findLogin(options.login);
        if (account) quota = snapshot.quotas().quotaOf(account->id);
    }
    if (!options.storage.empty()) quota.storageOctets = parseLimit(options.storage, true);
    if (!options.messages.empty()) quota.messages = parseLimit(options.messages, false);
    const Outcome<Done> done = context.administration().setQuota(options.login, quota);
    if (!done) {
        sayNote(sayRefusal(done.error()));
        return kRefused;
    }
    say(fmt::format("limits of {} are set", options.login));
    return kDone;
}

}  // namespace daybook
